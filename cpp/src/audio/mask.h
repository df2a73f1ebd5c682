// How much of the mark each cell of a sound hides.
#ifndef COUNTERMARK_AUDIO_MASK_H_
#define COUNTERMARK_AUDIO_MASK_H_

#include <cstddef>

#include "audio/format.h"
#include "base/arena.h"

namespace countermark::audio {

// Bins that a mask has: those of the mark.
inline constexpr size_t kMarkBins = kEndBin - kFirstBin;

// Energies in bands of half a Bark, lower where they are tonal, spread to their neighbours: a
// simple model of masking (Zwicker and Fastl, "Psychoacoustics", 1990, chapters 4 and 6), of which
// the mark takes a fixed share.
class Mask {
 public:
  explicit Mask(Arena& arena);

  // For the cells of a block (audio/short_time.h) the amplitude of the masker: kMarkBins rows of
  // kFrames. Of white noise it is the deviation of the samples.
  void Measure(const float* cells, float* amplitude);

 private:
  size_t *begin_, *end_;       // of the bins that each group of bands has any of
  float *gather_, *spread_;    // matrices: [band][bin], [band][band]
  float* upper_share_;         // of a bin, in the band above; the rest is of the one below
  size_t* lower_band_;         // the one below
  float *power_, *logarithm_;  // [bin][frame]
  float *level_, *log_level_, *spread_level_;  // [band][frame]
};

}  // namespace countermark::audio

#endif  // COUNTERMARK_AUDIO_MASK_H_
