#include "base/generator.h"

#include <bit>
#include <utility>

namespace countermark {

namespace {

// Even rounds mix (0, 1) and (2, 3); odd rounds (0, 3) and (2, 1).
template <unsigned kRound>
void Mix(const uint32_t (&schedule)[5], std::array<uint32_t, 4>& x) {
  constexpr int kRotation[8][2] = {{10, 26}, {11, 21}, {13, 27}, {23, 5},
                                   {6, 20},  {17, 11}, {25, 10}, {18, 20}};
  constexpr size_t kFirst = kRound % 2 == 0 ? 1 : 3;
  constexpr size_t kSecond = kRound % 2 == 0 ? 3 : 1;
  x[0] += x[kFirst];
  x[kFirst] = std::rotl(x[kFirst], kRotation[kRound % 8][0]) ^ x[0];
  x[2] += x[kSecond];
  x[kSecond] = std::rotl(x[kSecond], kRotation[kRound % 8][1]) ^ x[2];
  if constexpr (kRound % 4 == 3) {
    constexpr unsigned kInjection = kRound / 4 + 1;
    for (unsigned i = 0; i < 4; ++i) x[i] += schedule[(kInjection + i) % 5];
    x[3] += kInjection;
  }
}

template <unsigned... kRounds>
void MixAll(std::integer_sequence<unsigned, kRounds...>, const uint32_t (&schedule)[5],
            std::array<uint32_t, 4>& x) {
  (Mix<kRounds>(schedule, x), ...);
}

}  // namespace

std::array<uint32_t, 4> Threefry4x32(const std::array<uint32_t, 4>& counter,
                                     const std::array<uint32_t, 4>& key) {
  constexpr uint32_t kParity = 0x1BD11BDA;
  const uint32_t schedule[5] = {key[0], key[1], key[2], key[3],
                                kParity ^ key[0] ^ key[1] ^ key[2] ^ key[3]};
  std::array<uint32_t, 4> x;
  for (size_t i = 0; i < 4; ++i) x[i] = counter[i] + schedule[i];
  MixAll(std::make_integer_sequence<unsigned, 20>(), schedule, x);
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
