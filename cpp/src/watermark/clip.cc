#include "watermark/clip.h"

#include <algorithm>
#include <cmath>

#include "watermark/slot_views.h"

namespace countermark {
namespace {

// Height of the pilot in a window, from which on the schedule is tried where it stands.
constexpr float kWorthTrying = 4.6f;
// From which on slots are read there both as they are and less what they have in common.
constexpr float kClear = 6;
// Means that are read as pictures are.
constexpr size_t kMeans = 3;
// Readers that one call of Detect gives a share of its bound: one for the schedule in place, one
// for each mean, one for the slots anywhere, and one for those less what they have in common.
constexpr double kReaders = 1 + kMeans + 2;

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
      common_(arena.Allocate<uint16_t>(view_.Area())),
      means_(view_, arena),
      folds_(arena.Allocate<SlotFold>(kSlots)),
      is_folded_(arena.Allocate<bool>(kSlots)),
      reader_(frame, view_, arena),
      luma_(AllocatePlane(view_, arena)) {}

void ClipAccumulator::Reset() {
  frames_ = 0;
  calls_ = 0;
  means_.Reset();
  if (!IsCounting()) std::fill_n(is_folded_, kSlots, false);
}

void ClipAccumulator::Add(const ImageView& frame, int64_t microseconds, Arena& arena) {
  const size_t slot = SlotAt(microseconds);
  if (slot != slot_ || IsCounting()) EndSlot(arena);
  slot_ = slot;
  if (frame.data == nullptr || frames_ == SlotMeans::kMostFrames) return;
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
  if (!IsCounting()) means_.Keep(slot_, sums_, frames_);
  frames_ = 0;
  const Arena::Scope scope(arena);
  const SlotReader slots(means_, nullptr, arena);
  SlotFold fold;
  Fold(slots, means_.count() - 1, InPlace(), true, arena, &fold);
  if (IsCounting()) return;
  SlotFold& kept = folds_[slot_];
  if (!is_folded_[slot_]) kept = {slot_, {}, {}};
  is_folded_[slot_] = true;
  for (size_t i = 0; i < kBandSize; ++i) {
    kept.sum.re[i] += fold.sum.re[i];
    kept.sum.im[i] += fold.sum.im[i];
    kept.power[i] += fold.power[i];
  }
}

Found ClipAccumulator::InPlace() const {
  Plane plane;
  const Size size = ScaledSize(frame_, kCanonicalSide);
  plane.width = size.width;
  plane.height = size.height;
  return {{}, Centred(plane, 1, 0, 0, 1), size, WholeOf(view_), {}};
}

// The part of the picture in which a mark was found, where it was.
void ClipAccumulator::Fold(const SlotReader& slots, size_t slot, const Found& where,
                           bool is_in_place, Arena& arena, SlotFold* fold) const {
  const Arena::Scope scope(arena);
  const Plane luma = AllocatePlane(where.plane, arena);
  const Plane plane = AllocateBorderedPlane(where.plane, arena);
  slots.Read(slot, slot + 1, where.part, luma, arena);
  Whiten(luma, kFloorOfSlots, plane, arena);
  TileFold tiles(kMostTiles, arena);
  if (IsCounting()) return;
  fold->slot = means_.slot(slot);
  tiles.Cut(plane, where.placement, is_in_place && where.plane.width % 2 == 0,
            is_in_place && where.plane.height % 2 == 0);
  tiles.Sum(&fold->sum, fold->power);
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
  return ReadLast(InPlace(), true, common_, reader, arena, found);
}

// Along the schedule, in the last slots.
bool ClipAccumulator::ReadLast(const Found& where, bool is_in_place, const uint16_t* common,
                               MarkReader& reader, Arena& arena, Found* found) {
  const Arena::Scope scope(arena);
  SlotFold* folds = arena.Allocate<SlotFold>(SlotMeans::kMost);
  const SlotReader slots(means_, common, arena);
  *found = where;
  for (size_t i = 0; i < means_.count(); ++i) {
    Fold(slots, i, where, is_in_place, arena, folds + i);
  }
  if (IsCounting()) Fold(slots, 0, where, is_in_place, arena, folds);
  return ReadScheduled(folds, means_.count(), where.peak.symmetry, reader, arena, found);
}

// As a picture in its place: the mean of some slots, in which the mark hardly moves or a codec kept
// it still.
bool ClipAccumulator::ReadMean(size_t begin, size_t end, MarkReader& reader, Arena& arena,
                               Found* found) {
  const Arena::Scope scope(arena);
  uint8_t* const pixels = arena.Allocate<uint8_t>(view_.Area());
  if (!IsCounting()) means_.Show(begin, end, pixels);
  const ImageView image = means_.ViewOf(pixels);
  PictureViews views(image, Effort::kAligned, arena);
  return MarkSearch(view_, reader, arena).ReadInPlace(views, found);
}

// As pictures, where the mark stays for a while; and where it stands out then, by the schedule.
bool ClipAccumulator::ReadAnywhere(const uint16_t* common, MarkReader& reader, Arena& arena,
                                   Found* found) {
  Found best{};
  {
    const Arena::Scope scope(arena);
    SlotViews views(means_, common, arena);
    MarkSearch search(view_, reader, arena);
    if (search.SearchViews(views, found)) return true;
    best = search.best();
  }
  if (IsCounting()) {  // the largest plane that a search has
    best.plane = ScaledSize(frame_, 2.0 * kCanonicalSide);
    best.part = WholeOf(view_);
  } else if (best.peak.score < kWorthTrying) {
    return false;
  }
  const uint16_t* const other = common == nullptr ? common_ : nullptr;
  return ReadLast(best, false, common, reader, arena, found) ||
         ((best.peak.score >= kClear || IsCounting()) &&
          ReadLast(best, false, other, reader, arena, found));
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
  const auto read = [&](auto how) {
    if (is_read) return;
    const Arena::Scope inner(arena);
    MarkReader reader(layout_, trials, arena);
    is_read = how(reader);
    highest_score_ = std::max(highest_score_, reader.highest_score());
  };
  if (!IsCounting()) means_.ShareOfAll(common_);
  read([&](MarkReader& reader) { return ReadInPlace(reader, arena, &found); });
  const size_t count = means_.count(), half = count / 2;
  const size_t means[kMeans][2] = {{0, count}, {half, count}, {0, half}};
  for (const auto& mean : means) {
    if (mean[0] == mean[1] && !IsCounting()) continue;
    read([&](MarkReader& reader) { return ReadMean(mean[0], mean[1], reader, arena, &found); });
  }
  const uint16_t* const subtracted[] = {nullptr, common_};
  for (const uint16_t* const common : subtracted) {
    if (effort_ == Effort::kAligned || (count == 0 && !IsCounting())) continue;
    read([&](MarkReader& reader) { return ReadAnywhere(common, reader, arena, &found); });
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
