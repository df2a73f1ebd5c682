// Plain-loop twin of kernels/fourier.h.
#ifndef COUNTERMARK_KERNELS_FOURIER_REFERENCE_H_
#define COUNTERMARK_KERNELS_FOURIER_REFERENCE_H_

#include <cstddef>

#include "kernels/fourier.h"

namespace countermark::reference {

inline constexpr float kSine60 = 0.866025404f;
inline constexpr float kSine72 = 0.951056516f, kSine144 = 0.587785252f;
inline constexpr float kCosine72 = 0.309016994f, kCosine144 = -0.809016994f;

struct Complex {
  float re, im;
};

inline Complex Plus(Complex a, Complex b) { return {a.re + b.re, a.im + b.im}; }
inline Complex Minus(Complex a, Complex b) { return {a.re - b.re, a.im - b.im}; }
inline Complex Times(float s, Complex a) { return {s * a.re, s * a.im}; }
// a - i b and a + i b.
inline Complex PlusTurned(Complex a, Complex b) { return {a.re + b.im, a.im - b.re}; }
inline Complex MinusTurned(Complex a, Complex b) { return {a.re - b.im, a.im + b.re}; }

inline void Butterfly(Complex (&a)[2]) {
  const Complex b = a[1];
  a[1] = Minus(a[0], b);
  a[0] = Plus(a[0], b);
}

inline void Butterfly(Complex (&a)[3]) {
  const Complex sum = Plus(a[1], a[2]), turned = Times(kSine60, Minus(a[1], a[2]));
  const Complex middle = Minus(a[0], Times(0.5f, sum));
  a[0] = Plus(a[0], sum);
  a[1] = PlusTurned(middle, turned);
  a[2] = MinusTurned(middle, turned);
}

inline void Butterfly(Complex (&a)[4]) {
  const Complex even = Plus(a[0], a[2]), even_turned = Minus(a[0], a[2]);
  const Complex odd = Plus(a[1], a[3]), odd_turned = Minus(a[1], a[3]);
  a[0] = Plus(even, odd);
  a[1] = PlusTurned(even_turned, odd_turned);
  a[2] = Minus(even, odd);
  a[3] = MinusTurned(even_turned, odd_turned);
}

inline void Butterfly(Complex (&a)[5]) {
  const Complex outer = Plus(a[1], a[4]), outer_turned = Minus(a[1], a[4]);
  const Complex inner = Plus(a[2], a[3]), inner_turned = Minus(a[2], a[3]);
  const Complex once = Plus(a[0], Plus(Times(kCosine72, outer), Times(kCosine144, inner)));
  const Complex twice = Plus(a[0], Plus(Times(kCosine144, outer), Times(kCosine72, inner)));
  const Complex turned = Plus(Times(kSine72, outer_turned), Times(kSine144, inner_turned));
  const Complex turned_twice = Minus(Times(kSine144, outer_turned), Times(kSine72, inner_turned));
  a[0] = Plus(a[0], Plus(outer, inner));
  a[1] = PlusTurned(once, turned);
  a[2] = PlusTurned(twice, turned_twice);
  a[3] = MinusTurned(twice, turned_twice);
  a[4] = MinusTurned(once, turned);
}

template <size_t kRadix>
void PassOf(const float* in, size_t length, size_t stride, const float* twiddles, float* out) {
  const size_t m = length / kRadix;
  for (size_t p = 0; p < m; ++p, twiddles += 2 * (kRadix - 1)) {
    for (size_t i = 0; i < stride * kFourierElement; ++i) {
      if (i % kFourierElement >= kFourierLanes) continue;
      Complex a[kRadix];
      for (size_t j = 0; j < kRadix; ++j) {
        const float* from = in + stride * (p + m * j) * kFourierElement + i;
        a[j] = {from[0], from[kFourierLanes]};
      }
      Butterfly(a);
      for (size_t k = 0; k < kRadix; ++k) {
        if (p > 0 && k > 0) {
          const float re = twiddles[2 * k - 2], im = twiddles[2 * k - 1];
          a[k] = {a[k].re * re - a[k].im * im, a[k].re * im + a[k].im * re};
        }
        float* to = out + stride * (kRadix * p + k) * kFourierElement + i;
        to[0] = a[k].re;
        to[kFourierLanes] = a[k].im;
      }
    }
  }
}

inline void FourierPass(const float* in, size_t radix, size_t length, size_t stride,
                        const float* twiddles, float* out) {
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

}  // namespace countermark::reference

#endif  // COUNTERMARK_KERNELS_FOURIER_REFERENCE_H_
