// Weighted sum of rows of samples.
#ifndef COUNTERMARK_KERNELS_ACCUMULATE_H_
#define COUNTERMARK_KERNELS_ACCUMULATE_H_

#include <cstddef>
#include <cstdint>

namespace countermark {

// Four rows at a time, so that the sums are read and written a quarter as often.
inline constexpr size_t kAccumulatedRows = 4;

// sums[i] = (((sums[i] + w0 r0[i]) + w1 r1[i]) + w2 r2[i]) + w3 r3[i]
void AccumulateRows(const uint8_t* const rows[kAccumulatedRows],
                    const float weights[kAccumulatedRows], size_t count, float* sums);
void AccumulateRows(const uint16_t* const rows[kAccumulatedRows],
                    const float weights[kAccumulatedRows], size_t count, float* sums);

}  // namespace countermark

#endif  // COUNTERMARK_KERNELS_ACCUMULATE_H_
