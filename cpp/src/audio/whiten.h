// Takes from a sound what it says loudest, so that the mark stands out.
#ifndef COUNTERMARK_AUDIO_WHITEN_H_
#define COUNTERMARK_AUDIO_WHITEN_H_

#include <cstddef>

#include "audio/short_time.h"
#include "base/arena.h"

namespace countermark::audio {

// Sound at kRate, one channel.
struct Sound {
  const float* samples;
  size_t count;
};

class Whitener {
 public:
  explicit Whitener(Arena& arena);

  // Every cell of the short-time transform gets magnitude 1, or less where it is next to silent:
  // a tone weighs no more than what is between tones. What is outside the band is left out. `out`
  // has as many samples, and may be the sound. Returns the floor.
  float Whiten(const Sound& sound, float* out);

  // The blocks of cells that cover the sound, silence before and after it; frame 0 of block 0
  // begins kBlockOverlap samples before the sound.
  static size_t Blocks(const Sound& sound) {
    return (sound.count + kBlockOverlap + kBlockHop - 1) / kBlockHop;
  }
  // kBlockCells floats, as Whiten sees them, valid until the next call.
  float* Cells(const Sound& sound, size_t block);

  // To be added to the power of a cell before its root divides it.
  static float Floor(const Sound& sound);

 private:
  ShortTime transform_;
  float *span_, *cells_, *sums_;
};

// Divides the cells of one bin, kBinStep floats, by their magnitude.
void WhitenBin(float floor, float* bin);

}  // namespace countermark::audio

#endif  // COUNTERMARK_AUDIO_WHITEN_H_
