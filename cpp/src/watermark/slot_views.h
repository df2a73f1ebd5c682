// The planes of a video's last slots in which its mark is looked for.
#ifndef COUNTERMARK_WATERMARK_SLOT_VIEWS_H_
#define COUNTERMARK_WATERMARK_SLOT_VIEWS_H_

#include "watermark/slot_means.h"
#include "watermark/views.h"

namespace countermark {

// Each slot is whitened by itself, which does more against what moves behind the mark than
// averaging; then as many as a state lasts are added up, in which the mark stays where it is. Where
// a state begins is not known, so several such sums are searched together.
class SlotViews final : public Views {
 public:
  // `common`: what is subtracted from each slot, or null. Both must outlive it.
  SlotViews(const SlotMeans& means, const uint16_t* common, Arena& arena);

  Layers Whole() override;
  Layers Middle() override;
  // After Whole.
  Layers Grown() override;

 private:
  Layers Make(const Part& part, double side, ScaleRange range);
  Layers Allocate(const Part& part, Size first, ScaleRange range, size_t count);

  const SlotMeans& means_;
  const uint16_t* common_;
  size_t together_;  // slots that are whitened as one: of a scene that stays still, some
  Arena& arena_;
  Layers whole_;
};

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_SLOT_VIEWS_H_
