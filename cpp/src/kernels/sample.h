// Sampling along a line: the inner loop of folding a plane under an affine change.
#ifndef COUNTERMARK_KERNELS_SAMPLE_H_
#define COUNTERMARK_KERNELS_SAMPLE_H_

#include "kernels/sample_line.h"

namespace countermark {

// sums[i] += the plane at sample i of the line, bilinearly interpolated, zero outside the plane.
// Places are rounded to 1/65536 pixel. Planes have sides below 32,767.
void AddSamples(const SampleLine& line, size_t count, float* sums);

// The same at the nearest pixel: faster, for ranking hypotheses.
void AddNearestSamples(const SampleLine& line, size_t count, float* sums);

}  // namespace countermark

#endif  // COUNTERMARK_KERNELS_SAMPLE_H_
