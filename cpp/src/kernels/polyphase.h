// Sums of products along a signal, with coefficients that change from one output to the next.
#ifndef COUNTERMARK_KERNELS_POLYPHASE_H_
#define COUNTERMARK_KERNELS_POLYPHASE_H_

#include <cstddef>
#include <cstdint>

namespace countermark {

// A position among the inputs, of which it is `part` out of `parts` on its way to the next one, and
// how far it goes from one output to the next.
struct PolyphaseWalk {
  size_t whole_step;
  uint32_t part_step, parts;  // part_step < parts
  // The coefficients of a part are those of row part * phases / parts, rounded down.
  uint32_t phases;
  size_t taps;         // in a row, a multiple of kPolyphaseTaps
  const float* table;  // [phases][taps]
};

inline constexpr size_t kPolyphaseTaps = 8;

// Outputs are sums of the inputs from the position on, times the coefficients. `part` is where the
// first one stands and becomes where the one after the last stands; returns how many inputs that is
// further on. Terms are added in eight sums, term i in sum i mod 8; then sum i + 4 to sum i, 2 to
// 0, 3 to 1, 1 to 0.
size_t FilterPolyphase(const float* in, const PolyphaseWalk& walk, uint32_t* part, size_t count,
                       float* out);

}  // namespace countermark

#endif  // COUNTERMARK_KERNELS_POLYPHASE_H_
