// One pass of a fast Fourier transform of several sequences side by side.
#ifndef COUNTERMARK_KERNELS_FOURIER_H_
#define COUNTERMARK_KERNELS_FOURIER_H_

#include <cstddef>

namespace countermark {

// Sequences that are transformed together. Of each element of the sequences there are as many real
// parts, then as many imaginary parts.
inline constexpr size_t kFourierLanes = 8;
inline constexpr size_t kFourierElement = 2 * kFourierLanes;

// Stockham's transform, decimating in frequency: after the passes of all factors of a length, each
// out of place, the elements are transformed and in order. With m = length / radix, for p < m and
// q < stride,
//   out(q + stride (radix p + k)) = w(p k) sum over j of in(q + stride (p + m j)) v(j k),
// w(n) = exp(-2 pi i n / length), v(n) = exp(-2 pi i n / radix). Length and stride multiply to the
// length of the sequences. `radix` is 2, 3, 4 or 5. `twiddles`: for each p, the real and imaginary
// parts of w(p k), k = 1 to radix - 1; those of p = 0, which are 1, are not looked at.
void FourierPass(const float* in, size_t radix, size_t length, size_t stride, const float* twiddles,
                 float* out);

}  // namespace countermark

#endif  // COUNTERMARK_KERNELS_FOURIER_H_
