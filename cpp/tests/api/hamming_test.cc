#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "countermark/countermark.h"

namespace countermark {
namespace {

class HammingTest : public ::testing::Test {
 protected:
  static constexpr size_t kCount = 5;

  HammingTest() {
    for (size_t i = 0; i < kCount; ++i) {
      labels_[i] = 100 + i;
      hashes_[i * CMK_PDQ_BYTES] = static_cast<uint8_t>((1u << i) - 1);  // i bits
    }
    EXPECT_EQ(cmk_hamming_index_size(kCount, &size_), CMK_STATUS_OK);
    index_.resize(size_ / sizeof(uint64_t) + 1);
    stamp_[3] = 7;
  }

  cmk_status Build() {
    return cmk_hamming_index_build(hashes_, labels_, kCount, stamp_, index_.data(), size_);
  }
  cmk_status Check() { return cmk_hamming_index_check(index_.data(), size_, &count_, told_stamp_); }
  cmk_status Search(uint32_t radius = 2) {
    return cmk_hamming_index_search(index_.data(), size_, query_, 1, radius, matches_, kCount,
                                    &match_count_);
  }
  cmk_status Scan(uint32_t radius = 2) {
    return cmk_hamming_scan(hashes_, labels_, kCount, query_, 1, radius, matches_, kCount,
                            &match_count_);
  }

