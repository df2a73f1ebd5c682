// Adds up the periods of a sound, in which the mark is the same.
#ifndef COUNTERMARK_AUDIO_FOLD_H_
#define COUNTERMARK_AUDIO_FOLD_H_

#include <cstddef>

#include "audio/tile_batch.h"
#include "audio/whiten.h"
#include "base/arena.h"

namespace countermark::audio {

// Tiles of a part of the sound that is added up by itself, 2 s: short enough that a mark hardly
// drifts in it.
inline constexpr size_t kPartTiles = 4;
inline constexpr size_t kPartSamples = kPartTiles * kTile;
inline constexpr size_t kMostParts = 12;
// Samples of a window in which the mark is looked for, 24.6 s.
inline constexpr size_t kWindow = kMostParts * kPartSamples;

// Tiles begin with the sound. Fills `parts` and returns how many there are, kMostParts at most;
// what is beyond them is left out.
size_t FoldParts(const Sound& whitened, TileBatch& batch, Spectrum* parts);

}  // namespace countermark::audio

#endif  // COUNTERMARK_AUDIO_FOLD_H_
