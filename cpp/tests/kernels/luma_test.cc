#include "kernels/luma.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "kernels/luma_reference.h"
#include "kernels/targets.h"

namespace countermark {
namespace {

void ExpectTwin(const std::vector<uint16_t>& samples, PixelFormat format, size_t width) {
  const uint8_t* row = reinterpret_cast<const uint8_t*>(samples.data());
  std::vector<uint8_t> actual(width + 1, 0xA5), expected(width + 1, 0xA5);
  // Planes follow one another with a gap that is no multiple of a vector.
  const ptrdiff_t apart = 2 * kSizes + 6;
  LumaRow(row, apart, format, width, actual.data());
  reference::LumaRow(row, apart, format, width, expected.data());
  EXPECT_EQ(actual, expected) << "width " << width << ", format " << static_cast<int>(format);
}

TEST(LumaRowTest, EqualsTwinOnEveryTarget) {
  ForEachTarget([] {
    for (size_t width = 0; width < kSizes; ++width) {
      for (const PixelFormat format : kFormats) {
        ExpectTwin(Noise(7).Integers<uint16_t>(4 * kSizes), format, width);
        ExpectTwin(std::vector<uint16_t>(4 * kSizes, 0xFFFF), format, width);
        ExpectTwin(std::vector<uint16_t>(4 * kSizes, 0), format, width);
      }
    }
  });
}

TEST(LumaRowTest, KeepsGray) {
  for (unsigned value = 0; value < 256; ++value) {
    EXPECT_EQ(reference::Luma(value, value, value), value);
    EXPECT_EQ(reference::EightBits(value * 257), value);
  }
}

TEST(LumaRowTest, RoundsTenBitsToNearest) {
  for (uint32_t value = 0; value < 1024; ++value) {
    const uint32_t expected = std::min((value + 2) / 4, 255u);
    EXPECT_EQ(reference::EightOfTenBits(value << 6), expected);
    EXPECT_EQ(reference::EightOfTenBits(value << 6 | 63), expected);
  }
}

TEST(LumaRowTest, FindsTheColoursOfEveryFormat) {
  const std::vector<uint8_t> pixel = {10, 100, 200, 250};
  const std::vector<uint16_t> pixel16 = {10 * 257, 100 * 257, 200 * 257, 0};
  const auto luma = [](const auto& samples, PixelFormat format) {
    uint8_t result = 0;
    const uint8_t* const row = reinterpret_cast<const uint8_t*>(samples.data());
    LumaRow(row, sizeof(samples[0]), format, 1, &result);
    return result;
  };
  const uint32_t rgb = reference::Luma(10, 100, 200), bgr = reference::Luma(200, 100, 10);
  EXPECT_EQ(luma(pixel, PixelFormat::kRgb8), rgb);
  EXPECT_EQ(luma(pixel, PixelFormat::kRgba8), rgb);
  EXPECT_EQ(luma(pixel, PixelFormat::kPlanarRgb8), rgb);
  EXPECT_EQ(luma(pixel, PixelFormat::kBgr8), bgr);
  EXPECT_EQ(luma(pixel, PixelFormat::kBgra8), bgr);
  EXPECT_EQ(luma(pixel16, PixelFormat::kRgb16), rgb);
  EXPECT_EQ(luma(pixel16, PixelFormat::kPlanarRgb16), rgb);
}

TEST(LumaRowTest, RoundsSixteenBitsToNearest) {
  for (uint32_t value = 0; value < 65536; ++value) {
    EXPECT_EQ(reference::EightBits(value), (value * 255 + 32767) / 65535);
  }
}

}  // namespace
}  // namespace countermark
