#include "kernels/checksum.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "kernels/checksum_reference.h"
#include "kernels/targets.h"

namespace countermark {
namespace {

TEST(ChecksumTest, EqualsTwinOnEveryTarget) {
  ForEachTarget([] {
    for (size_t blocks = 0; blocks < kSizes; ++blocks) {
      for (const size_t offset : {0u, 1u, 5u}) {
        const size_t size = blocks * kChecksumBlockBytes;
        std::vector<uint8_t> bytes = Noise(1).Integers<uint8_t>(offset + size);
        if (blocks % 2 == 0) bytes.assign(offset + size, 0xFF);
        EXPECT_EQ(Checksum(bytes.data() + offset, size),
                  reference::Checksum(bytes.data() + offset, size))
            << "blocks " << blocks << ", offset " << offset;
      }
    }
  });
}

TEST(ChecksumTest, DiffersForEachFlippedBitAndEachSize) {
  std::vector<uint8_t> bytes = Noise(2).Integers<uint8_t>(9 * kChecksumBlockBytes);
  std::set<uint64_t> seen;
  for (size_t size = 0; size <= bytes.size(); size += kChecksumBlockBytes) {
    EXPECT_TRUE(seen.insert(Checksum(bytes.data(), size)).second) << size;
  }
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    const auto mask = static_cast<uint8_t>(1u << bit % 8);
    bytes[bit / 8] ^= mask;
    EXPECT_TRUE(seen.insert(Checksum(bytes.data(), bytes.size())).second) << bit;
    bytes[bit / 8] ^= mask;
  }
}

TEST(ChecksumTest, SeesExchangedBlocks) {
  std::vector<uint8_t> bytes = Noise(3).Integers<uint8_t>(4 * kChecksumBlockBytes);
  const uint64_t before = Checksum(bytes.data(), bytes.size());
  std::swap_ranges(bytes.begin(), bytes.begin() + kChecksumBlockBytes,
                   bytes.begin() + 2 * kChecksumBlockBytes);
  EXPECT_NE(Checksum(bytes.data(), bytes.size()), before);
}

}  // namespace
}  // namespace countermark
