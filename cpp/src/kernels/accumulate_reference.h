#ifndef COUNTERMARK_KERNELS_ACCUMULATE_REFERENCE_H_
#define COUNTERMARK_KERNELS_ACCUMULATE_REFERENCE_H_

#include <cstddef>

#include "kernels/accumulate.h"

namespace countermark::reference {

template <typename T>
void AccumulateRows(const T* const rows[kAccumulatedRows], const float weights[kAccumulatedRows],
                    size_t begin, size_t end, float* sums) {
  for (size_t i = begin; i < end; ++i) {
    float sum = sums[i];
    for (size_t row = 0; row < kAccumulatedRows; ++row) {
      sum += weights[row] * static_cast<float>(rows[row][i]);
    }
    sums[i] = sum;
  }
}

}  // namespace countermark::reference

#endif  // COUNTERMARK_KERNELS_ACCUMULATE_REFERENCE_H_
