// Changes the sampling rate of a channel, as its samples come in.
#ifndef COUNTERMARK_AUDIO_RESAMPLE_H_
#define COUNTERMARK_AUDIO_RESAMPLE_H_

#include <cstddef>
#include <cstdint>

#include "base/arena.h"
#include "kernels/polyphase.h"

namespace countermark::audio {

// A sinc under a Kaiser window. What lies below 6.9 kHz, or 0.45 of the lower rate, is kept; what
// would be folded onto that is 70 dB down.
class ResampleFilter {
 public:
  // Samples a second, at least 8000 and at most 192000.
  ResampleFilter(uint32_t from, uint32_t to, Arena& arena);

  // An output depends on so many inputs after the one it stands for, at most.
  size_t reach() const { return walk_.taps / 2; }

  // What `count` inputs give at most.
  size_t MostOutputs(size_t count) const;

 private:
  friend class Resampler;

  PolyphaseWalk walk_;
  uint32_t input_step_;  // from one output to the next, in parts of an input
};

// Output n stands for the same time as input n * from / to. Before the first input there is
// silence.
class Resampler {
 public:
  // The filter is used as long as the resampler is.
  Resampler(const ResampleFilter& filter, Arena& arena);

  // As if it were new.
  void Reset();

  // Takes the next inputs. Writes the outputs that depend on none to come, and returns how many
  // those are.
  size_t Push(const float* in, size_t count, float* out);

 private:
  static constexpr size_t kChunk = 1024;

  size_t Filter(float* out);

  const ResampleFilter& filter_;
  float* kept_;       // inputs, from the first that the next output depends on
  size_t count_ = 0;  // of them
  size_t ahead_ = 0;  // inputs that are to come before that first one
  uint32_t part_ = 0;
};

}  // namespace countermark::audio

#endif  // COUNTERMARK_AUDIO_RESAMPLE_H_
