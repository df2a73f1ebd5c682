// Reads what a text says by its tokens, and how sure that is.
#ifndef COUNTERMARK_TEXT_DETECT_H_
#define COUNTERMARK_TEXT_DETECT_H_

#include <cstddef>
#include <cstdint>

#include "base/arena.h"
#include "base/key.h"

namespace countermark {

// Of a text that is longer, the first so many contexts are looked at: sums of 32 bits hold them.
inline constexpr size_t kTextTokensMax = 65536;

struct TextReading {
  uint32_t payload;
  uint32_t variant;
  uint32_t tokens_used;  // those whose context was not there before
  // An upper bound of the probability that a text made without the key looks as much like any of
  // the messages.
  double false_positive_rate;
};

size_t TextScratchSize(size_t count);

TextReading ReadText(const Key& key, const uint32_t* tokens, size_t count, Arena& arena);

// An upper bound of the probability that so many tokens have this score, in 256ths of a bit, for
// one message that does not know them.
double TextChance(uint32_t score, uint32_t tokens_used);

}  // namespace countermark

#endif  // COUNTERMARK_TEXT_DETECT_H_
