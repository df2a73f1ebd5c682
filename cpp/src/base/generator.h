// Threefry-4x32 with 20 rounds: a counter-based generator with a 128-bit key.
//
// Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011. The same
// key and stream give the same numbers on every machine, now and in any later version.
#ifndef COUNTERMARK_BASE_GENERATOR_H_
#define COUNTERMARK_BASE_GENERATOR_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace countermark {

std::array<uint32_t, 4> Threefry4x32(const std::array<uint32_t, 4>& counter,
                                     const std::array<uint32_t, 4>& key);

// A sequence of numbers drawn from one (key, stream, branch) triple.
class Generator {
 public:
  // The key's bytes are read as four little-endian words. Streams and branches are independent.
  Generator(const std::array<uint8_t, 16>& key, uint32_t stream, uint64_t branch = 0);

  uint32_t Next();
  // Uniform in [0, bound), without bias. bound > 0.
  uint32_t Below(uint32_t bound);

  // Fisher-Yates, from the last element down.
  template <typename T>
  void Shuffle(T* items, size_t count) {
    for (size_t i = count; i > 1; --i) std::swap(items[i - 1], items[Below(uint32_t(i))]);
  }

 private:
  std::array<uint32_t, 4> key_;
  std::array<uint32_t, 4> counter_;
  std::array<uint32_t, 4> block_;
  size_t left_ = 0;
};

}  // namespace countermark

#endif  // COUNTERMARK_BASE_GENERATOR_H_
