// The pointwise steps of local whitening and of the measure of texture.
#ifndef COUNTERMARK_KERNELS_WHITEN_H_
#define COUNTERMARK_KERNELS_WHITEN_H_

#include <cstddef>

namespace countermark {

// out[i] = |a[i] - b[i]|. `out` may be an input.
void AbsoluteDifference(const float* a, const float* b, size_t count, float* out);

// out[i] = factor * sqrt(floor + min(in[i], ceiling)). `out` may be `in`; no NaN.
void RootsOfLimited(const float* in, float floor, float ceiling, float factor, size_t count,
                    float* out);

// Cosine and sine coefficients of one frequency along one axis: both divided by
// (sqrt(cosine^2 + sine^2) + floor)^1.5, floor > 0.
void WhitenCoefficients(float* cosine, float* sine, float floor, size_t count);

// Products of cosines and sines, the axis down named first: the coefficients of the two waves that
// they are made of, one rising and one falling, each divided by (its magnitude + floor)^1.5.
void WhitenPair(float* cosine_cosine, float* cosine_sine, float* sine_cosine, float* sine_sine,
                float floor, size_t count);

}  // namespace countermark

#endif  // COUNTERMARK_KERNELS_WHITEN_H_
