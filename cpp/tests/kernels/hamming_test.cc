#include "kernels/hamming.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "kernels/hamming_reference.h"
#include "kernels/targets.h"

namespace countermark {
namespace {

// Noise, between hashes of no and of all bits.
std::vector<uint8_t> Hashes(size_t count, size_t offset) {
  std::vector<uint8_t> bytes = Noise(3).Integers<uint8_t>(offset + count * kHashBytes);
  for (size_t i = 0; i < count; ++i) {
    if (i % 3 == 0) continue;
    std::fill_n(bytes.data() + offset + i * kHashBytes, kHashBytes, i % 3 == 1 ? 0x00 : 0xFF);
  }
  return bytes;
}

TEST(HammingDistancesTest, EqualsTwinOnEveryTarget) {
  ForEachTarget([] {
    for (size_t count = 0; count < kSizes; ++count) {
      for (const size_t offset : {0u, 1u, 7u}) {
        const std::vector<uint8_t> bytes = Hashes(count, offset);
        for (const uint8_t fill : {0x00, 0xFF, 0x5A}) {
          const std::vector<uint8_t> query(kHashBytes, fill);
          std::vector<uint16_t> actual(count + 1, 999), expected = actual;
          HammingDistances(bytes.data() + offset, count, query.data(), actual.data());
          reference::HammingDistances(bytes.data() + offset, count, query.data(), expected.data());
          EXPECT_EQ(actual, expected) << "count " << count << ", offset " << offset;
        }
      }
    }
  });
}

TEST(HammingDistancesOfRowsTest, EqualsTwinOnEveryTarget) {
  ForEachTarget([] {
    const std::vector<uint8_t> bytes = Hashes(100, 3);
    const std::vector<uint8_t> query = Noise(4).Integers<uint8_t>(kHashBytes);
    for (size_t count = 0; count < kSizes; ++count) {
      std::vector<uint32_t> rows = Noise(5).Integers<uint32_t>(count);
      for (uint32_t& row : rows) row %= 100;
      std::vector<uint16_t> actual(count + 1, 999), expected = actual;
      HammingDistancesOfRows(bytes.data() + 3, rows.data(), count, query.data(), actual.data());
      reference::HammingDistancesOfRows(bytes.data() + 3, rows.data(), count, query.data(),
                                        expected.data());
      EXPECT_EQ(actual, expected) << "count " << count;
    }
  });
}

TEST(HammingDistancesTest, ReachesFromNoneToAllBits) {
  const std::vector<uint8_t> none(kHashBytes, 0x00), all(kHashBytes, 0xFF);
  ForEachTarget([&] {
    uint16_t distance = 999;
    HammingDistances(none.data(), 1, none.data(), &distance);
    EXPECT_EQ(distance, 0);
    HammingDistances(none.data(), 1, all.data(), &distance);
    EXPECT_EQ(distance, 256);
  });
}

}  // namespace
}  // namespace countermark
