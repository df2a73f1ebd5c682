// Leans the mark against what the sound itself would say.
#ifndef COUNTERMARK_AUDIO_REJECTION_H_
#define COUNTERMARK_AUDIO_REJECTION_H_

#include <array>
#include <cstddef>

#include "audio/format.h"
#include "audio/mask.h"
#include "audio/short_time.h"
#include "audio/tile.h"
#include "audio/tile_transform.h"
#include "base/arena.h"

namespace countermark::audio {

// Cells of the mark's bins of a whole tile: two blocks.
inline constexpr size_t kBlocksPerTile = kHopsPerTile / kFrames;
inline constexpr size_t kMarkCells = kMarkBins * kBinStep;

// Informed embedding, after Malvar and Florencio, "Improved spread spectrum", 2003: measures what
// the whitened sound puts on each coded bit and what the mark adds to that, and gives the bits that
// the sound speaks against more amplitude than those that it speaks for.
class HostRejection {
 public:
  explicit HostRejection(Arena& arena);

  // A block of the sound, which lies in half `half` of the tile; `wave` is the mark with all
  // amplitudes 1 or -1 in the same half, `amplitude` what the mask allows. All from kFirstBin on.
  void Add(size_t half, const float* cells, const float* wave, const float* amplitude);

  // Changes the amplitudes of the coded bits, 1 or -1, for what was added, which it forgets. Their
  // mean square stays 1. `origin` is where in that time the tile began.
  void Solve(const Layout& layout, size_t origin, ShortTime& short_time,
             const TileTransform& transform, float* amplitudes);

 private:
  using PerBit = std::array<float, kCodedBits>;

  void Fold(const float* sums, size_t origin, ShortTime& short_time, const TileTransform& transform,
            Spectrum* spectrum);

  float *host_, *marked_;  // sums of whitened cells, [half][bin][re, im][frame]
  float* cells_;           // of a block, whole
  float *tile_, *turned_;
  float level_ = 0;  // mean power of the sound's cells
  size_t blocks_ = 0;
};

}  // namespace countermark::audio

#endif  // COUNTERMARK_AUDIO_REJECTION_H_
