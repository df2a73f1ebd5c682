// From the key and the last tokens of a text to the seed of the numbers that choose the next one.
#ifndef COUNTERMARK_TEXT_SEED_H_
#define COUNTERMARK_TEXT_SEED_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/key.h"
#include "kernels/text_draws.h"

namespace countermark {

// So many tokens before one decide, with the key, what is drawn for it.
inline constexpr size_t kTextContext = 3;
inline constexpr uint32_t kTextPayloadBits = 16;
// Which of 16 texts that bear the same payload this is: two answers to one question differ.
inline constexpr uint32_t kTextVariantBits = 4;
inline constexpr uint32_t kTextMessages = 1u << (kTextPayloadBits + kTextVariantBits);

using TextSeed = std::array<uint32_t, kTextSeedWords>;

constexpr uint32_t TextMessage(uint32_t payload, uint32_t variant) {
  return payload << kTextVariantBits | variant;
}

// One block of the keyed generator: whoever learns the seeds of any contexts knows nothing of those
// of others, nor of the key.
TextSeed SeedOfContext(const Key& key, const uint32_t* context, uint32_t message);

}  // namespace countermark

#endif  // COUNTERMARK_TEXT_SEED_H_
