#include "kernels/fourier.h"

#include "kernels/fourier_reference.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/fourier.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace countermark {
namespace HWY_NAMESPACE {
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
using reference::FourierPass;
#else
namespace hn = hwy::HWY_NAMESPACE;
using reference::kCosine144;
using reference::kCosine72;
using reference::kSine144;
using reference::kSine60;
using reference::kSine72;

using Tag = hn::CappedTag<float, kFourierLanes>;
using Floats = hn::Vec<Tag>;

struct Complexes {
  // What a compiler adds by itself is not for the target, and could not hold its vectors.
  HWY_INLINE Complexes() {}
  HWY_INLINE Complexes(Floats real, Floats imaginary) : re(real), im(imaginary) {}

  Floats re, im;
};

HWY_INLINE Complexes Plus(Complexes a, Complexes b) {
  return {hn::Add(a.re, b.re), hn::Add(a.im, b.im)};
}
HWY_INLINE Complexes Minus(Complexes a, Complexes b) {
  return {hn::Sub(a.re, b.re), hn::Sub(a.im, b.im)};
}
HWY_INLINE Complexes Times(float s, Complexes a) {
  return {hn::Mul(hn::Set(Tag(), s), a.re), hn::Mul(hn::Set(Tag(), s), a.im)};
}
HWY_INLINE Complexes PlusTurned(Complexes a, Complexes b) {
  return {hn::Add(a.re, b.im), hn::Sub(a.im, b.re)};
}
HWY_INLINE Complexes MinusTurned(Complexes a, Complexes b) {
  return {hn::Sub(a.re, b.im), hn::Add(a.im, b.re)};
}

HWY_INLINE void Butterfly(Complexes (&a)[2]) {
  const Complexes b = a[1];
  a[1] = Minus(a[0], b);
  a[0] = Plus(a[0], b);
}

HWY_INLINE void Butterfly(Complexes (&a)[3]) {
  const Complexes sum = Plus(a[1], a[2]), turned = Times(kSine60, Minus(a[1], a[2]));
  const Complexes middle = Minus(a[0], Times(0.5f, sum));
  a[0] = Plus(a[0], sum);
  a[1] = PlusTurned(middle, turned);
  a[2] = MinusTurned(middle, turned);
}

HWY_INLINE void Butterfly(Complexes (&a)[4]) {
  const Complexes even = Plus(a[0], a[2]), even_turned = Minus(a[0], a[2]);
  const Complexes odd = Plus(a[1], a[3]), odd_turned = Minus(a[1], a[3]);
  a[0] = Plus(even, odd);
  a[1] = PlusTurned(even_turned, odd_turned);
  a[2] = Minus(even, odd);
  a[3] = MinusTurned(even_turned, odd_turned);
}

HWY_INLINE void Butterfly(Complexes (&a)[5]) {
  const Complexes outer = Plus(a[1], a[4]), outer_turned = Minus(a[1], a[4]);
  const Complexes inner = Plus(a[2], a[3]), inner_turned = Minus(a[2], a[3]);
  const Complexes once = Plus(a[0], Plus(Times(kCosine72, outer), Times(kCosine144, inner)));
  const Complexes twice = Plus(a[0], Plus(Times(kCosine144, outer), Times(kCosine72, inner)));
  const Complexes turned = Plus(Times(kSine72, outer_turned), Times(kSine144, inner_turned));
  const Complexes turned_twice = Minus(Times(kSine144, outer_turned), Times(kSine72, inner_turned));
  a[0] = Plus(a[0], Plus(outer, inner));
  a[1] = PlusTurned(once, turned);
  a[2] = PlusTurned(twice, turned_twice);
  a[3] = MinusTurned(twice, turned_twice);
  a[4] = MinusTurned(once, turned);
}

// The sequences' elements that one p tells about. `in_step`: from one of its elements to the next.
template <size_t kRadix, bool kTurns>
HWY_INLINE void PartOf(const float* in, size_t in_step, size_t stride, const float* twiddles,
                       float* out) {
  const Tag d;
  [[maybe_unused]] Complexes w[kRadix];
  if constexpr (kTurns) {
    for (size_t k = 1; k < kRadix; ++k) {
      w[k] = {hn::Set(d, twiddles[2 * k - 2]), hn::Set(d, twiddles[2 * k - 1])};
    }
  }
  const size_t count = stride * kFourierElement;
  for (size_t element = 0; element < count; element += kFourierElement) {
    for (size_t i = element; i < element + kFourierLanes; i += hn::Lanes(d)) {
      Complexes a[kRadix];
      for (size_t j = 0; j < kRadix; ++j) {
        const float* from = in + j * in_step + i;
        a[j] = {hn::LoadU(d, from), hn::LoadU(d, from + kFourierLanes)};
      }
      Butterfly(a);
      for (size_t k = 0; k < kRadix; ++k) {
        if constexpr (kTurns) {
          if (k > 0) {
            a[k] = {hn::Sub(hn::Mul(a[k].re, w[k].re), hn::Mul(a[k].im, w[k].im)),
                    hn::Add(hn::Mul(a[k].re, w[k].im), hn::Mul(a[k].im, w[k].re))};
          }
        }
        float* to = out + k * count + i;
        hn::StoreU(a[k].re, d, to);
        hn::StoreU(a[k].im, d, to + kFourierLanes);
      }
    }
  }
}

template <size_t kRadix>
HWY_INLINE void PassOf(const float* in, size_t length, size_t stride, const float* twiddles,
                       float* out) {
  const size_t m = length / kRadix, part = stride * kFourierElement;
  PartOf<kRadix, false>(in, m * part, stride, twiddles, out);
  for (size_t p = 1; p < m; ++p) {
    twiddles += 2 * (kRadix - 1);
    PartOf<kRadix, true>(in + p * part, m * part, stride, twiddles, out + p * kRadix * part);
  }
}

void FourierPass(const float* in, size_t radix, size_t length, size_t stride, const float* twiddles,
                 float* out) {
  switch (radix) {
    case 2:
      return PassOf<2>(in, length, stride, twiddles, out);
    case 3:
      return PassOf<3>(in, length, stride, twiddles, out);
    case 4:
      return PassOf<4>(in, length, stride, twiddles, out);
    default:
      return PassOf<5>(in, length, stride, twiddles, out);
  }
}
#endif
}  // namespace HWY_NAMESPACE
}  // namespace countermark
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace countermark {

HWY_EXPORT(FourierPass);

void FourierPass(const float* in, size_t radix, size_t length, size_t stride, const float* twiddles,
                 float* out) {
  HWY_DYNAMIC_DISPATCH(FourierPass)(in, radix, length, stride, twiddles, out);
}

}  // namespace countermark
#endif
