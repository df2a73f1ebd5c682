// The low-pass filter and decimation in front of PDQ, along one direction.
//
// The reference runs two box filters of window (size + 127) / 128 over the whole picture, each
// divided by the number of samples it found inside, and then picks 64 positions. All of it is
// linear, so each of the 64 values is a weighted sum of a few samples: a tent, cut at the borders.
#ifndef COUNTERMARK_FINGERPRINT_DECIMATION_H_
#define COUNTERMARK_FINGERPRINT_DECIMATION_H_

#include <array>
#include <cstddef>

#include "base/arena.h"

namespace countermark {

inline constexpr size_t kPdqSide = 64;

class Decimation {
 public:
  // Samples first .. first + count - 1 with a weight each; the weights sum to one.
  struct Taps {
    size_t first;
    size_t count;
    const float* weights;
  };

  Decimation(size_t size, Arena& arena);

  Taps At(size_t position) const { return taps_[position]; }

 private:
  std::array<Taps, kPdqSide> taps_;
};

}  // namespace countermark

#endif  // COUNTERMARK_FINGERPRINT_DECIMATION_H_
