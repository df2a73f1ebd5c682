// The loudness of samples and of cells.
#ifndef COUNTERMARK_AUDIO_POWER_H_
#define COUNTERMARK_AUDIO_POWER_H_

#include <cstddef>

#include "audio/short_time.h"

namespace countermark::audio {

// Of `count` numbers, a multiple of kFrames.
inline float SumOfSquares(const float* values, size_t count) {
  float sums[kFrames] = {};
  for (size_t i = 0; i < count; i += kFrames) {
    for (size_t f = 0; f < kFrames; ++f) sums[f] += values[i + f] * values[i + f];
  }
  float sum = 0;
  for (float s : sums) sum += s;
  return sum;
}

// Mean of the squared magnitudes of cells that take `count` floats.
inline float MeanPower(const float* cells, size_t count) {
  return 2 * SumOfSquares(cells, count) / static_cast<float>(count);
}

}  // namespace countermark::audio

#endif  // COUNTERMARK_AUDIO_POWER_H_
