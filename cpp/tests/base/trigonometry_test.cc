#include "base/trigonometry.h"

#include <gtest/gtest.h>

#include <cmath>

namespace countermark {
namespace {

TEST(TrigonometryTest, AgreesWithTheLibraryInEveryOctant) {
  constexpr double kTwoPi = 6.283185307179586;
  for (int turns : {96, 192, 7}) {
    for (int turn = -2 * turns; turn <= 2 * turns; ++turn) {
      EXPECT_NEAR(CosineOfTurn(turn, turns), std::cos(kTwoPi * turn / turns), 1e-14);
    }
  }
}

TEST(TrigonometryTest, ExponentialAgreesWithTheLibrary) {
  for (double x = 0; x > -40; x -= 0.37) {
    EXPECT_NEAR(Exponential(x), std::exp(x), 1e-13 * std::exp(x));
  }
}

TEST(TrigonometryTest, ArctangentAgreesWithTheLibrary) {
  for (double x = 0; x < 30; x += 0.0137) EXPECT_NEAR(Arctangent(x), std::atan(x), 1e-14);
}

}  // namespace
}  // namespace countermark
