#include "audio/search.h"

#include <algorithm>
#include <cmath>
#include <new>

namespace countermark::audio {
namespace {

// Heights of the pilot: worth another look at a period that only may be one, reached by chance once
// in thirty times; worth more words, once in 200; worth all of them.
constexpr float kLikelyScore = 6.6f, kClearScore = 7.0f, kSureScore = 8.0f;
constexpr size_t kFewCandidates = 64, kSomeCandidates = 512;
// What was read under a floor no more than so much higher need not be read again.
constexpr float kSameFloor = 2.0f;
// Zones that a class is weighed in.
constexpr size_t kClassZones = 3;

// Room for the longest window, played at the lowest speed.
constexpr size_t kPlayed = static_cast<size_t>(kWindow / kLeastPeriod) + 1;

// Longer lists take longer, in sounds without a mark too.
size_t CandidatesFor(float score) {
  if (score >= kSureScore) return MessageDecoder::kMostCandidates;
  return score >= kClearScore ? kSomeCandidates : kFewCandidates;
}

size_t ClassZoneOf(size_t line) { return ZoneOf(line) * kClassZones / kZones; }

Layout* MakeLayout(const Key& key, Arena& arena) {
  Layout* layout = arena.Allocate<Layout>(1);
  return layout == nullptr ? nullptr : new (layout) Layout(key);
}

// Adds a class to the sum, weighted by what the pilot meets in it, zone by zone; a gain that is
// hardly one counts for nothing.
void AddClass(const Spectrum& aligned, const Layout& layout, Spectrum* sum) {
  std::array<float, kClassZones> gain{}, power{}, count{}, weight;
  for (size_t i = 0; i < kPilotLines; ++i) {
    const size_t k = layout.pilot[i], zone = ClassZoneOf(kFirstLine + k);
    const float re = aligned.re[k], im = aligned.im[k];
    gain[zone] += re * layout.pilot_re[i] + im * layout.pilot_im[i];
    power[zone] += 2 * (re * re + im * im);
    count[zone] += 1;
  }
  for (size_t g = 0; g < kClassZones; ++g) {
    const float mean = gain[g] / count[g], square = power[g] / count[g] + 1e-30f;
    const float sure = std::max(mean - 0.5f * std::sqrt(square / (2 * count[g])), 0.0f);
    weight[g] = sure / std::max(square - sure * sure, 0.1f * square);
  }
  for (size_t i = 0; i < kLines; ++i) {
    const float w = weight[ClassZoneOf(kFirstLine + i)];
    sum->re[i] += w * aligned.re[i];
    sum->im[i] += w * aligned.im[i];
  }
}

}  // namespace

MarkSearch::MarkSearch(const Key& key, Arena& arena)
    : arena_(arena),
      layout_(MakeLayout(key, arena)),
      signed_(arena.Allocate<Layout>(1)),
      turns_(arena),
      batch_(arena),
      finder_(layout_, turns_, batch_, arena),
      whitener_(arena),
      class_fold_(arena),
      speed_(arena),
      decoder_(arena),
      parts_(arena.Allocate<Spectrum>(kMostParts)),
      classes_(arena.Allocate<Spectrum>(kClasses)),
      whitened_(arena.Allocate<float>(kWindow)),
      played_(arena.Allocate<float>(kPlayed)),
      played_whitened_(arena.Allocate<float>(kPlayed)) {}

void MarkSearch::CountWork() { FindPeriods({nullptr, kWindow}, arena_, nullptr); }

size_t MarkSearch::Run(const Sound& sound, const Scope& scope, double trials, Found* found) {
  trials_ = trials;
  readings_ = 0;
  highest_ = 0;
  found_ = found;
  found_count_ = 0;
  Search(sound, scope);
  return found_count_;
}

bool MarkSearch::Search(const Sound& sound, const Scope& scope) {
  const float floor = whitener_.Whiten(sound, whitened_);
  const Played nominal = Nominal(sound);
  if (ReadWhole(nominal)) return true;
  if (scope.likely_period != 1 && ReadWhole(PlayAt(scope.likely_period, sound))) return true;
  // Periods at which the pilot shows, but does not suffice yet.
  double likely[kMostPeriods];
  size_t count = 0;
  if (scope.effort == Effort::kFull) {
    double periods[kMostPeriods];
    const size_t most = FindPeriods(nominal.whitened, arena_, periods);
    for (size_t i = 0; i < most; ++i) {
      if (ReadWhole(PlayAt(periods[i], sound))) return true;
      if (last_ >= kLikelyScore) likely[count++] = periods[i];
    }
  }
  if (!scope.has_parts) return false;
  floor_ = floor;
  const size_t known = scope.floor_before <= kSameFloor * floor ? kMostParts / 2 : 0;
  if (ReadClasses(nominal) || ReadSome(nominal, known)) return true;
  for (size_t i = 0; i < count; ++i) {
    Played played = PlayAt(likely[i], sound);
    PlaySound(sound, &played);
    if (ReadClasses(played) || ReadSome(played, 0)) return true;
  }
  return false;
}

MarkSearch::Played MarkSearch::Nominal(const Sound& sound) const {
  return {sound, {whitened_, sound.count}, 1, 0};
}

MarkSearch::Played MarkSearch::PlayAt(double period, const Sound& sound) {
  const size_t length = speed_.Play({whitened_, sound.count}, period, played_whitened_);
  return {{}, {played_whitened_, length}, period, SpeedChange::kLead};
}

void MarkSearch::PlaySound(const Sound& sound, Played* played) {
  played->sound = {played_, speed_.Play(sound, played->period, played_)};
}

bool MarkSearch::ReadWhole(const Played& played) {
  const size_t count = FoldParts(played.whitened, batch_, parts_);
  return ReadParts(played, {parts_, count}, 0);
}

bool MarkSearch::ReadSome(const Played& played, size_t known) {
  const size_t count = FoldParts(played.whitened, batch_, parts_);
  if (count < kMostParts) known = 0;  // it is divided in another way
  for (size_t length = count / 2; length >= 2; length /= 2) {
    const size_t step = std::max<size_t>(length / 2, 1);
    for (size_t first = 0; first + length <= count; first += step) {
      if (first + length <= known) continue;
      if (ReadParts(played, {parts_ + first, length}, first)) return true;
    }
  }
  return false;
}

bool MarkSearch::ReadParts(const Played& played, const Parts& parts, size_t first) {
  PilotPeak peaks[PilotFinder::kMostPeaks];
  const size_t count = FindPeaks(parts.Sum(), peaks);
  for (size_t i = 0; i < count; ++i) {
    Alignment alignment;
    if (!IsWorthReading(peaks[i]) || !ReadPeak(parts, peaks[i], &alignment)) continue;
    const double drift = static_cast<double>(alignment.drift) / kPlacesPerSample;
    const double place = static_cast<double>(alignment.place) / kPlacesPerSample -
                         drift * static_cast<double>(first);
    Trace& trace = found_[found_count_ - 1].trace;
    trace.origin = played.lead + played.period * place;
    trace.period = played.period * (1 + drift / kPartSamples);
  }
  return found_count_ > 0;
}

bool MarkSearch::ReadPeak(const Parts& parts, const PilotPeak& peak, Alignment* alignment) {
  *alignment = Align(parts, peak, *signed_, turns_);
  return Read(SumAligned(parts, *alignment, false, turns_), peak) ||
         (parts.count > 1 && Read(SumAligned(parts, *alignment, true, turns_), peak));
}

bool MarkSearch::ReadClasses(const Played& played) {
  class_fold_.Fold(played.sound, whitener_, batch_, classes_);
  // All of it; and the loudest only, where the mark lives longest under noise.
  const Parts ways[] = {{classes_, kClasses}, {classes_ + kClasses - 2, 2}};
  for (const Parts& way : ways) {
    PilotPeak peaks[PilotFinder::kMostPeaks];
    const size_t count = FindPeaks(way.Sum(), peaks);
    for (size_t i = 0; i < count; ++i) {
      if (!IsWorthReading(peaks[i]) || !ReadClassesAt(peaks[i])) continue;
      const double place = static_cast<double>(peaks[i].place) / kPlacesPerSample;
      Trace& trace = found_[found_count_ - 1].trace;
      trace.origin = played.lead + played.period * place;
      trace.period = played.period;
    }
    if (found_count_ > 0) return true;
  }
  return false;
}

bool MarkSearch::ReadClassesAt(const PilotPeak& peak) {
  Spectrum sum{};
  for (size_t c = 0; c < kClasses; ++c) {
    Spectrum aligned{};
    AddMoved(classes_[c], peak.place, {peak.phase.re, -peak.phase.im}, turns_, &aligned);
    AddClass(aligned, *signed_, &sum);
  }
  return Read(sum, peak);
}

size_t MarkSearch::FindPeaks(const Spectrum& spectrum, PilotPeak* peaks) {
  const size_t count = finder_.Find(spectrum, peaks);
  last_ = count > 0 ? peaks[0].score : 0;
  highest_ = std::max(highest_, last_);
  return count;
}

// Also makes the layout with its signs. An echo of what was read already has the same ones.
bool MarkSearch::IsWorthReading(const PilotPeak& peak) {
  if (peak.score < kLeastScore) return false;
  const bool is_echo = std::any_of(found_, found_ + found_count_, [&](const Found& found) {
    return found.trace.word == peak.word;
  });
  if (!is_echo) *signed_ = layout_->With(peak.word);
  return !is_echo;
}

bool MarkSearch::Read(const Spectrum& aligned, const PilotPeak& peak) {
  if (readings_ == kMostReadings) return false;
  ++readings_;
  Message message;
  if (!ReadMessage(aligned, *signed_, VariantOf(peak.word), CandidatesFor(peak.score), trials_,
                   decoder_, &message)) {
    return false;
  }
  const bool is_known = std::any_of(found_, found_ + found_count_, [&](const Found& found) {
    return found.message.word.payload == message.word.payload;
  });
  if (is_known) return false;
  found_[found_count_++] = {message, {peak.word, peak.phase, 0, 1}, peak.score, 1, aligned};
  return true;
}

}  // namespace countermark::audio
