#include "watermark/slot_views.h"

#include <algorithm>

#include "watermark/frame_sums.h"
#include "watermark/schedule_search.h"

namespace countermark {
namespace {

// Groups of slots of which some are added up: as many as a state lasts, from every second on.
struct Runs {
  static constexpr size_t kStep = 2;

  size_t groups, length, count;

  Runs(size_t slots, size_t together)
      : groups((slots + together - 1) / together),
        length(std::min(groups, kSlotsOfState / together)),
        count((groups - length + kStep - 1) / kStep + 1) {}

  bool Has(size_t group, size_t run) const {
    const size_t begin = std::min(run * kStep, groups - length);
    return group >= begin && group < begin + length;
  }
};

static_assert((SlotMeans::kMost - kSlotsOfState + Runs::kStep - 1) / Runs::kStep < Layers::kMost);

}  // namespace

SlotViews::SlotViews(const SlotMeans& means, const uint16_t* common, Arena& arena)
    : means_(means), common_(common), together_(common == nullptr ? 1 : 2), arena_(arena) {}

Layers SlotViews::Allocate(const Part& part, Size first, ScaleRange range, size_t count) {
  Pyramid shape;
  {
    Arena counting;
    shape = MakePyramid(part, AllocatePlane(first, counting), range, counting);
  }
  Layers layers;
  layers.count = count;
  for (size_t i = 0; i < count; ++i) {
    layers.pyramids[i] = shape;
    for (Plane& level : layers.pyramids[i].levels) {
      if (level.width > 0) level = AllocateBorderedPlane(level.size(), arena_);
    }
  }
  return layers;
}

Layers SlotViews::Make(const Part& part, double side, ScaleRange range) {
  // Without slots as many as there may be, to learn how much memory is needed.
  const size_t slots = means_.count() == 0 ? SlotMeans::kMost : means_.count();
  const Runs runs(slots, together_);
  const Size of_part{static_cast<size_t>(part.width), static_cast<size_t>(part.height)};
  const Size first = ScaledSize(of_part, side);
  const Layers layers = Allocate(part, first, range, runs.count);
  const Arena::Scope scope(arena_);
  const SlotReader reader(means_, common_, arena_);
  const Plane luma = AllocatePlane(first, arena_);
  for (size_t group = 0; group < runs.groups; ++group) {
    const size_t begin = group * together_;
    reader.Read(begin, std::min(begin + together_, slots), part, luma, arena_);
    for (size_t level = 0; level < kLevels; ++level) {
      if (layers.pyramids[0].levels[level].width == 0) continue;
      const Arena::Scope inner(arena_);
      const Plane whitened = WhitenedAt(luma, ScaleOf(level), kFloorOfSlots, arena_);
      for (size_t run = 0; run < runs.count; ++run) {
        if (runs.Has(group, run)) AddPlane(whitened, layers.pyramids[run].levels[level]);
      }
    }
  }
  return layers;
}

Layers SlotViews::Whole() {
  whole_ = Make(WholeOf(means_.size()), kCanonicalSide, kOfWhole.range);
  return whole_;
}

Layers SlotViews::Middle() {
  return Make(MiddleOf(means_.size()), kCanonicalSide, kOfMiddle.range);
}

Layers SlotViews::Grown() {
  const Size size = means_.size();
  const double side = GrownSide(size);
  return side == kCanonicalSide ? whole_ : Make(WholeOf(size), side, PlanOfGrown(size).range);
}

}  // namespace countermark
