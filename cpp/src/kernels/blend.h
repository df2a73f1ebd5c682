// The full-resolution pass of embedding: interpolate one row of the residual and add it.
#ifndef COUNTERMARK_KERNELS_BLEND_H_
#define COUNTERMARK_KERNELS_BLEND_H_

#include <cstddef>
#include <cstdint>

#include "base/image.h"

namespace countermark {

// Fractional bits of the residual, whose unit is one step of an 8-bit sample.
inline constexpr int kResidualFractionBits = 6;
inline constexpr size_t kResidualPadding = 16;
// Larger residuals would overflow the sums of 16-bit pictures.
inline constexpr int kResidualLimit = 255 << kResidualFractionBits;

// out[2 i] = even[i] and out[2 i + 1] = odd[i], rounded to the residual's fixed point and limited.
// `out` must be aligned to 4 bytes.
void QuantiseResidual(const float* even, const float* odd, size_t count, int16_t* out);

// out = in + residual, clipped, in every colour channel; alpha is copied. `out` may be `in`.
// positions[x] is (index << 8) | weight: pixel x takes the residual between residual[index] and
// residual[index + 1], weight / 256 of the way. Positions rise
// evenly, but for rounding. |residual| <= kResidualLimit; kResidualPadding more samples must be
// readable past the last one used.
void AddResidual(const uint8_t* in, PixelFormat format, size_t width, const int16_t* residual,
                 const uint32_t* positions, uint8_t* out);

}  // namespace countermark

#endif  // COUNTERMARK_KERNELS_BLEND_H_
