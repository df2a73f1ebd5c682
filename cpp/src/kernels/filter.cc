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

void WeightedSums(const float* const* inputs, const float* weights, size_t taps, size_t outputs,
                  size_t count, float* const* out) {
  reference::WeightedSums(inputs, weights, taps, outputs, 0, count, out);
}
#else
namespace hn = hwy::HWY_NAMESPACE;

// Eight vectors at a time hide the latency of the additions.
HWY_INLINE void SumEightVectors(const float* const* inputs, const float* weights, size_t taps,
                                size_t i, float* out) {
  const hn::ScalableTag<float> d;
  const size_t n = hn::Lanes(d);
  const float* in = inputs[0] + i;
  auto w = hn::Set(d, weights[0]);
  auto s0 = hn::Mul(hn::LoadU(d, in), w), s1 = hn::Mul(hn::LoadU(d, in + n), w);
  auto s2 = hn::Mul(hn::LoadU(d, in + 2 * n), w), s3 = hn::Mul(hn::LoadU(d, in + 3 * n), w);
  auto s4 = hn::Mul(hn::LoadU(d, in + 4 * n), w), s5 = hn::Mul(hn::LoadU(d, in + 5 * n), w);
  auto s6 = hn::Mul(hn::LoadU(d, in + 6 * n), w), s7 = hn::Mul(hn::LoadU(d, in + 7 * n), w);
  for (size_t t = 1; t < taps; ++t) {
    in = inputs[t] + i;
    w = hn::Set(d, weights[t]);
    s0 = hn::Add(s0, hn::Mul(hn::LoadU(d, in), w));
    s1 = hn::Add(s1, hn::Mul(hn::LoadU(d, in + n), w));
    s2 = hn::Add(s2, hn::Mul(hn::LoadU(d, in + 2 * n), w));
    s3 = hn::Add(s3, hn::Mul(hn::LoadU(d, in + 3 * n), w));
    s4 = hn::Add(s4, hn::Mul(hn::LoadU(d, in + 4 * n), w));
    s5 = hn::Add(s5, hn::Mul(hn::LoadU(d, in + 5 * n), w));
    s6 = hn::Add(s6, hn::Mul(hn::LoadU(d, in + 6 * n), w));
    s7 = hn::Add(s7, hn::Mul(hn::LoadU(d, in + 7 * n), w));
  }
  hn::StoreU(s0, d, out + i);
  hn::StoreU(s1, d, out + i + n);
  hn::StoreU(s2, d, out + i + 2 * n);
  hn::StoreU(s3, d, out + i + 3 * n);
  hn::StoreU(s4, d, out + i + 4 * n);
  hn::StoreU(s5, d, out + i + 5 * n);
  hn::StoreU(s6, d, out + i + 6 * n);
  hn::StoreU(s7, d, out + i + 7 * n);
}

void WeightedSum(const float* const* inputs, const float* weights, size_t taps, size_t count,
                 float* out) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + 8 * lanes <= count; i += 8 * lanes) SumEightVectors(inputs, weights, taps, i, out);
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

constexpr size_t kOutputsAtOnce = 4;

