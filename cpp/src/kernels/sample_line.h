// Samples of a plane along a straight line.
#ifndef COUNTERMARK_KERNELS_SAMPLE_LINE_H_
#define COUNTERMARK_KERNELS_SAMPLE_LINE_H_

#include <cstddef>

namespace countermark {

// `plane` points at pixel (0, 0) and is surrounded by zeros: one pixel to the left and above, two
// to the right and below. Sample i lies at (x + i dx, y + i dy), where pixel centres are integers.
struct SampleLine {
  const float* plane;
  size_t stride;  // in floats
  size_t width, height;
  float x, y;
  float dx, dy;
};

}  // namespace countermark

#endif  // COUNTERMARK_KERNELS_SAMPLE_LINE_H_
