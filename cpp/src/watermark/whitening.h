// Makes the picture look like noise of equal strength everywhere, which is what the mark's
// detector is best at looking through.
#ifndef COUNTERMARK_WATERMARK_WHITENING_H_
#define COUNTERMARK_WATERMARK_WHITENING_H_

#include "base/arena.h"
#include "watermark/plane.h"

namespace countermark {

// Cuts the plane into overlapping blocks under a window and divides every Fourier coefficient of
// every block by its magnitude, so that only phases are left: edges, texture and shading count no
// more than the mark does. What varies slower or faster than the mark is dropped. `out` may be
// bordered, and must not be `plane`.
void Whiten(const Plane& plane, const Plane& out, Arena& arena);

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_WHITENING_H_
