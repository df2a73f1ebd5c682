// Gaussian blurs of planes.
#ifndef COUNTERMARK_WATERMARK_BLUR_H_
#define COUNTERMARK_WATERMARK_BLUR_H_

#include <array>
#include <cstddef>

#include "base/arena.h"
#include "base/trigonometry.h"
#include "watermark/plane.h"

namespace countermark {

// Sampled at whole pixels out to three deviations, summing to 1.
struct Gaussian {
  static constexpr size_t kLongest = 2 * 12 + 1;

  constexpr explicit Gaussian(double deviation)
      : taps(2 * static_cast<size_t>(3 * deviation + 0.999) + 1), weights{} {
    const int radius = static_cast<int>(taps / 2);
    double sum = 0;
    for (int i = -radius; i <= radius; ++i)
      sum += Exponential(-0.5 * i * i / (deviation * deviation));
    for (int i = -radius; i <= radius; ++i) {
      weights[static_cast<size_t>(i + radius)] =
          static_cast<float>(Exponential(-0.5 * i * i / (deviation * deviation)) / sum);
    }
  }

  size_t taps;
  std::array<float, kLongest> weights;
};

// The picture is mirrored at its edges, the edge pixel itself not repeated. `out` must not be
// `in`; their sizes agree.
void Blur(const Plane& in, const Gaussian& gaussian, const Plane& out, Arena& arena);

// What the blur takes away: out = |in - its blur|.
void Detail(const Plane& in, const Gaussian& gaussian, const Plane& out, Arena& arena);

// The least value within `radius` pixels in x and in y.
void Erode(const Plane& in, size_t radius, const Plane& out, Arena& arena);

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_BLUR_H_
