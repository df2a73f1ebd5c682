// The second layer of the mark: makes some cells of a sound a little louder, others softer.
#ifndef COUNTERMARK_AUDIO_GAIN_LAYER_H_
#define COUNTERMARK_AUDIO_GAIN_LAYER_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "audio/format.h"
#include "audio/gain_layout.h"
#include "audio/short_time.h"
#include "audio/tile.h"
#include "base/arena.h"
#include "base/key.h"

namespace countermark::audio {

class GainLayer {
 public:
  explicit GainLayer(Arena& arena);

  // What the cells say from now on; `coded` are amplitudes of the coded bits.
  void Begin(const Key& key, const Choice& choice, const float* coded);

  // For a block of cells (audio/short_time.h), from kGainFirstBin on, the first frame of which is
  // number `frame` of the sound: kGainBins rows of kFrames, which say by which part of itself each
  // cell is to grow.
  void Measure(const float* cells, size_t frame, float* growth);

 private:
  void MeasureBands(const float* cells);
  void MakeDepths();

  GainBand* bands_;
  int8_t* values_;                      // [step][band]: 1 or -1
  float *power_, *logarithm_;           // [bin][frame]
  float* level_;                        // mean power: [band][kFrames + 2], two frames carried over
  float* depth_;                        // [band][frame]: logarithm of the largest gain
  std::array<float, kFrames> whole_{};  // mean power of all bands
  float mean_ = 0;                      // of that over the last half second
  size_t origin_ = 0;
};

}  // namespace countermark::audio

#endif  // COUNTERMARK_AUDIO_GAIN_LAYER_H_
