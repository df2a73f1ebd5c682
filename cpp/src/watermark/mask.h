// How much mark each place of the picture can hide.
#ifndef COUNTERMARK_WATERMARK_MASK_H_
#define COUNTERMARK_WATERMARK_MASK_H_

#include "base/arena.h"
#include "watermark/plane.h"

namespace countermark {

// mask = amplitude of the mark in grey levels, from the local texture of `luma`, the canonical
// plane of a picture of this size.
void MakeMask(const Plane& luma, Size picture, float strength, const Plane& mask, Arena& arena);

// The same in two steps, for a mask that is made part by part.
//
// 1. The local texture, and as the result its mean, each place counting up to a limit. A row of it
// depends on kTextureReach rows of luma above and below.
inline constexpr size_t kTextureReach = 20;
float MeasureTexture(const Plane& luma, const Plane& texture, Arena& arena);

// 2. mask = amplitude, for `count` places one behind the other, in a picture of this size with this
// mean of its texture. `mask` may be `texture`.
void MaskTexture(const float* texture, size_t count, float mean, Size picture, float strength,
                 float* mask);

// Where there is no texture at all.
float LeastAmplitude(float mean, Size picture, float strength);

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_MASK_H_
