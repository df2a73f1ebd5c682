// Autocorrelation of a whitened plane: the mark's period shows as peaks on a lattice.
#ifndef COUNTERMARK_WATERMARK_AUTOCORRELATION_H_
#define COUNTERMARK_WATERMARK_AUTOCORRELATION_H_

#include <complex>

#include "base/arena.h"
#include "transform/plane_fft.h"
#include "watermark/plane.h"

namespace countermark {

// Correlations by lag, in deviations of chance, clipped to [-3, 12]. The correlation at -lag is
// that at lag, so only dy >= 0 is kept.
struct LagPlane {
  Plane plane;  // bordered; lag (0, 0) is at (reach_x, 0)
  // The same times the square root of the share of the plane that overlaps itself at that lag: by
  // so much a mark stands out less, so this is what a matched filter adds up.
  Plane weighted;
  Plane overlap;       // that share
  size_t reach_x = 0;  // lags run from -reach_x to reach_x
  size_t reach_y = 0;  // and from 0 to reach_y
};

class Autocorrelation {
 public:
  // `share`: the longest lag as a share of the plane's sides.
  Autocorrelation(Size plane, double share, Arena& arena);

  // Looks at the band of a mark that appears `smallest` to `largest` times its canonical size.
  const LagPlane& Compute(const Plane& whitened, double smallest, double largest);

 private:
  void FlattenSpectrum(double inner, double outer);
  void FillLags(Size plane);

  PlaneFft fft_;
  float* padded_;
  std::complex<float>* spectrum_;
  float* power_;
  float* smooth_;
  float* sample_;
  LagPlane lags_;
};

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_AUTOCORRELATION_H_
