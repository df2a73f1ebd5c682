// Reads the mark of a video that moves by its schedule.
#ifndef COUNTERMARK_WATERMARK_CLIP_H_
#define COUNTERMARK_WATERMARK_CLIP_H_

#include <cstddef>
#include <cstdint>

#include "watermark/plane.h"
#include "watermark/schedule_search.h"
#include "watermark/search.h"
#include "watermark/slot_means.h"

namespace countermark {

// Of all slots of time, what is folded in its place is kept, slots a period apart added up. The
// means of the last slots are kept too: to look for marks that are not where they were embedded,
// and to subtract from each what all have in common, by which a scene that stays still is gone and
// the mark, which moves, is not.
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
  // Without memory, to learn how much is needed.
  bool IsCounting() const { return sums_ == nullptr; }

  void EndSlot(Arena& arena);
  // A slot, folded.
  void Fold(const SlotReader& slots, size_t slot, const Found& where, bool is_in_place,
            Arena& arena, SlotFold* fold) const;
  Found InPlace() const;
  // Each looks in another way, and says whether a message was read. `common`: what is subtracted
  // from slots, or null.
  bool ReadInPlace(MarkReader& reader, Arena& arena, Found* found);
  bool ReadMean(size_t begin, size_t end, MarkReader& reader, Arena& arena, Found* found);
  bool ReadAnywhere(const uint16_t* common, MarkReader& reader, Arena& arena, Found* found);
  bool ReadLast(const Found& where, bool is_in_place, const uint16_t* common, MarkReader& reader,
                Arena& arena, Found* found);
  bool ReadScheduled(const SlotFold* folds, size_t count, int symmetry, MarkReader& reader,
                     Arena& arena, Found* found);

  Layout layout_;
  Size frame_, view_;
  Effort effort_;
  uint16_t* sums_;    // of the frames of this slot
  uint16_t* common_;  // of the last slots
  SlotMeans means_;   // of those
  SlotFold* folds_;   // in place, a slot of the period each
  bool* is_folded_;   // whether anything was
  LumaReader reader_;
  Plane luma_;
  size_t slot_ = 0;
  uint32_t frames_ = 0;  // in this slot
  uint64_t calls_ = 0;
  float highest_score_ = 0;
};

// Bytes that a ClipAccumulator takes from its arena, itself not counted.
size_t ClipSize(Size frame, Effort effort);

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_CLIP_H_
