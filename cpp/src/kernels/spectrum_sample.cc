#include "kernels/spectrum_sample.h"

#include "kernels/spectrum_sample_reference.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/spectrum_sample.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace countermark {
namespace HWY_NAMESPACE {
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
using reference::SampleBins;
#else
namespace hn = hwy::HWY_NAMESPACE;

// Two bins a vector.
using Two = hn::Full128<float>;

HWY_INLINE hn::Vec<Two> SumDown(const float* row, size_t stride, const float* down) {
  const Two d;
  auto sum = hn::Mul(hn::LoadU(d, row), hn::Set(d, down[0]));
  sum = hn::Add(sum, hn::Mul(hn::LoadU(d, row + stride), hn::Set(d, down[2])));
  sum = hn::Add(sum, hn::Mul(hn::LoadU(d, row + 2 * stride), hn::Set(d, down[4])));
  return hn::Add(sum, hn::Mul(hn::LoadU(d, row + 3 * stride), hn::Set(d, down[6])));
}

void SampleBins(const float* bins, size_t stride, const BinPlace* places, size_t count,
                const float* weights, float* out) {
  const Two d;
  for (size_t i = 0; i < count; ++i) {
    const float* row = bins + places[i].first;
    const float* across = weights + places[i].across * kBinWeights;
    const float* down = weights + places[i].down * kBinWeights;
    const auto left = hn::Mul(SumDown(row, stride, down), hn::LoadU(d, across));
    const auto right = hn::Mul(SumDown(row + 4, stride, down), hn::LoadU(d, across + 4));
    const auto both = hn::Add(left, right);
    const auto sum = hn::Add(both, hn::Shuffle1032(both));
    hn::StoreU(hn::LowerHalf(sum), hn::Half<Two>(), out + 2 * i);
  }
}
#endif
}  // namespace HWY_NAMESPACE
}  // namespace countermark
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace countermark {

HWY_EXPORT(SampleBins);

void SampleBins(const float* bins, size_t stride, const BinPlace* places, size_t count,
                const float* weights, float* out) {
  HWY_DYNAMIC_DISPATCH(SampleBins)(bins, stride, places, count, weights, out);
}

}  // namespace countermark
#endif  // HWY_ONCE
