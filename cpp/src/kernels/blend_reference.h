// Plain-loop twin of kernels/blend.h.
#ifndef COUNTERMARK_KERNELS_BLEND_REFERENCE_H_
#define COUNTERMARK_KERNELS_BLEND_REFERENCE_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/image.h"
#include "kernels/blend.h"

namespace countermark::reference {

inline int16_t FixedPoint(float residual) {
  constexpr float kOne = 1 << kResidualFractionBits;
  constexpr float kLimit = kResidualLimit;
  // Rounds halves to even, as the vector instructions do.
  return static_cast<int16_t>(std::lrintf(std::max(std::min(residual * kOne, kLimit), -kLimit)));
}

inline void QuantiseResidual(const float* row, size_t count, int16_t* out) {
  for (size_t i = 0; i < count; ++i) {
    float halfway = row[i] * kHalfwayOuter;
    halfway = halfway + row[i + 1] * kHalfwayInner;
    halfway = halfway + row[i + 2] * kHalfwayInner;
    halfway = halfway + row[i + 3] * kHalfwayOuter;
    out[2 * i] = FixedPoint(row[i + 1]);
    out[2 * i + 1] = FixedPoint(halfway);
  }
}

// The residual at a pixel, in 1/2^14 of an 8-bit step.
inline int32_t InterpolateResidual(const int16_t* residual, uint32_t position) {
  const int32_t left = residual[position >> 8], right = residual[(position >> 8) + 1];
  return left * 256 + (right - left) * static_cast<int32_t>(position & 255);
}

template <typename Sample>
inline void AddResidualTo(const uint8_t* in, size_t channels, size_t width, const int16_t* residual,
                          const uint32_t* positions, uint8_t* out) {
  constexpr int32_t kLargest = sizeof(Sample) == 1 ? 255 : 65535;
  constexpr int32_t kScale = sizeof(Sample) == 1 ? 1 : 257;
  const size_t colours = channels == 4 ? 3 : channels;
  for (size_t x = 0; x < width; ++x) {
    const int32_t fixed = InterpolateResidual(residual, positions[x]);
    const int32_t add = (fixed * kScale + (1 << 13)) >> 14;
    for (size_t c = 0; c < channels; ++c) {
      Sample sample;
      std::memcpy(&sample, in + (x * channels + c) * sizeof(Sample), sizeof(Sample));
      if (c < colours) {
        const int32_t sum = static_cast<int32_t>(sample) + add;
        sample = static_cast<Sample>(sum < 0 ? 0 : sum > kLargest ? kLargest : sum);
      }
      std::memcpy(out + (x * channels + c) * sizeof(Sample), &sample, sizeof(Sample));
    }
  }
}

inline void AddResidualToTenBits(const uint8_t* in, size_t width, const int16_t* residual,
                                 const uint32_t* positions, uint8_t* out) {
  for (size_t x = 0; x < width; ++x) {
    const int32_t add = (InterpolateResidual(residual, positions[x]) + (1 << 11)) >> 12;
    uint16_t sample;
    std::memcpy(&sample, in + 2 * x, 2);
    const int32_t sum = (sample >> 6) + add;
    sample = static_cast<uint16_t>(std::clamp(sum, 0, 1023) << 6);
    std::memcpy(out + 2 * x, &sample, 2);
  }
}

inline void AddResidual(const uint8_t* in, PixelFormat format, size_t width,
                        const int16_t* residual, const uint32_t* positions, uint8_t* out) {
  if (format == PixelFormat::kP010) {
    AddResidualToTenBits(in, width, residual, positions, out);
  } else if (IsSixteenBit(format)) {
    AddResidualTo<uint16_t>(in, Channels(format), width, residual, positions, out);
  } else {
    AddResidualTo<uint8_t>(in, Channels(format), width, residual, positions, out);
  }
}

}  // namespace countermark::reference

#endif  // COUNTERMARK_KERNELS_BLEND_REFERENCE_H_