// kOutputs sums over two vectors stay in registers while the taps run.
template <size_t kOutputs>
void SumBlock(const float* const* inputs, const float* weights, size_t taps, size_t i,
              float* const* out) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  const float* const w1 = weights + (kOutputs > 1 ? taps : 0);
  const float* const w2 = weights + (kOutputs > 2 ? 2 * taps : 0);
  const float* const w3 = weights + (kOutputs > 3 ? 3 * taps : 0);
  auto a = hn::LoadU(d, inputs[0] + i), b = hn::LoadU(d, inputs[0] + i + lanes);
  auto w = hn::Set(d, weights[0]);
  auto a0 = hn::Mul(a, w), b0 = hn::Mul(b, w);
  w = hn::Set(d, w1[0]);
  auto a1 = hn::Mul(a, w), b1 = hn::Mul(b, w);
  w = hn::Set(d, w2[0]);
  auto a2 = hn::Mul(a, w), b2 = hn::Mul(b, w);
  w = hn::Set(d, w3[0]);
  auto a3 = hn::Mul(a, w), b3 = hn::Mul(b, w);
  for (size_t t = 1; t < taps; ++t) {
    a = hn::LoadU(d, inputs[t] + i);
    b = hn::LoadU(d, inputs[t] + i + lanes);
    w = hn::Set(d, weights[t]);
    a0 = hn::Add(a0, hn::Mul(a, w));
    b0 = hn::Add(b0, hn::Mul(b, w));
    if constexpr (kOutputs > 1) {
      w = hn::Set(d, w1[t]);
      a1 = hn::Add(a1, hn::Mul(a, w));
      b1 = hn::Add(b1, hn::Mul(b, w));
    }
    if constexpr (kOutputs > 2) {
      w = hn::Set(d, w2[t]);
      a2 = hn::Add(a2, hn::Mul(a, w));
      b2 = hn::Add(b2, hn::Mul(b, w));
    }
    if constexpr (kOutputs > 3) {
      w = hn::Set(d, w3[t]);
      a3 = hn::Add(a3, hn::Mul(a, w));
      b3 = hn::Add(b3, hn::Mul(b, w));
    }
  }
  const auto store = [&](size_t o, auto first, auto second) HWY_ATTR {
    if (o >= kOutputs) return;
    hn::StoreU(first, d, out[o] + i);
    hn::StoreU(second, d, out[o] + i + lanes);
  };
  store(0, a0, b0);
  store(1, a1, b1);
  store(2, a2, b2);
  store(3, a3, b3);
}

void WeightedSums(const float* const* inputs, const float* weights, size_t taps, size_t outputs,
                  size_t count, float* const* out) {
  const size_t step = 2 * hn::Lanes(hn::ScalableTag<float>());
  const size_t whole = count - count % step;
  for (size_t o = 0; o < outputs; o += kOutputsAtOnce) {
    const float* const w = weights + o * taps;
    const auto sum = outputs - o == 1   ? SumBlock<1>
                     : outputs - o == 2 ? SumBlock<2>
                     : outputs - o == 3 ? SumBlock<3>
                                        : SumBlock<4>;
    for (size_t i = 0; i < whole; i += step) sum(inputs, w, taps, i, out + o);
  }
  reference::WeightedSums(inputs, weights, taps, outputs, whole, count, out);
}

void Minimum(const float* const* inputs, size_t taps, size_t count, float* out) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + 4 * lanes <= count; i += 4 * lanes) {
    const float* in = inputs[0] + i;
    auto m0 = hn::LoadU(d, in), m1 = hn::LoadU(d, in + lanes);
    auto m2 = hn::LoadU(d, in + 2 * lanes), m3 = hn::LoadU(d, in + 3 * lanes);
    for (size_t t = 1; t < taps; ++t) {
      in = inputs[t] + i;
      m0 = hn::Min(m0, hn::LoadU(d, in));
      m1 = hn::Min(m1, hn::LoadU(d, in + lanes));
      m2 = hn::Min(m2, hn::LoadU(d, in + 2 * lanes));
      m3 = hn::Min(m3, hn::LoadU(d, in + 3 * lanes));
    }
    hn::StoreU(m0, d, out + i);
    hn::StoreU(m1, d, out + i + lanes);
    hn::StoreU(m2, d, out + i + 2 * lanes);
    hn::StoreU(m3, d, out + i + 3 * lanes);
  }
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
HWY_EXPORT(WeightedSums);
HWY_EXPORT(Minimum);

void WeightedSum(const float* const* inputs, const float* weights, size_t taps, size_t count,
                 float* out) {
  HWY_DYNAMIC_DISPATCH(WeightedSum)(inputs, weights, taps, count, out);
}

void WeightedSums(const float* const* inputs, const float* weights, size_t taps, size_t outputs,
                  size_t count, float* const* out) {
  HWY_DYNAMIC_DISPATCH(WeightedSums)(inputs, weights, taps, outputs, count, out);
}

void Minimum(const float* const* inputs, size_t taps, size_t count, float* out) {
  HWY_DYNAMIC_DISPATCH(Minimum)(inputs, taps, count, out);
}

}  // namespace countermark
#endif
