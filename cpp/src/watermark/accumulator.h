// Reads the mark that the frames of a video have in common, also where no frame alone tells it.
#ifndef COUNTERMARK_WATERMARK_ACCUMULATOR_H_
#define COUNTERMARK_WATERMARK_ACCUMULATOR_H_

#include <cstdint>

#include "watermark/frame_sums.h"
#include "watermark/search.h"
#include "watermark/track.h"

namespace countermark {

class FrameAccumulator {
 public:
  // Frames have this size. What lasts, and what is needed for a while, is taken from the arena.
  FrameAccumulator(Size frame, const Key& key, Effort effort, Arena& arena);
  FrameAccumulator(const FrameAccumulator&) = delete;
  FrameAccumulator& operator=(const FrameAccumulator&) = delete;

  void Reset();
  void Add(const ImageView& frame, Arena& arena);
  // As Detect of watermark/detect.h. The geometry is that of the last frame. The bound is that of
  // all calls since the last reset.
  bool Detect(Arena& arena, Detection* detection);

  Size frame_size() const { return size_; }

 private:
  struct Tracked {
    Track track;
    size_t level;  // of the whole, whose planes it is followed in
    float score;   // of the pilot in the sum
  };

  // Without memory, to learn how much is needed.
  bool IsCounting() { return sums_.InPlace(0).data == nullptr; }
  // Each looks in another way, and says whether a message was read: where the frames lie still, or
  // where the mark is followed already; and where it moves, in the last of them.
  bool Search(MarkSearch& search, Arena& arena, Found* found);
  bool Acquire(MarkSearch& search, Arena& arena, Found* found);
  bool AcquireIn(size_t length, MarkSearch& search, Arena& arena, Found* found);
  bool ReadTrack(MarkReader& reader, Found* found);
  // Keeps on following what was found in a window if the pilot stands higher than where it is
  // followed now.
  void Follow(const Found& found, size_t window, MarkReader& reader, Arena& arena);
  // The sum of the last frames.
  Pyramid Window(size_t length, Arena& arena) const;
  Plane Recalled(size_t frame, size_t level, Arena& arena) const;

  Layout layout_;
  Size size_;
  Effort effort_;
  FrameSums sums_;
  FrameHistory history_;
  uint64_t calls_ = 0;
  bool is_tracked_ = false;
  Tracked tracked_{};
};

// Bytes that a FrameAccumulator takes from its arena, itself not counted.
size_t AccumulatorSize(Size frame, Effort effort);

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_ACCUMULATOR_H_
