// Plain-loop twin of kernels/matrix.h.
#ifndef COUNTERMARK_KERNELS_MATRIX_REFERENCE_H_
#define COUNTERMARK_KERNELS_MATRIX_REFERENCE_H_

#include <cstddef>

namespace countermark::reference {

inline void MultiplyMatrices(const float* a, size_t a_stride, const float* b, size_t rows,
                             size_t inner, size_t columns, float* out) {
  for (size_t r = 0; r < rows; ++r) {
    for (size_t c = 0; c < columns; ++c) {
      float sum = a[r * a_stride] * b[c];
      for (size_t k = 1; k < inner; ++k) sum = sum + a[r * a_stride + k] * b[k * columns + c];
      out[r * columns + c] = sum;
    }
  }
}

}  // namespace countermark::reference

#endif  // COUNTERMARK_KERNELS_MATRIX_REFERENCE_H_
