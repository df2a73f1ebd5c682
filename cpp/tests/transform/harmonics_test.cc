#include "transform/harmonics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kernels/targets.h"

namespace countermark {
namespace {

using Wave = HarmonicTransform::Wave;
constexpr Wave kCosine = HarmonicTransform::kCosine, kSine = HarmonicTransform::kSine;
constexpr size_t kSamples = HarmonicTransform::kSamples;

struct Harmonic {
  Wave down;
  size_t v;
  Wave across;
  size_t u;

  size_t Place() const { return HarmonicTransform::Place(down, v, across, u); }
  double At(size_t y, size_t x) const { return Basis(down, v * y) * Basis(across, u * x); }
  static double Basis(Wave wave, size_t turn) {
    const double angle = 2 * M_PI * static_cast<double>(turn) / kSamples;
    return wave == kCosine ? std::cos(angle) : std::sin(angle);
  }
};

std::vector<Harmonic> AllHarmonics() {
  std::vector<Harmonic> all;
  for (Wave down : {kCosine, kSine}) {
    for (Wave across : {kCosine, kSine}) {
      for (size_t v = 0; v < HarmonicTransform::kFrequencies; ++v) {
        for (size_t u = 0; u < HarmonicTransform::kFrequencies; ++u) {
          all.push_back({down, v, across, u});
        }
      }
    }
  }
  return all;
}

TEST(HarmonicTransformTest, AgreesWithItsDefinition) {
  std::vector<uint8_t> memory(1 << 20);
  Arena arena(memory.data(), memory.size());
  HarmonicTransform transform(arena);
  const std::vector<float> tile = Noise(4).Floats(kSamples * kSamples, 0.01f);
  std::vector<float> harmonics(HarmonicTransform::kSize);
  transform.Analyse(tile.data(), harmonics.data());
  const std::vector<Harmonic> all = AllHarmonics();
  for (size_t i = 0; i < all.size(); i += 7) {
    double sum = 0;
    for (size_t y = 0; y < kSamples; ++y) {
      for (size_t x = 0; x < kSamples; ++x) {
        sum += static_cast<double>(tile[y * kSamples + x]) * all[i].At(y, x);
      }
    }
    EXPECT_NEAR(harmonics[all[i].Place()], sum, 1e-3 * kSamples) << all[i].v << ", " << all[i].u;
  }
  std::vector<float> back(kSamples * kSamples);
  transform.Synthesise(harmonics.data(), back.data());
  for (size_t y : {0, 1, 23, 24, 25, 47, 48, 49, 72, 95}) {
    for (size_t x : {0, 7, 24, 31, 48, 66, 72, 95}) {
      double sum = 0;
      for (const Harmonic& h : all) {
        sum += static_cast<double>(harmonics[h.Place()]) * h.At(y, x);
      }
      EXPECT_NEAR(back[y * kSamples + x], sum, 1e-5 * std::fabs(sum) + 1) << y << ", " << x;
    }
  }
}

}  // namespace
}  // namespace countermark
