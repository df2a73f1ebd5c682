// cmk_watermark_layout and cmk_watermark_words: all of the result is written, and what it says is
// possible.
#include <array>

#include "arguments.h"

namespace countermark {
namespace {

void TellLayout(const FuzzedKey& key, bool is_wanted) {
  constexpr size_t kCount = 2 * CMK_BAND_COEFFICIENTS;
  const Block block(kCount * sizeof(cmk_component), 0);
  auto* const components = reinterpret_cast<cmk_component*>(block.data());
  const cmk_status status = cmk_watermark_layout(key.data(), is_wanted ? components : nullptr);
  const bool is_right = key.data() != nullptr && is_wanted;
  Require(status == (is_right ? CMK_STATUS_OK : CMK_STATUS_NULL_POINTER));
  if (!is_right) return;
  std::array<size_t, CMK_CODED_BITS + 1> carriers = {};
  for (size_t i = 0; i < kCount; ++i) {
    Require(components[i].bit <= CMK_CODED_BITS);
    Require(components[i].sign == 1 || components[i].sign == -1);
    ++carriers[components[i].bit];
  }
  for (size_t bit = 0; bit < CMK_CODED_BITS; ++bit)
    Require(carriers[bit] == 2 || carriers[bit] == 3);
}

void TellWords(uint64_t payload, const FuzzedKey& key, bool is_wanted) {
  const Block block(CMK_VARIANTS * sizeof(cmk_word), 0);
  auto* const words = reinterpret_cast<cmk_word*>(block.data());
  const cmk_status status = cmk_watermark_words(payload, key.data(), is_wanted ? words : nullptr);
  const bool is_right = key.data() != nullptr && is_wanted;
  Require(status == (is_right ? CMK_STATUS_OK : CMK_STATUS_NULL_POINTER));
  if (!is_right) return;
  for (size_t variant = 0; variant < CMK_VARIANTS; ++variant) {
    Require(words[variant].origin_x < 96 && words[variant].origin_y < 96);
    for (const uint8_t bit : words[variant].coded) Require(bit <= 1);
  }
}

}  // namespace
}  // namespace countermark

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider bytes(data, size);
  const countermark::FuzzedKey key(bytes);
  const bool is_wanted = !countermark::Rarely(bytes, 60);
  countermark::TellLayout(key, is_wanted);
  countermark::TellWords(bytes.ConsumeIntegral<uint64_t>(), key, is_wanted);
  return 0;
}
