// The eight symmetries of the square, acting on a tile about its origin.
#ifndef COUNTERMARK_WATERMARK_SYMMETRY_H_
#define COUNTERMARK_WATERMARK_SYMMETRY_H_

#include <array>
#include <cstdint>

#include "watermark/format.h"

namespace countermark {

inline constexpr int kSymmetries = 8;

// An orthogonal matrix of whole numbers: (x, y) -> (xx x + xy y, yx x + yy y).
struct Symmetry {
  int xx, xy, yx, yy;
};

// Symmetry d: mirrored in x when d & 4, then d & 3 quarter turns that take x to y.
constexpr Symmetry SymmetryOf(int d) {
  Symmetry s{(d & 4) != 0 ? -1 : 1, 0, 0, 1};
  for (int turn = 0; turn < (d & 3); ++turn) s = {-s.yx, -s.yy, s.xx, s.xy};
  return s;
}

// Where coefficient i of a tile goes when the tile is turned: to `index`, conjugated if the turned
// frequency lies in the other half of the plane.
struct MovedCoefficient {
  uint16_t index : 15;
  uint16_t conjugated : 1;
};

using SymmetryTable = std::array<std::array<MovedCoefficient, kBandSize>, kSymmetries>;

// A table for each symmetry, in the order of SymmetryOf.
const SymmetryTable& MovedCoefficients();

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_SYMMETRY_H_
