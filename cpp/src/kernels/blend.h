// The full-resolution pass of embedding: interpolate one row of the residual and add it.
#ifndef COUNTERMARK_KERNELS_BLEND_H_
#define COUNTERMARK_KERNELS_BLEND_H_

#include <cstddef>
#include <cstdint>

#include "base/image.h"

namespace countermark {

// Fractional bits of the residual, whose unit is one step of an 8-bit sample.
inline constexpr int kResidualFractionBits = 6;
// Larger residuals would overflow the sums of 16-bit pictures.
inline constexpr int kResidualLimit = 255 << kResidualFractionBits;

// Cubic convolution halfway between samples (Keys 1981, a = -1/2).
inline constexpr float kHalfwayOuter = -0.0625f, kHalfwayInner = 0.5625f;

// The row at twice the width: out[2 i] = row[i + 1], and out[2 i + 1] halfway from there to
// row[i + 2], for which row[i] to row[i + 3] are read; rounded to the residual's fixed point and
// limited. `out` must be aligned to 4 bytes.
void QuantiseResidual(const float* row, size_t count, int16_t* out);

// Where the 32 pixels of one step of AddResidual take the residual, in groups of eight, as the
// vector unit looks it up. A group's neighbours begin at sample `first`; `nearer` and `left` are
// the bytes that its pixels take from there; `weight` is in 1/65536 and negative from one half on.
// The groups of the last three stand in the order 0, 2, 1, 3.
inline constexpr size_t kResidualStep = 32;
struct ResidualTaps {
  uint32_t first[4];
  uint8_t nearer[4][16];
  uint8_t left[4][16];
  int16_t weight[4][8];
};

// positions[x] is (index << 8) | weight: pixel x takes the residual between residual[index] and
// residual[index + 1], weight / 256 of the way. Positions rise evenly, but for rounding.
struct ResidualPlan {
  size_t width;
  const uint32_t* positions;
  const ResidualTaps* taps;
  size_t windows;  // of eight samples each that a group's neighbours lie in
};

constexpr size_t ResidualTapsCount(size_t width) {
  return (width + kResidualStep - 1) / kResidualStep;
}

// `taps` must hold ResidualTapsCount(width) and stay, like the positions, as long as the plan.
ResidualPlan PlanResidual(const uint32_t* positions, size_t width, ResidualTaps* taps);

// With more windows than this the plain loop serves: such pictures are small.
inline constexpr size_t kMostResidualWindows = 4;
inline constexpr size_t kResidualPadding = 8 * kMostResidualWindows;

// out = in + residual, clipped, in every colour channel, for a row of plan.width pixels of one
// plane; alpha is copied. Ten bits go up and down by four steps for one of eight bits, and what
// lies below them becomes zero. `out` may be `in`. |residual| <= kResidualLimit; kResidualPadding
// more samples must be readable past the last one used.
void AddResidual(const uint8_t* in, PixelFormat format, const int16_t* residual,
                 const ResidualPlan& plan, uint8_t* out);

}  // namespace countermark

#endif  // COUNTERMARK_KERNELS_BLEND_H_
