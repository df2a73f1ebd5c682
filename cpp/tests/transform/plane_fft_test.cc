#include "transform/plane_fft.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kernels/targets.h"

namespace countermark {
namespace {

TEST(PlaneFftTest, FastLengthsAreEvenAndHaveSmallFactors) {
  EXPECT_EQ(PlaneFft::FastLength(1), 2u);
  EXPECT_EQ(PlaneFft::FastLength(7), 8u);
  EXPECT_EQ(PlaneFft::FastLength(973), 1000u);
  EXPECT_EQ(PlaneFft::FastLength(1024), 1024u);
}

TEST(PlaneFftTest, AgreesWithTheDefinitionAndComesBack) {
  constexpr size_t kWidth = 20, kHeight = 12;
  std::vector<uint8_t> memory(1 << 18);
  Arena arena(memory.data(), memory.size());
  PlaneFft fft(kWidth, kHeight, arena);
  const std::vector<float> plane = Noise(6).Floats(kWidth * kHeight, 0.1f);
  std::vector<std::complex<float>> spectrum(fft.columns() * kHeight);
  fft.Forward(plane.data(), spectrum.data());
  for (size_t v = 0; v < kHeight; ++v) {
    for (size_t u = 0; u < fft.columns(); ++u) {
      std::complex<double> sum = 0;
      for (size_t y = 0; y < kHeight; ++y) {
        for (size_t x = 0; x < kWidth; ++x) {
          const double turns =
              static_cast<double>(u * x) / kWidth + static_cast<double>(v * y) / kHeight;
          sum += static_cast<double>(plane[y * kWidth + x]) * std::polar(1.0, -2 * M_PI * turns);
        }
      }
      EXPECT_NEAR(spectrum[v * fft.columns() + u].real(), sum.real(), 1e-2);
      EXPECT_NEAR(spectrum[v * fft.columns() + u].imag(), sum.imag(), 1e-2);
    }
  }
  std::vector<float> back(kWidth * kHeight);
  fft.Inverse(spectrum.data(), back.data());
  for (size_t i = 0; i < back.size(); ++i) {
    EXPECT_NEAR(back[i] / (kWidth * kHeight), plane[i], 1e-3);
  }
}

}  // namespace
}  // namespace countermark
