#include "kernels/filter.h"

#include "kernels/filter_reference.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/filter.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/exact-inl.h"

HWY_BEFORE_NAMESPACE();
namespace countermark {
namespace HWY_NAMESPACE {
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
using reference::Minimum;
using reference::MovingSums;
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
    s0 = AddProduct(d, s0, hn::LoadU(d, in), w);
    s1 = AddProduct(d, s1, hn::LoadU(d, in + n), w);
    s2 = AddProduct(d, s2, hn::LoadU(d, in + 2 * n), w);
    s3 = AddProduct(d, s3, hn::LoadU(d, in + 3 * n), w);
    s4 = AddProduct(d, s4, hn::LoadU(d, in + 4 * n), w);
    s5 = AddProduct(d, s5, hn::LoadU(d, in + 5 * n), w);
    s6 = AddProduct(d, s6, hn::LoadU(d, in + 6 * n), w);
    s7 = AddProduct(d, s7, hn::LoadU(d, in + 7 * n), w);
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

#if HWY_ARCH_ARM_V7
// Whose loads of vectors take no offset, but can step on: four inputs, as most filters have, are
// walked along in one loop. Returns how many sums that were.
size_t SumFourTaps(const float* const* inputs, const float* weights, size_t count, float* out) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  const auto w0 = hn::Set(d, weights[0]), w1 = hn::Set(d, weights[1]);
  const auto w2 = hn::Set(d, weights[2]), w3 = hn::Set(d, weights[3]);
  const float *in0 = inputs[0], *in1 = inputs[1], *in2 = inputs[2], *in3 = inputs[3];
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    auto sum = hn::Mul(hn::LoadU(d, in0), w0);
    sum = AddProduct(d, sum, hn::LoadU(d, in1), w1);
    sum = AddProduct(d, sum, hn::LoadU(d, in2), w2);
    hn::StoreU(AddProduct(d, sum, hn::LoadU(d, in3), w3), d, out);
    in0 += lanes, in1 += lanes, in2 += lanes, in3 += lanes, out += lanes;
  }
  return i;
}
#endif

HWY_INLINE hn::Vec<hn::ScalableTag<float> > SumVector(const float* const* inputs,
                                                      const float* weights, size_t taps, size_t i) {
  const hn::ScalableTag<float> d;
  auto sum = hn::Mul(hn::LoadU(d, inputs[0] + i), hn::Set(d, weights[0]));
  for (size_t t = 1; t < taps; ++t) {
    sum = AddProduct(d, sum, hn::LoadU(d, inputs[t] + i), hn::Set(d, weights[t]));
  }
  return sum;
}

void WeightedSum(const float* const* inputs, const float* weights, size_t taps, size_t count,
                 float* out) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  if (count >= lanes) {
    // What is left at the end is a vector that begins earlier, of what was there before `out`.
    const auto last = SumVector(inputs, weights, taps, count - lanes);
#if HWY_ARCH_ARM_V7
    if (taps == 4) i = SumFourTaps(inputs, weights, count, out);
#endif
    for (; i + 8 * lanes <= count; i += 8 * lanes) SumEightVectors(inputs, weights, taps, i, out);
    for (; i + lanes <= count; i += lanes) {
      hn::StoreU(SumVector(inputs, weights, taps, i), d, out + i);
    }
    hn::StoreU(last, d, out + count - lanes);
    return;
  }
  for (; i < count; ++i) {
    float sum = inputs[0][i] * weights[0];
    for (size_t t = 1; t < taps; ++t) sum = sum + inputs[t][i] * weights[t];
    out[i] = sum;
  }
}

constexpr size_t kOutputsAtOnce = 4;

