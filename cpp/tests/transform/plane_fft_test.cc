#include "transform/plane_fft.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <utility>
#include <vector>

#include "kernels/targets.h"

namespace countermark {
namespace {

TEST(LaneFftTest, FastLengthsAreEvenAndHaveSmallFactors) {
  EXPECT_EQ(LaneFft::FastLength(1), 2u);
  EXPECT_EQ(LaneFft::FastLength(7), 8u);
  EXPECT_EQ(LaneFft::FastLength(973), 1000u);
  EXPECT_EQ(LaneFft::FastLength(1024), 1024u);
}

TEST(LaneFftTest, AgreesWithTheDefinition) {
  for (size_t length : {2, 4, 6, 8, 10, 16, 30, 36, 50, 120, 972}) {
    std::vector<uint8_t> memory(1 << 18);
    Arena arena(memory.data(), memory.size());
    const LaneFft fft(length, arena);
    const std::vector<float> in = Noise(5).Floats(length * kFourierElement, 1e-4f);
    std::vector<float> work = in, scratch(in.size());
    const float* out = fft.Transform(work.data(), scratch.data());
    for (size_t lane = 0; lane < kFourierLanes; lane += 3) {
      for (size_t k = 0; k < length; k += 1 + length / 20) {
        std::complex<double> sum = 0;
        for (size_t n = 0; n < length; ++n) {
          const float* z = in.data() + n * kFourierElement + lane;
          const double turns = static_cast<double>(k * n) / static_cast<double>(length);
          sum += std::complex<double>(z[0], z[kFourierLanes]) * std::polar(1.0, -2 * M_PI * turns);
        }
        EXPECT_NEAR(out[k * kFourierElement + lane], sum.real(), 1e-4) << length << ", " << k;
        EXPECT_NEAR(out[k * kFourierElement + lane + kFourierLanes], sum.imag(), 1e-4);
      }
    }
  }
}

class PlaneFftTest : public testing::Test {
 protected:
  static constexpr size_t kWidth = 40, kHeight = 36, kRows = 19, kPlaneWidth = 23;

  PlaneFftTest() : memory_(1 << 20), arena_(memory_.data(), memory_.size()) {}

  static void Transform(PlaneFft& fft, const std::vector<float>& plane, float* power,
                        const LowBins* bins = nullptr) {
    std::vector<float> half_done(fft.half_done_size());
    for (size_t first = 0; first < kRows; first += PlaneFft::kRowsAtOnce) {
      const size_t rows = std::min(kRows - first, PlaneFft::kRowsAtOnce);
      fft.TransformRows(plane.data() + first * kPlaneWidth, kPlaneWidth, kPlaneWidth, first, rows,
                        half_done.data());
    }
    fft.TransformColumns(half_done.data(), kRows, power, bins);
  }

