// Index and search against the definition: every hash compared with every query.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <set>
#include <vector>

#include "fingerprint/hamming_bands.h"
#include "fingerprint/hamming_index.h"
#include "fingerprint/hamming_search.h"
#include "kernels/hamming_reference.h"
#include "kernels/targets.h"
#include "slow_machine.h"

namespace countermark {
namespace {

constexpr size_t kRoom = 30000;

using Bytes = std::vector<uint8_t>;

// Hashes of a kind, the labels that go with them, and an index of both.
class Collection {
 public:
  explicit Collection(Bytes hashes) : hashes_(std::move(hashes)), labels_(count()) {
    // In no order, and not the rows.
    for (size_t i = 0; i < count(); ++i) labels_[i] = ~uint64_t{7 * (i ^ 1)};
    block_.resize((HammingIndexSize(count()) + 7) / 8, ~uint64_t{0});
    Build();
  }

  void Build() {
    BuildHammingIndex(hashes_.data(), labels_.data(), count(), stamp_.data(), block_.data());
  }

  size_t count() const { return hashes_.size() / kHashBytes; }
  size_t size() const { return HammingIndexSize(count()); }
  const Bytes& hashes() const { return hashes_; }
  const std::vector<uint64_t>& labels() const { return labels_; }
  const Bytes& stamp() const { return stamp_; }
  uint8_t* block() { return reinterpret_cast<uint8_t*>(block_.data()); }
  HammingIndex Open() const {
    HammingIndex index;
    EXPECT_TRUE(index.Open(block_.data(), size()));
    return index;
  }

