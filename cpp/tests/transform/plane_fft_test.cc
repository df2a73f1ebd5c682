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

constexpr size_t kWidth = 20, kHeight = 12;

std::complex<double> CoefficientOf(const std::vector<float>& plane, size_t v, size_t u) {
  std::complex<double> sum = 0;
  for (size_t i = 0; i < plane.size(); ++i) {
    const double turns = static_cast<double>(u * (i % kWidth)) / kWidth +
                         static_cast<double>(v * (i / kWidth)) / kHeight;
    sum += static_cast<double>(plane[i]) * std::polar(1.0, -2 * M_PI * turns);
  }
  return sum;
}

TEST(PlaneFftTest, AgreesWithTheDefinitionAndComesBack) {
  std::vector<uint8_t> memory(1 << 18);
  Arena arena(memory.data(), memory.size());
  PlaneFft fft(kWidth, kHeight, kWidth, arena);
  ASSERT_EQ(fft.columns(), kWidth / 2 + 1);
  const std::vector<float> plane = Noise(6).Floats(kWidth * kHeight, 0.1f);
  std::vector<std::complex<float>> spectrum(fft.columns() * kHeight);
  fft.Forward(plane.data(), kHeight, spectrum.data());
  for (size_t v = 0; v < kHeight; ++v) {
    for (size_t u = 0; u < fft.columns(); ++u) {
      const std::complex<double> expected = CoefficientOf(plane, v, u);
      EXPECT_NEAR(spectrum[v * fft.columns() + u].real(), expected.real(), 1e-2);
      EXPECT_NEAR(spectrum[v * fft.columns() + u].imag(), expected.imag(), 1e-2);
    }
  }
  std::vector<float> back(kWidth * kHeight);
  fft.Inverse(spectrum.data(), kHeight, back.data());
  for (size_t i = 0; i < back.size(); ++i) {
    EXPECT_NEAR(back[i] / (kWidth * kHeight), plane[i], 1e-3);
  }
}

// What is left out changes nothing of what is not.
TEST(PlaneFftTest, RowsAndColumnsCanBeLeftOut) {
  constexpr size_t kRows = 5, kColumns = 4;
  std::vector<uint8_t> memory(1 << 18);
  Arena arena(memory.data(), memory.size());
  PlaneFft fft(kWidth, kHeight, kWidth, arena), part(kWidth, kHeight, kColumns, arena);
  std::vector<float> plane = Noise(7).Floats(kWidth * kHeight, 0.1f);
  std::fill(plane.begin() + kRows * kWidth, plane.end(), 0.0f);
  std::vector<std::complex<float>> spectrum(fft.columns() * kHeight);
  std::vector<std::complex<float>> low(kColumns * kHeight);
  fft.Forward(plane.data(), kHeight, spectrum.data());
  part.Forward(plane.data(), kRows, low.data());
  for (size_t v = 0; v < kHeight; ++v) {
    for (size_t u = 0; u < fft.columns(); ++u) {
      std::complex<float>& value = spectrum[v * fft.columns() + u];
      if (u < kColumns) {
        EXPECT_EQ(value, low[v * kColumns + u]);
      } else {
        value = 0;
      }
    }
  }
  std::vector<float> back(kWidth * kHeight), first(kWidth * kRows);
  fft.Inverse(spectrum.data(), kHeight, back.data());
  part.Inverse(low.data(), kRows, first.data());
  back.resize(first.size());
  EXPECT_EQ(Bits(first), Bits(back));
}

}  // namespace
}  // namespace countermark
