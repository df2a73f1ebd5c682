#include "kernels/magnitude.h"

#include <gtest/gtest.h>

#include <vector>

#include "kernels/magnitude_reference.h"
#include "kernels/targets.h"

namespace countermark {
namespace {

TEST(LargestOfParitiesTest, EqualsTwinOnEveryTarget) {
  ForEachTarget([] {
    for (size_t count = 0; count < kSizes; ++count) {
      const size_t step = count + 3;
      std::vector<float> parts = Noise(3).Floats(4 * step + 1, 0.01f);
      const auto check = [&] {
        const float actual = LargestOfParities(parts.data() + 1, step, count);
        const float expected = reference::LargestOfParities(parts.data() + 1, step, count);
        EXPECT_EQ(Bits({actual}), Bits({expected})) << "count " << count;
      };
      check();
      for (size_t place = 1; place <= 4 * step; place += 5) {
        parts[place] = place % 2 == 0 ? 1e30f : -1e30f * static_cast<float>(place);
        check();
      }
    }
  });
}

TEST(LargestOfParitiesTest, IgnoresTheSign) {
  const std::vector<float> parts = {-1, -0.0f, 2, -0.0f, -0.5f, -0.0f, 0.25f, 0.0f};
  EXPECT_EQ(LargestOfParities(parts.data(), 2, 2), 3.75f);
  EXPECT_EQ(Bits({LargestOfParities(parts.data() + 1, 2, 1)}), Bits({0.0f}));
}

}  // namespace
}  // namespace countermark
