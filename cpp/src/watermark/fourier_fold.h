// Folding by the plane's Fourier transform.
#ifndef COUNTERMARK_WATERMARK_FOURIER_FOLD_H_
#define COUNTERMARK_WATERMARK_FOURIER_FOLD_H_

#include "base/arena.h"
#include "kernels/spectrum_sample.h"
#include "transform/plane_fft.h"
#include "watermark/fold.h"

namespace countermark {

// The sum of a plane's tiles under any placement that is centred and affine. A frequency of the
// tile is one of the plane, which lies between bins of the plane's transform: so few samples of
// that, many fewer than there are pixels, tell as much.
class FourierFold {
 public:
  FourierFold() = default;
  // Of a transform of this period, up to `reach` cycles per pixel; the fold is zero beyond.
  FourierFold(Size period, double reach, Arena& arena);

  // To be filled with the plane's transform.
  const LowBins& bins() const { return bins_; }

  // Up to a factor, and a shift by less than two pixels.
  void Sum(const Placement& placement, Spectrum* sum) const;

 private:
  BinPlace PlaceOf(double u, double v) const;

  Size period_{};
  LowBins bins_{};
  float* weights_ = nullptr;  // of places between bins, and zeros
};

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_FOURIER_FOLD_H_
