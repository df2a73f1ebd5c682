// Plain-loop twin of kernels/magnitude.h.
#ifndef COUNTERMARK_KERNELS_MAGNITUDE_REFERENCE_H_
#define COUNTERMARK_KERNELS_MAGNITUDE_REFERENCE_H_

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace countermark::reference {

inline float LargestOfParities(const float* parts, size_t step, size_t count) {
  float largest = 0;
  for (size_t i = 0; i < count; ++i) {
    const float even = parts[i], odd = parts[step + i];
    const float even_sine = parts[2 * step + i], odd_sine = parts[3 * step + i];
    // |a| + |b| is the larger one of |a + b| and |a - b|, to the last bit.
    const float outer = std::fabs(even + odd) + std::fabs(odd_sine + even_sine);
    const float inner = std::fabs(even - odd) + std::fabs(odd_sine - even_sine);
    largest = std::max(largest, std::max(outer, inner));
  }
  return largest;
}

}  // namespace countermark::reference

#endif  // COUNTERMARK_KERNELS_MAGNITUDE_REFERENCE_H_
