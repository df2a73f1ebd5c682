// Plain-loop twin of kernels/hamming.h.
#ifndef COUNTERMARK_KERNELS_HAMMING_REFERENCE_H_
#define COUNTERMARK_KERNELS_HAMMING_REFERENCE_H_

#include <bit>
#include <cstddef>
#include <cstdint>

#include "kernels/hamming.h"

namespace countermark::reference {

inline uint16_t HammingDistance(const uint8_t* a, const uint8_t* b) {
  int bits = 0;
  for (size_t i = 0; i < kHashBytes; ++i) bits += std::popcount(uint8_t(a[i] ^ b[i]));
  return static_cast<uint16_t>(bits);
}

inline void HammingDistances(const uint8_t* hashes, size_t count, const uint8_t* query,
                             uint16_t* distances) {
  for (size_t i = 0; i < count; ++i) {
    distances[i] = HammingDistance(hashes + kHashBytes * i, query);
  }
}

inline void HammingDistancesOfRows(const uint8_t* hashes, const uint32_t* rows, size_t count,
                                   const uint8_t* query, uint16_t* distances) {
  for (size_t i = 0; i < count; ++i) {
    distances[i] = HammingDistance(hashes + kHashBytes * rows[i], query);
  }
}

}  // namespace countermark::reference

#endif  // COUNTERMARK_KERNELS_HAMMING_REFERENCE_H_
