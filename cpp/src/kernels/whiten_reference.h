// Plain-loop twins of kernels/whiten.h.
#ifndef COUNTERMARK_KERNELS_WHITEN_REFERENCE_H_
#define COUNTERMARK_KERNELS_WHITEN_REFERENCE_H_

#include <cmath>
#include <cstddef>

namespace countermark::reference {

inline void AbsoluteDifference(const float* a, const float* b, size_t count, float* out) {
  for (size_t i = 0; i < count; ++i) out[i] = std::fabs(a[i] - b[i]);
}

inline void RootsOfLimited(const float* in, float floor, float ceiling, float factor, size_t count,
                           float* out) {
  for (size_t i = 0; i < count; ++i) {
    out[i] = factor * std::sqrt(floor + (in[i] < ceiling ? in[i] : ceiling));
  }
}

// 1 / (|(re, im)| + floor)^1.5
inline float WhiteningGain(float re, float im, float floor) {
  const float level = std::sqrt(re * re + im * im) + floor;
  return 1.0f / (level * std::sqrt(level));
}

inline void WhitenCoefficients(float* cosine, float* sine, float floor, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const float c = cosine[i], s = sine[i];
    const float gain = WhiteningGain(c, s, floor);
    cosine[i] = c * gain;
    sine[i] = s * gain;
  }
}

inline void WhitenPair(float* cosine_cosine, float* cosine_sine, float* sine_cosine,
                       float* sine_sine, float floor, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const float cc = cosine_cosine[i], cs = cosine_sine[i];
    const float sc = sine_cosine[i], ss = sine_sine[i];
    // cos and sin of the sum of the two angles, then of their difference.
    float rising_re = cc - ss, rising_im = cs + sc;
    float falling_re = cc + ss, falling_im = cs - sc;
    const float rising = WhiteningGain(rising_re, rising_im, floor);
    const float falling = WhiteningGain(falling_re, falling_im, floor);
    rising_re = rising_re * rising;
    rising_im = rising_im * rising;
    falling_re = falling_re * falling;
    falling_im = falling_im * falling;
    cosine_cosine[i] = rising_re + falling_re;
    sine_sine[i] = falling_re - rising_re;
    cosine_sine[i] = rising_im + falling_im;
    sine_cosine[i] = rising_im - falling_im;
  }
}

}  // namespace countermark::reference

#endif  // COUNTERMARK_KERNELS_WHITEN_REFERENCE_H_
