// What the frames of a video have in common, added up.
#ifndef COUNTERMARK_WATERMARK_FRAME_SUMS_H_
#define COUNTERMARK_WATERMARK_FRAME_SUMS_H_

#include <cstdint>
#include <iterator>

#include "watermark/detect.h"
#include "watermark/views.h"

namespace countermark {

// The whitened planes of frames, added up: a mark that stays where it is adds up, what moves behind
// it averages out. To be searched like those of one picture. No frame counts for more than another
// by what the pilot says of it: the bound of a mark in its place depends on that.
class FrameSums final : public PlacedViews {
 public:
  FrameSums(Size picture, Effort effort, Arena& arena);

  void Reset();
  // What it makes of the whole picture stays in the arena.
  void Add(PictureViews& frame, Arena& arena);

  Plane InPlace(size_t floor) override { return in_place_[floor]; }
  Layers Whole() override { return Layers(whole_); }
  Layers Middle() override { return Layers(middle_); }
  Layers Grown() override { return Layers(grown_); }
  const Pyramid& whole() const { return whole_; }

 private:
  Effort effort_;
  Plane in_place_[std::size(kFloors)];
  Pyramid whole_{}, middle_{}, grown_{};
};

// The last frames, in order that what was found late can be followed back.
class FrameHistory {
 public:
  static constexpr size_t kMost = 24;

  // Of planes of this size.
  FrameHistory(Size plane, Arena& arena);

  void Reset() { count_ = 0; }
  void Keep(const Plane& luma);
  size_t count() const { return count_ < kMost ? static_cast<size_t>(count_) : kMost; }
  // From the oldest, 0, to the newest, count() - 1.
  void Recall(size_t frame, const Plane& luma) const;

 private:
  uint16_t* Slot(uint64_t frame) const;

  Size plane_;
  uint16_t* levels_;  // in parts of a grey level
  uint64_t count_ = 0;
};

// to += from.
void AddPlane(const Plane& from, const Plane& to);

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_FRAME_SUMS_H_
