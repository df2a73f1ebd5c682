// Plain-loop twin of kernels/area.h.
#ifndef COUNTERMARK_KERNELS_AREA_REFERENCE_H_
#define COUNTERMARK_KERNELS_AREA_REFERENCE_H_

#include <cstddef>
#include <cstdint>

#include "kernels/area.h"

namespace countermark::reference {

inline void AddWeightedRow(const uint8_t* row, uint16_t weight, size_t count, uint16_t* sums) {
  for (size_t i = 0; i < count; ++i) sums[i] = uint16_t(sums[i] + row[i] * weight);
}

inline void AverageAreas(const uint16_t* sums, const AreaTaps& areas, float* out) {
  for (size_t i = 0; i < areas.count; ++i) {
    int32_t sum = areas.widths[i] << 15;
    for (size_t t = 0; t < areas.taps; ++t) {
      const int16_t less = static_cast<int16_t>(sums[areas.first[i] + t]);
      sum += less * areas.weights[i * areas.taps + t];
    }
    out[i] = static_cast<float>(sum) * areas.scales[i];
  }
}

}  // namespace countermark::reference

#endif  // COUNTERMARK_KERNELS_AREA_REFERENCE_H_
