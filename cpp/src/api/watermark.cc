#include <algorithm>
#include <cmath>

#include "api/arguments.h"
#include "watermark/detect.h"
#include "watermark/embed.h"
#include "watermark/key.h"

namespace countermark {
namespace {

static_assert(sizeof(Key) == CMK_KEY_BYTES);

Key KeyFrom(const uint8_t* bytes) {
  Key key;
  std::copy(bytes, bytes + key.size(), key.begin());
  return key;
}

bool IsKnown(cmk_effort effort) {
  return effort == CMK_EFFORT_ALIGNED || effort == CMK_EFFORT_FULL;
}

Effort EffortFrom(cmk_effort effort) {
  return effort == CMK_EFFORT_FULL ? Effort::kFull : Effort::kAligned;
}

cmk_status CheckEmbedding(const cmk_image* in, const cmk_image* out, const uint8_t* key,
                          float strength, const void* scratch, size_t scratch_size) {
  cmk_status status = CheckImage(in, CMK_SIDE_MIN);
  if (status == CMK_STATUS_OK) status = CheckImage(out, CMK_SIDE_MIN);
  if (status == CMK_STATUS_OK) status = CheckOutput(*in, *out);
  if (status != CMK_STATUS_OK) return status;
  if (key == nullptr) return CMK_STATUS_NULL_POINTER;
  // Written so that NaN fails.
  if (!(strength > 0 && strength <= CMK_STRENGTH_MAX)) return CMK_STATUS_BAD_STRENGTH;
  const size_t needed = EmbedScratchSize(in->width, in->height);
  status = CheckScratch(scratch, scratch_size, needed, *in);
  if (status == CMK_STATUS_OK) status = CheckScratch(scratch, scratch_size, needed, *out);
  return status;
}

cmk_status CheckDetection(const cmk_image* image, const uint8_t* key, cmk_effort effort,
                          const void* scratch, size_t scratch_size,
                          const cmk_detection* detection) {
  const cmk_status status = CheckImage(image, CMK_SIDE_MIN);
  if (status != CMK_STATUS_OK) return status;
  if (key == nullptr || detection == nullptr) return CMK_STATUS_NULL_POINTER;
  if (detection->struct_size != sizeof(cmk_detection)) return CMK_STATUS_STRUCT_SIZE;
  if (!IsKnown(effort)) return CMK_STATUS_UNKNOWN_EFFORT;
  const size_t needed = DetectScratchSize(image->width, image->height, EffortFrom(effort));
  return CheckScratch(scratch, scratch_size, needed, *image);
}

}  // namespace
}  // namespace countermark

size_t cmk_key_bytes() { return CMK_KEY_BYTES; }
const uint8_t* cmk_default_key() { return countermark::kDefaultKey.data(); }
float cmk_strength_max() { return CMK_STRENGTH_MAX; }

cmk_status cmk_watermark_embed_scratch_size(const cmk_image* image, size_t* size) {
  const cmk_status status = countermark::CheckShape(image, CMK_SIDE_MIN);
  if (status != CMK_STATUS_OK) return status;
  if (size == nullptr) return CMK_STATUS_NULL_POINTER;
  *size = countermark::EmbedScratchSize(image->width, image->height);
  return CMK_STATUS_OK;
}

cmk_status cmk_watermark_embed(const cmk_image* in, const cmk_image* out, uint64_t payload,
                               const uint8_t* key, float strength, void* scratch,
                               size_t scratch_size) {
  const cmk_status status =
      countermark::CheckEmbedding(in, out, key, strength, scratch, scratch_size);
  if (status != CMK_STATUS_OK) return status;
  countermark::Arena arena(scratch, scratch_size);
  countermark::Embed(countermark::View(*in), countermark::MutableView(*out), payload,
                     countermark::KeyFrom(key), strength, arena);
  return CMK_STATUS_OK;
}

cmk_status cmk_watermark_detect_scratch_size(const cmk_image* image, cmk_effort effort,
                                             size_t* size) {
  const cmk_status status = countermark::CheckShape(image, CMK_SIDE_MIN);
  if (status != CMK_STATUS_OK) return status;
  if (size == nullptr) return CMK_STATUS_NULL_POINTER;
  if (!countermark::IsKnown(effort)) return CMK_STATUS_UNKNOWN_EFFORT;
  *size =
      countermark::DetectScratchSize(image->width, image->height, countermark::EffortFrom(effort));
  return CMK_STATUS_OK;
}

cmk_status cmk_watermark_detect(const cmk_image* image, const uint8_t* key, cmk_effort effort,
                                void* scratch, size_t scratch_size, cmk_detection* detection) {
  const cmk_status status =
      countermark::CheckDetection(image, key, effort, scratch, scratch_size, detection);
  if (status != CMK_STATUS_OK) return status;
  countermark::Arena arena(scratch, scratch_size);
  countermark::Detection found;
  if (!countermark::Detect(countermark::View(*image), countermark::KeyFrom(key),
                           countermark::EffortFrom(effort), arena, &found)) {
    return CMK_STATUS_NOT_FOUND;
  }
  detection->score = found.score;
  detection->payload = found.payload;
  detection->false_positive_rate = found.false_positive_rate;
  std::copy(found.geometry.begin(), found.geometry.end(), detection->geometry);
  return CMK_STATUS_OK;
}
