#include "kernels/filter.h"

#include "kernels/filter_reference.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/filter.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace countermark {
namespace HWY_NAMESPACE {
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
using reference::Minimum;
using reference::WeightedSum;
#else
namespace hn = hwy::HWY_NAMESPACE;

// Four vectors at a time hide the latency of the additions.
void WeightedSum(const float* const* inputs, const float* weights, size_t taps, size_t count,
                 float* out) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + 4 * lanes <= count; i += 4 * lanes) {
    auto w = hn::Set(d, weights[0]);
    auto s0 = hn::Mul(hn::LoadU(d, inputs[0] + i), w);
    auto s1 = hn::Mul(hn::LoadU(d, inputs[0] + i + lanes), w);
    auto s2 = hn::Mul(hn::LoadU(d, inputs[0] + i + 2 * lanes), w);
    auto s3 = hn::Mul(hn::LoadU(d, inputs[0] + i + 3 * lanes), w);
    for (size_t t = 1; t < taps; ++t) {
      w = hn::Set(d, weights[t]);
      s0 = hn::Add(s0, hn::Mul(hn::LoadU(d, inputs[t] + i), w));
      s1 = hn::Add(s1, hn::Mul(hn::LoadU(d, inputs[t] + i + lanes), w));
      s2 = hn::Add(s2, hn::Mul(hn::LoadU(d, inputs[t] + i + 2 * lanes), w));
      s3 = hn::Add(s3, hn::Mul(hn::LoadU(d, inputs[t] + i + 3 * lanes), w));
    }
    hn::StoreU(s0, d, out + i);
    hn::StoreU(s1, d, out + i + lanes);
    hn::StoreU(s2, d, out + i + 2 * lanes);
    hn::StoreU(s3, d, out + i + 3 * lanes);
  }
  for (; i + lanes <= count; i += lanes) {
    auto sum = hn::Mul(hn::LoadU(d, inputs[0] + i), hn::Set(d, weights[0]));
    for (size_t t = 1; t < taps; ++t) {
      sum = hn::Add(sum, hn::Mul(hn::LoadU(d, inputs[t] + i), hn::Set(d, weights[t])));
    }
    hn::StoreU(sum, d, out + i);
  }
  for (; i < count; ++i) {
    float sum = inputs[0][i] * weights[0];
    for (size_t t = 1; t < taps; ++t) sum = sum + inputs[t][i] * weights[t];
    out[i] = sum;
  }
}

void Minimum(const float* const* inputs, size_t taps, size_t count, float* out) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    auto least = hn::LoadU(d, inputs[0] + i);
    for (size_t t = 1; t < taps; ++t) least = hn::Min(least, hn::LoadU(d, inputs[t] + i));
    hn::StoreU(least, d, out + i);
  }
  for (; i < count; ++i) {
    float least = inputs[0][i];
    for (size_t t = 1; t < taps; ++t) least = inputs[t][i] < least ? inputs[t][i] : least;
    out[i] = least;
  }
}
#endif
}  // namespace HWY_NAMESPACE
}  // namespace countermark
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace countermark {

HWY_EXPORT(WeightedSum);
HWY_EXPORT(Minimum);

void WeightedSum(const float* const* inputs, const float* weights, size_t taps, size_t count,
                 float* out) {
  HWY_DYNAMIC_DISPATCH(WeightedSum)(inputs, weights, taps, count, out);
}

void Minimum(const float* const* inputs, size_t taps, size_t count, float* out) {
  HWY_DYNAMIC_DISPATCH(Minimum)(inputs, taps, count, out);
}

}  // namespace countermark
#endif
