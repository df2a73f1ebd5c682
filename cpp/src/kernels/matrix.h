// Products of small dense matrices, row-major and without padding.
#ifndef COUNTERMARK_KERNELS_MATRIX_H_
#define COUNTERMARK_KERNELS_MATRIX_H_

#include <cstddef>

namespace countermark {

// out (rows x columns) = a (rows x inner) * b (inner x columns); each sum runs in the order of
// the inner index. inner > 0. `out` must not overlap the inputs.
void MultiplyMatrices(const float* a, const float* b, size_t rows, size_t inner, size_t columns,
                      float* out);

}  // namespace countermark

#endif  // COUNTERMARK_KERNELS_MATRIX_H_
