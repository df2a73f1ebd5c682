// Power spectrum of a real plane, and the real plane that has given powers: what an autocorrelation
// is made of.
#ifndef COUNTERMARK_TRANSFORM_PLANE_FFT_H_
#define COUNTERMARK_TRANSFORM_PLANE_FFT_H_

#include <cstddef>

#include "base/arena.h"
#include "transform/lane_fft.h"

namespace countermark {

// Coefficients of low frequencies, as pairs of floats: u from -1 to reach_x, v from -reach_y to
// reach_y. The plane's middle, pixel (width / 2, height / 2), is the origin.
struct LowBins {
  float* data;
  size_t reach_x, reach_y;

  size_t stride() const { return 2 * (reach_x + 2); }
  size_t size() const { return stride() * (2 * reach_y + 1); }
  // (0, v).
  float* Row(ptrdiff_t v) const {
    return data + static_cast<size_t>(v + static_cast<ptrdiff_t>(reach_y)) * stride() + 2;
  }
};

class PlaneFft {
 public:
  struct Shape {
    size_t width, height;  // of the period, both fast lengths
    // Of the width / 2 + 1 frequencies across, so many are kept: a picture's mark has none beyond
    // its band.
    size_t columns;
    // No plane has more rows that are not zero, or that are asked for.
    size_t rows;
    // Of the frequencies down, those from -reach to reach are kept; all where that is more.
    size_t reach;
  };

  PlaneFft(const Shape& shape, Arena& arena);

  // Of power spectra: frequency v is in row RowOf(v), also when v is too large by a whole height.
  size_t columns() const { return columns_; }
  size_t rows() const { return kept_; }
  size_t RowOf(size_t v) const { return (v + first_) % down_.length(); }
  // Floats of what is transformed one way and not yet the other. Their memory is the caller's: in
  // between transforms it is free for other things.
  size_t half_done_size() const { return batches_ * rows_ * kFourierElement; }

  // power[RowOf(v)][u] = |sum of plane(y, x) exp(-2 pi i (u x / width + v y / height))|^2,
  // [rows()][columns()]. The plane is zero beyond these rows and columns. The first step takes its
  // rows in parts, from row `first` on, a multiple of kRowsAtOnce; of those it has taken it needs
  // no more. The second fills `bins`, if there are any, with the coefficients themselves:
  // reach_x < columns, 2 reach_y < height.
  static constexpr size_t kRowsAtOnce = 2 * kFourierLanes;
  void TransformRows(const float* part, size_t stride, size_t plane_width, size_t first,
                     size_t part_rows, float* half_done);
  void TransformColumns(const float* half_done, size_t plane_rows, float* power,
                        const LowBins* bins = nullptr);

  // From a spectrum in the order of `power` the first rows of
  // plane(y, x) = sum of spectrum(v, u) exp(2 pi i (u x / width + v y / height)),
  // u from -columns() + 1 to columns() - 1, the spectrum being real, the same at the opposite
  // frequency, and zero beyond; x from -reach_x to reach_x, x = 0 of the first row at `plane`.
  // After the first step the spectrum is no longer needed.
  void InvertColumns(const float* spectrum, size_t rows, float* half_done);
  void InvertRows(const float* half_done, size_t rows, size_t reach_x, size_t stride, float* plane);

 private:
  // A column of lanes of the half-done spectrum: rows_ elements.
  template <typename Float>
  Float* Lanes(Float* half_done, size_t batch) const {
    return half_done + batch * rows_ * kFourierElement;
  }
  void StoreRows(const float* transformed, size_t first_row, size_t rows, float* half_done) const;
  void LoadRows(const float* half_done, size_t first_row, size_t rows);
  void StoreBins(const float* transformed, size_t first, size_t count, const LowBins& bins) const;
  void StoreColumns(const float* transformed, size_t batch, size_t rows, float* half_done) const;

  size_t columns_, rows_;
  size_t kept_, first_;  // rows of power spectra, and that of frequency 0
  size_t batches_;       // of columns, an even number
  LaneFft across_, down_;
  // Half-done spectra are [batch of columns][row], elements of kFourierLanes columns: transformed
  // across only.
  float* sequences_;
  float* scratch_;
};

}  // namespace countermark

#endif  // COUNTERMARK_TRANSFORM_PLANE_FFT_H_
