// Makes the picture look like noise of equal strength everywhere, which is what the mark's
// detector is best at looking through.
#ifndef COUNTERMARK_WATERMARK_WHITENING_H_
#define COUNTERMARK_WATERMARK_WHITENING_H_

#include "base/arena.h"
#include "watermark/plane.h"

namespace countermark {

// out = (plane - local mean) / (local deviation + 1), clipped to three deviations and weighted by
// how well the mark is to be seen there. `out` may be bordered, and must not be `plane`.
void Whiten(const Plane& plane, const Plane& out, Arena& arena);

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_WHITENING_H_
