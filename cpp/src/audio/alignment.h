// Where the tile begins in each part of a sound, by the pilot.
#ifndef COUNTERMARK_AUDIO_ALIGNMENT_H_
#define COUNTERMARK_AUDIO_ALIGNMENT_H_

#include <array>
#include <cstddef>

#include "audio/fold.h"
#include "audio/pilot.h"

namespace countermark::audio {

// Successive parts of a sound.
struct Parts {
  const Spectrum* spectra;
  size_t count;

  Spectrum Sum() const;
};

// The tile of part p begins at place + p * drift, in places.
struct Alignment {
  size_t place;
  float drift;
  Complex phase;
  std::array<float, kMostParts> height;  // of the pilot in each part

  size_t PlaceIn(size_t part) const;
};

// Follows the pilot through the parts, near a peak in their sum.
Alignment Align(const Parts& parts, const PilotPeak& peak, const Layout& layout,
                const Turns& turns);

// The sum of the parts, their tiles where they begin. Weighted by the pilot's height in them, or
// alike.
Spectrum SumAligned(const Parts& parts, const Alignment& alignment, bool weighted,
                    const Turns& turns);

}  // namespace countermark::audio

#endif  // COUNTERMARK_AUDIO_ALIGNMENT_H_
