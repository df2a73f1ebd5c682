// What an embedder on another processor has to know.
#include <algorithm>
#include <array>

#include "api/arguments.h"
#include "api/refusal.h"
#include "api/target.h"
#include "base/key.h"
#include "code/message.h"
#include "watermark/layout.h"

namespace countermark {
namespace {

static_assert(kBandSize == CMK_BAND_COEFFICIENTS);
static_assert(kCodedBits == CMK_CODED_BITS);
static_assert(1u << kVariantBits == CMK_VARIANTS);
static_assert(sizeof(cmk_word::coded) == CMK_CODED_BITS);

void TellPilot(const Layout& layout, cmk_component* components) {
  for (size_t i = 0; i < kPilotSize; ++i) {
    cmk_component* const at = components + 2 * layout.pilot[i];
    at[0] = {CMK_CODED_BITS, layout.pilot_re[i]};
    at[1] = {CMK_CODED_BITS, layout.pilot_im[i]};
  }
}

void TellPayload(const Layout& layout, cmk_component* components) {
  for (size_t i = 0; i < kPayloadSize; ++i) {
    cmk_component* const at = components + 2 * layout.payload[i];
    at[0] = {layout.bit[2 * i], layout.sign[2 * i]};
    at[1] = {layout.bit[2 * i + 1], layout.sign[2 * i + 1]};
  }
}

void TellWords(uint64_t payload, const Key& key, cmk_word* words) {
  std::array<CodedBits, CMK_VARIANTS> coded;
  EncodeVariants(payload, &coded);
  for (uint8_t variant = 0; variant < CMK_VARIANTS; ++variant) {
    const Origin origin = OriginUnder(key, {payload, variant});
    words[variant].origin_x = static_cast<uint16_t>(origin.x);
    words[variant].origin_y = static_cast<uint16_t>(origin.y);
    std::copy(coded[variant].begin(), coded[variant].end(), words[variant].coded);
  }
}

// They run no kernel, but are refused like everything else where none may run.
cmk_status CheckTelling(const uint8_t* key, const void* result) {
  COUNTERMARK_REQUIRE(TargetIsAvailable(), CMK_STATUS_UNKNOWN_TARGET);
  COUNTERMARK_REQUIRE(key != nullptr && result != nullptr, CMK_STATUS_NULL_POINTER);
  return CMK_STATUS_OK;
}

}  // namespace
}  // namespace countermark

size_t cmk_band_coefficients() { return CMK_BAND_COEFFICIENTS; }
size_t cmk_coded_bits() { return CMK_CODED_BITS; }
size_t cmk_variants() { return CMK_VARIANTS; }

cmk_status cmk_watermark_layout(const uint8_t* key, cmk_component* components) {
  COUNTERMARK_CHECK(countermark::CheckTelling(key, components));
  const countermark::Layout layout(countermark::KeyFrom(key));
  countermark::TellPilot(layout, components);
  countermark::TellPayload(layout, components);
  return CMK_STATUS_OK;
}

cmk_status cmk_watermark_words(uint64_t payload, const uint8_t* key, cmk_word* words) {
  COUNTERMARK_CHECK(countermark::CheckTelling(key, words));
  countermark::TellWords(payload, countermark::KeyFrom(key), words);
  return CMK_STATUS_OK;
}
