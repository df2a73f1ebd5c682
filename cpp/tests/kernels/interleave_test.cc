#include "kernels/interleave.h"

#include <gtest/gtest.h>

#include <vector>

#include "kernels/interleave_reference.h"
#include "kernels/targets.h"

namespace countermark {
namespace {

TEST(Deinterleave4Test, EqualsTwinOnEveryTarget) {
  ForEachTarget([] {
    for (size_t count = 0; count < kSizes; ++count) {
      const std::vector<float> in = Noise(1).Floats(4 * count, 0.1f);
      std::vector<float> actual(4 * count + 5, 9), expected = actual;
      float* const actual_rows[4] = {&actual[0], &actual[count + 1], &actual[2 * count + 2],
                                     &actual[3 * count + 3]};
      float* const expected_rows[4] = {&expected[0], &expected[count + 1], &expected[2 * count + 2],
                                       &expected[3 * count + 3]};
      Deinterleave4(in.data(), count, actual_rows);
      reference::Deinterleave4(in.data(), 0, count, expected_rows);
      EXPECT_EQ(Bits(actual), Bits(expected)) << "count " << count;
    }
  });
}

TEST(Interleave4Test, EqualsTwinOnEveryTarget) {
  ForEachTarget([] {
    for (size_t count = 0; count < kSizes; ++count) {
      const std::vector<float> rows = Noise(2).Floats(4 * count + 4, 0.1f);
      const float* const in[4] = {&rows[0], &rows[count + 1], &rows[2 * count + 2],
                                  &rows[3 * count + 3]};
      std::vector<float> actual(4 * count + 1, 9), expected = actual;
      Interleave4(in, count, actual.data());
      reference::Interleave4(in, 0, count, expected.data());
      EXPECT_EQ(Bits(actual), Bits(expected)) << "count " << count;
    }
  });
}

}  // namespace
}  // namespace countermark
