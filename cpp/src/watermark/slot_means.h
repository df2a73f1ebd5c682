// Means of the last slots of a video.
#ifndef COUNTERMARK_WATERMARK_SLOT_MEANS_H_
#define COUNTERMARK_WATERMARK_SLOT_MEANS_H_

#include <cstddef>
#include <cstdint>

#include "base/arena.h"
#include "watermark/geometry.h"
#include "watermark/plane.h"
#include "watermark/whitening.h"

namespace countermark {

// Of their whitening: they are noisier than pictures by what a codec has left.
inline constexpr float kFloorOfSlots = kFloors[1];

// The frames of a slot of time are averaged before anything is made of them: what moves is blurred,
// a codec's noise averages out, and many frames cost no more than few. What is shown of them is 8
// bits, as pictures are.
class SlotMeans {
 public:
  static constexpr size_t kMost = 12;           // slots
  static constexpr uint32_t kMostFrames = 256;  // of a slot, so that their sum is held

  // Of frames of this size.
  SlotMeans(Size frame, Arena& arena);

  void Reset() { kept_ = 0; }
  // The sums of so many frames.
  void Keep(size_t slot, const uint16_t* sums, uint32_t frames);

  size_t count() const { return kept_ < kMost ? static_cast<size_t>(kept_) : kMost; }
  // From the oldest, 0, to the newest, count() - 1: which it was.
  size_t slot(size_t i) const { return slots_[PlaceOf(i)]; }
  Size size() const { return size_; }
  ImageView ViewOf(const uint8_t* pixels) const {
    return {pixels, size_.width, size_.height, static_cast<ptrdiff_t>(size_.width),
            PixelFormat::kGray8};
  }

  // A mean, or the mean of some.
  void Show(size_t begin, size_t end, uint8_t* pixels) const;
  // The mean of all, to be subtracted.
  void ShareOfAll(uint16_t* common) const;
  // What some differ from it, magnified, about the middle of the scale: of a scene that stays still
  // that is the mark, which moves, alone.
  void ShowLess(const uint16_t* common, size_t begin, size_t end, uint8_t* pixels) const;

 private:
  size_t PlaceOf(size_t i) const { return static_cast<size_t>(kept_ - count() + i) % kMost; }
  const uint16_t* MeanOf(size_t i) const { return means_ + PlaceOf(i) * size_.Area(); }
  // mean[i] = pixel `first` + i in the mean of some, in parts of a grey level.
  void Average(size_t begin, size_t end, size_t first, size_t amount, uint16_t* mean) const;

  Size size_;
  uint16_t* means_;
  size_t* slots_;
  uint64_t kept_ = 0;
};

// Shows slots as planes of luma.
class SlotReader {
 public:
  // `common`: as for ShowLess, or null.
  SlotReader(const SlotMeans& means, const uint16_t* common, Arena& arena);

  // A part of one, or of the mean of some, made as large as the plane. Without memory it only
  // counts.
  void Read(size_t begin, size_t end, const Part& part, const Plane& luma, Arena& arena) const;

 private:
  const SlotMeans& means_;
  const uint16_t* common_;
  uint8_t* pixels_;
};

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_SLOT_MEANS_H_
