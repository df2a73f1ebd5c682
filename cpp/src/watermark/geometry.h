// Where a picture's pixels lay when it was marked, from where its mark was found.
#ifndef COUNTERMARK_WATERMARK_GEOMETRY_H_
#define COUNTERMARK_WATERMARK_GEOMETRY_H_

#include <array>

#include "watermark/fold.h"
#include "watermark/layout.h"
#include "watermark/pilot.h"
#include "watermark/plane.h"

namespace countermark {

// Part of a picture, in its pixels.
struct Part {
  double left, top;
  double width, height;
};

// Picture to canonical plane: through the view and the plane searched, back through the placement,
// the shift and the symmetry, and from the tile's origin to the picture's centre.
std::array<double, 9> GeometryOf(const Part& part, Size plane, const Placement& placement,
                                 const PilotPeak& peak, const Origin& origin);

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_GEOMETRY_H_
