// What a key decides: which coefficients are pilot, their phases, and where each coded bit lies.
#ifndef COUNTERMARK_WATERMARK_LAYOUT_H_
#define COUNTERMARK_WATERMARK_LAYOUT_H_

#include <array>
#include <cstdint>

#include "base/key.h"
#include "code/message.h"
#include "watermark/format.h"
#include "watermark/plane.h"
#include "watermark/spectrum.h"

namespace countermark {

// Where a mark's tile begins, in canonical pixels from the picture's centre.
struct Origin {
  int x, y;  // 0 to kTile - 1
};

// Pictures marked with one key have their tiles at different places: added up, they do not show the
// pilot. What was read tells the place, so that a copy can be put back where it was.
Origin OriginUnder(const Key& key, const Word& word);

struct Layout {
  explicit Layout(const Key& key);

  Origin OriginOf(const Word& word) const { return OriginUnder(key, word); }

  Key key;
  // Indices into kBand.
  std::array<uint16_t, kPilotSize> pilot;
  std::array<uint16_t, kPayloadSize> payload;
  // Known phases of the pilot, one of four: signs of the real and of the imaginary part.
  std::array<int8_t, kPilotSize> pilot_re, pilot_im;
  // Payload coefficient i carries bit bit[2 i] in its real and bit[2 i + 1] in its imaginary part,
  // negated where the sign is -1.
  std::array<uint16_t, 2 * kPayloadSize> bit;
  std::array<int8_t, 2 * kPayloadSize> sign;
};

// Pilot and payload, scaled to a tile of mean square 1. Coefficients beyond
// (limit_x, limit_y) cycles per tile, which the picture is too small to hold, are left out.
void MakePattern(const Layout& layout, const Word& word, float limit_x, float limit_y,
                 Spectrum* pattern);

// Lets the amplitudes, which grow with the root of the frequency, do so with more roots of it, or
// fall. Codecs take the fine grain of a frame of few pixels, and eyes see the coarse one of many.
void SuitGrain(Size frame, Spectrum* pattern);

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_LAYOUT_H_
