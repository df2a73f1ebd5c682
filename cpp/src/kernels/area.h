// Area averaging in integers: down the rows, then along the row of their sums.
#ifndef COUNTERMARK_KERNELS_AREA_H_
#define COUNTERMARK_KERNELS_AREA_H_

#include <cstddef>
#include <cstdint>

namespace countermark {

// sums[i] += row[i] * weight, modulo 2^16; weights that add up to at most 256 never wrap.
void AddWeightedRow(const uint8_t* row, uint16_t weight, size_t count, uint16_t* sums);

// Areas along a row, by the weights of the pixels that each of them covers.
struct AreaTaps {
  size_t count;            // of areas
  size_t taps;             // weights of an area, a multiple of kAreaTaps
  const uint32_t* first;   // [area]: the pixel of the first weight
  const int32_t* widths;   // [area]: the sum of the weights
  const float* scales;     // [area]: 1 / (256 * width)
  const int16_t* weights;  // [area][tap]: 0 to 256
};
inline constexpr size_t kAreaTaps = 8;

// The sums must begin at this, so that they can be read as signed numbers, less 2^15.
inline constexpr uint16_t kAreaSumsBegin = 0x8000;

// out[i] = S * scales[i], S being the sum of the area's sums times their weights, which must stay
// below 2^31. `taps` sums must be readable from the first of each area.
void AverageAreas(const uint16_t* sums, const AreaTaps& areas, float* out);

}  // namespace countermark

#endif  // COUNTERMARK_KERNELS_AREA_H_
