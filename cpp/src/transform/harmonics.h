// Discrete Fourier transform of a 96 x 96 tile, low frequencies only.
//
// Only 22 of 96 frequencies an axis are of use, so two products with a small matrix of cosines and
// sines are faster than a fast transform, and give the same bits on every machine.
#ifndef COUNTERMARK_TRANSFORM_HARMONICS_H_
#define COUNTERMARK_TRANSFORM_HARMONICS_H_

#include <cstddef>

#include "base/arena.h"

namespace countermark {

class HarmonicTransform {
 public:
  static constexpr size_t kSamples = 96;
  static constexpr size_t kFrequencies = 22;
  // Cosines in the first half, sines in the second, each padded to whole vectors.
  static constexpr size_t kSine = 24;
  static constexpr size_t kHarmonics = 2 * kSine;

  explicit HarmonicTransform(Arena& arena);

  // harmonics[v][u] = sum over (y, x) of tile[y][x] * basis(v, y) * basis(u, x).
  void Analyse(const float* tile, float* harmonics);
  // tile[y][x] = sum over (v, u) of harmonics[v][u] * basis(v, y) * basis(u, x).
  void Synthesise(const float* harmonics, float* tile);

 private:
  float* basis_;             // [kHarmonics][kSamples]
  float* transposed_basis_;  // [kSamples][kHarmonics]
  float* half_done_;         // [kHarmonics][kSamples]
};

}  // namespace countermark

#endif  // COUNTERMARK_TRANSFORM_HARMONICS_H_
