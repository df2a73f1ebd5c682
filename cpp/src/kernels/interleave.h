// Four rows of floats woven into one, and back.
#ifndef COUNTERMARK_KERNELS_INTERLEAVE_H_
#define COUNTERMARK_KERNELS_INTERLEAVE_H_

#include <cstddef>

namespace countermark {

// out[p][i] = in[4 i + p].
void Deinterleave4(const float* in, size_t count, float* const out[4]);

// out[4 i + p] = in[p][i].
void Interleave4(const float* const in[4], size_t count, float* out);

}  // namespace countermark

#endif  // COUNTERMARK_KERNELS_INTERLEAVE_H_
