#include "watermark/frame_sums.h"

#include <algorithm>

#include "kernels/filter.h"

namespace countermark {
namespace {

constexpr float kPartsOfLevel = 256;

// As large as the frame's, without its pixels.
Pyramid AllocateLike(const Pyramid& frame, Arena& arena) {
  Pyramid sums{frame.part, {}};
  for (size_t i = 0; i < kLevels; ++i) {
    if (frame.levels[i].width > 0) {
      sums.levels[i] = AllocateBorderedPlane(frame.levels[i].size(), arena);
    }
  }
  return sums;
}

void Clear(const Plane& plane) {
  if (plane.data == nullptr) return;
  for (size_t y = 0; y < plane.height; ++y) std::fill_n(plane.Row(y), plane.width, 0.0f);
}

void Clear(const Pyramid& pyramid) {
  for (const Plane& level : pyramid.levels) Clear(level);
}

void AddPyramid(const Pyramid& from, const Pyramid& to, size_t first, Arena& arena) {
  for (size_t i = first; i < kLevels; ++i) {
    const Arena::Scope scope(arena);
    AddPlane(from.Level(i, arena), to.levels[i]);
  }
}

}  // namespace

void AddPlane(const Plane& from, const Plane& to) {
  if (from.data == nullptr || to.data == nullptr) return;
  constexpr float kOnce[] = {1, 1};
  for (size_t y = 0; y < to.height; ++y) {
    const float* const rows[] = {to.Row(y), from.Row(y)};
    WeightedSum(rows, kOnce, std::size(kOnce), to.width, to.Row(y));
  }
}

FrameSums::FrameSums(Size picture, Effort effort, Arena& arena) : effort_(effort) {
  Arena counting;
  const ImageView image{nullptr, picture.width, picture.height, 0, PixelFormat::kGray8};
  PictureViews shapes(image, effort, counting);
  for (Plane& plane : in_place_) plane = AllocateBorderedPlane(shapes.luma().size(), arena);
  if (effort == Effort::kAligned) return;
  whole_ = AllocateLike(shapes.WholePyramid(), arena);
  whole_.levels[0] = in_place_[0];
  middle_ = AllocateLike(shapes.MiddlePyramid(), arena);
  grown_ =
      GrownSide(picture) > kCanonicalSide ? AllocateLike(shapes.GrownPyramid(), arena) : whole_;
}

void FrameSums::Reset() {
  for (const Plane& plane : in_place_) Clear(plane);
  Clear(whole_);
  Clear(middle_);
  Clear(grown_);
}

void FrameSums::Add(PictureViews& frame, Arena& arena) {
  {
    const Arena::Scope scope(arena);
    for (size_t floor = 0; floor < std::size(kFloors); ++floor) {
      AddPlane(frame.InPlace(floor), in_place_[floor]);
    }
  }
  if (effort_ == Effort::kAligned) return;
  AddPyramid(frame.WholePyramid(), whole_, 1, arena);
  {
    const Arena::Scope scope(arena);
    AddPyramid(frame.MiddlePyramid(), middle_, 0, arena);
  }
  if (grown_.levels[0].width == whole_.levels[0].width) return;  // the same planes
  const Arena::Scope scope(arena);
  AddPyramid(frame.GrownPyramid(), grown_, 0, arena);
}

FrameHistory::FrameHistory(Size plane, Arena& arena)
    : plane_(plane), levels_(arena.Allocate<uint16_t>(kMost * plane.Area())) {}

uint16_t* FrameHistory::Slot(uint64_t frame) const {
  return levels_ + static_cast<size_t>(frame % kMost) * plane_.Area();
}

void FrameHistory::Keep(const Plane& luma) {
  const uint64_t frame = count_++;
  if (luma.data == nullptr || levels_ == nullptr) return;
  uint16_t* to = Slot(frame);
  for (size_t i = 0; i < plane_.Area(); ++i) {
    const float level = std::min(std::max(luma.data[i], 0.0f), 255.0f);
    to[i] = static_cast<uint16_t>(level * kPartsOfLevel + 0.5f);
  }
}

void FrameHistory::Recall(size_t frame, const Plane& luma) const {
  if (luma.data == nullptr || levels_ == nullptr) return;
  const uint16_t* from = Slot(count_ - count() + frame);
  for (size_t i = 0; i < plane_.Area(); ++i) {
    luma.data[i] = static_cast<float>(from[i]) / kPartsOfLevel;
  }
}

}  // namespace countermark
