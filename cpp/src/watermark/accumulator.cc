#include "watermark/accumulator.h"

#include <algorithm>
#include <cmath>

namespace countermark {
namespace {

// The last frames that are added up, as if nothing moved among them, to find a mark that moves.
constexpr size_t kWindows[] = {8, 3, 1};
constexpr Plan kOfWindow{{0.75, 3.6}, 0.9};
// Height of the pilot in a window, from which on it is followed; and in the sum, from which on it
// goes on being followed.
constexpr float kWorthFollowing = 5.0f;

}  // namespace

FrameAccumulator::FrameAccumulator(Size frame, const Key& key, Effort effort, Arena& arena)
    : layout_(key),
      size_(frame),
      effort_(effort),
      sums_(frame, effort, arena),
      history_(effort == Effort::kFull ? ScaledSize(frame, kCanonicalSide) : Size{0, 0}, arena) {}

void FrameAccumulator::Reset() {
  sums_.Reset();
  history_.Reset();
  calls_ = 0;
  is_tracked_ = false;
}

void FrameAccumulator::Add(const ImageView& frame, Arena& arena) {
  const Arena::Scope scope(arena);
  PictureViews views(frame, effort_, arena);
  if (effort_ == Effort::kFull) history_.Keep(views.luma());
  sums_.Add(views, arena);
  if (effort_ == Effort::kAligned) return;
  Follower follower(layout_, arena);
  if (!is_tracked_) return;
  const Plane plane = views.WholePyramid().levels[tracked_.level];
  follower.Follow(plane, false, &tracked_.track);
  follower.Add(plane, &tracked_.track);
}

bool FrameAccumulator::ReadTrack(MarkReader& reader, Found* found) {
  if (IsCounting()) return reader.Read({}, Hint::kFoundPlacement, &found->message);
  if (!is_tracked_) return false;
  const PilotPeak peak = reader.LookAt(tracked_.track.sum, tracked_.track.power);
  tracked_.score = peak.score;
  *found = {peak,
            tracked_.track.placement,
            sums_.whole().levels[tracked_.level].size(),
            WholeOf(size_),
            {}};
  return peak.score >= kLeastScore && reader.Read(peak, Hint::kFoundPlacement, &found->message);
}

Plane FrameAccumulator::Recalled(size_t frame, size_t level, Arena& arena) const {
  const Plane luma = AllocatePlane(ScaledSize(size_, kCanonicalSide), arena);
  history_.Recall(frame, luma);
  return WhitenedAt(luma, ScaleOf(level), kFineFloor, arena);
}

Pyramid FrameAccumulator::Window(size_t length, Arena& arena) const {
  const Size size = ScaledSize(size_, kCanonicalSide);
  Pyramid window{WholeOf(size_), {}};
  {
    Arena counting;
    window = MakePyramid(WholeOf(size_), AllocatePlane(size, counting), kOfWindow.range, counting);
  }
  for (Plane& level : window.levels) {
    if (level.width > 0) level = AllocateBorderedPlane(level.size(), arena);
  }
  const size_t count = history_.count();
  for (size_t i = count - std::min(count, length); i < count; ++i) {
    const Arena::Scope scope(arena);
    const Plane luma = AllocatePlane(size, arena);
    history_.Recall(i, luma);
    const Pyramid frame = MakePyramid(window.part, luma, kOfWindow.range, arena);
    for (size_t level = 0; level < kLevels; ++level) {
      AddPlane(frame.levels[level], window.levels[level]);
    }
  }
  return window;
}

// From the middle of the window, the last frames, in which it was found, back to the oldest frame,
// to learn how it moves; then through all frames to the newest, adding them up.
void FrameAccumulator::Follow(const Found& found, size_t window, MarkReader& reader, Arena& arena) {
  const Arena::Scope scope(arena);
  Follower follower(layout_, arena);
  const size_t count = history_.count();
  window = std::min(count, window);
  Tracked tracked{};
  tracked.level = LevelFor(found, sums_.whole());
  Track& track = tracked.track;
  track.placement = PlacementInLevel(found, sums_.whole(), tracked.level);
  track.peak = found.peak;
  track.strength = static_cast<double>(found.peak.score) /
                   std::sqrt(static_cast<double>(std::max<size_t>(window, 1)));
  const auto follow = [&](size_t frame, bool backwards) {
    const Arena::Scope inner(arena);
    const Plane plane = Recalled(frame, tracked.level, arena);
    follower.Follow(plane, backwards, &track);
    if (!backwards) follower.Add(plane, &track);
  };
  for (size_t i = count - window / 2; i-- > 0;) follow(i, true);
  for (size_t i = 0; i < count; ++i) follow(i, false);
  if (IsCounting()) return;
  tracked.score = reader.LookAt(track.sum, track.power).score;
  if (is_tracked_ && tracked.score <= tracked_.score) return;
  tracked_ = tracked;
  is_tracked_ = true;
}

bool FrameAccumulator::AcquireIn(size_t length, MarkSearch& search, Arena& arena, Found* found) {
  const Arena::Scope scope(arena);
  const Pyramid window = Window(length, arena);
  search.Forget();
  if (search.SearchIn(Layers(window), kOfWindow, found)) {
    Follow(*found, length, search.reader(), arena);
    return true;
  }
  if (search.best().peak.score < kWorthFollowing && !IsCounting()) return false;
  Follow(search.best(), length, search.reader(), arena);
  return ReadTrack(search.reader(), found);
}

bool FrameAccumulator::Search(MarkSearch& search, Arena& arena, Found* found) {
  if (search.ReadInPlace(sums_, found)) return true;
  if (effort_ == Effort::kAligned) return false;
  if (ReadTrack(search.reader(), found)) return true;
  const bool is_read = search.SearchViews(sums_, found);
  if (is_read || IsCounting()) Follow(*found, FrameHistory::kMost, search.reader(), arena);
  return is_read;
}

bool FrameAccumulator::Acquire(MarkSearch& search, Arena& arena, Found* found) {
  return effort_ == Effort::kFull &&
         std::any_of(std::begin(kWindows), std::end(kWindows),
                     [&](size_t length) { return AcquireIn(length, search, arena, found); });
}

bool FrameAccumulator::Detect(Arena& arena, Detection* detection) {
  const Arena::Scope scope(arena);
  ++calls_;
  // So that the rates of all calls, however many, add up to that of one: the sum of
  // 1 / (n (n + 1)) is 1. Twice, for there are two searches.
  const double n = static_cast<double>(calls_);
  const double trials = 2 * n * (n + 1);
  Found found{};
  float highest_score = 0;
  const auto search_by = [&](auto how) {
    const Arena::Scope inner(arena);
    MarkReader reader(layout_, trials, arena);
    MarkSearch search(size_, reader, arena);
    const bool is_read = (this->*how)(search, arena, &found);
    highest_score = std::max(highest_score, reader.highest_score());
    return is_read;
  };
  if (!search_by(&FrameAccumulator::Search) && !search_by(&FrameAccumulator::Acquire)) {
    detection->score = highest_score;
    return false;
  }
  *detection = DetectionOf(found, layout_);
  return true;
}

size_t AccumulatorSize(Size frame, Effort effort) {
  Arena arena;
  FrameAccumulator accumulator(frame, kDefaultKey, effort, arena);
  const ImageView image{nullptr, frame.width, frame.height, 0, PixelFormat::kRgba16};
  accumulator.Add(image, arena);
  Detection unused;
  accumulator.Detect(arena, &unused);
  return arena.SizeNeeded();
}

}  // namespace countermark
