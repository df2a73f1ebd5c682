// The constants of mark format 1. Changing any of them is a new format.
#ifndef COUNTERMARK_WATERMARK_FORMAT_H_
#define COUNTERMARK_WATERMARK_FORMAT_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace countermark {

// The mark lives on luma resampled to kCanonicalSide^2 pixels of area: any plain resize of the
// picture leaves it where it was.
inline constexpr size_t kCanonicalSide = 512;
// Period of the mark in canonical pixels, in x and in y; its origin is the picture's centre.
inline constexpr int kTile = 96;
// The band 0.06 to 0.22 cycles per canonical pixel, as squared radii in cycles per tile.
inline constexpr int kBandInner2 = 34;
inline constexpr int kBandOuter2 = 446;
inline constexpr int kHighestFrequency = 21;
// One coefficient in four belongs to the pilot.
inline constexpr size_t kPilotDivisor = 4;

// A frequency of the tile, in cycles per tile. A real tile needs one half of the plane: kx > 0,
// or kx = 0 and ky > 0.
struct Frequency {
  int8_t kx, ky;
};

constexpr bool InBand(int kx, int ky) {
  const int radius2 = kx * kx + ky * ky;
  return radius2 >= kBandInner2 && radius2 <= kBandOuter2;
}

constexpr bool InHalfPlane(int kx, int ky) { return kx > 0 || (kx == 0 && ky > 0); }

constexpr size_t CountBand() {
  size_t count = 0;
  for (int ky = -kHighestFrequency; ky <= kHighestFrequency; ++ky) {
    for (int kx = 0; kx <= kHighestFrequency; ++kx) count += InBand(kx, ky) && InHalfPlane(kx, ky);
  }
  return count;
}

inline constexpr size_t kBandSize = CountBand();
inline constexpr size_t kPilotSize = kBandSize / kPilotDivisor;
inline constexpr size_t kPayloadSize = kBandSize - kPilotSize;

// The band in the order in which spectra are stored: ky from low to high, then kx.
inline constexpr std::array<Frequency, kBandSize> kBand = [] {
  std::array<Frequency, kBandSize> band{};
  size_t i = 0;
  for (int ky = -kHighestFrequency; ky <= kHighestFrequency; ++ky) {
    for (int kx = 0; kx <= kHighestFrequency; ++kx) {
      if (InBand(kx, ky) && InHalfPlane(kx, ky)) {
        band[i++] = {static_cast<int8_t>(kx), static_cast<int8_t>(ky)};
      }
    }
  }
  return band;
}();

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_FORMAT_H_
