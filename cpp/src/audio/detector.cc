#include "audio/detector.h"

#include <algorithm>
#include <cmath>

namespace countermark::audio {
namespace {

// Stretches of one mark nearer than this are one.
constexpr double kGap = 0.3 * kRate;
// What is left of a window when the marks that were found are taken out is looked at when it is so
// long.
constexpr double kWorthALook = 2.0 * kRate;

// Some at a time, in a local array, as nothing else is known to lie apart.
void AddTimes(float factor, const float* in, size_t count, float* sums) {
  constexpr size_t kRun = 16;
  size_t i = 0;
  for (; i + kRun <= count; i += kRun) {
    float sum[kRun];
    for (size_t k = 0; k < kRun; ++k) sum[k] = sums[i + k] + factor * in[i + k];
    std::copy_n(sum, kRun, sums + i);
  }
  for (; i < count; ++i) sums[i] += factor * in[i];
}

double LengthOf(const Stretch& stretch) { return stretch.end - stretch.begin; }

}  // namespace

double Mark::Length() const {
  double sum = 0;
  for (size_t i = 0; i < stretch_count; ++i) sum += LengthOf(stretches[i]);
  return sum;
}

void Mark::AddStretch(Stretch stretch) {
  // All that it touches become one with it.
  size_t kept = 0;
  for (size_t i = 0; i < stretch_count; ++i) {
    const Stretch& other = stretches[i];
    if (other.end + kGap < stretch.begin || stretch.end + kGap < other.begin) {
      stretches[kept++] = other;
    } else {
      stretch = {std::min(stretch.begin, other.begin), std::max(stretch.end, other.end)};
    }
  }
  stretch_count = kept;
  if (stretch_count == kMostStretches) {
    size_t nearest = 1;
    const auto gap = [&](size_t i) { return stretches[i].begin - stretches[i - 1].end; };
    for (size_t i = 2; i < stretch_count; ++i) {
      if (gap(i) < gap(nearest)) nearest = i;
    }
    stretches[nearest - 1].end = stretches[nearest].end;
    std::copy(stretches.begin() + nearest + 1, stretches.end(), stretches.begin() + nearest);
    --stretch_count;
  }
  size_t place = stretch_count++;
  for (; place > 0 && stretches[place - 1].begin > stretch.begin; --place) {
    stretches[place] = stretches[place - 1];
  }
  stretches[place] = stretch;
}

Detector::Detector(const Setting& setting, Arena& arena)
    : setting_(setting),
      frame_bytes_(setting.channels * BytesPerSample(setting.format)),
      search_(setting.key, arena),
      presence_(search_.turns(), search_.batch(), arena),
      filter_(setting.rate, kRate, arena),
      resamplers_{Resampler(filter_, arena), Resampler(filter_, arena)},
      pieces_{arena.Allocate<float>(kPiece),
              setting.channels == 2 ? arena.Allocate<float>(kPiece) : nullptr},
      channel_(arena.Allocate<float>(kPiece)),
      resampled_(arena.Allocate<float>(filter_.MostOutputs(kPiece))),
      windows_{arena.Allocate<float>(kWindow),
               setting.channels == 2 ? arena.Allocate<float>(kWindow) : nullptr},
      spill_{arena.Allocate<float>(filter_.MostOutputs(kPiece)),
             arena.Allocate<float>(filter_.MostOutputs(kPiece))},
      work_(arena.Allocate<float>(kWindow)),
      found_(arena.Allocate<Found>(MarkSearch::kMostFound)),
      marks_(arena.Allocate<Mark>(kMostMarks)) {
  if (setting.effort != Effort::kFull) return;
  gains_.emplace(setting.key, arena);
  if (marks_ == nullptr) search_.CountWork();
}

void Detector::Reset() {
  for (Resampler& resampler : resamplers_) resampler.Reset();
  mark_count_ = count_ = looked_at_ = 0;
  begin_ = searches_ = 0;
  last_period_ = 1;
  highest_ = 0;
  floor_before_ = kNone;
}

bool Detector::AreFinite(const uint8_t* frames, size_t count) const {
  return audio::AreFinite(frames, setting_.format, count * setting_.channels);
}

void Detector::Push(const uint8_t* frames, size_t count) {
  while (count > 0) {
    const size_t taken = std::min(count, kPiece);
    Mix(frames, taken);
    frames += taken * frame_bytes_;
    count -= taken;
  }
}

// The mean of the channels, and of two half their difference, are resampled and appended.
void Detector::Mix(const uint8_t* frames, size_t count) {
  const float share = 1.0f / static_cast<float>(setting_.channels);
  const size_t ways = windows_[1] != nullptr ? 2 : 1;
  for (size_t way = 0; way < ways; ++way) std::fill_n(pieces_[way], count, 0.0f);
  for (size_t c = 0; c < setting_.channels; ++c) {
    ReadChannel(frames + c * BytesPerSample(setting_.format), setting_.format, frame_bytes_, count,
                channel_);
    for (size_t way = 0; way < ways; ++way) {
      const float factor = way == 1 && c == 1 ? -share : share;
      AddTimes(factor, channel_, count, pieces_[way]);
    }
  }
  size_t outputs = 0;
  for (size_t way = 0; way < ways; ++way) {
    outputs = resamplers_[way].Push(pieces_[way], count, resampled_);
    // Both ways give as many; what does not fit any more goes to the next window.
    const size_t room = std::min(outputs, kWindow - count_);
    std::copy_n(resampled_, room, windows_[way] + count_);
    if (room == outputs) continue;
    std::copy_n(resampled_ + room, outputs - room, spill_[way]);
  }
  const size_t room = std::min(outputs, kWindow - count_);
  count_ += room;
  if (count_ < kWindow) return;
  floor_before_ = LookAtWindow(false) ? kNone : search_.floor();
  for (size_t way = 0; way < ways; ++way) {
    std::copy(windows_[way] + kAdvance, windows_[way] + kWindow, windows_[way]);
    std::copy_n(spill_[way], outputs - room, windows_[way] + kWindow - kAdvance);
  }
  begin_ += kAdvance;
  count_ = kWindow - kAdvance + outputs - room;
  looked_at_ = kWindow - kAdvance;
}

bool Detector::LookAtWindow(bool is_last) {
  looked_at_ = count_;
  if (LookAt(windows_[0], true)) return true;
  // What is in the difference alone lay under what is the same in both channels, or in a channel
  // that was inverted: as much as there is, so that the whole tells.
  if (windows_[1] != nullptr && LookAt(windows_[1], false)) return true;
  // The second layer is looked for once in each part of the sound.
  if (gains_ && (is_last || begin_ % kWindow == 0)) LookAtGains();
  return false;
}

// Looks for marks until none is found, or hardly anything is left. Returns whether there is any.
bool Detector::LookAt(const float* samples, bool has_parts) {
  if (std::all_of(samples, samples + count_, [](float s) { return s == 0; })) return false;
  std::copy_n(samples, count_, work_);
  double left = static_cast<double>(count_);
  Effort effort = setting_.effort;
  bool is_any = false;
  for (size_t i = 0; i < kMostMarks && left >= kWorthALook; ++i, effort = Effort::kAligned) {
    const double length = TakeMarks({effort, last_period_, has_parts, floor_before_});
    if (length == 0) break;
    is_any = true;
    left -= length;
  }
  return is_any;
}

// So that all searches together have a bound: the sum of 1 / (n (n + 1)) is 1.
double Detector::Trials() {
  ++searches_;
  return static_cast<double>(searches_) * static_cast<double>(searches_ + 1);
}

// Silences the stretches of the marks that were found, and returns how long those of the longest
// are; 0 if there is none.
double Detector::TakeMarks(const Scope& scope) {
  const size_t count = search_.Run({work_, count_}, scope, Trials(), found_);
  highest_ = std::max(highest_, search_.highest_score());
  double longest = 0;
  for (size_t i = 0; i < count; ++i) longest = std::max(longest, TakeMark(&found_[i]));
  return longest;
}

double Detector::TakeMark(Found* found) {
  last_period_ = found->trace.period;
  found->pitch = 1 / found->trace.period;
  Mark* mark = MarkOf(*found);
  if (mark == nullptr) return 0;
  Stretch stretches[Presence::kMostStretches];
  const Layout layout = search_.layout().With(found->trace.word);
  size_t count = presence_.Find({search_.whitened(), count_}, *found, layout, stretches);
  if (count == 0) stretches[count++] = {0, static_cast<double>(count_)};
  double length = 0;
  const double begin = static_cast<double>(begin_);
  for (size_t i = 0; i < count; ++i) {
    mark->AddStretch({begin + stretches[i].begin, begin + stretches[i].end});
    length += LengthOf(stretches[i]);
    std::fill(work_ + static_cast<size_t>(stretches[i].begin),
              work_ + static_cast<size_t>(stretches[i].end), 0.0f);
  }
  return length;
}

// Where it begins and ends is not known.
void Detector::LookAtGains() {
  const Sound sound{windows_[0], count_};
  Found& found = *found_;
  GainPeak where;
  if (!gains_->Run(sound, Trials(), search_.whitener(), search_.decoder(), &found.message,
                   &where)) {
    return;
  }
  const double begin = static_cast<double>(begin_);
  found.trace = {0, {1, 0}, -begin, 1 / where.tempo};  // without a tile that begins
  found.score = where.score;
  found.pitch = where.Pitch();
  Mark* mark = MarkOf(found);
  if (mark != nullptr) mark->AddStretch({begin, begin + static_cast<double>(count_)});
}

// The mark with this message, a new one if there is none; null if there is no room for it.
Mark* Detector::MarkOf(const Found& found) {
  Mark* mark = std::find_if(marks_, marks_ + mark_count_, [&](const Mark& m) {
    return m.message.word.payload == found.message.word.payload;
  });
  const bool is_new = mark == marks_ + mark_count_;
  if (is_new && mark_count_++ == kMostMarks) {
    --mark_count_;
    return nullptr;
  }
  if (is_new) mark->stretch_count = 0;
  if (is_new || found.message.false_positive_rate < mark->message.false_positive_rate ||
      found.score > mark->score) {
    mark->message = found.message;
    mark->score = found.score;
    mark->trace = found.trace;
    mark->pitch = found.pitch;
    const double tile = kTile * found.trace.period;
    const double origin = static_cast<double>(begin_) + found.trace.origin;
    mark->trace.origin = origin - std::floor(origin / tile) * tile;
  }
  return mark;
}

size_t Detector::Detect(const Mark** marks) {
  if (looked_at_ < count_) LookAtWindow(true);
  std::sort(marks_, marks_ + mark_count_,
            [](const Mark& a, const Mark& b) { return a.Length() > b.Length(); });
  *marks = marks_;
  return mark_count_;
}

size_t DetectorSize(const Detector::Setting& setting) {
  Arena arena;
  const Detector counting(setting, arena);
  return arena.SizeNeeded();
}

}  // namespace countermark::audio
