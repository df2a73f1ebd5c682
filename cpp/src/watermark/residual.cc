#include "watermark/residual.h"

#include <algorithm>
#include <cmath>

#include "kernels/filter.h"

namespace countermark {
namespace {

// Samples of the finer residual row left of the plane's first.
constexpr size_t kMargin = 2;

}  // namespace

ResidualPass::ResidualPass(Size picture, Size canonical, Arena& arena)
    : picture_(picture),
      canonical_(canonical),
      between_(arena.Allocate<float>(canonical.width + 2 * kMargin)),
      fine_(arena.Allocate<int16_t>(2 * (canonical.width + kMargin) + kResidualPadding)),
      positions_(arena.Allocate<uint32_t>(picture.width)),
      taps_(arena.Allocate<ResidualTaps>(ResidualTapsCount(picture.width))),
      plan_{} {
  if (taps_ != nullptr) PlacePixels();
}

void ResidualPass::Add(const ImageView& in, const Plane& residual, const MutableImageView& out) {
  for (size_t y = 0; y < picture_.height; ++y) {
    MakeFineRow(y, residual);
    for (size_t plane = 0; plane < Planes(in.format); ++plane) {
      AddResidual(in.Row(y, plane), in.format, fine_, plan_, out.Row(y, plane));
    }
  }
}

// Pixel x of the picture lies at 2 X + 2 of the fine row, where X is its place in the plane.
void ResidualPass::PlacePixels() {
  const double step = static_cast<double>(canonical_.width) / static_cast<double>(picture_.width);
  for (size_t x = 0; x < picture_.width; ++x) {
    const double at = 2 * ((static_cast<double>(x) + 0.5) * step - 0.5) + 2;
    positions_[x] = static_cast<uint32_t>(at * 256);
  }
  plan_ = PlanResidual(positions_, picture_.width, taps_);
}

// Row y of the picture in the plane of the residual: cubic between rows, then at twice the width
// (halfway samples by cubic convolution again), in fixed point.
void ResidualPass::MakeFineRow(size_t y, const Plane& residual) {
  const double at = (static_cast<double>(y) + 0.5) * static_cast<double>(canonical_.height) /
                        static_cast<double>(picture_.height) -
                    0.5;
  const double whole = std::floor(at);
  const CubicWeights weights(at - whole);
  const ptrdiff_t last = static_cast<ptrdiff_t>(canonical_.height) - 1;
  const float* rows[4];
  for (ptrdiff_t t = 0; t < 4; ++t) {
    const ptrdiff_t row = static_cast<ptrdiff_t>(whole) + t - 1;
    rows[t] = residual.Row(static_cast<size_t>(std::clamp<ptrdiff_t>(row, 0, last)));
  }
  float* samples = between_ + kMargin;
  WeightedSum(rows, weights.weight, 4, canonical_.width, samples);
  samples[-2] = samples[-1] = samples[0];
  samples[canonical_.width] = samples[canonical_.width + 1] = samples[canonical_.width - 1];
  QuantiseResidual(between_, canonical_.width + 1, fine_);
}

}  // namespace countermark
