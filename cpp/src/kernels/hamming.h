// Hamming distances of 256-bit hashes.
#ifndef COUNTERMARK_KERNELS_HAMMING_H_
#define COUNTERMARK_KERNELS_HAMMING_H_

#include <cstddef>
#include <cstdint>

namespace countermark {

inline constexpr size_t kHashBytes = 32;

// distances[i]: the number of bits in which the hash at hashes + 32 * i differs from the query.
void HammingDistances(const uint8_t* hashes, size_t count, const uint8_t* query,
                      uint16_t* distances);

// The same for the hash at hashes + 32 * rows[i], in whatever order and distance they lie.
void HammingDistancesOfRows(const uint8_t* hashes, const uint32_t* rows, size_t count,
                            const uint8_t* query, uint16_t* distances);

}  // namespace countermark

#endif  // COUNTERMARK_KERNELS_HAMMING_H_
