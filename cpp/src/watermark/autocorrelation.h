// Autocorrelation of a whitened plane: the mark's period shows as peaks on a lattice.
#ifndef COUNTERMARK_WATERMARK_AUTOCORRELATION_H_
#define COUNTERMARK_WATERMARK_AUTOCORRELATION_H_

#include "base/arena.h"
#include "transform/plane_fft.h"
#include "watermark/plane.h"

namespace countermark {

// Correlations by lag, in deviations of chance, clipped to [-3, 12]. The correlation at -lag is
// that at lag, so only dy >= 0 is kept.
struct LagPlane {
  // Times the square root of the share of the plane that overlaps itself at that lag: by so much a
  // mark stands out less, so this is what a matched filter adds up. Bordered; lag (0, 0) is at
  // (reach_x, 0).
  Plane weighted;
  Plane overlap;       // that share
  size_t reach_x = 0;  // lags run from -reach_x to reach_x
  size_t reach_y = 0;  // and from 0 to reach_y
};

// What a matched filter sees over the root of its norm, and of this, is in deviations of chance.
constexpr float kLeastNorm = 0.1f;

// Of the transform: with room for lags up to this share of the plane's sides.
Size PeriodFor(Size plane, double share);
// In cycles per pixel: of a mark that appears `smallest` times its canonical size, and a little
// more.
double OutermostFrequency(double smallest);

class Autocorrelation {
 public:
  // `share`: the longest lag as a share of the plane's sides. Looks at the band of a mark that
  // appears `smallest` to `largest` times its canonical size.
  Autocorrelation(Size plane, double share, double smallest, double largest, Arena& arena);

  // Takes from rows of the plane, `first` and on, all that is needed of them. Parts begin at
  // multiples of kPart.
  static constexpr size_t kPart = PlaneFft::kRowsAtOnce;
  void Take(size_t first, const Plane& whitened);
  // Adds the powers of the plane that was taken to those of others before it. Fills `bins` with its
  // transform on the way.
  void AddPowers(const LowBins& bins, Arena& arena);
  // Of all planes together. The lags are in the memory of this and of what AddPowers took.
  const LagPlane& Compute();

 private:
  // Frequencies down from -reach to reach, round in circles.
  struct Rows {
    size_t first, count;
  };
  Rows RowsWithin(size_t reach) const;
  // Power spectra are smoothed across and down, twice, which comes near a Gaussian.
  void Smooth();
  // `out` may be `in`.
  void SmoothAcross(const float* in, Rows rows, float* out);
  void SmoothDown(float* plane, Rows rows);
  void FlattenSpectrum();
  void FillOverlap();
  // Of the correlations in lags_.weighted: what makes their deviation 1, and what they are then.
  float ScaleOfLags();
  void WeighLags(float scale);

  Size size_;
  double inner_, outer_;   // radii of the band, in cycles per pixel
  size_t width_, height_;  // of the transform
  size_t radius_;          // of the smoothing
  size_t band_;            // the outermost frequency down
  PlaneFft fft_;
  float* half_done_;        // by the transform; then the smoothed power; then lags_.overlap
  float* power_ = nullptr;  // of all planes; then lags_.weighted
  size_t planes_ = 0;
  float* lines_;  // a few rows or columns side by side
  float* sample_;
  LagPlane lags_;
};

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_AUTOCORRELATION_H_
