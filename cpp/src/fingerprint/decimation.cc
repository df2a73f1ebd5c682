#include "fingerprint/decimation.h"

#include <algorithm>

namespace countermark {
namespace {

struct Range {
  size_t begin;
  size_t end;

  size_t size() const { return end - begin; }
};

// An even window reaches one sample further to the right, as in the reference.
Range BoxAround(size_t centre, size_t window, size_t size) {
  const size_t right = window / 2;
  const size_t left = window - 1 - right;
  return {centre > left ? centre - left : 0, std::min(centre + right + 1, size)};
}

}  // namespace

Decimation::Decimation(size_t size, Arena& arena) : taps_{} {
  const size_t window = (size + 2 * kPdqSide - 1) / (2 * kPdqSide);
  float* weights = arena.Allocate<float>(kPdqSide * 2 * window);
  if (weights == nullptr) return;
  std::fill_n(weights, kPdqSide * 2 * window, 0.0f);
  for (size_t position = 0; position < kPdqSide; ++position) {
    const size_t centre = (2 * position + 1) * size / (2 * kPdqSide);
    const Range outer = BoxAround(centre, window, size);
    const size_t first = BoxAround(outer.begin, window, size).begin;
    const size_t end = BoxAround(outer.end - 1, window, size).end;
    for (size_t i = outer.begin; i < outer.end; ++i) {
      const Range inner = BoxAround(i, window, size);
      const float weight = 1.0f / static_cast<float>(outer.size() * inner.size());
      for (size_t j = inner.begin; j < inner.end; ++j) weights[j - first] += weight;
    }
    taps_[position] = {first, end - first, weights};
    weights += 2 * window;
  }
}

}  // namespace countermark
