#include "kernels/whiten.h"

#include <gtest/gtest.h>

#include <vector>

#include "kernels/targets.h"
#include "kernels/whiten_reference.h"

namespace countermark {
namespace {

TEST(DifferenceAndSquareTest, EqualsTwinOnEveryTarget) {
  ForEachTarget([] {
    for (size_t count = 0; count < kSizes; ++count) {
      const std::vector<float> a = Noise(1).Floats(count, 0.01f), b = Noise(2).Floats(count, 0.3f);
      std::vector<float> difference(count + 1, 9), square(count + 1, 9);
      std::vector<float> expected_difference = difference, expected_square = square;
      DifferenceAndSquare(a.data(), b.data(), count, difference.data(), square.data());
      reference::DifferenceAndSquare(a.data(), b.data(), count, expected_difference.data(),
                                     expected_square.data());
      EXPECT_EQ(Bits(difference), Bits(expected_difference)) << "count " << count;
      EXPECT_EQ(Bits(square), Bits(expected_square)) << "count " << count;
    }
  });
}

TEST(AbsoluteDifferenceTest, EqualsTwinOnEveryTargetInPlace) {
  ForEachTarget([] {
    for (size_t count = 0; count < kSizes; ++count) {
      const std::vector<float> b = Noise(2).Floats(count, 0.3f);
      std::vector<float> actual = Noise(1).Floats(count + 1, 0.01f), expected = actual;
      AbsoluteDifference(actual.data(), b.data(), count, actual.data());
      reference::AbsoluteDifference(expected.data(), b.data(), count, expected.data());
      EXPECT_EQ(Bits(actual), Bits(expected)) << "count " << count;
    }
  });
}

TEST(DivideByDeviationTest, EqualsTwinOnEveryTarget) {
  constexpr Normalisation kNormalisation = {
      .floor = 1.5f, .limit = 3.0f, .base_weight = 0.5f, .smooth_weight = 1.7f};
  ForEachTarget([&] {
    for (size_t count = 0; count < kSizes; ++count) {
      const std::vector<float> value = Noise(1).Floats(count, 0.01f);
      std::vector<float> variance = Noise(2).Floats(count, 0.3f);
      for (size_t i = 0; i < count; ++i) variance[i] = i % 5 == 0 ? 0 : variance[i] * variance[i];
      std::vector<float> actual(count + 1, 9), expected(count + 1, 9);
      DivideByDeviation(value.data(), variance.data(), kNormalisation, count, actual.data());
      reference::DivideByDeviation(value.data(), variance.data(), kNormalisation, count,
                                   expected.data());
      EXPECT_EQ(Bits(actual), Bits(expected)) << "count " << count;
    }
  });
}

}  // namespace
}  // namespace countermark
