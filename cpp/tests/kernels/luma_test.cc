#include "kernels/luma.h"

#include <gtest/gtest.h>

#include <vector>

#include "kernels/luma_reference.h"
#include "kernels/targets.h"

namespace countermark {
namespace {

constexpr PixelFormat kFormats[] = {PixelFormat::kGray8, PixelFormat::kRgb8,
                                    PixelFormat::kRgba8, PixelFormat::kGray16,
                                    PixelFormat::kRgb16, PixelFormat::kRgba16};

void ExpectTwin(const std::vector<uint16_t>& samples, PixelFormat format, size_t width) {
  const uint8_t* row = reinterpret_cast<const uint8_t*>(samples.data());
  std::vector<uint8_t> actual(width + 1, 0xA5), expected(width + 1, 0xA5);
  LumaRow(row, format, width, actual.data());
  reference::LumaRow(row, format, width, expected.data());
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

TEST(LumaRowTest, RoundsSixteenBitsToNearest) {
  for (uint32_t value = 0; value < 65536; ++value) {
    EXPECT_EQ(reference::EightBits(value), (value * 255 + 32767) / 65535);
  }
}

}  // namespace
}  // namespace countermark
