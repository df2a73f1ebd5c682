#include "base/generator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

namespace countermark {
namespace {

using Words = std::array<uint32_t, 4>;

// The known answers that its authors publish with Random123 (kat_vectors, threefry4x32, 20 rounds).
TEST(ThreefryTest, GivesTheAuthorsKnownAnswers) {
  EXPECT_EQ(Threefry4x32({}, {}), (Words{0x9c6ca96a, 0xe17eae66, 0xfc10ecd4, 0x5256a7d8}));
  const Words ones = {~0u, ~0u, ~0u, ~0u};
  EXPECT_EQ(Threefry4x32(ones, ones), (Words{0x2a881696, 0x57012287, 0xf6c7446e, 0xa16a6732}));
  EXPECT_EQ(Threefry4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                         {0xa4093822, 0x299f31d0, 0x082efa98, 0xec4e6c89}),
            (Words{0x59cd1dbb, 0xb8879579, 0x86b5d00c, 0xac8b6d84}));
}

TEST(GeneratorTest, StreamsAndKeysDiffer) {
  std::set<uint32_t> first;
  for (uint8_t key = 0; key < 4; ++key) {
    for (uint32_t stream = 0; stream < 4; ++stream) {
      first.insert(Generator({key}, stream).Next());
    }
  }
  EXPECT_EQ(first.size(), 16u);
}

TEST(GeneratorTest, BelowStaysBelowAndReachesAll) {
  Generator generator({7}, 1);
  std::vector<int> seen(6);
  for (int i = 0; i < 600; ++i) ++seen.at(generator.Below(6));
  for (int count : seen) EXPECT_NEAR(count, 100, 50);
}

TEST(GeneratorTest, ShufflePermutes) {
  std::vector<int> items(100);
  for (int i = 0; i < 100; ++i) items[static_cast<size_t>(i)] = i;
  std::vector<int> shuffled = items;
  Generator({1}, 2).Shuffle(shuffled.data(), shuffled.size());
  EXPECT_NE(shuffled, items);
  std::sort(shuffled.begin(), shuffled.end());
  EXPECT_EQ(shuffled, items);
}

}  // namespace
}  // namespace countermark
