// Products of small dense matrices, row-major.
#ifndef COUNTERMARK_KERNELS_MATRIX_H_
#define COUNTERMARK_KERNELS_MATRIX_H_

#include <cstddef>

namespace countermark {

// out (rows x columns) = a (rows x inner) * b (inner x columns); each sum runs in the order of
// the inner index. inner > 0. The rows of `a` begin `a_stride` floats apart. `out` must not overlap
// the inputs.
void MultiplyMatrices(const float* a, size_t a_stride, const float* b, size_t rows, size_t inner,
                      size_t columns, float* out);

}  // namespace countermark

#endif  // COUNTERMARK_KERNELS_MATRIX_H_
