#include "fingerprint/hamming_search.h"

#include <algorithm>
#include <array>

#include "fingerprint/hamming_bands.h"
#include "kernels/hamming.h"
#include "kernels/prefetch.h"

namespace countermark {
namespace {

// Rows whose distances are computed at once: as many hashes as the nearest cache holds.
constexpr size_t kChunk = 512;
using Distances = std::array<uint16_t, kChunk>;

// A row that is not in order costs what so many rows in order cost, about.
constexpr size_t kCostOfCandidate = 8;

// Up to two changed bits of a band are looked up. More are too many lists to gain anything.
constexpr size_t kReachMax = 2;
constexpr size_t kNeighboursMax = 1 + 16 + 16 * 15 / 2;

struct Neighbours {
  std::array<uint16_t, kNeighboursMax> changes;  // of the bits, the fewest first
  std::array<size_t, kReachMax + 2> counts;      // [r + 1]: how many change at most r bits
};

constexpr Neighbours kNeighbours = [] {
  Neighbours all{};
  size_t count = 1;  // no change at all
  all.counts[1] = count;
  for (uint32_t a = 0; a < 16; ++a) all.changes[count++] = static_cast<uint16_t>(1u << a);
  all.counts[2] = count;
  for (uint32_t a = 0; a < 16; ++a) {
    for (uint32_t b = 0; b < a; ++b) {
      all.changes[count++] = static_cast<uint16_t>(1u << a | 1u << b);
    }
  }
  all.counts[3] = count;
  return all;
}();

// Into how many bits of each band the search reaches, plus one; 0 passes over the band. A hash that
// reaches further in every band is at least as far away as the sum of these.
using Reaches = std::array<size_t, kBands>;

Reaches ReachesFor(uint32_t radius) {
  const size_t sum = size_t{radius} + 1;
  Reaches reaches;
  for (size_t band = 0; band < kBands; ++band) {
    reaches[band] = sum / kBands + (band < sum % kBands ? 1 : 0);
  }
  return reaches;
}

const uint8_t* Query(const HammingQueries& queries, size_t i) {
  return queries.hashes + kHashBytes * i;
}

// The hash as a match, with the first query that is nearest to it.
HammingMatch MatchOf(const uint8_t* hash, uint64_t label, const HammingQueries& queries) {
  HammingMatch match = {label, UINT32_MAX, 0};
  for (size_t i = 0; i < queries.count; ++i) {
    uint16_t distance;
    HammingDistances(hash, 1, Query(queries, i), &distance);
    if (distance >= match.distance) continue;
    match.distance = distance;
    match.query = static_cast<uint32_t>(i);
  }
  return match;
}

bool IsNearAnyBefore(size_t query, const uint8_t* hash, const HammingQueries& queries) {
  for (size_t i = 0; i < query; ++i) {
    uint16_t distance;
    HammingDistances(hash, 1, Query(queries, i), &distance);
    if (distance <= queries.radius) return true;
  }
  return false;
}

// One query of several in an index.
class Search {
 public:
  Search(const HammingIndex& index, const HammingQueries& queries, size_t query)
      : index_(index),
        queries_(queries),
        query_(query),
        keys_(BandKeysOf(Query(queries, query))),
        reaches_(ReachesFor(queries.radius)) {
    for (size_t band = 0; band < kBands; ++band) {
      for (size_t i = 0; i < kNeighbours.counts[reaches_[band]]; ++i) {
        const auto value = static_cast<uint16_t>(keys_[band] ^ kNeighbours.changes[i]);
        const HammingIndex::List list = index.RowsWith(band, value);
        Prefetch(list.begin);
        lists_[list_count_++] = list;
        candidate_count_ += list.count;
      }
      list_ends_[band] = list_count_;
    }
  }

  size_t candidate_count() const { return candidate_count_; }

  void Run(HammingMatches* matches) const {
    for (size_t band = 0, list = 0; band < kBands; ++band) {
      std::array<uint32_t, kChunk> rows;
      size_t count = 0;
      for (; list < list_ends_[band]; ++list) {
        const uint8_t* place = lists_[list].begin;
        for (size_t i = 0; i < lists_[list].count; ++i, place += kRowBytes) {
          rows[count] = RowAt(place);
          count += rows[count] < index_.count() ? 1 : 0;
          if (count == kChunk) {
            Check(band, rows.data(), count, matches);
            count = 0;
          }
        }
      }
      Check(band, rows.data(), count, matches);
    }
  }

 private:
  void Check(size_t band, const uint32_t* rows, size_t count, HammingMatches* matches) const {
    Distances distances;
    HammingDistancesOfRows(index_.hashes(), rows, count, Query(queries_, query_), distances.data());
    for (size_t i = 0; i < count; ++i) {
      if (distances[i] <= queries_.radius) Tell(band, rows[i], matches);
    }
  }

  // A hash is told where it is met first: in the first band, of the first query.
  void Tell(size_t band, uint32_t row, HammingMatches* matches) const {
    const uint8_t* const hash = index_.hashes() + kHashBytes * size_t{row};
    const BandKeys keys = BandKeysOf(hash);
    for (size_t b = 0; b < band; ++b) {
      const auto changed = static_cast<uint16_t>(keys[b] ^ keys_[b]);
      if (static_cast<size_t>(std::popcount(changed)) < reaches_[b]) return;
    }
    if (IsNearAnyBefore(query_, hash, queries_)) return;
    matches->Add(MatchOf(hash, index_.labels()[row], queries_));
  }

  const HammingIndex& index_;
  const HammingQueries& queries_;
  size_t query_;
  BandKeys keys_;
  Reaches reaches_;
  std::array<HammingIndex::List, kBands * kNeighboursMax> lists_;
  size_t list_count_ = 0;
  std::array<size_t, kBands> list_ends_;
  size_t candidate_count_ = 0;
};

bool IsWorthAnIndex(uint32_t radius) { return ReachesFor(radius)[0] <= kReachMax + 1; }

}  // namespace

void ScanHashes(const uint8_t* hashes, const uint64_t* labels, size_t count,
                const HammingQueries& queries, HammingMatches* matches) {
  Distances nearest, distances;
  for (size_t begin = 0; begin < count && queries.count > 0; begin += kChunk) {
    const uint8_t* const chunk = hashes + kHashBytes * begin;
    const size_t size = std::min(kChunk, count - begin);
    HammingDistances(chunk, size, queries.hashes, nearest.data());
    for (size_t i = 1; i < queries.count; ++i) {
      HammingDistances(chunk, size, Query(queries, i), distances.data());
      for (size_t k = 0; k < size; ++k) nearest[k] = std::min(nearest[k], distances[k]);
    }
    for (size_t k = 0; k < size; ++k) {
      if (nearest[k] > queries.radius) continue;
      const uint64_t label = labels == nullptr ? begin + k : labels[begin + k];
      matches->Add(MatchOf(chunk + kHashBytes * k, label, queries));
    }
  }
}

void SearchIndex(const HammingIndex& index, const HammingQueries& queries,
                 HammingMatches* matches) {
  const auto scan = [&] {
    ScanHashes(index.hashes(), index.labels(), index.count(), queries, matches);
  };
  if (!IsWorthAnIndex(queries.radius)) return scan();
  HammingMatches found = *matches;
  for (size_t i = 0; i < queries.count; ++i) {
    const Search search(index, queries, i);
    // Crowded values: the scan for all queries tells again what was told so far.
    if (search.candidate_count() > index.count() / kCostOfCandidate) return scan();
    search.Run(&found);
  }
  *matches = found;
}

}  // namespace countermark
