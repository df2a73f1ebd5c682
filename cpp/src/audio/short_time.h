// Short-time Fourier transform and its inverse, kFrames overlapping frames at once.
#ifndef COUNTERMARK_AUDIO_SHORT_TIME_H_
#define COUNTERMARK_AUDIO_SHORT_TIME_H_

#include <cstddef>

#include "audio/format.h"
#include "base/arena.h"
#include "transform/lane_fft.h"

namespace countermark::audio {

// Frames of a block: two share each lane of the transform, one as its real part.
inline constexpr size_t kFrames = 2 * kFourierLanes;
// Samples by which a block goes on; that a block takes; that it has in common with the next.
inline constexpr size_t kBlockHop = kFrames * kHop;
inline constexpr size_t kBlockSpan = kBlockHop - kHop + kFrame;
inline constexpr size_t kBlockOverlap = kBlockSpan - kBlockHop;
// Floats of a block's cells: of each bin the real parts of all frames, then the imaginary parts.
inline constexpr size_t kBinStep = 2 * kFrames;
inline constexpr size_t kBlockCells = kBins * kBinStep;

class ShortTime {
 public:
  explicit ShortTime(Arena& arena);

  // Frame f holds samples[f kHop] and the kFrame - 1 that follow, under a Hann window that is
  // scaled so that white noise of variance 1 has cells of mean square 1. Reads kBlockSpan samples,
  // writes kBlockCells floats.
  void Forward(const float* samples, float* cells);

  // Adds to kBlockSpan samples what the cells stand for, under the same window, so that successive
  // blocks of what Forward gave add up to what it was given. The first kBlockHop samples are whole
  // then, the others when the next block was added to them. The imaginary parts of the first and
  // the last bin count for nothing.
  void Inverse(const float* cells, float* samples);

 private:
  LaneFft transform_;
  float* window_;
  float* elements_;
  float* scratch_;
};

}  // namespace countermark::audio

#endif  // COUNTERMARK_AUDIO_SHORT_TIME_H_
