#include "kernels/magnitude.h"

#include <gtest/gtest.h>

#include <vector>

#include "kernels/magnitude_reference.h"
#include "kernels/targets.h"

namespace countermark {
namespace {

TEST(LargestMagnitudeTest, EqualsTwinOnEveryTarget) {
  ForEachTarget([] {
    for (size_t count = 0; count < kSizes; ++count) {
      std::vector<float> values = Noise(3).Floats(count + 1, 0.01f);
      const auto check = [&] {
        const float actual = LargestMagnitude(values.data() + 1, count);
        const float expected = reference::LargestMagnitude(values.data() + 1, count);
        EXPECT_EQ(Bits({actual}), Bits({expected})) << "count " << count;
      };
      check();
      for (size_t place = 1; place <= count; place += 5) {
        values[place] = place % 2 == 0 ? 1e30f : -1e30f * static_cast<float>(place);
        check();
      }
    }
  });
}

TEST(LargestMagnitudeTest, IgnoresTheSign) {
  const std::vector<float> values = {-0.0f, 2.5f, -3.0f, 1e-40f};
  EXPECT_EQ(LargestMagnitude(values.data(), values.size()), 3.0f);
  EXPECT_EQ(Bits({LargestMagnitude(values.data(), 1)}), Bits({0.0f}));
}

}  // namespace
}  // namespace countermark
