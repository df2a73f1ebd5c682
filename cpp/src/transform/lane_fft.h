// Fourier transform of several sequences of complex numbers side by side.
#ifndef COUNTERMARK_TRANSFORM_LANE_FFT_H_
#define COUNTERMARK_TRANSFORM_LANE_FFT_H_

#include <array>
#include <cstddef>

#include "base/arena.h"
#include "kernels/fourier.h"

namespace countermark {

class LaneFft {
 public:
  // The least even length >= `length` whose only prime factors are 2, 3 and 5.
  static size_t FastLength(size_t length);

  // A fast length.
  LaneFft(size_t length, Arena& arena);

  size_t length() const { return length_; }

  // out(k) = sum of in(n) exp(-2 pi i k n / length), for sequences as kernels/fourier.h lays them
  // out. Destroys `in`; returns `in` or `scratch`, both of length() elements: where the result is.
  float* Transform(float* in, float* scratch) const;

 private:
  struct Pass {
    size_t radix, length, stride;
    float* twiddles;
  };

  size_t length_;
  size_t count_ = 0;
  std::array<Pass, 64> passes_;
};

}  // namespace countermark

#endif  // COUNTERMARK_TRANSFORM_LANE_FFT_H_