  std::vector<uint8_t> memory_;
  Arena arena_;
};

TEST_F(PlaneFftTest, PowerAgreesWithTheDefinition) {
  const std::vector<float> plane = Noise(6).Floats(kPlaneWidth * kRows, 1e-4f);
  for (const auto& [columns, reach] : {std::pair{7, 5}, {40, 17}, {40, 18}}) {
    PlaneFft fft({kWidth, kHeight, size_t(columns), kRows, size_t(reach)}, arena_);
    ASSERT_EQ(fft.columns(), std::min<size_t>(columns, kWidth / 2 + 1));
    ASSERT_EQ(fft.rows(), std::min<size_t>(2 * reach + 1, kHeight));
    std::vector<float> power(fft.columns() * fft.rows());
    Transform(fft, plane, power.data());
    for (size_t v = 0; v < kHeight; ++v) {
      if (std::min(v, kHeight - v) > size_t(reach)) continue;
      for (size_t u = 0; u < fft.columns(); ++u) {
        std::complex<double> sum = 0;
        for (size_t i = 0; i < plane.size(); ++i) {
          const double turns = static_cast<double>(u * (i % kPlaneWidth)) / kWidth +
                               static_cast<double>(v * (i / kPlaneWidth)) / kHeight;
          sum += static_cast<double>(plane[i]) * std::polar(1.0, -2 * M_PI * turns);
        }
        EXPECT_NEAR(power[fft.RowOf(v) * fft.columns() + u], std::norm(sum),
                    1e-3 * (1 + std::norm(sum)));
      }
    }
  }
}

TEST_F(PlaneFftTest, LowBinsAreCoefficientsAboutTheMiddle) {
  const std::vector<float> plane = Noise(8).Floats(kPlaneWidth * kRows, 1e-4f);
  PlaneFft fft({kWidth, kHeight, 12, kRows, 17}, arena_);
  std::vector<float> power(fft.columns() * fft.rows());
  LowBins bins{nullptr, 9, 17};
  std::vector<float> memory(bins.size());
  bins.data = memory.data();
  Transform(fft, plane, power.data(), &bins);
  for (int v = -17; v <= 17; ++v) {
    for (int u = -1; u <= 9; ++u) {
      std::complex<double> sum = 0;
      for (size_t i = 0; i < plane.size(); ++i) {
        const int x = static_cast<int>(i % kPlaneWidth) - static_cast<int>(kPlaneWidth / 2);
        const int y = static_cast<int>(i / kPlaneWidth) - static_cast<int>(kRows / 2);
        const double turns =
            static_cast<double>(u * x) / kWidth + static_cast<double>(v * y) / kHeight;
        sum += static_cast<double>(plane[i]) * std::polar(1.0, -2 * M_PI * turns);
      }
      EXPECT_NEAR(bins.Row(v)[2 * u], sum.real(), 1e-3) << u << ", " << v;
      EXPECT_NEAR(bins.Row(v)[2 * u + 1], sum.imag(), 1e-3) << u << ", " << v;
    }
  }
}

TEST_F(PlaneFftTest, PlaneAgreesWithTheDefinition) {
  for (size_t columns : {size_t{7}, size_t{18}, kWidth / 2 + 1}) {
    const size_t reach = columns;
    PlaneFft fft({kWidth, kHeight, columns, kRows, reach}, arena_);
    std::vector<float> spectrum = Noise(7).Floats(columns * fft.rows(), 1e-4f);
    const auto at = [&](size_t v, size_t u) -> float& {
      return spectrum[fft.RowOf(v) * columns + u];
    };
    for (size_t v = 1; v <= std::min(reach, kHeight - 1); ++v) {
      for (size_t u : {size_t{0}, kWidth / 2}) {
        if (u < columns) at(kHeight - v, u) = at(v, u);
      }
    }
    constexpr size_t kReach = kWidth / 2 - 1, kStride = 2 * kReach + 3;
    std::vector<float> plane(kStride * kRows), half_done(fft.half_done_size());
    fft.InvertColumns(spectrum.data(), kRows, half_done.data());
    fft.InvertRows(half_done.data(), kRows, kReach, kStride, plane.data() + kReach);
    for (size_t y = 0; y < kRows; ++y) {
      EXPECT_EQ(plane[y * kStride + kStride - 1], 0);
      for (size_t i = 0; i < 2 * kReach + 1; ++i) {
        const size_t x = i + kWidth - kReach;
        double sum = 0;
        for (size_t k = 0; k < columns * kHeight; ++k) {
          const size_t u = k % columns, v = k / columns;
          if (std::min(v, kHeight - v) > reach) continue;
          const double turns =
              static_cast<double>(u * x) / kWidth + static_cast<double>(v * y) / kHeight;
          const double share = u == 0 || 2 * u == kWidth ? 1 : 2;
          sum += share * static_cast<double>(at(v, u)) * std::cos(2 * M_PI * turns);
        }
        EXPECT_NEAR(plane[y * kStride + i], sum, 2e-3) << y << ", " << x;
      }
    }
  }
}

}  // namespace
}  // namespace countermark
