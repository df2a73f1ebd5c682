// A checksum that is read as fast as memory: Fletcher's in 64-bit sums of 32-bit words, as ZFS has
// it, in eight interleaved streams. Against accidents, not against people.
#ifndef COUNTERMARK_KERNELS_CHECKSUM_H_
#define COUNTERMARK_KERNELS_CHECKSUM_H_

#include <cstddef>
#include <cstdint>

namespace countermark {

inline constexpr size_t kChecksumStreams = 8;
inline constexpr size_t kChecksumBlockBytes = kChecksumStreams * sizeof(uint32_t);

// Each change of a single bit changes the checksum, any other one but for one in 2^64. `size` is a
// multiple of kChecksumBlockBytes; words are in the byte order of the machine.
uint64_t Checksum(const uint8_t* bytes, size_t size);

}  // namespace countermark

#endif  // COUNTERMARK_KERNELS_CHECKSUM_H_
