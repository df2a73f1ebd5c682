// The vertical half of area averaging, in 16-bit integers.
#ifndef COUNTERMARK_KERNELS_AREA_H_
#define COUNTERMARK_KERNELS_AREA_H_

#include <cstddef>
#include <cstdint>

namespace countermark {

// sums[i] += row[i] * weight, modulo 2^16; weights that add up to at most 256 never wrap.
void AddWeightedRow(const uint8_t* row, uint16_t weight, size_t count, uint16_t* sums);

}  // namespace countermark

#endif  // COUNTERMARK_KERNELS_AREA_H_
