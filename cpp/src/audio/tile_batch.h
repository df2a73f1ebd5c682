// Sixteen tiles and their spectra, transformed at once.
#ifndef COUNTERMARK_AUDIO_TILE_BATCH_H_
#define COUNTERMARK_AUDIO_TILE_BATCH_H_

#include <cstddef>

#include "audio/format.h"
#include "audio/tile.h"
#include "base/arena.h"
#include "transform/lane_fft.h"

namespace countermark::audio {

class TileBatch {
 public:
  static constexpr size_t kTiles = 2 * kFourierLanes;

  explicit TileBatch(Arena& arena);

  // Sample n of tile t is tiles()[n kTiles + t]. Every call destroys them.
  float* tiles() { return tiles_; }

  // Room for what is to be synthesised, kTiles of them, until somebody else takes it.
  Spectrum* spectra() { return spectra_; }

  // spectra[t](k) = sum over kTile samples of tile t(n) exp(-2 pi i k n / kTile), t < count.
  void Analyse(size_t count, Spectrum* spectra);

  // Tile t(n) = the real part of the sum of 2 spectra[t](k) exp(2 pi i k n / kTile), which lies
  // where tiles() of the result says; until the next call.
  const float* Synthesise(const Spectrum* spectra);

 private:
  LaneFft fft_;
  float *tiles_, *scratch_;
  Spectrum* spectra_;
};

}  // namespace countermark::audio

#endif  // COUNTERMARK_AUDIO_TILE_BATCH_H_
