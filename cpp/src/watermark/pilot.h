// Finding the pilot in a folded tile: it gives shift, mirror, quarter turn and sign.
#ifndef COUNTERMARK_WATERMARK_PILOT_H_
#define COUNTERMARK_WATERMARK_PILOT_H_

#include "base/arena.h"
#include "watermark/layout.h"
#include "watermark/symmetry.h"

namespace countermark {

// The folded tile f is sign * t(R^-1 (u - shift)), t being the mark's tile and R the symmetry.
struct PilotPeak {
  float score;  // height of the peak in deviations of the correlation
  int symmetry;
  float sign;  // -1: the picture's brightness is inverted
  float x, y;  // the shift, in canonical pixels
};

class PilotFinder {
 public:
  PilotFinder(const Layout& layout, Arena& arena);

  // `weight`: how much each coefficient of the fold counts, 1 / deviation of its noise.
  PilotPeak Find(const Spectrum& fold, const float* weight);
  // The same in one of the symmetries.
  PilotPeak FindIn(int symmetry, const Spectrum& fold, const float* weight);
  // Only how high the peak is, which takes less time.
  float Score(const Spectrum& fold, const float* weight);

 private:
  PilotPeak BestSymmetry(const Spectrum& fold, const float* weight);
  void Multiply(const Spectrum& fold, const float* weight, int symmetry, Spectrum* product) const;

  const Layout& layout_;
  TileTransform transform_;
  float* correlation_;
};

// 1 / deviation, from the variance of the noise in each coefficient.
void WeightsFromPower(const float* power, float* weight);

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_PILOT_H_
