#include "kernels/cells.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kernels/cells_reference.h"
#include "kernels/targets.h"

namespace countermark {
namespace {

constexpr size_t kRows[] = {0, 1, 2, 67};

std::vector<float> Cells(uint32_t seed, size_t rows) {
  std::vector<float> cells = Noise(seed).Floats(rows * kCellRow, 3e-4f);
  for (size_t i = 0; i < cells.size(); i += 3) cells[i] = 0;
  return cells;
}

std::vector<float> Positive(uint32_t seed, size_t count) {
  std::vector<float> values = Noise(seed).Floats(count, 1e-3f);
  for (float& v : values) v = std::fabs(v) + 1e-6f;
  return values;
}

TEST(LogPowersTest, EqualsTwinOnEveryTarget) {
  ForEachTarget([] {
    for (size_t rows : kRows) {
      const auto cells = Cells(1, rows);
      std::vector<float> power(rows * kCellFrames), expected_power(power);
      std::vector<float> logarithm(power), expected_logarithm(power);
      LogPowers(cells.data(), 1e-13f, rows, power.data(), logarithm.data());
      reference::LogPowers(cells.data(), 1e-13f, rows, expected_power.data(),
                           expected_logarithm.data());
      EXPECT_EQ(Bits(power), Bits(expected_power)) << rows;
      EXPECT_EQ(Bits(logarithm), Bits(expected_logarithm)) << rows;
    }
  });
}

TEST(MixLevelsTest, EqualsTwinOnEveryTarget) {
  ForEachTarget([] {
    for (size_t count = 0; count < kSizes; ++count) {
      const auto level = Positive(1, count + 1), log_level = Noise(2).Floats(count + 1, 5e-4f);
      std::vector<float> actual(count), expected(count);
      MixLevels(level.data() + 1, log_level.data() + 1, 0.4f, count, actual.data());
      reference::MixLevels(level.data() + 1, log_level.data() + 1, 0.4f, count, expected.data());
      EXPECT_EQ(Bits(actual), Bits(expected)) << count;
    }
  });
}

TEST(RaiseToPowerTest, EqualsTwinOnEveryTargetInPlace) {
  ForEachTarget([] {
    for (size_t count = 0; count < kSizes; ++count) {
      std::vector<float> actual = Positive(1, count + 1), expected = actual;
      RaiseToPower(actual.data() + 1, -0.3f, count, actual.data() + 1);
      reference::RaiseToPower(expected.data() + 1, -0.3f, count, expected.data() + 1);
      EXPECT_EQ(Bits(actual), Bits(expected)) << count;
    }
  });
}

TEST(ExponentialsLessOneTest, EqualsTwinOnEveryTargetInPlace) {
  ForEachTarget([] {
    for (size_t count = 0; count < kSizes; ++count) {
      std::vector<float> actual = Noise(1).Floats(count + 1, 1e-4f), expected = actual;
      ExponentialsLessOne(actual.data() + 1, count, actual.data() + 1);
      reference::ExponentialsLessOne(expected.data() + 1, count, expected.data() + 1);
      EXPECT_EQ(Bits(actual), Bits(expected)) << count;
    }
  });
}

TEST(LogarithmsTest, EqualsTwinOnEveryTargetInPlace) {
  ForEachTarget([] {
    for (size_t count = 0; count < kSizes; ++count) {
      std::vector<float> actual = Positive(1, count + 1), expected = actual;
      Logarithms(actual.data() + 1, count, actual.data() + 1);
      reference::Logarithms(expected.data() + 1, count, expected.data() + 1);
      EXPECT_EQ(Bits(actual), Bits(expected)) << count;
    }
  });
}

TEST(ShapeCellsTest, EqualsTwinOnEveryTargetInPlace) {
  ForEachTarget([] {
    for (size_t rows : kRows) {
      std::vector<float> actual = Cells(1, rows), expected = actual;
      const auto amplitude = Positive(2, rows * kCellFrames);
      ShapeCells(actual.data(), amplitude.data(), rows, actual.data());
      reference::ShapeCells(expected.data(), amplitude.data(), rows, expected.data());
      EXPECT_EQ(Bits(actual), Bits(expected)) << rows;
    }
  });
}

TEST(AddWhitenedPairTest, EqualsTwinOnEveryTarget) {
  ForEachTarget([] {
    for (size_t rows : kRows) {
      const auto cells = Cells(1, rows), wave = Cells(2, rows);
      const auto amplitude = Positive(3, rows * kCellFrames);
      std::vector<float> host = Cells(4, rows), marked = Cells(5, rows);
      std::vector<float> expected_host = host, expected_marked = marked;
      AddWhitenedPair(cells.data(), wave.data(), amplitude.data(), 1e-3f, rows, host.data(),
                      marked.data());
      reference::AddWhitenedPair(cells.data(), wave.data(), amplitude.data(), 1e-3f, rows,
                                 expected_host.data(), expected_marked.data());
      EXPECT_EQ(Bits(host), Bits(expected_host)) << rows;
      EXPECT_EQ(Bits(marked), Bits(expected_marked)) << rows;
    }
  });
}

TEST(AddWhitenedPairTest, DividesByMagnitude) {
  std::vector<float> cells(kCellRow), wave(kCellRow), host(kCellRow), marked(kCellRow);
  const std::vector<float> amplitude(kCellFrames, 2.0f);
  cells[3] = 3, cells[kCellFrames + 3] = 4;
  wave[3] = 1, wave[kCellFrames + 3] = 4;
  host[3] = 1;
  AddWhitenedPair(cells.data(), wave.data(), amplitude.data(), 1e-9f, 1, host.data(),
                  marked.data());
  EXPECT_NEAR(host[3], 1.6, 1e-6);
  EXPECT_NEAR(host[kCellFrames + 3], 0.8, 1e-6);
  EXPECT_NEAR(marked[3], 5 / 13.0, 1e-6);
  EXPECT_NEAR(marked[kCellFrames + 3], 12 / 13.0, 1e-6);
  EXPECT_EQ(host[4], 0);
}

TEST(LogarithmTest, IsWithinFewUnitsOfTheLastPlace) {
  for (float x = 1e-14f; x < 1e14f; x *= 1.0137f) {
    const double exact = std::log(double{x});
    EXPECT_NEAR(reference::Logarithm(x), exact, 2e-7 * std::fabs(exact) + 1e-7) << x;
  }
  EXPECT_EQ(reference::Logarithm(1), 0);
}

TEST(ExponentialTest, IsWithinFewUnitsOfTheLastPlace) {
  for (float x = -80; x < 80; x += 0.0173f) {
    const double exact = std::exp(double{x});
    EXPECT_NEAR(reference::Exponential(x), exact, 3e-7 * exact) << x;
  }
  EXPECT_EQ(reference::Exponential(0), 1);
}

}  // namespace
}  // namespace countermark
