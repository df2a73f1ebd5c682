#include "kernels/whiten.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kernels/targets.h"
#include "kernels/whiten_reference.h"

namespace countermark {
namespace {

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

TEST(RootsOfLimitedTest, EqualsTwinOnEveryTargetInPlace) {
  ForEachTarget([] {
    for (size_t count = 0; count < kSizes; ++count) {
      std::vector<float> actual = Noise(1).Floats(count + 1, 1e-3f), expected;
      for (float& v : actual) v = std::fabs(v);
      expected = actual;
      RootsOfLimited(actual.data(), 0.4f, 10, 0.74f, count, actual.data());
      reference::RootsOfLimited(expected.data(), 0.4f, 10, 0.74f, count, expected.data());
      EXPECT_EQ(Bits(actual), Bits(expected)) << "count " << count;
    }
  });
}

// Coefficients of all sizes, zeros among them.
std::vector<float> Coefficients(uint64_t seed, size_t count) {
  std::vector<float> values = Noise(seed).Floats(count + 1, 0.3f);
  for (size_t i = 0; i < count; i += 5) values[i] = 0;
  return values;
}

TEST(WhitenCoefficientsTest, EqualsTwinOnEveryTarget) {
  ForEachTarget([] {
    for (size_t count = 0; count < kSizes; ++count) {
      std::vector<float> c = Coefficients(1, count), s = Coefficients(2, count);
      std::vector<float> expected_c = c, expected_s = s;
      WhitenCoefficients(c.data(), s.data(), 0.3f, count);
      reference::WhitenCoefficients(expected_c.data(), expected_s.data(), 0.3f, count);
      EXPECT_EQ(Bits(c), Bits(expected_c)) << "count " << count;
      EXPECT_EQ(Bits(s), Bits(expected_s)) << "count " << count;
    }
  });
}

TEST(WhitenPairTest, EqualsTwinOnEveryTarget) {
  ForEachTarget([] {
    for (size_t count = 0; count < kSizes; ++count) {
      std::vector<float> actual[4], expected[4];
      for (uint64_t i = 0; i < 4; ++i) actual[i] = expected[i] = Coefficients(i + 1, count);
      WhitenPair(actual[0].data(), actual[1].data(), actual[2].data(), actual[3].data(), 0.3f,
                 count);
      reference::WhitenPair(expected[0].data(), expected[1].data(), expected[2].data(),
                            expected[3].data(), 0.3f, count);
      for (size_t i = 0; i < 4; ++i) EXPECT_EQ(Bits(actual[i]), Bits(expected[i])) << count;
    }
  });
}

// Two plane waves, one rising and one falling: each is divided by its own magnitude.
TEST(WhitenPairTest, WhitensEachWaveByItself) {
  const float rising[2] = {3, 4}, falling[2] = {0, -16};  // cosine and sine of each
  float cc = (rising[0] + falling[0]) / 2, ss = (falling[0] - rising[0]) / 2;
  float cs = (rising[1] + falling[1]) / 2, sc = (rising[1] - falling[1]) / 2;
  WhitenPair(&cc, &cs, &sc, &ss, 1e-6f, 1);
  const float r = 1 / std::sqrt(5.0f);  // (3, 4) / 5^1.5 and (0, -16) / 16^1.5
  EXPECT_NEAR(cc, 0.6f * r, 1e-5);
  EXPECT_NEAR(ss, -0.6f * r, 1e-5);
  EXPECT_NEAR(cs, 0.8f * r - 0.25f, 1e-5);
  EXPECT_NEAR(sc, 0.8f * r + 0.25f, 1e-5);
}

}  // namespace
}  // namespace countermark
