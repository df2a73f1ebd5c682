// The full-resolution pass: what lies on the canonical plane is added to the picture.
#ifndef COUNTERMARK_WATERMARK_RESIDUAL_H_
#define COUNTERMARK_WATERMARK_RESIDUAL_H_

#include <cstddef>
#include <cstdint>

#include "base/arena.h"
#include "base/image.h"
#include "kernels/blend.h"
#include "watermark/plane.h"

namespace countermark {

class ResidualPass {
 public:
  // Built over an Arena without memory it only counts.
  ResidualPass(Size picture, Size canonical, Arena& arena);

  // `residual` has the canonical size, and grey levels of the picture's 8-bit luma.
  void Add(const ImageView& in, const Plane& residual, const MutableImageView& out);

 private:
  void PlacePixels();
  void MakeFineRow(size_t y, const Plane& residual);

  Size picture_, canonical_;
  float* between_;       // a row of the residual between the plane's rows, edges repeated
  int16_t* fine_;        // the same at twice the width, in fixed point
  uint32_t* positions_;  // of the picture's pixels in `fine_`
  ResidualTaps* taps_;
  ResidualPlan plan_;
};

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_RESIDUAL_H_
