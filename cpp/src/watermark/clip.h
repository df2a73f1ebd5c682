// Reads the mark of a video that moves by its schedule.
#ifndef COUNTERMARK_WATERMARK_CLIP_H_
#define COUNTERMARK_WATERMARK_CLIP_H_

#include <cstddef>
#include <cstdint>

#include "watermark/plane.h"
#include "watermark/schedule_search.h"
#include "watermark/search.h"

namespace countermark {

// The frames of a slot of time are averaged before anything is made of them: what moves is
// blurred, a codec's noise averages out, and many frames cost no more than few. Of all slots, what
// is folded in its place is kept, slots a period apart added up. The means of the last slots are
// kept too: to look for marks that are not where they were embedded, and to subtract from each what
// all have in common, by which a scene that stays still is gone and the mark, which moves, is not.
class ClipAccumulator {
 public:
  // Frames have this size. What lasts, and what is needed for a while, is taken from the arena.
  ClipAccumulator(Size frame, const Key& key, Effort effort, Arena& arena);
  ClipAccumulator(const ClipAccumulator&) = delete;
  ClipAccumulator& operator=(const ClipAccumulator&) = delete;

  void Reset();
  void Add(const ImageView& frame, int64_t microseconds, Arena& arena);
  // As Detect of watermark/detect.h, with the bound of all calls since the last reset. A slot that
  // has begun counts with the frames that it has.
  bool Detect(Arena& arena, Detection* detection);

  Size frame_size() const { return frame_; }

 private:
  static constexpr size_t kKept = 12;           // slots whose means are kept
  static constexpr uint32_t kMostFrames = 256;  // of a slot, so that their sum is held

  static constexpr int kParts = 64;  // of a grey level, in means

  // Slots that are averaged, and those whose mean is subtracted, if there are any; of those kept,
  // 0 being the oldest.
  struct Window {
    size_t begin, end, less_begin, less_end;
  };

  // Without memory, to learn how much is needed.
  bool IsCounting() const { return sums_ == nullptr; }
  size_t Count() const { return kept_ < kKept ? static_cast<size_t>(kept_) : kKept; }
  size_t PlaceOf(size_t kept) const { return static_cast<size_t>(kept_ - Count() + kept) % kKept; }
  const uint16_t* MeanOf(size_t kept) const { return means_ + PlaceOf(kept) * view_.Area(); }
  ImageView ViewOf(const uint8_t* pixels) const {
    return {pixels, view_.width, view_.height, static_cast<ptrdiff_t>(view_.width),
            PixelFormat::kGray8};
  }

  void EndSlot(Arena& arena);
  void Show(const Window& window, uint8_t* pixels) const;
  void FindCommon(uint16_t* common) const;
  void ShowSlot(size_t slot, const uint16_t* common, uint8_t* pixels) const;
  void FoldAt(const Found& where, bool is_in_place, const uint8_t* pixels, Arena& arena,
              Spectrum* sum, float* power) const;
  Found InPlace() const;
  // Each looks in another way, and says whether a message was read.
  bool ReadInPlace(MarkReader& reader, Arena& arena, Found* found);
  bool ReadWindow(const Window& window, bool everywhere, double trials, Arena& arena, Found* found);
  bool ReadLast(const Found& where, bool is_in_place, bool subtract, MarkReader& reader,
                Arena& arena, Found* found);
  bool ReadScheduled(const SlotFold* folds, size_t count, int symmetry, MarkReader& reader,
                     Arena& arena, Found* found);

  Layout layout_;
  Size frame_, view_;
  Effort effort_;
  uint16_t* sums_;   // of the frames of this slot
  uint16_t* means_;  // of the last slots
  size_t* slots_;    // which those were
  SlotFold* folds_;  // in place, a slot of the period each
  bool* is_folded_;  // whether anything was
  LumaReader reader_;
  Plane luma_;
  size_t slot_ = 0;
  uint32_t frames_ = 0;  // in this slot
  uint64_t kept_ = 0, calls_ = 0;
  float highest_score_ = 0;
};

// Bytes that a ClipAccumulator takes from its arena, itself not counted.
size_t ClipSize(Size frame, Effort effort);

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_CLIP_H_