  uint8_t hashes_[kCount * CMK_PDQ_BYTES] = {};
  uint64_t labels_[kCount] = {};
  uint8_t stamp_[CMK_HAMMING_STAMP_BYTES] = {}, told_stamp_[CMK_HAMMING_STAMP_BYTES] = {};
  uint8_t query_[CMK_PDQ_BYTES] = {};
  size_t size_ = 0, count_ = 0, match_count_ = 0;
  std::vector<uint64_t> index_;
  cmk_hamming_match matches_[kCount] = {};
};

TEST_F(HammingTest, FindsInIndexAndScan) {
  ASSERT_EQ(Build(), CMK_STATUS_OK);
  ASSERT_EQ(Check(), CMK_STATUS_OK);
  EXPECT_EQ(count_, kCount);
  EXPECT_TRUE(std::equal(stamp_, stamp_ + sizeof(stamp_), told_stamp_));
  for (const bool by_index : {true, false}) {
    const auto find = [&](uint32_t radius) { return by_index ? Search(radius) : Scan(radius); };
    ASSERT_EQ(find(2), CMK_STATUS_OK);
    ASSERT_EQ(match_count_, 3u);
    std::sort(matches_, matches_ + 3, [](auto& a, auto& b) { return a.label < b.label; });
    for (uint32_t i = 0; i < 3; ++i) {
      EXPECT_EQ(matches_[i].label, 100 + i);
      EXPECT_EQ(matches_[i].distance, i);
    }
    ASSERT_EQ(find(UINT32_MAX), CMK_STATUS_OK);
    EXPECT_EQ(match_count_, kCount);
  }
}

TEST_F(HammingTest, CallsHashesWithoutLabelsByTheirPlace) {
  ASSERT_EQ(cmk_hamming_scan(hashes_, nullptr, kCount, query_, 1, 0, matches_, 1, &match_count_),
            CMK_STATUS_OK);
  EXPECT_EQ(match_count_, 1u);
  EXPECT_EQ(matches_[0].label, 0u);
}

TEST_F(HammingTest, TakesNothingForNothing) {
  size_t size = 0;
  ASSERT_EQ(cmk_hamming_index_size(0, &size), CMK_STATUS_OK);
  index_.resize(size / 8);
  ASSERT_EQ(cmk_hamming_index_build(nullptr, nullptr, 0, stamp_, index_.data(), size),
            CMK_STATUS_OK);
  EXPECT_EQ(
      cmk_hamming_index_search(index_.data(), size, nullptr, 0, 31, nullptr, 0, &match_count_),
      CMK_STATUS_OK);
  EXPECT_EQ(cmk_hamming_scan(nullptr, nullptr, 0, nullptr, 0, 31, nullptr, 0, &match_count_),
            CMK_STATUS_OK);
  EXPECT_EQ(match_count_, 0u);
}

TEST_F(HammingTest, RefusesNullPointers) {
  EXPECT_EQ(cmk_hamming_index_size(1, nullptr), CMK_STATUS_NULL_POINTER);
  const auto build = [&](const uint8_t* hashes, const uint64_t* labels, const uint8_t* stamp,
                         void* index) {
    return cmk_hamming_index_build(hashes, labels, kCount, stamp, index, size_);
  };
  EXPECT_EQ(build(nullptr, labels_, stamp_, index_.data()), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(build(hashes_, nullptr, stamp_, index_.data()), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(build(hashes_, labels_, nullptr, index_.data()), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(build(hashes_, labels_, stamp_, nullptr), CMK_STATUS_NULL_POINTER);
  ASSERT_EQ(Build(), CMK_STATUS_OK);
  const void* const index = index_.data();
  EXPECT_EQ(cmk_hamming_index_check(nullptr, size_, &count_, stamp_), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_hamming_index_check(index, size_, nullptr, stamp_), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_hamming_index_check(index, size_, &count_, nullptr), CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_hamming_index_search(nullptr, size_, query_, 1, 31, matches_, 1, &match_count_),
            CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_hamming_index_search(index, size_, nullptr, 1, 31, matches_, 1, &match_count_),
            CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_hamming_index_search(index, size_, query_, 1, 31, nullptr, 1, &match_count_),
            CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_hamming_index_search(index, size_, query_, 1, 31, matches_, 1, nullptr),
            CMK_STATUS_NULL_POINTER);
  EXPECT_EQ(cmk_hamming_scan(nullptr, labels_, 1, query_, 1, 31, matches_, 1, &match_count_),
            CMK_STATUS_NULL_POINTER);
}

TEST_F(HammingTest, RefusesOddAddresses) {
  uint8_t* const odd = reinterpret_cast<uint8_t*>(index_.data()) + 4;
  const auto* const odd_labels =
      reinterpret_cast<const uint64_t*>(reinterpret_cast<const uint8_t*>(labels_) + 4);
  auto* const odd_matches =
      reinterpret_cast<cmk_hamming_match*>(reinterpret_cast<uint8_t*>(matches_) + 4);
  EXPECT_EQ(cmk_hamming_index_build(hashes_, labels_, kCount, stamp_, odd, size_),
            CMK_STATUS_MISALIGNED);
  EXPECT_EQ(cmk_hamming_index_build(hashes_, odd_labels, 1, stamp_, index_.data(), size_),
            CMK_STATUS_MISALIGNED);
  EXPECT_EQ(cmk_hamming_index_check(odd, size_, &count_, stamp_), CMK_STATUS_MISALIGNED);
  EXPECT_EQ(cmk_hamming_scan(hashes_, odd_labels, 1, query_, 1, 31, matches_, 1, &match_count_),
            CMK_STATUS_MISALIGNED);
  EXPECT_EQ(cmk_hamming_scan(hashes_, labels_, 1, query_, 1, 31, odd_matches, 1, &match_count_),
            CMK_STATUS_MISALIGNED);
}

TEST_F(HammingTest, RefusesTooManyAndTooLittle) {
  size_t size = 0;
  EXPECT_EQ(cmk_hamming_index_size(CMK_HAMMING_COUNT_MAX, &size), CMK_STATUS_OK);
  EXPECT_LE(size, size_t{CMK_HAMMING_COUNT_MAX} * 100);
  EXPECT_EQ(cmk_hamming_index_size(size_t{CMK_HAMMING_COUNT_MAX} + 1, &size),
            CMK_STATUS_TOO_MANY_HASHES);
  EXPECT_EQ(cmk_hamming_index_size(SIZE_MAX, &size), CMK_STATUS_TOO_MANY_HASHES);
  EXPECT_EQ(cmk_hamming_index_build(hashes_, labels_, kCount, stamp_, index_.data(), size_ - 1),
            CMK_STATUS_SCRATCH_TOO_SMALL);
  EXPECT_EQ(cmk_hamming_index_build(hashes_, reinterpret_cast<uint64_t*>(index_.data()), kCount,
                                    stamp_, index_.data(), size_),
            CMK_STATUS_OVERLAP);
}

TEST_F(HammingTest, RefusesDamagedIndex) {
  ASSERT_EQ(Build(), CMK_STATUS_OK);
  index_[size_ / 8 - 1] ^= 1;
  count_ = 99;
  EXPECT_EQ(Check(), CMK_STATUS_DAMAGED_INDEX);
  EXPECT_EQ(count_, 99u);
  index_[0] ^= 1;
  EXPECT_EQ(Search(), CMK_STATUS_DAMAGED_INDEX);
  EXPECT_EQ(match_count_, 0u);
}

}  // namespace
}  // namespace countermark
