// Plain-loop twins of kernels/interleave.h.
#ifndef COUNTERMARK_KERNELS_INTERLEAVE_REFERENCE_H_
#define COUNTERMARK_KERNELS_INTERLEAVE_REFERENCE_H_

#include <cstddef>

namespace countermark::reference {

inline void Deinterleave4(const float* in, size_t begin, size_t end, float* const out[4]) {
  for (size_t i = begin; i < end; ++i) {
    for (size_t p = 0; p < 4; ++p) out[p][i] = in[4 * i + p];
  }
}

inline void Interleave4(const float* const in[4], size_t begin, size_t end, float* out) {
  for (size_t i = begin; i < end; ++i) {
    for (size_t p = 0; p < 4; ++p) out[4 * i + p] = in[p][i];
  }
}

}  // namespace countermark::reference

#endif  // COUNTERMARK_KERNELS_INTERLEAVE_REFERENCE_H_
