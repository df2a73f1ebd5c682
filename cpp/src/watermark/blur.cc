#include "watermark/blur.h"

#include <algorithm>

#include "kernels/filter.h"

namespace countermark {
namespace {

size_t Mirrored(ptrdiff_t index, size_t count) {
  const ptrdiff_t last = static_cast<ptrdiff_t>(count) - 1;
  if (last == 0) return 0;
  index = std::abs(index) % (2 * last);
  return static_cast<size_t>(index > last ? 2 * last - index : index);
}

// Runs `combine(inputs, count, out)` over the rows around each row, then over the shifted copies
// of the result: a separable filter of 2 radius + 1 taps.
template <typename Combine>
void FilterSeparably(const Plane& in, size_t radius, const Plane& out, Arena& arena,
                     Combine combine) {
  const Arena::Scope scope(arena);
  const size_t taps = 2 * radius + 1;
  float* padded = arena.Allocate<float>(in.width + 2 * radius);
  if (padded == nullptr || in.data == nullptr) return;
  const float* inputs[Gaussian::kLongest];
  const ptrdiff_t reach = static_cast<ptrdiff_t>(radius);
  for (size_t y = 0; y < in.height; ++y) {
    for (size_t t = 0; t < taps; ++t) {
      inputs[t] = in.Row(Mirrored(static_cast<ptrdiff_t>(y + t) - reach, in.height));
    }
    float* middle = padded + radius;
    combine(inputs, in.width, middle);
    for (ptrdiff_t i = 1; i <= reach; ++i) {
      middle[-i] = middle[Mirrored(-i, in.width)];
      const ptrdiff_t end = static_cast<ptrdiff_t>(in.width) - 1 + i;
      middle[end] = middle[Mirrored(end, in.width)];
    }
    for (size_t t = 0; t < taps; ++t) inputs[t] = padded + t;
    combine(inputs, in.width, out.Row(y));
  }
}

}  // namespace

void Blur(const Plane& in, const Gaussian& gaussian, const Plane& out, Arena& arena) {
  FilterSeparably(in, gaussian.taps / 2, out, arena,
                  [&](const float* const* inputs, size_t count, float* to) {
                    WeightedSum(inputs, gaussian.weights.data(), gaussian.taps, count, to);
                  });
}

void Erode(const Plane& in, size_t radius, const Plane& out, Arena& arena) {
  FilterSeparably(in, radius, out, arena, [&](const float* const* inputs, size_t count, float* to) {
    Minimum(inputs, 2 * radius + 1, count, to);
  });
}

}  // namespace countermark
