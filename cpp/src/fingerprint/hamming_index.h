// An index of 256-bit hashes for search by Hamming distance: one block of memory without pointers,
// which may come from a file.
//
//   header   64 bytes
//   labels   8 bytes a hash: what the caller calls it
//   hashes   32 bytes a hash, as they were given
//   starts   [band][value]: where the rows of that value begin in the band's list; 4 bytes each
//   rows     [band]: the rows of all hashes, by the value of the band; 3 bytes each
//
// Everything is in the byte order of the machine; every section begins at a multiple of 64 bytes.
#ifndef COUNTERMARK_FINGERPRINT_HAMMING_INDEX_H_
#define COUNTERMARK_FINGERPRINT_HAMMING_INDEX_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "fingerprint/hamming_bands.h"

namespace countermark {

// Rows have 24 bits.
inline constexpr size_t kHammingCountMax = size_t{1} << 24;
inline constexpr size_t kStampBytes = 32;

// Bytes of an index of so many hashes, at most kHammingCountMax.
size_t HammingIndexSize(size_t count);

// A view of an index. The content may be anything: no function reads outside the block.
class HammingIndex {
 public:
  // Rows begin[0] .. end[-1] of three bytes each.
  struct List {
    const uint8_t* begin;
    size_t count;
  };

  // False unless the block begins with a header of this version that fits its size.
  bool Open(const void* block, size_t size);

  // Whether every byte is as it was built. Reads the whole block.
  bool IsWhole() const;

  size_t count() const { return count_; }
  const uint8_t* hashes() const { return hashes_; }
  const uint64_t* labels() const { return labels_; }
  const uint8_t* stamp() const;
  List RowsWith(size_t band, uint16_t value) const;

 private:
  const uint8_t* block_ = nullptr;
  size_t size_ = 0;
  size_t count_ = 0;
  const uint64_t* labels_ = nullptr;
  const uint8_t* hashes_ = nullptr;
  const uint32_t* starts_ = nullptr;
  const uint8_t* rows_ = nullptr;
};

inline constexpr size_t kRowBytes = 3;

inline uint32_t RowAt(const uint8_t* place) {
  return uint32_t{place[0]} | uint32_t{place[1]} << 8 | uint32_t{place[2]} << 16;
}

// Writes the index of `count` hashes into HammingIndexSize(count) bytes, aligned as uint64_t is.
// `stamp` is whatever the caller wants to know about the index later.
void BuildHammingIndex(const uint8_t* hashes, const uint64_t* labels, size_t count,
                       const uint8_t* stamp, void* block);

}  // namespace countermark

#endif  // COUNTERMARK_FINGERPRINT_HAMMING_INDEX_H_