 private:
  Bytes hashes_;
  std::vector<uint64_t> labels_;
  Bytes stamp_ = Noise(77).Integers<uint8_t>(kStampBytes);
  std::vector<uint64_t> block_;
};

Bytes Uniform(size_t count, uint32_t seed = 1) {
  return Noise(seed).Integers<uint8_t>(count * kHashBytes);
}

void Flip(uint8_t* hash, size_t bits, Noise& noise) {
  std::set<uint32_t> chosen;
  while (chosen.size() < bits) chosen.insert((noise.Next() >> 8) % 256);
  for (const uint32_t bit : chosen) hash[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
}

// Around a few centres, from no to 63 bits away.
Bytes Clustered(size_t count) {
  Bytes hashes = Uniform(count);
  Noise noise(9);
  for (size_t i = 8; i < count; ++i) {
    uint8_t* const hash = hashes.data() + i * kHashBytes;
    std::copy_n(hashes.data() + i % 8 * kHashBytes, kHashBytes, hash);
    Flip(hash, i / 8 % 64, noise);
  }
  return hashes;
}

// A few clusters among so many others that the lists are short enough to be used.
Bytes Mixed(size_t count) {
  Bytes hashes = Clustered(count / 40);
  const Bytes others = Uniform(count - count / 40, 8);
  hashes.insert(hashes.end(), others.begin(), others.end());
  return hashes;
}

// Three different hashes, again and again.
Bytes Repeated(size_t count) {
  Bytes hashes = Uniform(count);
  for (size_t i = 3; i < count; ++i) {
    std::copy_n(hashes.data() + i % 3 * kHashBytes, kHashBytes, hashes.data() + i * kHashBytes);
  }
  return hashes;
}

// Queries at every distance from 0 to 63 of members, and far from all.
Bytes QueriesNear(const Bytes& hashes, size_t count, uint32_t seed) {
  Bytes queries = Uniform(count, seed);
  Noise noise(seed);
  for (size_t i = 0; i < count && !hashes.empty(); ++i) {
    if (i % 5 == 4) continue;
    const size_t member = (noise.Next() >> 8) % (hashes.size() / kHashBytes);
    std::copy_n(hashes.data() + member * kHashBytes, kHashBytes, queries.data() + i * kHashBytes);
    Flip(queries.data() + i * kHashBytes, i % 64, noise);
  }
  return queries;
}

using Matches = std::vector<std::array<uint64_t, 3>>;

Matches Sorted(const std::vector<HammingMatch>& found, size_t count) {
  Matches matches;
  for (size_t i = 0; i < count; ++i) {
    matches.push_back({found[i].label, found[i].distance, found[i].query});
  }
  std::sort(matches.begin(), matches.end());
  return matches;
}

Matches BruteForce(const Collection& all, const HammingQueries& queries) {
  Matches matches;
  for (size_t i = 0; i < all.count(); ++i) {
    uint32_t least = UINT32_MAX, which = 0;
    for (size_t q = 0; q < queries.count; ++q) {
      const uint32_t distance = reference::HammingDistance(all.hashes().data() + i * kHashBytes,
                                                           queries.hashes + q * kHashBytes);
      if (distance < least) least = distance, which = static_cast<uint32_t>(q);
    }
    if (least <= queries.radius) matches.push_back({all.labels()[i], least, which});
  }
  std::sort(matches.begin(), matches.end());
  return matches;
}

void ExpectExact(const Collection& all, const HammingQueries& queries) {
  const Matches expected = BruteForce(all, queries);
  std::vector<HammingMatch> room(kRoom);
  HammingMatches searched(room.data(), room.size());
  SearchIndex(all.Open(), queries, &searched);
  EXPECT_EQ(Sorted(room, searched.count()), expected) << "index, radius " << queries.radius;
  HammingMatches scanned(room.data(), room.size());
  ScanHashes(all.hashes().data(), all.labels().data(), all.count(), queries, &scanned);
  EXPECT_EQ(Sorted(room, scanned.count()), expected) << "scan, radius " << queries.radius;
}

TEST(BandKeysTest, EveryBitIsInOneBandAndDistancesAddUp) {
  std::set<size_t> places;
  for (size_t bit = 0; bit < 256; ++bit) {
    Bytes hash(kHashBytes);
    hash[bit / 8] = static_cast<uint8_t>(0x80u >> bit % 8);
    const BandKeys keys = BandKeysOf(hash.data());
    size_t ones = 0;
    for (size_t band = 0; band < kBands; ++band) {
      ones += static_cast<size_t>(std::popcount(keys[band]));
      if (keys[band] == 0) continue;
      places.insert(16 * band + static_cast<size_t>(std::countr_zero(keys[band])));
      const size_t row = bit / 16, column = bit % 16;
      EXPECT_EQ((band + 5 * row) % 16, column);
    }
    EXPECT_EQ(ones, 1u);
  }
  EXPECT_EQ(places.size(), 256u);
}

TEST(HammingIndexTest, ListsEveryRowOncePerBandUnderItsKey) {
  for (const size_t count : {0u, 1u, 2u, 67u, 1000u}) {
    const Collection all(Clustered(count));
    const HammingIndex index = all.Open();
    ASSERT_EQ(index.count(), count);
    EXPECT_TRUE(std::equal(all.stamp().begin(), all.stamp().end(), index.stamp()));
    EXPECT_TRUE(std::equal(all.hashes().begin(), all.hashes().end(), index.hashes()));
    EXPECT_TRUE(std::equal(all.labels().begin(), all.labels().end(), index.labels()));
    for (size_t band = 0; band < kBands; ++band) {
      size_t seen = 0;
      for (size_t value = 0; value < kBandValues; ++value) {
        const auto list = index.RowsWith(band, static_cast<uint16_t>(value));
        for (size_t i = 0; i < list.count; ++i, ++seen) {
          const uint32_t row = RowAt(list.begin + kRowBytes * i);
          ASSERT_LT(row, count);
          EXPECT_EQ(BandKeysOf(all.hashes().data() + row * kHashBytes)[band], value);
        }
      }
      EXPECT_EQ(seen, count);
    }
  }
}

TEST(HammingIndexTest, IsTheSameBytesWhateverWasInTheMemory) {
  Collection all(Clustered(333));
  const Bytes first(all.block(), all.block() + all.size());
  std::fill_n(all.block(), all.size(), uint8_t{0x5A});
  all.Build();
  EXPECT_EQ(Bytes(all.block(), all.block() + all.size()), first);
}

TEST(HammingSearchTest, EqualsBruteForceAtEveryRadius) {
  const Collection all(Mixed(20000));
  const Bytes clusters(all.hashes().begin(), all.hashes().begin() + 500 * kHashBytes);
  const Bytes queries = QueriesNear(clusters, 10, 2);
  for (uint32_t radius = 0; radius <= 50; radius += kSlowMachine ? 5 : 1) {
    for (size_t i = 0; i < 10; ++i) ExpectExact(all, {queries.data() + i * kHashBytes, 1, radius});
    ExpectExact(all, {queries.data(), 8, radius});
  }
  for (const uint32_t radius : {127u, 128u, 255u, 256u})
    ExpectExact(all, {queries.data(), 1, radius});
}

TEST(HammingSearchTest, EqualsBruteForceForAllSizesAndKinds) {
  ForEachTarget([] {
    for (const size_t count :
         {0u, 1u, 2u, 3u, 66u, 511u, 512u, 513u, kSlowMachine ? 2000u : 12000u}) {
      for (const auto make : {+[](size_t n) { return Uniform(n); }, &Clustered, &Repeated,
                              +[](size_t n) { return Bytes(n * kHashBytes); }}) {
        const Collection all(make(count));
        const Bytes queries = QueriesNear(all.hashes(), 8, static_cast<uint32_t>(count));
        ExpectExact(all, {queries.data(), 8, 31});
        ExpectExact(all, {queries.data(), 1, 31});
        ExpectExact(all, {queries.data(), 0, 31});
      }
    }
  });
}

TEST(HammingSearchTest, FindsWhatIsSpreadOverTheBandsInTheWorstWay) {
  // 31 changed bits: two in each band but one. 32: two in each band, which the lists cannot reach.
  for (size_t spared = 0; spared < kBands; ++spared) {
    Bytes hashes(2 * kHashBytes);
    for (size_t row = 0; row < 16; ++row) {
      for (size_t band = 0; band < kBands; ++band) {
        if (row >= 2 && !(row == 2 && band == spared)) continue;
        const size_t bit = 16 * row + (5 * row + band) % 16;
        for (size_t hash = 0; hash < 2; ++hash) {
          // The first hash has one bit less in the band that is spared.
          if (row == 2 || (hash == 0 && row == 1 && band == spared)) continue;
          hashes[hash * kHashBytes + bit / 8] |= static_cast<uint8_t>(0x80u >> bit % 8);
        }
      }
    }
    // Among so many others that lists are used.
    const Bytes others = Uniform(3000);
    hashes.insert(hashes.end(), others.begin(), others.end());
    const Collection all(hashes);
    const Bytes query(kHashBytes);
    ASSERT_EQ(reference::HammingDistance(all.hashes().data(), query.data()), 31);
    ASSERT_EQ(reference::HammingDistance(all.hashes().data() + kHashBytes, query.data()), 32);
    ExpectExact(all, {query.data(), 1, 31});
    ExpectExact(all, {query.data(), 1, 32});
  }
}

TEST(HammingSearchTest, CountsWhatHasNoRoom) {
  const Collection all(Bytes(100 * kHashBytes));
  const Bytes query(kHashBytes);
  for (const size_t room : {0u, 1u, 99u, 100u, 101u}) {
    std::vector<HammingMatch> found(room + 1, {1, 2, 3});
    HammingMatches matches(found.data(), room);
    SearchIndex(all.Open(), {query.data(), 1, 31}, &matches);
    EXPECT_EQ(matches.count(), 100u);
    EXPECT_EQ(found[room].label, 1u) << "written beyond the room";
  }
}

TEST(HammingIndexTest, SeesEachFlippedBitOfTheHeaderAndManyOfTheRest) {
  Collection all(Clustered(50));
  Noise noise(5);
  const auto expect_seen = [&](size_t bit) {
    const auto mask = static_cast<uint8_t>(1u << bit % 8);
    all.block()[bit / 8] ^= mask;
    HammingIndex index;
    EXPECT_FALSE(index.Open(all.block(), all.size()) && index.IsWhole()) << "bit " << bit;
    all.block()[bit / 8] ^= mask;
  };
  ASSERT_TRUE(all.Open().IsWhole());
  for (size_t bit = 0; bit < 8 * 64; ++bit) expect_seen(bit);
  for (size_t i = 0; i < 30; ++i) expect_seen(8 * (all.size() - 1 - i) + i % 8);
  for (size_t i = 0; i < 30; ++i) expect_seen(noise.Next() % (8 * all.size()));
  EXPECT_TRUE(all.Open().IsWhole());
}

TEST(HammingIndexTest, RefusesOtherSizes) {
  Collection all(Clustered(50));
  HammingIndex index;
  for (const size_t size : {size_t{0}, size_t{63}, size_t{64}, all.size() - 1, all.size() + 1}) {
    EXPECT_FALSE(index.Open(all.block(), size)) << size;
  }
}

// Under the address sanitizer this shows that nothing is read outside.
TEST(HammingSearchTest, StaysInsideWhateverTheContentIs) {
  Collection all(Clustered(3000));
  Noise noise(6);
  const Bytes header(all.block(), all.block() + 64);
  for (size_t round = 0; round < 20; round += kSlowMachine ? 5 : 1) {
    for (size_t i = 64; i < all.size(); ++i) {
      if (round < 10 || noise.Next() % 64 == 0)
        all.block()[i] = static_cast<uint8_t>(noise.Next() >> 9);
    }
    const Bytes queries = QueriesNear(all.hashes(), 8, static_cast<uint32_t>(round));
    std::vector<HammingMatch> found(kRoom);
    for (const uint32_t radius : {0u, 15u, 31u, 47u, 256u}) {
      HammingMatches matches(found.data(), found.size());
      SearchIndex(all.Open(), {queries.data(), 8, radius}, &matches);
    }
    all.Build();
  }
  // Starts that do not rise, and rows beyond the last.
  std::fill_n(all.block() + 64, all.size() - 64, uint8_t{0xFF});
  std::vector<HammingMatch> found(1);
  HammingMatches matches(found.data(), 1);
  const Bytes query(kHashBytes, 0xFF);
  SearchIndex(all.Open(), {query.data(), 1, 31}, &matches);
  EXPECT_EQ(matches.count(), 0u);
}

}  // namespace
}  // namespace countermark
