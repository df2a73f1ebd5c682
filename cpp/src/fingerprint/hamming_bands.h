// A hash of 256 bits cut into 16 bands of 16 bits.
//
// Two hashes that differ in at most d bits differ in at most floor(d / 16) bits of some band: what
// is near a query is found by looking up the bands, and their neighbours, in tables ("Fast Exact
// Search in Hamming Space with Multi-Index Hashing", Norouzi, Punjani, Fleet 2014).
#ifndef COUNTERMARK_FINGERPRINT_HAMMING_BANDS_H_
#define COUNTERMARK_FINGERPRINT_HAMMING_BANDS_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace countermark {

inline constexpr size_t kBands = 16;
inline constexpr size_t kBandValues = size_t{1} << 16;

using BandKeys = std::array<uint16_t, kBands>;

// Bits of one row or column of a PDQ hash depend on each other, which crowds some values of a band
// made of them. A band here has one bit of each row and of each column, five columns further from
// row to row; on real hashes that leaves hardly more candidates than independent bits would.
inline BandKeys BandKeysOf(const uint8_t* hash) {
  BandKeys keys;
  for (size_t row = 0; row < kBands; ++row) {
    const auto bits = static_cast<uint16_t>(hash[2 * row] << 8 | hash[2 * row + 1]);
    keys[row] = std::rotl(bits, static_cast<int>(5 * row % 16));
  }
  // Transposition of 16 x 16 bits ("Hacker's Delight", Warren 2013, 7-3).
  uint16_t mask = 0x00FF;
  for (size_t step = 8; step != 0; step /= 2, mask = static_cast<uint16_t>(mask ^ (mask << step))) {
    for (size_t i = 0; i < kBands; i = ((i | step) + 1) & ~step) {
      const auto swap = static_cast<uint16_t>((keys[i] ^ (keys[i | step] >> step)) & mask);
      keys[i] = static_cast<uint16_t>(keys[i] ^ swap);
      keys[i | step] = static_cast<uint16_t>(keys[i | step] ^ (swap << step));
    }
  }
  return keys;
}

}  // namespace countermark

#endif  // COUNTERMARK_FINGERPRINT_HAMMING_BANDS_H_
