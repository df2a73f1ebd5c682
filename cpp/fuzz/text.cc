// cmk_text_seed, cmk_text_draws and cmk_text_detect.
#include "arguments.h"

namespace countermark {
namespace {

// So many words at an address that may be odd, sometimes none.
class FuzzedWords {
 public:
  FuzzedWords(FuzzedDataProvider& bytes, size_t count)
      : block_(count * sizeof(uint32_t), Rarely(bytes, 60) ? 1 : 0), is_null_(Rarely(bytes, 60)) {
    const auto alphabet = bytes.ConsumeIntegralInRange<uint8_t>(1, 255);
    uint32_t state = bytes.ConsumeIntegral<uint32_t>();
    for (size_t i = 0; i < count * sizeof(uint32_t); ++i) {
      state = state * 1664525 + 1013904223;
      block_.data()[i] = static_cast<uint8_t>((state >> 24) % alphabet);
    }
  }

  uint32_t* data() const { return is_null_ ? nullptr : reinterpret_cast<uint32_t*>(block_.data()); }

 private:
  Block block_;
  bool is_null_;
};

void Draw(FuzzedDataProvider& bytes, const FuzzedKey& key) {
  const FuzzedWords context(bytes, CMK_TEXT_CONTEXT), seed(bytes, CMK_TEXT_SEED_WORDS);
  const cmk_status made =
      cmk_text_seed(key.data(), context.data(), bytes.ConsumeIntegral<uint16_t>(),
                    bytes.ConsumeIntegral<uint8_t>(), seed.data());
  const auto count = bytes.ConsumeIntegralInRange<size_t>(0, 1000);
  const FuzzedWords draws(bytes, count);
  const cmk_status drawn = cmk_text_draws(seed.data(), count, draws.data());
  if (made == CMK_STATUS_OK) Require(seed.data()[1] % 2 == 1 && seed.data()[3] % 2 == 1);
  if (made == CMK_STATUS_OK && count == 0) Require(drawn == CMK_STATUS_OK);
}

}  // namespace
}  // namespace countermark

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using countermark::Require;
  FuzzedDataProvider bytes(data, size);
  const countermark::FuzzedKey key(bytes);
  countermark::Draw(bytes, key);

  const auto count = bytes.ConsumeIntegralInRange<size_t>(0, 40);
  const countermark::FuzzedWords tokens(bytes, count);
  size_t needed = 0;
  Require(cmk_text_detect_scratch_size(count, &needed) == CMK_STATUS_OK);
  const countermark::FuzzedScratch scratch(bytes, needed, true);
  cmk_text_detection found = {};
  found.struct_size = static_cast<uint32_t>(sizeof(found));
  if (countermark::Rarely(bytes, 50)) found.struct_size = bytes.ConsumeIntegral<uint32_t>();
  const cmk_status status =
      cmk_text_detect(tokens.data(), count, key.data(), scratch.data(), scratch.size(), &found);
  if (status == CMK_STATUS_OK) {
    Require(found.payload <= UINT16_MAX && found.variant < 16);
    Require(found.tokens_used + (count < CMK_TEXT_CONTEXT ? count : CMK_TEXT_CONTEXT) <= count);
    Require(found.false_positive_rate > 0 && found.false_positive_rate <= 1);
  } else {
    Require(found.tokens_used == 0);
  }
  return 0;
}
