#include "kernels/blend.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "kernels/blend_reference.h"
#include "kernels/targets.h"

namespace countermark {
namespace {

// Evenly rising positions: `step` is in 1/256 of a sample for each pixel.
std::vector<uint32_t> Positions(size_t width, double step) {
  std::vector<uint32_t> positions;
  for (size_t x = 0; x < width; ++x) {
    positions.push_back(static_cast<uint32_t>(100 + static_cast<double>(x) * step));
  }
  return positions;
}

// Within the limit, and at both ends of it.
std::vector<int16_t> Residual(size_t count) {
  std::vector<int16_t> residual = Noise(4).Integers<int16_t>(count);
  for (size_t i = 0; i < count; ++i) {
    const int16_t limit = i % 2 == 0 ? kResidualLimit : -kResidualLimit;
    residual[i] = i % 7 < 2 ? limit : static_cast<int16_t>(residual[i] % kResidualLimit);
  }
  return residual;
}

void ExpectTwin(PixelFormat format, size_t width, double step) {
  const std::vector<uint32_t> positions = Positions(width, step);
  const size_t last = width == 0 ? 0 : (positions.back() >> 8) + 1;
  const std::vector<int16_t> residual = Residual(last + 1 + kResidualPadding);
  // 16-bit rows lie at even addresses.
  const std::vector<uint16_t> memory = Noise(6).Integers<uint16_t>(4 * width + 4);
  const uint8_t* const row = reinterpret_cast<const uint8_t*>(memory.data() + 1);
  const size_t bytes = width * BytesPerPixel(format);
  std::vector<uint8_t> actual(bytes + 1, 9), expected(bytes + 1, 9), in_place(row, row + bytes + 1);
  std::vector<ResidualTaps> taps(ResidualTapsCount(width));
  const ResidualPlan plan = PlanResidual(positions.data(), width, taps.data());
  AddResidual(row, format, residual.data(), plan, actual.data());
  AddResidual(in_place.data(), format, residual.data(), plan, in_place.data());
  reference::AddResidual(row, format, width, residual.data(), positions.data(), expected.data());
  in_place.back() = 9;
  EXPECT_EQ(actual, expected) << "width " << width << ", step " << step;
  EXPECT_EQ(in_place, expected) << "width " << width << ", step " << step;
}

TEST(AddResidualTest, EqualsTwinOnEveryTarget) {
  ForEachTarget([] {
    for (size_t width = 0; width < kSizes; ++width) {
      for (const PixelFormat format : kFormats) {
        for (const double step : {13.1, 200.0, 223.9, 240.5, 256.0, 301.7, 512.0, 950.0, 1024.0}) {
          ExpectTwin(format, width, step);
        }
      }
    }
  });
}

TEST(AddResidualTest, KeepsAlpha) {
  const std::vector<uint8_t> row = Noise(1).Integers<uint8_t>(4 * 50);
  const std::vector<int16_t> residual(100, 10 << kResidualFractionBits);
  std::vector<uint8_t> out(row.size());
  const std::vector<uint32_t> positions = Positions(50, 100);
  std::vector<ResidualTaps> taps(ResidualTapsCount(50));
  const ResidualPlan plan = PlanResidual(positions.data(), 50, taps.data());
  AddResidual(row.data(), PixelFormat::kRgba8, residual.data(), plan, out.data());
  for (size_t i = 0; i < row.size(); ++i) {
    EXPECT_EQ(out[i], i % 4 == 3 ? row[i] : std::min(row[i] + 10, 255));
  }
}

TEST(AddResidualTest, KeepsTenBitsOnTop) {
  const std::vector<uint16_t> row = {0, 1 << 6, 500 << 6, 500 << 6 | 63, 1022 << 6, 1023 << 6};
  const std::vector<uint32_t> positions(row.size(), 0);
  std::vector<uint16_t> out(row.size());
  std::vector<ResidualTaps> taps(ResidualTapsCount(row.size()));
  const ResidualPlan plan = PlanResidual(positions.data(), row.size(), taps.data());
  const auto add = [&](double steps) {
    const std::vector<int16_t> residual(40,
                                        static_cast<int16_t>(steps * (1 << kResidualFractionBits)));
    AddResidual(reinterpret_cast<const uint8_t*>(row.data()), PixelFormat::kP010, residual.data(),
                plan, reinterpret_cast<uint8_t*>(out.data()));
    for (uint16_t& sample : out) {
      EXPECT_EQ(sample % 64, 0);
      sample /= 64;
    }
    return out;
  };
  EXPECT_EQ(add(0.75), (std::vector<uint16_t>{3, 4, 503, 503, 1023, 1023}));
  EXPECT_EQ(add(-0.5), (std::vector<uint16_t>{0, 0, 498, 498, 1020, 1021}));
}

TEST(QuantiseResidualTest, EqualsTwinOnEveryTarget) {
  ForEachTarget([] {
    for (size_t count = 0; count < kSizes; ++count) {
      // Halves of the last bit among them, and values beyond the limit.
      for (const float unit : {1.0f / 128, 0.1f}) {
        const std::vector<float> row = Noise(1).Floats(count + 3, unit);
        std::vector<int16_t> actual(2 * count + 2, 9), expected(2 * count + 2, 9);
        QuantiseResidual(row.data(), count, actual.data());
        reference::QuantiseResidual(row.data(), count, expected.data());
        EXPECT_EQ(actual, expected) << "count " << count;
      }
    }
  });
}

}  // namespace
}  // namespace countermark
