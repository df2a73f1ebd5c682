// What a long sound has in common with itself, later.
#ifndef COUNTERMARK_AUDIO_AUTOCORRELATION_H_
#define COUNTERMARK_AUDIO_AUTOCORRELATION_H_

#include <cstddef>

#include "audio/whiten.h"
#include "base/arena.h"
#include "transform/lane_fft.h"

namespace countermark::audio {

// One transform there and one back, the sound being dealt to the lanes, and in each to real and
// imaginary parts.
class Autocorrelation {
 public:
  // Of sounds of exactly `samples` samples, up to `lags`. Tables and work are taken from the arena.
  Autocorrelation(size_t samples, size_t lags, Arena& arena);

  // Value `lag` is proportional to the sum over n of sound(n) sound(n + lag), for lag < lags, once
  // the power p of each frequency of the transform was limited to p / (1 + p / limit); the values
  // lie there until the next call.
  const float* Run(const Sound& sound, float limit);

 private:
  static constexpr size_t kPacked = 2 * kFourierLanes;  // samples in an element

  // Between lanes of every eighth element and lanes of an eighth each; to which of them, by the
  // order of what is done.
  void JoinLanes(float* elements) const;
  void PartLanes(float* elements) const;
  void TakePower(float limit, float* elements) const;

  LaneFft fft_;
  float *elements_, *scratch_;
};

}  // namespace countermark::audio

#endif  // COUNTERMARK_AUDIO_AUTOCORRELATION_H_
