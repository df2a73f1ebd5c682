// cmk_watermark_embed: the input stays as it is, and nothing but the output is written.
#include <algorithm>
#include <vector>

#include "arguments.h"

namespace countermark {
namespace {

// A second picture that is alike, the same one, or one that overlaps or differs.
cmk_image Output(FuzzedDataProvider& bytes, const FuzzedImage& in, const FuzzedImage& other) {
  if (Rarely(bytes, 5)) return in.image;
  if (!Rarely(bytes, 20) || !in.is_owned() || in.image.data == nullptr) return other.image;
  // Behind the input by less than its size: there is no such memory, it must be refused.
  cmk_image out = in.image;
  out.data = static_cast<uint8_t*>(out.data) + bytes.ConsumeIntegralInRange<size_t>(1, 100);
  return out;
}

void Run(FuzzedDataProvider& bytes) {
  const FuzzedImage in(bytes, CMK_SIDE_MIN);
  const FuzzedImage like_in =
      Rarely(bytes, 10) ? FuzzedImage(bytes, CMK_SIDE_MIN) : FuzzedImage(bytes, in.image);
  const cmk_image out = Output(bytes, in, like_in);
  const FuzzedKey key(bytes);
  float strength = bytes.ConsumeFloatingPointInRange<float>(0.01f, CMK_STRENGTH_MAX);
  if (Rarely(bytes, 30)) strength = bytes.ConsumeFloatingPoint<float>();
  size_t needed = 0;
  const bool is_known = cmk_watermark_embed_scratch_size(&in.image, &needed) == CMK_STATUS_OK;
  const FuzzedScratch scratch(bytes, needed, in.is_owned() && like_in.is_owned());

  const std::vector<uint8_t> before = in.Copy();
  const cmk_status status =
      cmk_watermark_embed(&in.image, &out, bytes.ConsumeIntegral<uint64_t>(), key.data(), strength,
                          scratch.data(), scratch.size());
  Require(status != CMK_STATUS_NOT_FOUND && status != CMK_STATUS_UNKNOWN_TARGET);
  Require(status != CMK_STATUS_OK || is_known);
  const bool is_in_place = out.data == in.image.data;
  Require((status == CMK_STATUS_OK && is_in_place) || in.Copy() == before);
}

}  // namespace
}  // namespace countermark

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider bytes(data, size);
  countermark::Run(bytes);
  return 0;
}
