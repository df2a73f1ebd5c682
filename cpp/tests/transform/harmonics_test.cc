#include "transform/harmonics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kernels/targets.h"

namespace countermark {
namespace {

using Wave = Harmonics::Wave;
constexpr Wave kCosine = Harmonics::kCosine, kSine = Harmonics::kSine;

struct Harmonic {
  Wave down;
  size_t v;
  Wave across;
  size_t u;

  size_t Place() const { return Harmonics::Place(down, v, across, u); }
  double At(size_t y, size_t x, size_t samples) const {
    return Basis(down, v * y, samples) * Basis(across, u * x, samples);
  }
  static double Basis(Wave wave, size_t turn, size_t samples) {
    const double angle = 2 * M_PI * static_cast<double>(turn) / static_cast<double>(samples);
    return wave == kCosine ? std::cos(angle) : std::sin(angle);
  }
};

std::vector<Harmonic> AllHarmonics() {
  std::vector<Harmonic> all;
  for (Wave down : {kCosine, kSine}) {
    for (Wave across : {kCosine, kSine}) {
      for (size_t v = 0; v < Harmonics::kFrequencies; ++v) {
        for (size_t u = 0; u < Harmonics::kFrequencies; ++u) {
          all.push_back({down, v, across, u});
        }
      }
    }
  }
  return all;
}

template <size_t kSamples>
void ExpectDefinition() {
  std::vector<uint8_t> memory(1 << 20);
  Arena arena(memory.data(), memory.size());
  HarmonicAnalysis<kSamples> analysis(arena);
  const std::vector<float> tile = Noise(4).Floats(kSamples * kSamples, 0.01f);
  std::vector<float> harmonics(Harmonics::kSize);
  analysis.Analyse(tile.data(), harmonics.data());
  const std::vector<Harmonic> all = AllHarmonics();
  for (size_t i = 0; i < all.size(); i += 7) {
    double sum = 0;
    for (size_t y = 0; y < kSamples; ++y) {
      for (size_t x = 0; x < kSamples; ++x) {
        sum += static_cast<double>(tile[y * kSamples + x]) * all[i].At(y, x, kSamples);
      }
    }
    EXPECT_NEAR(harmonics[all[i].Place()], sum, 1e-3 * kSamples) << all[i].v << ", " << all[i].u;
  }
}

TEST(HarmonicAnalysisTest, AgreesWithItsDefinition) {
  ExpectDefinition<96>();
  ExpectDefinition<48>();
}

TEST(HarmonicSynthesisTest, AgreesWithItsDefinition) {
  constexpr size_t kSamples = HarmonicSynthesis::kSamples;
  std::vector<uint8_t> memory(1 << 20);
  Arena arena(memory.data(), memory.size());
  HarmonicSynthesis synthesis(arena);
  const std::vector<Harmonic> all = AllHarmonics();
  const std::vector<float> values = Noise(5).Floats(all.size(), 0.01f);
  std::vector<float> harmonics(Harmonics::kSize);
  for (size_t i = 0; i < all.size(); ++i) harmonics[all[i].Place()] = values[i];
  std::vector<float> tile(kSamples * kSamples);
  synthesis.Synthesise(harmonics.data(), tile.data());
  float largest = 0;
  for (float value : tile) largest = std::max(largest, std::fabs(value));
  EXPECT_NEAR(synthesis.LargestMagnitude(harmonics.data()), largest, 1e-5f * largest);
  for (size_t y : {0, 1, 23, 24, 25, 47, 48, 49, 72, 95}) {
    for (size_t x : {0, 7, 24, 31, 48, 66, 72, 95}) {
      double sum = 0;
      for (const Harmonic& h : all) {
        sum += static_cast<double>(harmonics[h.Place()]) * h.At(y, x, kSamples);
      }
      EXPECT_NEAR(tile[y * kSamples + x], sum, 1e-5 * std::fabs(sum) + 1e-2) << y << ", " << x;
    }
  }
}

}  // namespace
}  // namespace countermark
