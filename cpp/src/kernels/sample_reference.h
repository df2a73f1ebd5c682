// Plain-loop twin of kernels/sample.h.
#ifndef COUNTERMARK_KERNELS_SAMPLE_REFERENCE_H_
#define COUNTERMARK_KERNELS_SAMPLE_REFERENCE_H_

#include <cstddef>
#include <cstdint>

#include "kernels/sample_line.h"

namespace countermark::reference {

// Places are counted in 1/65536 pixel: integers are faster to round, and exact.
inline constexpr int kFixedBits = 16;
inline constexpr int64_t kFixedOne = 1 << kFixedBits;
inline constexpr float kFixedUnit = 1.0f / static_cast<float>(kFixedOne);

inline int64_t Fixed(float place) {
  // Beyond this no plane reaches.
  constexpr double kMost = 1e9;
  const double limited = place < -kMost ? -kMost : place > kMost ? kMost : double{place};
  const double scaled = limited * static_cast<double>(kFixedOne);
  return static_cast<int64_t>(scaled + (scaled < 0 ? -0.5 : 0.5));
}

// A line of samples in fixed point. Sample i is taken at, or to the right of and below, pixel
// (X(i), Y(i)) / 65536, fractions dropped, counted from the corner.
struct FixedLine {
  const float* corner;
  ptrdiff_t stride;
  int64_t right, bottom;
  int64_t x, y, dx, dy;

  int64_t X(size_t i) const { return x + static_cast<int64_t>(i) * dx; }
  int64_t Y(size_t i) const { return y + static_cast<int64_t>(i) * dy; }
  bool Holds(size_t i) const { return X(i) >= 0 && X(i) < right && Y(i) >= 0 && Y(i) < bottom; }
};

// Between pixels: the corner is the border's, to the left of and above the plane.
inline FixedLine BetweenPixels(const SampleLine& line) {
  const ptrdiff_t stride = static_cast<ptrdiff_t>(line.stride);
  return {line.plane - stride - 1,
          stride,
          (static_cast<int64_t>(line.width) + 1) * kFixedOne,
          (static_cast<int64_t>(line.height) + 1) * kFixedOne,
          Fixed(line.x) + kFixedOne,
          Fixed(line.y) + kFixedOne,
          Fixed(line.dx),
          Fixed(line.dy)};
}

inline FixedLine NearestPixels(const SampleLine& line) {
  return {line.plane,
          static_cast<ptrdiff_t>(line.stride),
          static_cast<int64_t>(line.width) * kFixedOne,
          static_cast<int64_t>(line.height) * kFixedOne,
          Fixed(line.x) + kFixedOne / 2,
          Fixed(line.y) + kFixedOne / 2,
          Fixed(line.dx),
          Fixed(line.dy)};
}

inline float SampleBetween(const FixedLine& line, size_t i) {
  const int64_t x = line.X(i), y = line.Y(i);
  const float fx = static_cast<float>(x % kFixedOne) * kFixedUnit;
  const float fy = static_cast<float>(y % kFixedOne) * kFixedUnit;
  const float* p = line.corner + y / kFixedOne * line.stride + x / kFixedOne;
  const float* q = p + line.stride;
  const float upper = p[0] + fx * (p[1] - p[0]);
  const float lower = q[0] + fx * (q[1] - q[0]);
  return upper + fy * (lower - upper);
}

inline float SampleNearest(const FixedLine& line, size_t i) {
  return line.corner[line.Y(i) / kFixedOne * line.stride + line.X(i) / kFixedOne];
}

inline void AddSamples(const SampleLine& line, size_t count, float* sums) {
  const FixedLine fixed = BetweenPixels(line);
  for (size_t i = 0; i < count; ++i) {
    if (fixed.Holds(i)) sums[i] = sums[i] + SampleBetween(fixed, i);
  }
}

inline void AddNearestSamples(const SampleLine& line, size_t count, float* sums) {
  const FixedLine fixed = NearestPixels(line);
  for (size_t i = 0; i < count; ++i) {
    if (fixed.Holds(i)) sums[i] = sums[i] + SampleNearest(fixed, i);
  }
}

}  // namespace countermark::reference

#endif  // COUNTERMARK_KERNELS_SAMPLE_REFERENCE_H_
