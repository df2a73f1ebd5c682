// Plain-loop twin of kernels/magnitude.h.
#ifndef COUNTERMARK_KERNELS_MAGNITUDE_REFERENCE_H_
#define COUNTERMARK_KERNELS_MAGNITUDE_REFERENCE_H_

#include <cmath>
#include <cstddef>

namespace countermark::reference {

inline float LargestMagnitude(const float* values, size_t count) {
  float largest = 0;
  for (size_t i = 0; i < count; ++i) {
    const float magnitude = std::fabs(values[i]);
    largest = magnitude > largest ? magnitude : largest;
  }
  return largest;
}

}  // namespace countermark::reference

#endif  // COUNTERMARK_KERNELS_MAGNITUDE_REFERENCE_H_
