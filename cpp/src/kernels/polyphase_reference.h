// Plain-loop twin of kernels/polyphase.h.
#ifndef COUNTERMARK_KERNELS_POLYPHASE_REFERENCE_H_
#define COUNTERMARK_KERNELS_POLYPHASE_REFERENCE_H_

#include <bit>
#include <cstddef>
#include <cstdint>

#include "kernels/polyphase.h"

namespace countermark {

inline const float* PolyphaseRow(const PolyphaseWalk& walk, uint32_t part) {
  // A division takes as long as a dozen products.
  const bool is_power_of_two = (walk.parts & (walk.parts - 1)) == 0;
  const uint64_t share = uint64_t{part} * walk.phases;
  const uint64_t row = walk.phases == walk.parts ? part
                       : is_power_of_two         ? share >> std::countr_zero(walk.parts)
                                                 : share / walk.parts;
  return walk.table + row * walk.taps;
}

// Moves on by one output; returns by how many inputs.
inline size_t StepPolyphase(const PolyphaseWalk& walk, uint32_t* part) {
  *part += walk.part_step;
  if (*part < walk.parts) return walk.whole_step;
  *part -= walk.parts;
  return walk.whole_step + 1;
}

namespace reference {

inline size_t FilterPolyphase(const float* in, const PolyphaseWalk& walk, uint32_t* part,
                              size_t count, float* out) {
  const float* first = in;
  for (size_t i = 0; i < count; ++i) {
    const float* row = PolyphaseRow(walk, *part);
    float sums[kPolyphaseTaps] = {};
    for (size_t t = 0; t < walk.taps; ++t) sums[t % kPolyphaseTaps] += in[t] * row[t];
    for (size_t s = kPolyphaseTaps / 2; s > 0; s /= 2) {
      for (size_t k = 0; k < s; ++k) sums[k] += sums[k + s];
    }
    out[i] = sums[0];
    in += StepPolyphase(walk, part);
  }
  return static_cast<size_t>(in - first);
}

}  // namespace reference
}  // namespace countermark

#endif  // COUNTERMARK_KERNELS_POLYPHASE_REFERENCE_H_
