#include "kernels/whiten.h"

#include "kernels/whiten_reference.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/whiten.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/exact-inl.h"

HWY_BEFORE_NAMESPACE();
namespace countermark {
namespace HWY_NAMESPACE {
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
using reference::AbsoluteDifference;
using reference::RootsOfLimited;
using reference::WhitenCoefficients;
using reference::WhitenPair;
#else
namespace hn = hwy::HWY_NAMESPACE;

void AbsoluteDifference(const float* a, const float* b, size_t count, float* out) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    hn::StoreU(hn::Abs(hn::Sub(hn::LoadU(d, a + i), hn::LoadU(d, b + i))), d, out + i);
  }
  reference::AbsoluteDifference(a + i, b + i, count - i, out + i);
}

void RootsOfLimited(const float* in, float floor, float ceiling, float factor, size_t count,
                    float* out) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto limited = hn::Min(hn::LoadU(d, in + i), hn::Set(d, ceiling));
    const auto root = ExactRoot(d, hn::Add(hn::Set(d, floor), limited));
    hn::StoreU(hn::Mul(hn::Set(d, factor), root), d, out + i);
  }
  reference::RootsOfLimited(in + i, floor, ceiling, factor, count - i, out + i);
}

template <class D, class V = hn::Vec<D> >
HWY_INLINE V WhiteningGain(D d, V re, V im, V floor) {
  const V square = hn::Add(hn::Mul(re, re), hn::Mul(im, im));
  const V level = hn::Add(ExactRoot(d, square), floor);
  return ExactQuotient(d, hn::Set(d, 1.0f), hn::Mul(level, ExactRoot(d, level)));
}

void WhitenCoefficients(float* cosine, float* sine, float floor, size_t count) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto c = hn::LoadU(d, cosine + i), s = hn::LoadU(d, sine + i);
    const auto gain = WhiteningGain(d, c, s, hn::Set(d, floor));
    hn::StoreU(hn::Mul(c, gain), d, cosine + i);
    hn::StoreU(hn::Mul(s, gain), d, sine + i);
  }
  reference::WhitenCoefficients(cosine + i, sine + i, floor, count - i);
}

void WhitenPair(float* cosine_cosine, float* cosine_sine, float* sine_cosine, float* sine_sine,
                float floor, size_t count) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto cc = hn::LoadU(d, cosine_cosine + i), cs = hn::LoadU(d, cosine_sine + i);
    const auto sc = hn::LoadU(d, sine_cosine + i), ss = hn::LoadU(d, sine_sine + i);
    auto rising_re = hn::Sub(cc, ss), rising_im = hn::Add(cs, sc);
    auto falling_re = hn::Add(cc, ss), falling_im = hn::Sub(cs, sc);
    const auto rising = WhiteningGain(d, rising_re, rising_im, hn::Set(d, floor));
    const auto falling = WhiteningGain(d, falling_re, falling_im, hn::Set(d, floor));
    rising_re = hn::Mul(rising_re, rising);
    rising_im = hn::Mul(rising_im, rising);
    falling_re = hn::Mul(falling_re, falling);
    falling_im = hn::Mul(falling_im, falling);
    hn::StoreU(hn::Add(rising_re, falling_re), d, cosine_cosine + i);
    hn::StoreU(hn::Sub(falling_re, rising_re), d, sine_sine + i);
    hn::StoreU(hn::Add(rising_im, falling_im), d, cosine_sine + i);
    hn::StoreU(hn::Sub(rising_im, falling_im), d, sine_cosine + i);
  }
  reference::WhitenPair(cosine_cosine + i, cosine_sine + i, sine_cosine + i, sine_sine + i, floor,
                        count - i);
}
#endif
}  // namespace HWY_NAMESPACE
}  // namespace countermark
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace countermark {

HWY_EXPORT(AbsoluteDifference);
HWY_EXPORT(RootsOfLimited);
HWY_EXPORT(WhitenCoefficients);
HWY_EXPORT(WhitenPair);

void AbsoluteDifference(const float* a, const float* b, size_t count, float* out) {
  HWY_DYNAMIC_DISPATCH(AbsoluteDifference)(a, b, count, out);
}

void RootsOfLimited(const float* in, float floor, float ceiling, float factor, size_t count,
                    float* out) {
  HWY_DYNAMIC_DISPATCH(RootsOfLimited)(in, floor, ceiling, factor, count, out);
}

void WhitenCoefficients(float* cosine, float* sine, float floor, size_t count) {
  HWY_DYNAMIC_DISPATCH(WhitenCoefficients)(cosine, sine, floor, count);
}

void WhitenPair(float* cosine_cosine, float* cosine_sine, float* sine_cosine, float* sine_sine,
                float floor, size_t count) {
  HWY_DYNAMIC_DISPATCH(WhitenPair)
  (cosine_cosine, cosine_sine, sine_cosine, sine_sine, floor, count);
}

}  // namespace countermark
#endif
