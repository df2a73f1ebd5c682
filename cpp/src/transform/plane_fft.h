// Fourier transform of a real plane, by KissFFT, in memory that the caller brings.
#ifndef COUNTERMARK_TRANSFORM_PLANE_FFT_H_
#define COUNTERMARK_TRANSFORM_PLANE_FFT_H_

#include <complex>
#include <cstddef>

#include "base/arena.h"

namespace countermark {

class PlaneFft {
 public:
  // The least even length >= `length` whose only prime factors are 2, 3 and 5: KissFFT is fast
  // with those, and allocates with others.
  static size_t FastLength(size_t length);

  // Both must be fast lengths.
  PlaneFft(size_t width, size_t height, Arena& arena);

  size_t width() const { return width_; }
  size_t height() const { return height_; }
  size_t columns() const { return width_ / 2 + 1; }

  // spectrum: [height][columns], the half of the frequencies with kx >= 0.
  // plane: [height][width]. Neither direction scales: the round trip multiplies by width * height.
  void Forward(const float* plane, std::complex<float>* spectrum);
  // Overwrites `spectrum`.
  void Inverse(std::complex<float>* spectrum, float* plane);

 private:
  void TransformColumns(void* plan, std::complex<float>* spectrum);

  size_t width_, height_;
  void *row_forward_, *row_inverse_, *column_forward_, *column_inverse_;
  std::complex<float>* column_;
  std::complex<float>* transformed_;
};

}  // namespace countermark

#endif  // COUNTERMARK_TRANSFORM_PLANE_FFT_H_
