// Plain-loop twin of kernels/sample.h.
#ifndef COUNTERMARK_KERNELS_SAMPLE_REFERENCE_H_
#define COUNTERMARK_KERNELS_SAMPLE_REFERENCE_H_

#include <cstddef>
#include <cstdint>

#include "kernels/sample_line.h"

namespace countermark::reference {

// Where sample i lies along one axis, counted from the border's first pixel and kept within it.
inline float Place(float start, float step, size_t i, float offset, size_t length) {
  const float last = static_cast<float>(length) + 1.0f;
  float place = (start + static_cast<float>(i) * step) + offset;
  place = place < last ? place : last;
  return place > 0.0f ? place : 0.0f;
}

// Samples `first` to `end` - 1: a vector loop hands over its last ones without changing where they
// lie.
inline void AddSamples(const SampleLine& line, size_t first, size_t end, float* sums) {
  const float* corner = line.plane - line.stride - 1;
  for (size_t i = first; i < end; ++i) {
    const float x = Place(line.x, line.dx, i, 1.0f, line.width);
    const float y = Place(line.y, line.dy, i, 1.0f, line.height);
    const int32_t xi = static_cast<int32_t>(x), yi = static_cast<int32_t>(y);
    const float fx = x - static_cast<float>(xi), fy = y - static_cast<float>(yi);
    const float* p = corner + yi * static_cast<int32_t>(line.stride) + xi;
    const float* q = p + line.stride;
    const float upper = p[0] + fx * (p[1] - p[0]);
    const float lower = q[0] + fx * (q[1] - q[0]);
    sums[i] = sums[i] + (upper + fy * (lower - upper));
  }
}

inline void AddNearestSamples(const SampleLine& line, size_t first, size_t end, float* sums) {
  const float* corner = line.plane - line.stride - 1;
  for (size_t i = first; i < end; ++i) {
    const int32_t xi = static_cast<int32_t>(Place(line.x, line.dx, i, 1.5f, line.width));
    const int32_t yi = static_cast<int32_t>(Place(line.y, line.dy, i, 1.5f, line.height));
    sums[i] = sums[i] + corner[yi * static_cast<int32_t>(line.stride) + xi];
  }
}

}  // namespace countermark::reference

#endif  // COUNTERMARK_KERNELS_SAMPLE_REFERENCE_H_