// kOutputs sums over two vectors, or one at the end of a row, stay in registers while the taps run.
template <size_t kOutputs, bool kTwo>
void SumBlock(const float* const* inputs, const float* weights, size_t taps, size_t i,
              float* const* out) {
  const hn::ScalableTag<float> d;
  using V = hn::Vec<decltype(d)>;
  const size_t second = kTwo ? hn::Lanes(d) : 0;
  V a = hn::LoadU(d, inputs[0] + i), b = hn::LoadU(d, inputs[0] + i + second);
  V a0 = hn::Zero(d), b0 = a0, a1 = a0, b1 = a0, a2 = a0, b2 = a0, a3 = a0, b3 = a0;
  const auto start = [&](size_t o, V& sum_a, V& sum_b) HWY_ATTR {
    if (o >= kOutputs) return;
    const V w = hn::Set(d, weights[o * taps]);
    sum_a = hn::Mul(a, w);
    if (kTwo) sum_b = hn::Mul(b, w);
  };
  start(0, a0, b0);
  start(1, a1, b1);
  start(2, a2, b2);
  start(3, a3, b3);
  for (size_t t = 1; t < taps; ++t) {
    a = hn::LoadU(d, inputs[t] + i);
    if (kTwo) b = hn::LoadU(d, inputs[t] + i + second);
    const auto add = [&](size_t o, V& sum_a, V& sum_b) HWY_ATTR {
      if (o >= kOutputs) return;
      const V w = hn::Set(d, weights[o * taps + t]);
      sum_a = AddProduct(d, sum_a, a, w);
      if (kTwo) sum_b = AddProduct(d, sum_b, b, w);
    };
    add(0, a0, b0);
    add(1, a1, b1);
    add(2, a2, b2);
    add(3, a3, b3);
  }
  const auto store = [&](size_t o, V sum_a, V sum_b) HWY_ATTR {
    if (o >= kOutputs) return;
    hn::StoreU(sum_a, d, out[o] + i);
    if (kTwo) hn::StoreU(sum_b, d, out[o] + i + second);
  };
  store(0, a0, b0);
  store(1, a1, b1);
  store(2, a2, b2);
  store(3, a3, b3);
}

template <size_t kOutputs>
void SumRows(const float* const* inputs, const float* weights, size_t taps, size_t whole,
             float* const* out) {
  const size_t lanes = hn::Lanes(hn::ScalableTag<float>());
  size_t i = 0;
  for (; i + 2 * lanes <= whole; i += 2 * lanes) {
    SumBlock<kOutputs, true>(inputs, weights, taps, i, out);
  }
  if (i < whole) SumBlock<kOutputs, false>(inputs, weights, taps, i, out);
}

void WeightedSums(const float* const* inputs, const float* weights, size_t taps, size_t outputs,
                  size_t count, float* const* out) {
  const size_t lanes = hn::Lanes(hn::ScalableTag<float>());
  const size_t whole = count - count % lanes;
  for (size_t o = 0; o < outputs; o += kOutputsAtOnce) {
    const auto sum = outputs - o == 1   ? SumRows<1>
                     : outputs - o == 2 ? SumRows<2>
                     : outputs - o == 3 ? SumRows<3>
                                        : SumRows<4>;
    sum(inputs, weights + o * taps, taps, whole, out + o);
  }
  reference::WeightedSums(inputs, weights, taps, outputs, whole, count, out);
}

constexpr size_t kMovingOutputs = 4;  // written out below

