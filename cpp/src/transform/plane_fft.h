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

  // Both sides must be fast lengths. Of the width / 2 + 1 frequencies across only the lowest
  // `columns` are kept: a picture's mark has none beyond its band.
  PlaneFft(size_t width, size_t height, size_t columns, Arena& arena);

  size_t width() const { return width_; }
  size_t height() const { return height_; }
  size_t columns() const { return columns_; }

  // spectrum: [height][columns]. plane: [rows][width], the first rows of a plane. Neither direction
  // scales: the round trip multiplies by width * height.
  //
  // The other rows of the plane are zeros.
  void Forward(const float* plane, size_t rows, std::complex<float>* spectrum);
  // The other rows are not computed. Overwrites `spectrum`.
  void Inverse(std::complex<float>* spectrum, size_t rows, float* plane);

 private:
  void TransformColumns(void* plan, size_t rows_in, size_t rows_out, std::complex<float>* spectrum);

  size_t width_, height_, columns_;
  void *row_forward_, *row_inverse_, *column_forward_, *column_inverse_;
  std::complex<float>* row_;
  std::complex<float>* batch_;
  std::complex<float>* transformed_;
};

}  // namespace countermark

#endif  // COUNTERMARK_TRANSFORM_PLANE_FFT_H_
