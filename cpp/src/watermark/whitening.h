// Makes the picture look like noise of equal strength everywhere, which is what the mark's
// detector is best at looking through.
#ifndef COUNTERMARK_WATERMARK_WHITENING_H_
#define COUNTERMARK_WATERMARK_WHITENING_H_

#include "base/arena.h"
#include "watermark/plane.h"

namespace countermark {

// Cuts the plane into overlapping blocks under a window and divides every Fourier coefficient of
// every block by its magnitude to the power 1.5: by the magnitude, so that edges, texture and
// shading count no more than the mark does; by its root, because the mark, whose amplitude grows
// with the root of the texture, stands higher over the picture where that is quiet. What varies
// slower or faster than the mark is dropped. `out` may be bordered, and may be `plane`.
//
// Coefficients smaller than `floor`, in grey levels, are not lifted much further. What a codec has
// left at that height is its own noise: there a coarse floor reads more, elsewhere the finest.
void Whiten(const Plane& plane, float floor, const Plane& out, Arena& arena);

// The same at several floors; what does not depend on them, half of the work, is done once. No
// `out` may be `plane`, unless it is the only one.
void Whiten(const Plane& plane, const float* floors, size_t count, const Plane* out, Arena& arena);

// Each row depends on so many above and below. Of a part of the plane that begins at a multiple of
// kWhiteningStep all other rows come out as they do of the whole.
inline constexpr size_t kWhiteningReach = 15, kWhiteningStep = 4;

inline constexpr float kFloors[] = {1.0f, 3.5f, 10.0f};
inline constexpr float kFineFloor = kFloors[0];

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_WHITENING_H_
