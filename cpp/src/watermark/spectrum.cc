#include "watermark/spectrum.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/trigonometry.h"

namespace countermark {
namespace {

constexpr int kHalfSteps = 2 * kTile;

constexpr std::array<float, kHalfSteps> kCosine = [] {
  std::array<float, kHalfSteps> table{};
  for (int i = 0; i < kHalfSteps; ++i) {
    table[static_cast<size_t>(i)] = static_cast<float>(CosineOfTurn(i, kHalfSteps));
  }
  return table;
}();

float Cosine(int half_steps) {
  return kCosine[static_cast<size_t>(((half_steps % kHalfSteps) + kHalfSteps) % kHalfSteps)];
}

// Where the four harmonics are that make up a coefficient of the band.
struct HarmonicPlaces {
  uint16_t cosines, sines, sine_across, sine_down;
};

constexpr std::array<HarmonicPlaces, kBandSize> kPlaces = [] {
  using H = Harmonics;
  std::array<HarmonicPlaces, kBandSize> places{};
  for (size_t i = 0; i < kBandSize; ++i) {
    const size_t u = static_cast<size_t>(kBand[i].kx);
    const size_t v = static_cast<size_t>(kBand[i].ky < 0 ? -kBand[i].ky : kBand[i].ky);
    places[i] = {static_cast<uint16_t>(H::Place(H::kCosine, v, H::kCosine, u)),
                 static_cast<uint16_t>(H::Place(H::kSine, v, H::kSine, u)),
                 static_cast<uint16_t>(H::Place(H::kCosine, v, H::kSine, u)),
                 static_cast<uint16_t>(H::Place(H::kSine, v, H::kCosine, u))};
  }
  return places;
}();

}  // namespace

TileTransform::TileTransform(Arena& arena)
    : analysis_(arena),
      coarse_analysis_(arena),
      synthesis_(arena),
      harmonics_(arena.Allocate<float>(Harmonics::kSize)) {}

void TileTransform::Analyse(const float* tile, Spectrum* spectrum) {
  analysis_.Analyse(tile, harmonics_);
  Take(spectrum);
}

void TileTransform::AnalyseCoarse(const float* tile, Spectrum* spectrum) {
  coarse_analysis_.Analyse(tile, harmonics_);
  Take(spectrum);
}

// With a = 2 pi kx x / kTile and b = 2 pi |ky| y / kTile:
// exp(-i (a +- b)) = (cos a cos b -+ sin a sin b) - i (sin a cos b +- cos a sin b).
void TileTransform::Take(Spectrum* spectrum) const {
  for (size_t i = 0; i < kBandSize; ++i) {
    const HarmonicPlaces& at = kPlaces[i];
    const float sign = kBand[i].ky < 0 ? -1.0f : 1.0f;
    spectrum->re[i] = harmonics_[at.cosines] - sign * harmonics_[at.sines];
    spectrum->im[i] = -(harmonics_[at.sine_across] + sign * harmonics_[at.sine_down]);
  }
}

void TileTransform::Place(const Spectrum& spectrum) {
  std::fill_n(harmonics_, Harmonics::kSize, 0.0f);
  for (size_t i = 0; i < kBandSize; ++i) {
    const HarmonicPlaces& at = kPlaces[i];
    const float sign = kBand[i].ky < 0 ? -1.0f : 1.0f;
    const float re = 2 * spectrum.re[i], im = 2 * spectrum.im[i];
    harmonics_[at.cosines] += re;
    harmonics_[at.sine_across] -= im;
    harmonics_[at.sines] -= sign * re;
    harmonics_[at.sine_down] -= sign * im;
  }
}

void TileTransform::Synthesise(const Spectrum& spectrum, float* tile) {
  Place(spectrum);
  synthesis_.Synthesise(harmonics_, tile);
}

float TileTransform::LargestMagnitude(const Spectrum& spectrum) {
  Place(spectrum);
  return synthesis_.LargestMagnitude(harmonics_);
}

HalfShift::HalfShift(int half_x, int half_y) {
  for (size_t i = 0; i < kBandSize; ++i) {
    const int phase = kBand[i].kx * half_x + kBand[i].ky * half_y;
    cosine_[i] = Cosine(phase);
    sine_[i] = Cosine(phase - kTile / 2);
  }
}

void HalfShift::Apply(Spectrum* spectrum) const {
  for (size_t i = 0; i < kBandSize; ++i) {
    const float re = spectrum->re[i], im = spectrum->im[i];
    spectrum->re[i] = re * cosine_[i] - im * sine_[i];
    spectrum->im[i] = re * sine_[i] + im * cosine_[i];
  }
}

float MeanSquare(const Spectrum& spectrum) {
  float sum = 0;
  for (size_t i = 0; i < kBandSize; ++i) {
    sum += spectrum.re[i] * spectrum.re[i] + spectrum.im[i] * spectrum.im[i];
  }
  return 2 * sum;
}

}  // namespace countermark
