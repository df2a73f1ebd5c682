// Plain-loop twin of kernels/checksum.h.
#ifndef COUNTERMARK_KERNELS_CHECKSUM_REFERENCE_H_
#define COUNTERMARK_KERNELS_CHECKSUM_REFERENCE_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/checksum.h"

namespace countermark::reference {

// Mixes the sums of the streams; every step can be undone, so that no single change is lost.
inline uint64_t FoldSums(const uint64_t* sums, const uint64_t* sums_of_sums, size_t size) {
  uint64_t folded = size;
  const auto mix = [&](uint64_t value) {
    folded = (folded ^ value) * 0x9E3779B97F4A7C15u;
    folded ^= folded >> 32;
  };
  for (size_t i = 0; i < kChecksumStreams; ++i) mix(sums[i]);
  for (size_t i = 0; i < kChecksumStreams; ++i) mix(sums_of_sums[i]);
  return folded;
}

inline uint64_t Checksum(const uint8_t* bytes, size_t size) {
  uint64_t sums[kChecksumStreams] = {}, sums_of_sums[kChecksumStreams] = {};
  for (size_t begin = 0; begin < size; begin += kChecksumBlockBytes) {
    uint32_t words[kChecksumStreams];
    std::memcpy(words, bytes + begin, sizeof(words));
    for (size_t i = 0; i < kChecksumStreams; ++i) {
      sums[i] += words[i];
      sums_of_sums[i] += sums[i];
    }
  }
  return FoldSums(sums, sums_of_sums, size);
}

}  // namespace countermark::reference

#endif  // COUNTERMARK_KERNELS_CHECKSUM_REFERENCE_H_
