#include "kernels/whiten.h"

#include "kernels/whiten_reference.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/whiten.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace countermark {
namespace HWY_NAMESPACE {
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
using reference::AbsoluteDifference;
using reference::DifferenceAndSquare;
using reference::DivideByDeviation;
#else
namespace hn = hwy::HWY_NAMESPACE;

void DifferenceAndSquare(const float* a, const float* b, size_t count, float* difference,
                         float* square) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto v = hn::Sub(hn::LoadU(d, a + i), hn::LoadU(d, b + i));
    hn::StoreU(v, d, difference + i);
    hn::StoreU(hn::Mul(v, v), d, square + i);
  }
  reference::DifferenceAndSquare(a + i, b + i, count - i, difference + i, square + i);
}

void AbsoluteDifference(const float* a, const float* b, size_t count, float* out) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    hn::StoreU(hn::Abs(hn::Sub(hn::LoadU(d, a + i), hn::LoadU(d, b + i))), d, out + i);
  }
  reference::AbsoluteDifference(a + i, b + i, count - i, out + i);
}

void DivideByDeviation(const float* value, const float* variance, const Normalisation& n,
                       size_t count, float* out) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  const auto upper = hn::Set(d, n.limit);
  const auto lower = hn::Set(d, -n.limit);
  const auto base = hn::Set(d, n.base_weight);
  const auto smooth = hn::Set(d, n.smooth_weight);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto deviation = hn::Add(hn::Sqrt(hn::LoadU(d, variance + i)), hn::Set(d, n.floor));
    const auto v = hn::Div(hn::LoadU(d, value + i), deviation);
    const auto weight = hn::Add(base, hn::Div(smooth, deviation));
    hn::StoreU(hn::Mul(hn::Max(hn::Min(v, upper), lower), weight), d, out + i);
  }
  reference::DivideByDeviation(value + i, variance + i, n, count - i, out + i);
}
#endif
}  // namespace HWY_NAMESPACE
}  // namespace countermark
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace countermark {

HWY_EXPORT(DifferenceAndSquare);
HWY_EXPORT(AbsoluteDifference);
HWY_EXPORT(DivideByDeviation);

void DifferenceAndSquare(const float* a, const float* b, size_t count, float* difference,
                         float* square) {
  HWY_DYNAMIC_DISPATCH(DifferenceAndSquare)(a, b, count, difference, square);
}

void AbsoluteDifference(const float* a, const float* b, size_t count, float* out) {
  HWY_DYNAMIC_DISPATCH(AbsoluteDifference)(a, b, count, out);
}

void DivideByDeviation(const float* value, const float* variance, const Normalisation& n,
                       size_t count, float* out) {
  HWY_DYNAMIC_DISPATCH(DivideByDeviation)(value, variance, n, count, out);
}

}  // namespace countermark
#endif
