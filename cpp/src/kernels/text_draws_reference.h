// Plain-loop twin of kernels/text_draws.h.
#ifndef COUNTERMARK_KERNELS_TEXT_DRAWS_REFERENCE_H_
#define COUNTERMARK_KERNELS_TEXT_DRAWS_REFERENCE_H_

#include <bit>
#include <cstddef>
#include <cstdint>

#include "kernels/text_draws.h"

namespace countermark::reference {

// Low and high bits are well mixed (Wellons, "Prospecting for hash functions", 2018). Every step
// can be undone: a uniform seed makes the draw uniform.
inline constexpr uint32_t kTextMultiplier = 0x7FEB352D;
// Of a float's bits, to have 256ths of a binary logarithm, straight between powers of two.
inline constexpr int kTextLogarithmShift = 15;
// What one is at 2^24.
inline constexpr uint32_t kTextLogarithmMax = (127 + 24) * 256;

inline uint32_t TextDrawFrom(uint32_t half, uint32_t multiplier) {
  half = (half ^ half >> 16) * kTextMultiplier;
  return (half ^ half >> 15) * multiplier;
}

// An odd number under 2^24, which a float holds exactly.
inline uint32_t TextLogarithm(uint32_t draw) {
  return std::bit_cast<uint32_t>(static_cast<float>(draw >> 8 | 1)) >> kTextLogarithmShift;
}

inline void TextDraws(const uint32_t* seed, uint32_t first, size_t count, uint32_t* draws) {
  for (size_t i = 0; i < count; ++i) {
    const uint32_t half = TextDrawHalf(seed, first + static_cast<uint32_t>(i));
    draws[i] = TextDrawFrom(half, seed[3]);
  }
}

inline uint32_t TextScore(const TextToken* tokens, size_t count, uint32_t message) {
  uint32_t score = 0;
  for (size_t i = 0; i < count; ++i) {
    const uint32_t half = tokens[i].half + message * kTextMessageStep;
    score += kTextLogarithmMax - TextLogarithm(TextDrawFrom(half, tokens[i].multiplier));
  }
  return score;
}

inline BestText BestTextMessage(const TextToken* tokens, size_t count, uint32_t messages) {
  BestText best = {0, 0};
  for (uint32_t message = 0; message < messages; ++message) {
    const uint32_t score = TextScore(tokens, count, message);
    if (score > best.score) best = {message, score};
  }
  return best;
}

}  // namespace countermark::reference

#endif  // COUNTERMARK_KERNELS_TEXT_DRAWS_REFERENCE_H_
