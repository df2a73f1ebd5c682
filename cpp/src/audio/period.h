// At which speed a sound runs, by the period of the mark in it.
#ifndef COUNTERMARK_AUDIO_PERIOD_H_
#define COUNTERMARK_AUDIO_PERIOD_H_

#include <cstddef>

#include "audio/whiten.h"
#include "base/arena.h"

namespace countermark::audio {

// Periods that are looked for, in nominal ones.
inline constexpr double kLeastPeriod = 0.93;
inline constexpr double kMostPeriod = 1.07;
inline constexpr size_t kMostPeriods = 4;

// The periods at which a whitened sound is most like itself, best first: at most kMostPeriods;
// returns how many. What it needs is taken from the arena for the time of the call; a sound of
// `samples` null is one of which only that is asked.
size_t FindPeriods(const Sound& whitened, Arena& arena, double* periods);

// Plays a sound at another speed, interpolating among eight samples, which serves below 5.3 kHz.
class SpeedChange {
 public:
  // Output 0 is what the sound has so many samples from its beginning.
  static constexpr size_t kLead = 3;

  explicit SpeedChange(Arena& arena);

  // Output n is what the sound has at kLead + n * period, kLeastPeriod <= period <= kMostPeriod.
  // `out` has room for sound.count / period of them; returns how many there are.
  size_t Play(const Sound& sound, double period, float* out) const;

 private:
  float* table_;
};

}  // namespace countermark::audio

#endif  // COUNTERMARK_AUDIO_PERIOD_H_
