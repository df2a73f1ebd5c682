// Power spectrum of a real plane, and the real plane that has given powers: what an autocorrelation
// is made of.
#ifndef COUNTERMARK_TRANSFORM_PLANE_FFT_H_
#define COUNTERMARK_TRANSFORM_PLANE_FFT_H_

#include <cstddef>

#include "base/arena.h"
#include "transform/lane_fft.h"

namespace countermark {

class PlaneFft {
 public:
  struct Shape {
    size_t width, height;  // of the period, both fast lengths
    // Of the width / 2 + 1 frequencies across, so many are kept: a picture's mark has none beyond
    // its band.
    size_t columns;
    // No plane has more rows that are not zero, or that are asked for.
    size_t rows;
  };

  PlaneFft(const Shape& shape, Arena& arena);

  size_t columns() const { return columns_; }

  // power[v][u] = |sum of plane(y, x) exp(-2 pi i (u x / width + v y / height))|^2,
  // [height][columns]. The plane is zero beyond these rows and columns.
  void Power(const float* plane, size_t stride, size_t plane_width, size_t plane_rows,
             float* power);

  // The first rows, [rows][width], of
  // plane(y, x) = sum of spectrum(v, u) exp(2 pi i (u x / width + v y / height)),
  // u from -columns + 1 to columns - 1, the spectrum being real, the same at the opposite
  // frequency, and zero beyond.
  void Plane(const float* spectrum, size_t rows, float* plane);

 private:
  // A column of lanes of the half-done spectrum: rows_ elements.
  float* Lanes(size_t batch) { return half_done_ + batch * rows_ * kFourierElement; }
  void StoreRows(const float* transformed, size_t first_row, size_t rows);
  void LoadRows(size_t first_row, size_t rows);
  void StoreColumns(const float* transformed, size_t batch, size_t rows);

  size_t columns_, rows_;
  size_t batches_;  // of columns, an even number
  LaneFft across_, down_;
  // [batch of columns][row], elements of kFourierLanes columns: transformed across only.
  float* half_done_;
  float* sequences_;
  float* scratch_;
};

}  // namespace countermark

#endif  // COUNTERMARK_TRANSFORM_PLANE_FFT_H_