// As many sums over two vectors, or one: an input is read once for all of them. taps >= 4.
template <bool kTwo>
void MoveBlock(const float* const* inputs, const float* weights, size_t taps, size_t i,
               float* const* out) {
  const hn::ScalableTag<float> d;
  using V = hn::Vec<decltype(d)>;
  const size_t second = kTwo ? hn::Lanes(d) : 0;
  V a = hn::Zero(d), b = a;
  V a0 = a, b0 = a, a1 = a, b1 = a, a2 = a, b2 = a, a3 = a, b3 = a;
  const auto load = [&](size_t input) HWY_ATTR {
    a = hn::LoadU(d, inputs[input] + i);
    if (kTwo) b = hn::LoadU(d, inputs[input] + i + second);
  };
  const auto start = [&](V& sum_a, V& sum_b) HWY_ATTR {
    const V w = hn::Set(d, weights[0]);
    sum_a = hn::Mul(a, w);
    if (kTwo) sum_b = hn::Mul(b, w);
  };
  const auto add = [&](size_t t, V& sum_a, V& sum_b) HWY_ATTR {
    const V w = hn::Set(d, weights[t]);
    sum_a = hn::Add(sum_a, hn::Mul(a, w));
    if (kTwo) sum_b = hn::Add(sum_b, hn::Mul(b, w));
  };
  load(0);
  start(a0, b0);
  load(1);
  add(1, a0, b0);
  start(a1, b1);
  load(2);
  add(2, a0, b0);
  add(1, a1, b1);
  start(a2, b2);
  load(3);
  add(3, a0, b0);
  add(2, a1, b1);
  add(1, a2, b2);
  start(a3, b3);
  for (size_t t = 4; t < taps; ++t) {
    load(t);
    add(t, a0, b0);
    add(t - 1, a1, b1);
    add(t - 2, a2, b2);
    add(t - 3, a3, b3);
  }
  load(taps);
  add(taps - 1, a1, b1);
  add(taps - 2, a2, b2);
  add(taps - 3, a3, b3);
  load(taps + 1);
  add(taps - 1, a2, b2);
  add(taps - 2, a3, b3);
  load(taps + 2);
  add(taps - 1, a3, b3);
  const auto store = [&](size_t o, V sum_a, V sum_b) HWY_ATTR {
    hn::StoreU(sum_a, d, out[o] + i);
    if (kTwo) hn::StoreU(sum_b, d, out[o] + i + second);
  };
  store(0, a0, b0);
  store(1, a1, b1);
  store(2, a2, b2);
  store(3, a3, b3);
}

void MovingSums(const float* const* inputs, const float* weights, size_t taps, size_t outputs,
                size_t count, float* const* out) {
  const size_t lanes = hn::Lanes(hn::ScalableTag<float>());
  for (; outputs >= kMovingOutputs && taps >= kMovingOutputs && count >= lanes;
       outputs -= kMovingOutputs, inputs += kMovingOutputs, out += kMovingOutputs) {
    size_t i = 0;
    for (; i + 2 * lanes <= count; i += 2 * lanes) {
      MoveBlock<true>(inputs, weights, taps, i, out);
    }
    if (i + lanes <= count) MoveBlock<false>(inputs, weights, taps, i, out);
    if (count % lanes != 0) MoveBlock<false>(inputs, weights, taps, count - lanes, out);
  }
  for (size_t o = 0; o < outputs; ++o) WeightedSum(inputs + o, weights, taps, count, out[o]);
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
HWY_EXPORT(MovingSums);
HWY_EXPORT(Minimum);

void WeightedSum(const float* const* inputs, const float* weights, size_t taps, size_t count,
                 float* out) {
  HWY_DYNAMIC_DISPATCH(WeightedSum)(inputs, weights, taps, count, out);
}

void WeightedSums(const float* const* inputs, const float* weights, size_t taps, size_t outputs,
                  size_t count, float* const* out) {
  HWY_DYNAMIC_DISPATCH(WeightedSums)(inputs, weights, taps, outputs, count, out);
}

void MovingSums(const float* const* inputs, const float* weights, size_t taps, size_t outputs,
                size_t count, float* const* out) {
  HWY_DYNAMIC_DISPATCH(MovingSums)(inputs, weights, taps, outputs, count, out);
}

void Minimum(const float* const* inputs, size_t taps, size_t count, float* out) {
  HWY_DYNAMIC_DISPATCH(Minimum)(inputs, taps, count, out);
}

}  // namespace countermark
#endif
