// The pseudo-random numbers that choose the tokens of a marked text, and what they say afterwards.
//
// A seed is four words, of which the second and the fourth are odd. The number that it draws for a
// token is found in two halves; between them the message is added to the third word.
#ifndef COUNTERMARK_KERNELS_TEXT_DRAWS_H_
#define COUNTERMARK_KERNELS_TEXT_DRAWS_H_

#include <cstddef>
#include <cstdint>

namespace countermark {

inline constexpr size_t kTextSeedWords = 4;
// Two messages differ in the third word of a seed by multiples of this.
inline constexpr uint32_t kTextMessageStep = 0x9E3779B1;

// Multiplies tokens, for neighbours to differ in many bits.
inline constexpr uint32_t kTextTokenStep = 0x85EBCA6B;

// The first half of a token's draw.
inline uint32_t TextDrawHalf(const uint32_t* seed, uint32_t token) {
  uint32_t x = token * kTextTokenStep + seed[0];
  x = (x ^ x >> 16) * seed[1];
  return (x ^ x >> 15) + seed[2];
}

// draws[i]: the number of token `first + i`, uniform over all 32 bits.
void TextDraws(const uint32_t* seed, uint32_t first, size_t count, uint32_t* draws);

// A token of a text that is looked at: the first half of its draw, with message 0, and the fourth
// word of the seed.
struct TextToken {
  uint32_t half;
  uint32_t multiplier;
};

struct BestText {
  uint32_t message;
  uint32_t score;  // the sum over all tokens, in 256ths of a bit
};

// The message in [0, messages), a multiple of 64, whose draws are the smallest; of several the
// first. A draw scores by how much smaller it is than its largest possible value: about the binary
// logarithm of the quotient.
BestText BestTextMessage(const TextToken* tokens, size_t count, uint32_t messages);

}  // namespace countermark

#endif  // COUNTERMARK_KERNELS_TEXT_DRAWS_H_
