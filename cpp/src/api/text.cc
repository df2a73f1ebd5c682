#include <cstdint>

#include "api/arguments.h"
#include "api/refusal.h"
#include "api/target.h"
#include "countermark/countermark.h"
#include "kernels/text_draws.h"
#include "text/detect.h"
#include "text/seed.h"

namespace countermark {
namespace {

static_assert(kTextContext == CMK_TEXT_CONTEXT);
static_assert(kTextSeedWords == CMK_TEXT_SEED_WORDS);
static_assert(kTextTokensMax == CMK_TEXT_TOKENS_MAX);
static_assert(kTextPayloadBits == 16);
static_assert(kTextVariantBits == 4);

bool IsAligned(const void* address) {
  return reinterpret_cast<uintptr_t>(address) % alignof(uint32_t) == 0;
}

cmk_status CheckWords(const uint32_t* words) {
  COUNTERMARK_REQUIRE(words != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_REQUIRE(IsAligned(words), CMK_STATUS_MISALIGNED);
  return CMK_STATUS_OK;
}

cmk_status CheckDetection(const uint32_t* tokens, size_t count, const void* scratch,
                          size_t scratch_size, const cmk_text_detection* detection) {
  if (count > 0) COUNTERMARK_CHECK(CheckWords(tokens));
  COUNTERMARK_REQUIRE(detection != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_REQUIRE(detection->struct_size == sizeof(*detection), CMK_STATUS_STRUCT_SIZE);
  COUNTERMARK_REQUIRE(scratch != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_REQUIRE(scratch_size >= TextScratchSize(count), CMK_STATUS_SCRATCH_TOO_SMALL);
  return CMK_STATUS_OK;
}

}  // namespace
}  // namespace countermark

size_t cmk_text_context() { return CMK_TEXT_CONTEXT; }
size_t cmk_text_seed_words() { return CMK_TEXT_SEED_WORDS; }
size_t cmk_text_tokens_max() { return CMK_TEXT_TOKENS_MAX; }

cmk_status cmk_text_seed(const uint8_t* key, const uint32_t* context, uint16_t payload,
                         uint8_t variant, uint32_t* seed) {
  COUNTERMARK_REQUIRE(key != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_CHECK(countermark::CheckWords(context));
  COUNTERMARK_CHECK(countermark::CheckWords(seed));
  const uint32_t message = countermark::TextMessage(payload, variant & 15);
  const countermark::TextSeed made =
      countermark::SeedOfContext(countermark::KeyFrom(key), context, message);
  for (size_t i = 0; i < made.size(); ++i) seed[i] = made[i];
  return CMK_STATUS_OK;
}

cmk_status cmk_text_draws(const uint32_t* seed, size_t count, uint32_t* draws) {
  COUNTERMARK_REQUIRE(countermark::TargetIsAvailable(), CMK_STATUS_UNKNOWN_TARGET);
  COUNTERMARK_CHECK(countermark::CheckWords(seed));
  if (count > 0) COUNTERMARK_CHECK(countermark::CheckWords(draws));
  countermark::TextDraws(seed, 0, count, draws);
  return CMK_STATUS_OK;
}

cmk_status cmk_text_detect_scratch_size(size_t count, size_t* size) {
  COUNTERMARK_REQUIRE(size != nullptr, CMK_STATUS_NULL_POINTER);
  *size = countermark::TextScratchSize(count);
  return CMK_STATUS_OK;
}

cmk_status cmk_text_detect(const uint32_t* tokens, size_t count, const uint8_t* key, void* scratch,
                           size_t scratch_size, cmk_text_detection* detection) {
  COUNTERMARK_REQUIRE(countermark::TargetIsAvailable(), CMK_STATUS_UNKNOWN_TARGET);
  COUNTERMARK_REQUIRE(key != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_CHECK(countermark::CheckDetection(tokens, count, scratch, scratch_size, detection));
  countermark::Arena arena(scratch, scratch_size);
  const countermark::TextReading reading =
      countermark::ReadText(countermark::KeyFrom(key), tokens, count, arena);
  detection->tokens_used = reading.tokens_used;
  detection->payload = reading.payload;
  detection->variant = reading.variant;
  detection->false_positive_rate = reading.false_positive_rate;
  return CMK_STATUS_OK;
}
