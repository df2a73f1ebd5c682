// Between a tile's samples and its spectrum.
#ifndef COUNTERMARK_AUDIO_TILE_TRANSFORM_H_
#define COUNTERMARK_AUDIO_TILE_TRANSFORM_H_

#include <cstddef>

#include "audio/format.h"
#include "audio/tile.h"
#include "base/arena.h"
#include "transform/lane_fft.h"

namespace countermark::audio {

// The samples are dealt to the lanes of one transform, an eighth to each; what the lanes say is
// then put together at the mark's lines alone.
class TileTransform {
 public:
  explicit TileTransform(Arena& arena);

  // spectrum(k) = sum over kTile samples of tile(n) exp(-2 pi i k n / kTile).
  void Analyse(const float* tile, Spectrum* spectrum) const;

  // tile(n) = 2 / sqrt(kTile) times the real part of the sum of spectrum(k) exp(2 pi i k n /
  // kTile): with lines of magnitude 1 as loud at every frequency as white noise of variance 1.
  void Synthesise(const Spectrum& spectrum, float* tile) const;

 private:
  static constexpr size_t kLength = kTile / kFourierLanes;

  LaneFft fft_;
  float *turn_re_, *turn_im_;  // exp(-2 pi i n / kTile)
  float *work_, *scratch_;
};

}  // namespace countermark::audio

#endif  // COUNTERMARK_AUDIO_TILE_TRANSFORM_H_
