#include "watermark/clip.h"

#include <algorithm>
#include <cmath>

namespace countermark {
namespace {

// Means are noisier than pictures by what a codec has left, and less so than single frames.
constexpr float kFloorOfMeans = 2.0f;
// Height of the pilot in a window, from which on the schedule is tried where it stands.
constexpr float kWorthTrying = 4.6f;
// Readers that one call of Detect gives a share of its bound: one for the schedule in place, one
// for each window in place, and one for each anywhere.
constexpr size_t kWindows = 3;
constexpr double kReaders = 1 + 2 * kWindows;
// By how much differences of means are magnified, that they may be shown in 8 bits.
constexpr int kMagnified = 8;

// As fine as marks are looked for, and no finer than the frame.
Size ViewFor(Size frame, Effort effort) {
  if (effort == Effort::kAligned) return ScaledSize(frame, kCanonicalSide);
  const Size largest = ScaledSize(frame, 2.0 * kCanonicalSide);
  return frame.Area() <= largest.Area() ? frame : largest;
}

}  // namespace

ClipAccumulator::ClipAccumulator(Size frame, const Key& key, Effort effort, Arena& arena)
    : layout_(key),
      frame_(frame),
      view_(ViewFor(frame, effort)),
      effort_(effort),
      sums_(arena.Allocate<uint16_t>(view_.Area())),
      means_(arena.Allocate<uint16_t>(kKept * view_.Area())),
      slots_(arena.Allocate<size_t>(kKept)),
      folds_(arena.Allocate<SlotFold>(kSlots)),
      is_folded_(arena.Allocate<bool>(kSlots)),
      reader_(frame, view_, arena),
      luma_(AllocatePlane(view_, arena)) {}

void ClipAccumulator::Reset() {
  frames_ = 0;
  kept_ = calls_ = 0;
  if (!IsCounting()) std::fill_n(is_folded_, kSlots, false);
}

void ClipAccumulator::Add(const ImageView& frame, int64_t microseconds, Arena& arena) {
  const size_t slot = SlotAt(microseconds);
  if (slot != slot_ || IsCounting()) EndSlot(arena);
  slot_ = slot;
  if (frame.data == nullptr || frames_ == kMostFrames) return;
  reader_.Read(frame, luma_);
  if (frames_ == 0) std::fill_n(sums_, view_.Area(), uint16_t{0});
  ++frames_;
  for (size_t i = 0; i < view_.Area(); ++i) {
    const float level = std::min(std::max(luma_.data[i], 0.0f), 255.0f);
    sums_[i] = static_cast<uint16_t>(sums_[i] + static_cast<uint16_t>(level + 0.5f));
  }
}

void ClipAccumulator::EndSlot(Arena& arena) {
  if (frames_ == 0 && !IsCounting()) return;
  if (!IsCounting()) {
    const size_t place = static_cast<size_t>(kept_ % kKept);
    uint16_t* const mean = means_ + place * view_.Area();
    slots_[place] = slot_;
    for (size_t i = 0; i < view_.Area(); ++i) {
      mean[i] = static_cast<uint16_t>((sums_[i] * kParts + frames_ / 2) / frames_);
    }
    ++kept_;
  }
  frames_ = 0;
  const Arena::Scope scope(arena);
  uint8_t* const pixels = arena.Allocate<uint8_t>(view_.Area());
  ShowSlot(Count() - 1, nullptr, pixels);
  Spectrum sum;
  float power[kBandSize];
  FoldAt(InPlace(), true, pixels, arena, &sum, power);
  if (IsCounting()) return;
  SlotFold& kept = folds_[slot_];
  if (!is_folded_[slot_]) kept = {slot_, {}, {}};
  is_folded_[slot_] = true;
  for (size_t i = 0; i < kBandSize; ++i) {
    kept.sum.re[i] += sum.re[i];
    kept.sum.im[i] += sum.im[i];
    kept.power[i] += power[i];
  }
}

// The mean of a window; less that of another, about the middle of the scale.
void ClipAccumulator::Show(const Window& window, uint8_t* pixels) const {
  if (pixels == nullptr || IsCounting()) return;
  constexpr size_t kAtOnce = 512;  // pixels that stay in the cache
  const bool is_difference = window.less_begin < window.less_end;
  const float times = static_cast<float>(is_difference ? kMagnified : 1) / kParts;
  float level[kAtOnce];
  for (size_t at = 0; at < view_.Area(); at += kAtOnce) {
    const size_t count = std::min(kAtOnce, view_.Area() - at);
    const auto add = [&](size_t begin, size_t end, float whole) {
      const float share = whole / static_cast<float>(end - begin);
      for (size_t k = begin; k < end; ++k) {
        const uint16_t* const mean = MeanOf(k) + at;
        for (size_t i = 0; i < count; ++i) level[i] += share * static_cast<float>(mean[i]);
      }
    };
    std::fill_n(level, count, is_difference ? 128.5f : 0.5f);
    add(window.begin, window.end, times);
    add(window.less_begin, window.less_end, -times);
    for (size_t i = 0; i < count; ++i) {
      pixels[at + i] = static_cast<uint8_t>(std::min(std::max(level[i], 0.0f), 255.0f));
    }
  }
}

// What all slots that are kept have in common: their mean, in parts of a grey level.
void ClipAccumulator::FindCommon(uint16_t* common) const {
  if (common == nullptr || IsCounting()) return;
  constexpr size_t kAtOnce = 512;  // pixels that stay in the cache
  const uint32_t slots = static_cast<uint32_t>(Count());
  uint32_t sum[kAtOnce];
  for (size_t at = 0; at < view_.Area(); at += kAtOnce) {
    const size_t count = std::min(kAtOnce, view_.Area() - at);
    std::fill_n(sum, count, slots / 2);
    for (size_t k = 0; k < slots; ++k) {
      const uint16_t* const mean = MeanOf(k) + at;
      for (size_t i = 0; i < count; ++i) sum[i] += mean[i];
    }
    for (size_t i = 0; i < count; ++i) common[at + i] = static_cast<uint16_t>(sum[i] / slots);
  }
}

// The mean of a slot; less what all have in common, magnified about the middle of the scale.
void ClipAccumulator::ShowSlot(size_t slot, const uint16_t* common, uint8_t* pixels) const {
  if (pixels == nullptr || IsCounting()) return;
  const uint16_t* const mean = MeanOf(slot);
  if (common == nullptr) {
    for (size_t i = 0; i < view_.Area(); ++i) {
      pixels[i] = static_cast<uint8_t>((mean[i] + kParts / 2) / kParts);
    }
    return;
  }
  constexpr int kParted = kParts / kMagnified, kMiddle = 128 * kParted + kParted / 2;
  for (size_t i = 0; i < view_.Area(); ++i) {
    const int level = std::max(kMiddle + mean[i] - common[i], 0) / kParted;
    pixels[i] = static_cast<uint8_t>(std::min(level, 255));
  }
}

Found ClipAccumulator::InPlace() const {
  Plane plane;
  const Size size = ScaledSize(frame_, kCanonicalSide);
  plane.width = size.width;
  plane.height = size.height;
  return {{}, Centred(plane, 1, 0, 0, 1), size, WholeOf(view_), {}};
}

// The part of the picture in which a mark was found, folded where it was.
void ClipAccumulator::FoldAt(const Found& where, bool is_in_place, const uint8_t* pixels,
                             Arena& arena, Spectrum* sum, float* power) const {
  const Arena::Scope scope(arena);
  const Part& part = where.part;
  const Size of_part{static_cast<size_t>(part.width), static_cast<size_t>(part.height)};
  const Plane luma = AllocatePlane(where.plane, arena);
  LumaReader reader(of_part, where.plane, arena);
  const Plane plane = AllocateBorderedPlane(where.plane, arena);
  if (!IsCounting()) {
    const size_t left = static_cast<size_t>(part.left), top = static_cast<size_t>(part.top);
    reader.Read(ViewOf(pixels).Part(left, top, of_part.width, of_part.height), luma);
  }
  Whiten(luma, kFloorOfMeans, plane, arena);
  TileFold tiles(kMostTiles, arena);
  if (IsCounting()) return;
  tiles.Cut(plane, where.placement, is_in_place && where.plane.width % 2 == 0,
            is_in_place && where.plane.height % 2 == 0);
  tiles.Sum(sum, power);
}

bool ClipAccumulator::ReadScheduled(const SlotFold* folds, size_t count, int symmetry,
                                    MarkReader& reader, Arena& arena, Found* found) {
  const Arena::Scope scope(arena);
  ScheduleSearch search(layout_, arena);
  if (IsCounting()) return false;
  size_t beginning;
  const PilotPeak seen = search.Find(folds, count, symmetry, &beginning);
  if (seen.score < kLeastScore) return false;
  Spectrum sum;
  float power[kBandSize];
  const auto read = [&] {
    found->peak = reader.LookAt(sum, power);
    return found->peak.score >= kLeastScore &&
           reader.Read(found->peak, Hint::kFoundPlacement, &found->message);
  };
  search.Undo(folds, count, beginning, &sum, power);
  if (read()) return true;
  search.UndoLate(folds, count, beginning, seen, &sum, power);
  return read();
}

bool ClipAccumulator::ReadInPlace(MarkReader& reader, Arena& arena, Found* found) {
  {
    const Arena::Scope scope(arena);
    SlotFold* folds = arena.Allocate<SlotFold>(kSlots);
    size_t count = 0;
    for (size_t i = 0; i < kSlots && !IsCounting(); ++i) {
      if (is_folded_[i]) folds[count++] = folds_[i];
    }
    *found = InPlace();
    if (ReadScheduled(folds, count, 0, reader, arena, found)) return true;
  }
  return ReadLast(InPlace(), true, true, reader, arena, found);
}

// Along the schedule, in the last slots. `subtract`: what all have in common.
bool ClipAccumulator::ReadLast(const Found& where, bool is_in_place, bool subtract,
                               MarkReader& reader, Arena& arena, Found* found) {
  const Arena::Scope scope(arena);
  SlotFold* folds = arena.Allocate<SlotFold>(kKept);
  uint8_t* const pixels = arena.Allocate<uint8_t>(view_.Area());
  uint16_t* const common = arena.Allocate<uint16_t>(view_.Area());
  *found = where;
  const size_t all = Count();
  if (subtract && all > 0) FindCommon(common);
  for (size_t i = 0; i < (IsCounting() ? 1 : all); ++i) {
    SlotFold unused;
    SlotFold& fold = IsCounting() ? unused : folds[i];
    ShowSlot(i, subtract ? common : nullptr, pixels);
    FoldAt(where, is_in_place, pixels, arena, &fold.sum, fold.power);
    if (!IsCounting()) fold.slot = slots_[PlaceOf(i)];
  }
  return ReadScheduled(folds, all, where.peak.symmetry, reader, arena, found);
}

// As a picture: the mean of some slots, in which the mark hardly moves or a codec kept it still;
// and where it stands out in any, by the schedule.
bool ClipAccumulator::ReadWindow(const Window& window, bool everywhere, double trials, Arena& arena,
                                 Found* found) {
  const Arena::Scope scope(arena);
  uint8_t* const pixels = arena.Allocate<uint8_t>(view_.Area());
  Show(window, pixels);
  const ImageView image = ViewOf(IsCounting() ? nullptr : pixels);
  MarkReader reader(layout_, trials, arena);
  PictureViews views(image, everywhere ? Effort::kFull : Effort::kAligned, arena);
  MarkSearch search(views, view_, reader, arena);
  const bool is_read = everywhere ? search.SearchViews(found) : search.ReadInPlace(found);
  highest_score_ = std::max(highest_score_, reader.highest_score());
  if (!everywhere || (is_read && !IsCounting())) return is_read;
  Found best = search.best();
  if (IsCounting()) {  // the largest plane that a search has
    best.plane = ScaledSize(frame_, 2.0 * kCanonicalSide);
    best.part = WholeOf(view_);
  } else if (best.peak.score < kWorthTrying) {
    return false;
  }
  return ReadLast(best, false, false, reader, arena, found) ||
         ReadLast(best, false, true, reader, arena, found);
}

bool ClipAccumulator::Detect(Arena& arena, Detection* detection) {
  const Arena::Scope scope(arena);
  EndSlot(arena);
  ++calls_;
  highest_score_ = 0;
  // So that the rates of all calls, however many, add up to that of one: the sum of
  // 1 / (n (n + 1)) is 1.
  const double n = static_cast<double>(calls_);
  const double trials = kReaders * n * (n + 1);
  Found found{};
  bool is_read = false;
  {
    const Arena::Scope inner(arena);
    MarkReader reader(layout_, trials, arena);
    is_read = ReadInPlace(reader, arena, &found);
    highest_score_ = std::max(highest_score_, reader.highest_score());
  }
  const size_t count = Count(), half = count / 2;
  const Window in_place[kWindows] = {{0, count, 0, 0}, {half, count, 0, 0}, {0, half, 0, 0}};
  const Window anywhere[kWindows] = {{0, count, 0, 0}, {half, count, 0, 0}, {half, count, 0, half}};
  const auto read = [&](const Window& window, bool everywhere) {
    return (window.begin < window.end || IsCounting()) &&
           ReadWindow(window, everywhere, trials, arena, &found);
  };
  for (const Window& window : in_place) is_read = is_read || read(window, false);
  for (const Window& window : anywhere) {
    is_read = is_read || (effort_ == Effort::kFull && read(window, true));
  }
  detection->score = highest_score_;
  if (!is_read) return false;
  *detection = DetectionOf(found, layout_);
  const double across = static_cast<double>(view_.width) / static_cast<double>(frame_.width);
  const double down = static_cast<double>(view_.height) / static_cast<double>(frame_.height);
  for (size_t row = 0; row < 3; ++row) {
    detection->geometry[3 * row] *= across;
    detection->geometry[3 * row + 1] *= down;
  }
  return true;
}

size_t ClipSize(Size frame, Effort effort) {
  Arena arena;
  ClipAccumulator clip(frame, kDefaultKey, effort, arena);
  clip.Add({nullptr, frame.width, frame.height, 0, PixelFormat::kRgba16}, 0, arena);
  Detection unused;
  clip.Detect(arena, &unused);
  return arena.SizeNeeded();
}

}  // namespace countermark
