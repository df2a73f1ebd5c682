#include "transform/plane_fft.h"

#include <algorithm>

namespace countermark {
namespace {

constexpr size_t kLanes = kFourierLanes, kElement = kFourierElement;
// Two real sequences are transformed as one complex one, a + i b.
constexpr size_t kReals = PlaneFft::kRowsAtOnce;

// The transforms of the real a and b from that of a + i b, z being its coefficient k and opposite
// its coefficient -k: a_k = (z + conj(opposite)) / 2, b_k = (z - conj(opposite)) / 2 i.
struct Pair {
  Pair(float z_re, float z_im, float opposite_re, float opposite_im)
      : a_re(0.5f * (z_re + opposite_re)),
        a_im(0.5f * (z_im - opposite_im)),
        b_re(0.5f * (z_im + opposite_im)),
        b_im(0.5f * (opposite_re - z_re)) {}
  float a_re, a_im, b_re, b_im;
};

}  // namespace

PlaneFft::PlaneFft(const Shape& shape, Arena& arena)
    : columns_(std::min(shape.columns, shape.width / 2 + 1)),
      rows_(shape.rows),
      kept_(std::min(2 * shape.reach + 1, shape.height)),
      first_(kept_ < shape.height ? shape.reach : 0),
      batches_((columns_ + kReals - 1) / kReals * 2),
      across_(shape.width, arena),
      down_(shape.height, arena),
      sequences_(arena.Allocate<float>(std::max(shape.width, shape.height) * kElement)),
      scratch_(arena.Allocate<float>(std::max(shape.width, shape.height) * kElement)) {}

// Rows first_row and on, of which the even ones are the real parts and the odd ones the imaginary
// parts of lanes: taken apart, for all columns that are kept.
void PlaneFft::StoreRows(const float* transformed, size_t first_row, size_t rows,
                         float* half_done) const {
  const size_t width = across_.length();
  for (size_t u = 0; u < batches_ * kLanes; ++u) {
    // Columns that only fill the last batches may be anything.
    const size_t at = std::min(u, width - 1);
    const float* z = transformed + at * kElement;
    const float* opposite = transformed + (width - at) % width * kElement;
    float* out = Lanes(half_done, u / kLanes) + first_row * kElement + u % kLanes;
    for (size_t lane = 0; lane < (rows + 1) / 2; ++lane) {
      const Pair pair(z[lane], z[kLanes + lane], opposite[lane], opposite[kLanes + lane]);
      out[2 * lane * kElement] = pair.a_re;
      out[2 * lane * kElement + kLanes] = pair.a_im;
      if (2 * lane + 1 == rows) break;
      out[(2 * lane + 1) * kElement] = pair.b_re;
      out[(2 * lane + 1) * kElement + kLanes] = pair.b_im;
    }
  }
}

// Columns `first` and on, and the one to the left of column 0, which mirrors column 1.
void PlaneFft::StoreBins(const float* transformed, size_t first, size_t count,
                         const LowBins& bins) const {
  const ptrdiff_t reach = static_cast<ptrdiff_t>(bins.reach_y);
  const size_t end = std::min(first + count, bins.reach_x + 1);
  for (ptrdiff_t v = -reach; v <= reach; ++v) {
    const size_t row = v < 0 ? down_.length() - static_cast<size_t>(-v) : static_cast<size_t>(v);
    const float* re = transformed + row * kElement;
    float* out = bins.Row(v);
    for (size_t u = first; u < end; ++u) {
      out[2 * u] = re[u - first];
      out[2 * u + 1] = re[u - first + kLanes];
    }
    if (first > 0) continue;
    float* mirrored = bins.Row(-v) - 2;
    mirrored[0] = re[1];
    mirrored[1] = -re[1 + kLanes];
  }
}

// The plane's middle is put at the origin: powers are the same wherever it lies.
void PlaneFft::TransformRows(const float* part, size_t stride, size_t plane_width, size_t first,
                             size_t part_rows, float* half_done) {
  const size_t width = across_.length(), left = plane_width / 2;
  for (size_t done = 0; done < part_rows; done += kReals) {
    const size_t rows = std::min(kReals, part_rows - done);
    std::fill_n(sequences_, width * kElement, 0.0f);
    for (size_t x = 0; x < plane_width; ++x) {
      float* element = sequences_ + (x < left ? x + width - left : x - left) * kElement;
      for (size_t row = 0; row < rows; ++row) {
        element[row % 2 * kLanes + row / 2] = part[(done + row) * stride + x];
      }
    }
    StoreRows(across_.Transform(sequences_, scratch_), first + done, rows, half_done);
  }
}

void PlaneFft::TransformColumns(const float* half_done, size_t plane_rows, float* power,
                                const LowBins* bins) {
  const size_t height = down_.length(), top = plane_rows / 2;
  for (size_t batch = 0; batch * kLanes < columns_; ++batch) {
    const size_t below = plane_rows - top;
    const float* lanes = Lanes(half_done, batch);
    std::copy_n(lanes + top * kElement, below * kElement, sequences_);
    std::fill_n(sequences_ + below * kElement, (height - plane_rows) * kElement, 0.0f);
    std::copy_n(lanes, top * kElement, sequences_ + (height - top) * kElement);
    const float* transformed = down_.Transform(sequences_, scratch_);
    const size_t first = batch * kLanes, count = std::min(kLanes, columns_ - first);
    for (size_t row = 0; row < kept_; ++row) {
      const float* re = transformed + (row + height - first_) % height * kElement;
      const float* im = re + kLanes;
      float* out = power + row * columns_ + first;
      for (size_t lane = 0; lane < count; ++lane) {
        out[lane] = re[lane] * re[lane] + im[lane] * im[lane];
      }
    }
    if (bins != nullptr) StoreBins(transformed, first, count, *bins);
  }
}

// The columns of this batch, which are the real parts, and of the next, the imaginary parts. The
// transform of what is real at -k is that with the other sign of i at k.
void PlaneFft::StoreColumns(const float* transformed, size_t batch, size_t rows,
                            float* half_done) const {
  const size_t height = down_.length();
  for (size_t y = 0; y < rows; ++y) {
    const float* z = transformed + (height - y) % height * kElement;
    const float* opposite = transformed + y * kElement;
    float* a = Lanes(half_done, batch) + y * kElement;
    float* b = Lanes(half_done, batch + 1) + y * kElement;
    for (size_t lane = 0; lane < kLanes; ++lane) {
      const Pair pair(z[lane], z[kLanes + lane], opposite[lane], opposite[kLanes + lane]);
      a[lane] = pair.a_re;
      a[kLanes + lane] = pair.a_im;
      b[lane] = pair.b_re;
      b[kLanes + lane] = pair.b_im;
    }
  }
}

// Coefficients of a + i b from those of the real a and b, which at opposite frequencies are each
// other's conjugates.
void PlaneFft::LoadRows(const float* half_done, size_t first_row, size_t rows) {
  const size_t width = across_.length();
  std::fill_n(sequences_, width * kElement, 0.0f);
  for (size_t u = 0; u < columns_; ++u) {
    const float* in = Lanes(half_done, u / kLanes) + first_row * kElement + u % kLanes;
    // At frequencies that are their own opposites a real row has real coefficients.
    const float has_im = u == 0 || 2 * u == width ? 0.0f : 1.0f;
    float* z = sequences_ + u * kElement;
    float* opposite = sequences_ + (width - u) % width * kElement;
    for (size_t lane = 0; lane < (rows + 1) / 2; ++lane) {
      const float* a = in + 2 * lane * kElement;
      const float* b = 2 * lane + 1 < rows ? a + kElement : a;
      const float a_im = has_im * a[kLanes], b_im = has_im * b[kLanes];
      z[lane] = a[0] - b_im;
      z[kLanes + lane] = a_im + b[0];
      opposite[lane] = a[0] + b_im;
      opposite[kLanes + lane] = b[0] - a_im;
    }
  }
}

void PlaneFft::InvertColumns(const float* spectrum, size_t rows, float* half_done) {
  const size_t height = down_.length();
  for (size_t batch = 0; batch < batches_; batch += 2) {
    const size_t first = batch * kLanes, count = std::min(kReals, columns_ - first);
    std::fill_n(sequences_, height * kElement, 0.0f);
    for (size_t row = 0; row < kept_; ++row) {
      std::copy_n(spectrum + row * columns_ + first, count,
                  sequences_ + (row + height - first_) % height * kElement);
    }
    StoreColumns(down_.Transform(sequences_, scratch_), batch, rows, half_done);
  }
}

void PlaneFft::InvertRows(const float* half_done, size_t rows, size_t reach_x, size_t stride,
                          float* plane) {
  const size_t width = across_.length();
  for (size_t first = 0; first < rows; first += kReals) {
    const size_t here = std::min(kReals, rows - first);
    LoadRows(half_done, first, here);
    const float* transformed = across_.Transform(sequences_, scratch_);
    // x = -reach_x is at width - x, that is reach_x; then backwards, round in circles.
    size_t column = reach_x;
    for (size_t i = 0; i < 2 * reach_x + 1; ++i) {
      const float* from = transformed + column * kElement;
      float* to = plane + first * stride + i - reach_x;
      for (size_t row = 0; row < here; ++row) {
        to[row * stride] = from[row % 2 * kLanes + row / 2];
      }
      column = column == 0 ? width - 1 : column - 1;
    }
  }
}

}  // namespace countermark
