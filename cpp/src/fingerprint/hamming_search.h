// Which hashes lie within a Hamming distance of a query: all of them, and no other.
#ifndef COUNTERMARK_FINGERPRINT_HAMMING_SEARCH_H_
#define COUNTERMARK_FINGERPRINT_HAMMING_SEARCH_H_

#include <cstddef>
#include <cstdint>

#include "fingerprint/hamming_index.h"

namespace countermark {

struct HammingMatch {
  uint64_t label;
  uint32_t distance;  // to the nearest query
  uint32_t query;     // which one that is; the first of several
};

struct HammingQueries {
  const uint8_t* hashes;  // 32 bytes each
  size_t count;
  uint32_t radius;
};

// Keeps as many matches as there is room for, and counts the others.
class HammingMatches {
 public:
  HammingMatches(HammingMatch* matches, size_t capacity) : matches_(matches), capacity_(capacity) {}

  void Add(const HammingMatch& match) {
    if (count_ < capacity_) matches_[count_] = match;
    ++count_;
  }
  size_t count() const { return count_; }

 private:
  HammingMatch* matches_;
  size_t capacity_;
  size_t count_ = 0;
};

// Adds each hash within the radius of any query once, in no particular order. Where `labels` is
// null, a hash is called by its row.
void ScanHashes(const uint8_t* hashes, const uint64_t* labels, size_t count,
                const HammingQueries& queries, HammingMatches* matches);

// The same by the lists of the index, or by a scan where that is faster.
void SearchIndex(const HammingIndex& index, const HammingQueries& queries, HammingMatches* matches);

}  // namespace countermark

#endif  // COUNTERMARK_FINGERPRINT_HAMMING_SEARCH_H_
