// A tile as the complex Fourier coefficients of the band.
#ifndef COUNTERMARK_WATERMARK_SPECTRUM_H_
#define COUNTERMARK_WATERMARK_SPECTRUM_H_

#include "base/arena.h"
#include "transform/harmonics.h"
#include "watermark/format.h"

namespace countermark {

// In the order of kBand. The tile is twice the real part of the sum of
// (re + i im) exp(2 pi i (kx x + ky y) / kTile).
struct Spectrum {
  float re[kBandSize];
  float im[kBandSize];
};

// Samples a side where every second one is left out.
inline constexpr int kCoarse = kTile / 2;
static_assert(2 * kHighestFrequency < kCoarse);

class TileTransform {
 public:
  explicit TileTransform(Arena& arena);

  // spectrum(k) = sum of tile(x) exp(-2 pi i k x / kTile).
  void Analyse(const float* tile, Spectrum* spectrum);
  // The same sum over every second x and y, which `tile` has alone: kCoarse x kCoarse. The band
  // ends below half of as many cycles.
  void AnalyseCoarse(const float* tile, Spectrum* spectrum);
  // The tile as defined at Spectrum; Synthesise(Analyse(t)) is kTile^2 times the band of t.
  void Synthesise(const Spectrum& spectrum, float* tile);
  // The largest magnitude in the tile that Synthesise makes.
  float LargestMagnitude(const Spectrum& spectrum);

 private:
  void Take(Spectrum* spectrum) const;
  void Place(const Spectrum& spectrum);

  HarmonicAnalysis<kTile> analysis_;
  HarmonicAnalysis<kCoarse> coarse_analysis_;
  HarmonicSynthesis synthesis_;
  float* harmonics_;
};

// Moves the origin by (half_x / 2, half_y / 2) pixels: the spectrum of t(x) becomes that of
// t(x + half / 2). Exact, by table.
class HalfShift {
 public:
  HalfShift(int half_x, int half_y);
  void Apply(Spectrum* spectrum) const;

 private:
  float cosine_[kBandSize];
  float sine_[kBandSize];
};

// Twice the sum of the squared magnitudes: the mean square of the synthesised tile.
float MeanSquare(const Spectrum& spectrum);

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_SPECTRUM_H_
