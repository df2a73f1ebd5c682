// Plain-loop twins of kernels/whiten.h.
#ifndef COUNTERMARK_KERNELS_WHITEN_REFERENCE_H_
#define COUNTERMARK_KERNELS_WHITEN_REFERENCE_H_

#include <cmath>
#include <cstddef>

#include "kernels/whiten.h"

namespace countermark::reference {

inline void DifferenceAndSquare(const float* a, const float* b, size_t count, float* difference,
                                float* square) {
  for (size_t i = 0; i < count; ++i) {
    const float d = a[i] - b[i];
    difference[i] = d;
    square[i] = d * d;
  }
}

inline void AbsoluteDifference(const float* a, const float* b, size_t count, float* out) {
  for (size_t i = 0; i < count; ++i) out[i] = std::fabs(a[i] - b[i]);
}

inline void DivideByDeviation(const float* value, const float* variance, const Normalisation& n,
                              size_t count, float* out) {
  for (size_t i = 0; i < count; ++i) {
    const float deviation = std::sqrt(variance[i]) + n.floor;
    const float v = value[i] / deviation;
    const float upper = v < n.limit ? v : n.limit;
    const float weight = n.base_weight + n.smooth_weight / deviation;
    out[i] = (upper > -n.limit ? upper : -n.limit) * weight;
  }
}

}  // namespace countermark::reference

#endif  // COUNTERMARK_KERNELS_WHITEN_REFERENCE_H_
