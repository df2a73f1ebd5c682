#include "base/generator.h"

#include <bit>

namespace countermark {

std::array<uint32_t, 4> Threefry4x32(const std::array<uint32_t, 4>& counter,
                                     const std::array<uint32_t, 4>& key) {
  static constexpr int kRotation[8][2] = {{10, 26}, {11, 21}, {13, 27}, {23, 5},
                                          {6, 20},  {17, 11}, {25, 10}, {18, 20}};
  constexpr uint32_t kParity = 0x1BD11BDA;
  const uint32_t schedule[5] = {key[0], key[1], key[2], key[3],
                                kParity ^ key[0] ^ key[1] ^ key[2] ^ key[3]};
  std::array<uint32_t, 4> x;
  for (size_t i = 0; i < 4; ++i) x[i] = counter[i] + schedule[i];
  for (unsigned round = 0; round < 20; ++round) {
    // Even rounds mix (0, 1) and (2, 3); odd rounds (0, 3) and (2, 1).
    const size_t first = round % 2 == 0 ? 1 : 3;
    const size_t second = round % 2 == 0 ? 3 : 1;
    x[0] += x[first];
    x[first] = std::rotl(x[first], kRotation[round % 8][0]) ^ x[0];
    x[2] += x[second];
    x[second] = std::rotl(x[second], kRotation[round % 8][1]) ^ x[2];
    if (round % 4 == 3) {
      const unsigned injection = round / 4 + 1;
      for (unsigned i = 0; i < 4; ++i) x[i] += schedule[(injection + i) % 5];
      x[3] += injection;
    }
  }
  return x;
}

Generator::Generator(const std::array<uint8_t, 16>& key, uint32_t stream, uint64_t branch)
    : counter_{0, static_cast<uint32_t>(branch), static_cast<uint32_t>(branch >> 32), stream},
      block_{} {
  for (size_t i = 0; i < 4; ++i) {
    key_[i] = uint32_t{key[4 * i]} | uint32_t{key[4 * i + 1]} << 8 |
              uint32_t{key[4 * i + 2]} << 16 | uint32_t{key[4 * i + 3]} << 24;
  }
}

uint32_t Generator::Next() {
  if (left_ == 0) {
    block_ = Threefry4x32(counter_, key_);
    ++counter_[0];
    left_ = 4;
  }
  return block_[4 - left_--];
}

uint32_t Generator::Below(uint32_t bound) {
  // Numbers past the last whole multiple of `bound` would favour the small results.
  const uint32_t excess = (UINT32_MAX % bound + 1) % bound;
  uint32_t number = Next();
  while (number > UINT32_MAX - excess) number = Next();
  return number % bound;
}

}  // namespace countermark
