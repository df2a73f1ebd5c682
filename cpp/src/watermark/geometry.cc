#include "watermark/geometry.h"

#include "watermark/symmetry.h"

namespace countermark {
namespace {

using Row = std::array<double, 3>;

// Scales a homography so that its third coordinate is 1 where the first two are 0.
std::array<double, 9> Normalised(const Row& u, const Row& v, const Row& w) {
  const auto minor = [&](size_t i, size_t j) { return u[i] * v[j] - u[j] * v[i]; };
  const double determinant = w[0] * minor(1, 2) + w[1] * minor(2, 0) + w[2] * minor(0, 1);
  const double scale = minor(0, 1) / determinant;
  return {scale * u[0], scale * u[1], scale * u[2], scale * v[0], scale * v[1],
          scale * v[2], scale * w[0], scale * w[1], scale * w[2]};
}

}  // namespace

std::array<double, 9> GeometryOf(const Part& part, Size plane, const Placement& p,
                                 const PilotPeak& peak, const Origin& origin) {
  const auto sum = [](const Row& a, double times, const Row& b) {
    return Row{a[0] + times * b[0], a[1] + times * b[1], a[2] + times * b[2]};
  };
  const double det = p.Determinant();
  const double sx = static_cast<double>(plane.width) / part.width;
  const double sy = static_cast<double>(plane.height) / part.height;
  // From the placement's offset, in pixels of the plane: pixel X is sx (x - left) - 1/2.
  const Row x{sx, 0, -sx * part.left - 0.5 - p.x};
  const Row y{0, sy, -sy * part.top - 0.5 - p.y};
  // Through the inverse of the linear part: (u, v) / (1 + px u + py v) of the fold.
  const Row near_u = sum(sum({}, p.yy / det, x), -p.xy / det, y);
  const Row near_v = sum(sum({}, p.xx / det, y), -p.yx / det, x);
  const Row depth = sum(sum({0, 0, 1}, -p.px, near_u), -p.py, near_v);
  const Row u = sum(near_u, -static_cast<double>(peak.x), depth);
  const Row v = sum(near_v, -static_cast<double>(peak.y), depth);
  // The inverse of an orthogonal matrix is its transpose.
  const Symmetry s = SymmetryOf(peak.symmetry);
  const Row first = sum(sum(sum({}, s.xx, u), s.yx, v), origin.x, depth);
  const Row second = sum(sum(sum({}, s.xy, u), s.yy, v), origin.y, depth);
  return Normalised(first, second, depth);
}

}  // namespace countermark
