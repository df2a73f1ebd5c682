// How much mark each place of the picture can hide.
#ifndef COUNTERMARK_WATERMARK_MASK_H_
#define COUNTERMARK_WATERMARK_MASK_H_

#include "base/arena.h"
#include "watermark/plane.h"

namespace countermark {

// mask = amplitude of the mark in grey levels, from the local texture of `luma`, the canonical
// plane of a picture of this size.
void MakeMask(const Plane& luma, Size picture, float strength, const Plane& mask, Arena& arena);

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_MASK_H_
