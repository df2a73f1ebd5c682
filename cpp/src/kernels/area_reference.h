// Plain-loop twin of kernels/area.h.
#ifndef COUNTERMARK_KERNELS_AREA_REFERENCE_H_
#define COUNTERMARK_KERNELS_AREA_REFERENCE_H_

#include <cstddef>
#include <cstdint>

namespace countermark::reference {

inline void AddWeightedRow(const uint8_t* row, uint16_t weight, size_t count, uint16_t* sums) {
  for (size_t i = 0; i < count; ++i) sums[i] = uint16_t(sums[i] + row[i] * weight);
}

}  // namespace countermark::reference

#endif  // COUNTERMARK_KERNELS_AREA_REFERENCE_H_
