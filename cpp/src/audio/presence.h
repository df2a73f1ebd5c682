// When in a sound a mark that was read is there.
#ifndef COUNTERMARK_AUDIO_PRESENCE_H_
#define COUNTERMARK_AUDIO_PRESENCE_H_

#include <cstddef>

#include "audio/pilot.h"
#include "audio/search.h"
#include "audio/tile_batch.h"
#include "audio/whiten.h"
#include "base/arena.h"

namespace countermark::audio {

// Of time, in samples of a sound.
struct Stretch {
  double begin, end;
};

class Presence {
 public:
  // What a window has at most.
  static constexpr size_t kMostStretches = 32;
  // The mark is looked for in pieces of 0.128 s.
  static constexpr size_t kPiece = kTile / 4;

  Presence(const Turns& turns, TileBatch& batch, Arena& arena);

  // The stretches that bear the mark, in their order, at most kMostStretches; returns how many. A
  // piece in which there is nothing to be heard counts as what is around it. The pattern is random
  // to a sound that does not bear it: a stretch that would, by chance, be as like it in one of
  // 10^6 sounds is left out.
  size_t Find(const Sound& whitened, const Found& found, const Layout& layout, Stretch* stretches);

 private:
  void MakeWaves(const Found& found, const Layout& layout);
  size_t Correlate(const Sound& whitened, const Trace& trace);
  void Normalise(size_t pieces);
  void Decide(size_t pieces, bool* is_there);
  double MeanWhere(const bool* is_there, size_t pieces) const;

  const Turns& turns_;
  TileBatch& batch_;
  float *wave_, *quadrature_;                 // of the tile, [place]
  float *heights_, *quadratures_, *weights_;  // [piece]
};

}  // namespace countermark::audio

#endif  // COUNTERMARK_AUDIO_PRESENCE_H_
