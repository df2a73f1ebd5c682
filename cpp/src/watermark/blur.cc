#include "watermark/blur.h"

#include <algorithm>

#include "kernels/filter.h"
#include "kernels/whiten.h"

namespace countermark {
namespace {

size_t Mirrored(ptrdiff_t index, size_t count) {
  const ptrdiff_t last = static_cast<ptrdiff_t>(count) - 1;
  if (last == 0) return 0;
  index = std::abs(index) % (2 * last);
  return static_cast<size_t>(index > last ? 2 * last - index : index);
}

// Rows that are filtered at once.
constexpr size_t kRows = 4;

// A separable filter of 2 radius + 1 taps. down(inputs, rows, out) makes rows that follow each
// other, the first of them of the first inputs, the next of those from the second on;
// across(inputs, y, out) makes row y of its own shifted copies.
template <typename Down, typename Across>
void FilterSeparably(const Plane& in, size_t radius, const Plane& out, Arena& arena, Down down,
                     Across across) {
  const Arena::Scope scope(arena);
  const size_t taps = 2 * radius + 1, length = in.width + 2 * radius;
  float* padded = arena.Allocate<float>(kRows * length);
  if (padded == nullptr || in.data == nullptr) return;
  const float* inputs[Gaussian::kLongest + kRows - 1];
  float* middles[kRows];
  for (size_t i = 0; i < kRows; ++i) middles[i] = padded + i * length + radius;
  const ptrdiff_t reach = static_cast<ptrdiff_t>(radius);
  for (size_t y = 0; y < in.height; y += kRows) {
    const size_t rows = std::min(kRows, in.height - y);
    for (size_t t = 0; t < taps + rows - 1; ++t) {
      inputs[t] = in.Row(Mirrored(static_cast<ptrdiff_t>(y + t) - reach, in.height));
    }
    down(inputs, rows, middles);
    for (size_t row = 0; row < rows; ++row) {
      float* middle = middles[row];
      for (ptrdiff_t i = 1; i <= reach; ++i) {
        middle[-i] = middle[Mirrored(-i, in.width)];
        const ptrdiff_t end = static_cast<ptrdiff_t>(in.width) - 1 + i;
        middle[end] = middle[Mirrored(end, in.width)];
      }
      for (size_t t = 0; t < taps; ++t) inputs[t] = middle - radius + t;
      across(inputs, y + row, out.Row(y + row));
    }
  }
}

// finish(y, row) has the last word on a row.
template <typename Finish>
void BlurAnd(const Plane& in, const Gaussian& gaussian, const Plane& out, Arena& arena,
             Finish finish) {
  const float* weights = gaussian.weights.data();
  FilterSeparably(
      in, gaussian.taps / 2, out, arena,
      [&](const float* const* inputs, size_t rows, float* const* to) {
        MovingSums(inputs, weights, gaussian.taps, rows, in.width, to);
      },
      [&](const float* const* inputs, size_t y, float* to) {
        WeightedSum(inputs, weights, gaussian.taps, in.width, to);
        finish(y, to);
      });
}

}  // namespace

void Blur(const Plane& in, const Gaussian& gaussian, const Plane& out, Arena& arena) {
  BlurAnd(in, gaussian, out, arena, [](size_t, float*) {});
}

void Detail(const Plane& in, const Gaussian& gaussian, const Plane& out, Arena& arena) {
  BlurAnd(in, gaussian, out, arena,
          [&](size_t y, float* row) { AbsoluteDifference(in.Row(y), row, in.width, row); });
}

void Erode(const Plane& in, size_t radius, const Plane& out, Arena& arena) {
  const size_t taps = 2 * radius + 1;
  FilterSeparably(
      in, radius, out, arena,
      [&](const float* const* inputs, size_t rows, float* const* to) {
        for (size_t row = 0; row < rows; ++row) Minimum(inputs + row, taps, in.width, to[row]);
      },
      [&](const float* const* inputs, size_t, float* to) { Minimum(inputs, taps, in.width, to); });
}

}  // namespace countermark
