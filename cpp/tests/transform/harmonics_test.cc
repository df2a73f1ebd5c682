#include "transform/harmonics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kernels/targets.h"

namespace countermark {
namespace {

constexpr size_t kSamples = HarmonicTransform::kSamples;
constexpr size_t kHarmonics = HarmonicTransform::kHarmonics;
constexpr size_t kSine = HarmonicTransform::kSine;

double Basis(size_t harmonic, size_t sample) {
  const size_t frequency = harmonic % kSine;
  if (frequency >= HarmonicTransform::kFrequencies) return 0;
  const double angle = 2 * M_PI * static_cast<double>(frequency * sample) / kSamples;
  return harmonic < kSine ? std::cos(angle) : std::sin(angle);
}

TEST(HarmonicTransformTest, AgreesWithItsDefinition) {
  std::vector<uint8_t> memory(1 << 20);
  Arena arena(memory.data(), memory.size());
  HarmonicTransform transform(arena);
  const std::vector<float> tile = Noise(4).Floats(kSamples * kSamples, 0.01f);
  std::vector<float> harmonics(kHarmonics * kHarmonics);
  transform.Analyse(tile.data(), harmonics.data());
  for (size_t v = 0; v < kHarmonics; v += 5) {
    for (size_t u = 0; u < kHarmonics; u += 3) {
      double sum = 0;
      for (size_t y = 0; y < kSamples; ++y) {
        for (size_t x = 0; x < kSamples; ++x) {
          sum += static_cast<double>(tile[y * kSamples + x]) * Basis(v, y) * Basis(u, x);
        }
      }
      EXPECT_NEAR(harmonics[v * kHarmonics + u], sum, 1e-3 * kSamples) << v << ", " << u;
    }
  }
  std::vector<float> back(kSamples * kSamples);
  transform.Synthesise(harmonics.data(), back.data());
  for (size_t place : {size_t{0}, size_t{95}, 50 * kSamples + 7}) {
    double sum = 0;
    for (size_t v = 0; v < kHarmonics; ++v) {
      for (size_t u = 0; u < kHarmonics; ++u) {
        sum += static_cast<double>(harmonics[v * kHarmonics + u]) * Basis(v, place / kSamples) *
               Basis(u, place % kSamples);
      }
    }
    EXPECT_NEAR(back[place], sum, 1e-5 * std::fabs(sum) + 1);
  }
}

}  // namespace
}  // namespace countermark
