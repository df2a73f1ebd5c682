// Discrete Fourier transform of a tile of 96 x 96, or of every second sample of it, low frequencies
// only.
//
// Only 22 of 96 frequencies an axis are of use, so two products with a small matrix of cosines and
// sines are faster than a fast transform, and give the same bits on every machine. Cosines are even
// and sines odd about sample 0, and about a quarter of the way even or odd as the frequency is:
// four parities, each of which is known from a quarter of the samples.
#ifndef COUNTERMARK_TRANSFORM_HARMONICS_H_
#define COUNTERMARK_TRANSFORM_HARMONICS_H_

#include <cstddef>

#include "base/arena.h"

namespace countermark {

// How harmonics are kept.
struct Harmonics {
  static constexpr size_t kFrequencies = 22;
  static constexpr size_t kParities = 4;
  static constexpr size_t kOfParity = kFrequencies / 2;
  // Harmonics of one parity: down, and across, where they are padded to whole vectors.
  static constexpr size_t kDown = 12;
  static constexpr size_t kAcross = 16;
  static constexpr size_t kSize = kParities * kDown * kParities * kAcross;

  enum Wave { kCosine = 0, kSine = 2 };

  // Where the harmonic that is one wave across and one down is kept. So there are four matrices
  // next to each other, one for each parity across.
  static constexpr size_t Place(Wave down, size_t frequency_down, Wave across,
                                size_t frequency_across) {
    const size_t row = (down + frequency_down % 2) * kDown + frequency_down / 2;
    const size_t parity = across + frequency_across % 2;
    return (parity * kParities * kDown + row) * kAcross + frequency_across / 2;
  }
};

// Of kSamples x kSamples, 96 or 48.
template <size_t kSamples>
class HarmonicAnalysis {
 public:
  explicit HarmonicAnalysis(Arena& arena);

  // harmonics[Place(...)] = sum over (y, x) of tile[y][x] * wave down(y) * wave across(x).
  void Analyse(const float* tile, float* harmonics);

 private:
  static constexpr size_t kQuarter = kSamples / 4 + 1;  // samples of which the others follow

  float* down_;       // [parity][kDown][kQuarter]
  float* across_;     // [parity][kQuarter][kAcross]
  float* half_done_;  // [parity][kDown][kSamples]
  float* parts_;      // what a quarter of the samples says of each parity
};

// Of 96 x 96 samples.
class HarmonicSynthesis {
 public:
  static constexpr size_t kSamples = 96;

  explicit HarmonicSynthesis(Arena& arena);

  // tile[y][x] = sum over the harmonics of harmonics[Place(...)] * wave down(y) * wave across(x).
  // Places that belong to none must be zero.
  void Synthesise(const float* harmonics, float* tile);
  // The largest magnitude in the tile that Synthesise makes, in half the time.
  float LargestMagnitude(const float* harmonics);

 private:
  void SynthesiseParts(const float* harmonics);

  // Samples 0 to 24, of which the others follow; where they are a product's rows or columns, they
  // are padded to whole blocks.
  static constexpr size_t kQuarter = 25;
  static constexpr size_t kQuarterDown = 28;
  static constexpr size_t kQuarterAcross = 32;

  float* across_;     // [parity][kAcross][kQuarterAcross]
  float* down_;       // [parity][kQuarterDown][kDown]
  float* half_done_;  // [parity][kDown][kSamples]
  float* parts_;      // what a quarter of the samples says of each parity
};

}  // namespace countermark

#endif  // COUNTERMARK_TRANSFORM_HARMONICS_H_
