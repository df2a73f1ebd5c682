#include "kernels/polyphase.h"

#include <gtest/gtest.h>

#include <vector>

#include "kernels/polyphase_reference.h"
#include "kernels/targets.h"

namespace countermark {
namespace {

TEST(FilterPolyphaseTest, EqualsTwinOnEveryTarget) {
  ForEachTarget([] {
    for (size_t taps = kPolyphaseTaps; taps < kSizes; taps += kPolyphaseTaps) {
      const std::vector<float> table = Noise(1).Floats(5 * taps, 1e-4f);
      // As many rows as parts, and fewer; steps of less and of more than an input.
      for (const PolyphaseWalk& walk : {PolyphaseWalk{0, 3, 5, 5, taps, table.data()},
                                        PolyphaseWalk{2, 700, 701, 5, taps, table.data()},
                                        PolyphaseWalk{0, 500, 512, 5, taps, table.data()},
                                        PolyphaseWalk{3, 0, 1, 1, taps, table.data()}}) {
        for (size_t count : {size_t{0}, size_t{1}, size_t{67}}) {
          const std::vector<float> in = Noise(2).Floats(3 * count + taps + 1, 0.01f);
          std::vector<float> actual(count), expected(count);
          uint32_t actual_part = 0, expected_part = 0;
          const size_t step =
              FilterPolyphase(in.data() + 1, walk, &actual_part, count, actual.data());
          EXPECT_EQ(step, reference::FilterPolyphase(in.data() + 1, walk, &expected_part, count,
                                                     expected.data()));
          EXPECT_EQ(actual_part, expected_part);
          EXPECT_EQ(Bits(actual), Bits(expected)) << taps << " taps, count " << count;
        }
      }
    }
  });
}

// Parts of any number, and of a power of two, which is not divided by.
TEST(FilterPolyphaseTest, PartsShareTheRowsEvenly) {
  const std::vector<float> table(5 * kPolyphaseTaps);
  for (const uint32_t parts : {500u, 512u}) {
    const PolyphaseWalk walk{1, 0, parts, 5, kPolyphaseTaps, table.data()};
    for (uint32_t part = 0; part < parts; ++part) {
      EXPECT_EQ(static_cast<size_t>(PolyphaseRow(walk, part) - table.data()),
                part * 5 / parts * kPolyphaseTaps);
    }
  }
}

// 100 inputs, two thirds of an output each.
TEST(FilterPolyphaseTest, WalksAlongTheInputs) {
  const std::vector<float> table(2 * kPolyphaseTaps, 1);
  const std::vector<float> in(200, 0.125f);
  std::vector<float> out(66);
  uint32_t part = 1;
  EXPECT_EQ(
      FilterPolyphase(in.data(), {1, 1, 2, 2, kPolyphaseTaps, table.data()}, &part, 66, out.data()),
      99u);
  EXPECT_EQ(part, 1u);
  for (float v : out) EXPECT_EQ(v, 1.0f);
}

}  // namespace
}  // namespace countermark
