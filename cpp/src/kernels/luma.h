// Brightness of a row of pixels.
//
// This file shows how every kernel here is written:
// - <kernel>.h         plain pointers and sizes, no vector types; says what the caller must keep;
// - <kernel>_reference.h  the same as plain loops, in namespace countermark::reference: the
//                      definition, the scalar target, and the tail that does not fill a vector;
// - <kernel>.cc        included again by Highway for each target, the best one is called;
// - tests/kernels/<kernel>_test.cc  every target against the twin, bit for bit.
// Written to Highway 1.0.3. No MulAdd and no sums across lanes: the same bits on every target.
#ifndef COUNTERMARK_KERNELS_LUMA_H_
#define COUNTERMARK_KERNELS_LUMA_H_

#include <cstddef>
#include <cstdint>

#include "base/image.h"

namespace countermark {

// luma[x] = (77 R + 150 G + 29 B + 128) >> 8, the weights of ITU-R BT.601 in 1/256; alpha is
// ignored. Of 16-bit samples v the 16-bit luma is taken and rounded to round(v * 255 / 65535); ten
// bits are rounded to eight, 255 at most. `plane_stride_bytes` leads from a row of one plane to
// that of the next.
void LumaRow(const uint8_t* row, ptrdiff_t plane_stride_bytes, PixelFormat format, size_t width,
             uint8_t* luma);

}  // namespace countermark

#endif  // COUNTERMARK_KERNELS_LUMA_H_
