// What a key decides: which coefficients are pilot, their phases, and where each coded bit lies.
#ifndef COUNTERMARK_WATERMARK_LAYOUT_H_
#define COUNTERMARK_WATERMARK_LAYOUT_H_

#include <array>
#include <cstdint>

#include "code/message.h"
#include "watermark/format.h"
#include "watermark/key.h"
#include "watermark/spectrum.h"

namespace countermark {

struct Layout {
  explicit Layout(const Key& key);

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

// Pilot and payload, all coefficients alike, scaled to a tile of mean square 1. Coefficients beyond
// (limit_x, limit_y) cycles per tile, which the picture is too small to hold, are left out.
void MakePattern(const Layout& layout, uint64_t payload, float limit_x, float limit_y,
                 Spectrum* pattern);

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_LAYOUT_H_
