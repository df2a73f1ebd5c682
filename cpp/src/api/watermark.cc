#include <algorithm>
#include <cmath>

#include "api/arguments.h"
#include "watermark/detect.h"
#include "watermark/embed.h"
#include "watermark/inspect.h"
#include "watermark/key.h"

namespace countermark {
namespace {

static_assert(sizeof(Key) == CMK_KEY_BYTES);
static_assert(kCodedBits == CMK_CODED_BITS);
static_assert(kMostTiles == CMK_TILES_MAX);

Key KeyFrom(const uint8_t* bytes) {
  Key key;
  std::copy(bytes, bytes + key.size(), key.begin());
  return key;
}

bool IsKnown(uint32_t effort) { return effort == CMK_EFFORT_ALIGNED || effort == CMK_EFFORT_FULL; }

Effort EffortFrom(uint32_t effort) {
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

using ScratchSizeOf = size_t(size_t width, size_t height, Effort effort);

cmk_status AskScratchSize(const cmk_image* image, uint32_t effort, ScratchSizeOf* scratch_size_of,
                          size_t* size) {
  const cmk_status status = CheckShape(image, CMK_SIDE_MIN);
  if (status != CMK_STATUS_OK) return status;
  if (size == nullptr) return CMK_STATUS_NULL_POINTER;
  if (!IsKnown(effort)) return CMK_STATUS_UNKNOWN_EFFORT;
  *size = scratch_size_of(image->width, image->height, EffortFrom(effort));
  return CMK_STATUS_OK;
}

cmk_status CheckDetection(const cmk_image* image, const uint8_t* key, uint32_t effort,
                          ScratchSizeOf* scratch_size_of, const void* scratch, size_t scratch_size,
                          const cmk_detection* detection) {
  const cmk_status status = CheckImage(image, CMK_SIDE_MIN);
  if (status != CMK_STATUS_OK) return status;
  if (key == nullptr || detection == nullptr) return CMK_STATUS_NULL_POINTER;
  if (detection->struct_size != sizeof(cmk_detection)) return CMK_STATUS_STRUCT_SIZE;
  if (!IsKnown(effort)) return CMK_STATUS_UNKNOWN_EFFORT;
  const size_t needed = scratch_size_of(image->width, image->height, EffortFrom(effort));
  return CheckScratch(scratch, scratch_size, needed, *image);
}

cmk_status CheckInspection(const cmk_inspection* inspection) {
  if (inspection == nullptr) return CMK_STATUS_NULL_POINTER;
  if (inspection->struct_size != sizeof(cmk_inspection)) return CMK_STATUS_STRUCT_SIZE;
  const bool lacks_tiles = inspection->tiles == nullptr && inspection->tile_capacity > 0;
  return lacks_tiles ? CMK_STATUS_NULL_POINTER : CMK_STATUS_OK;
}

cmk_status Tell(bool is_read, const Detection& found, cmk_detection* detection) {
  detection->score = found.score;
  if (!is_read) return CMK_STATUS_NOT_FOUND;
  detection->payload = found.word.payload;
  detection->false_positive_rate = found.false_positive_rate;
  std::copy(found.geometry.begin(), found.geometry.end(), detection->geometry);
  return CMK_STATUS_OK;
}

void Tell(const Inspection& seen, cmk_inspection* inspection) {
  const size_t room = inspection->tile_capacity;
  for (size_t i = 0; i < std::min(seen.tile_count, room); ++i) {
    const InspectedTile& tile = seen.tiles[i];
    inspection->tiles[i] = {static_cast<float>(tile.x), static_cast<float>(tile.y), tile.score};
  }
  if (inspection->bit_margins != nullptr) {
    std::copy(seen.bit_margins.begin(), seen.bit_margins.end(), inspection->bit_margins);
  }
  inspection->tile_count = static_cast<uint32_t>(seen.tile_count);
  inspection->least_score = kLeastScore;
  std::copy(seen.geometry.begin(), seen.geometry.end(), inspection->geometry);
}

}  // namespace
}  // namespace countermark

size_t cmk_key_bytes() { return CMK_KEY_BYTES; }
const uint8_t* cmk_default_key() { return countermark::kDefaultKey.data(); }
float cmk_strength_max() { return CMK_STRENGTH_MAX; }
size_t cmk_coded_bits() { return CMK_CODED_BITS; }
size_t cmk_tiles_max() { return CMK_TILES_MAX; }

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

cmk_status cmk_watermark_detect_scratch_size(const cmk_image* image, uint32_t effort,
                                             size_t* size) {
  return countermark::AskScratchSize(image, effort, countermark::DetectScratchSize, size);
}

cmk_status cmk_watermark_detect(const cmk_image* image, const uint8_t* key, uint32_t effort,
                                void* scratch, size_t scratch_size, cmk_detection* detection) {
  const cmk_status status = countermark::CheckDetection(
      image, key, effort, countermark::DetectScratchSize, scratch, scratch_size, detection);
  if (status != CMK_STATUS_OK) return status;
  countermark::Arena arena(scratch, scratch_size);
  countermark::Detection found;
  const bool is_read = countermark::Detect(countermark::View(*image), countermark::KeyFrom(key),
                                           countermark::EffortFrom(effort), arena, &found);
  return countermark::Tell(is_read, found, detection);
}

cmk_status cmk_watermark_inspect_scratch_size(const cmk_image* image, uint32_t effort,
                                              size_t* size) {
  return countermark::AskScratchSize(image, effort, countermark::InspectScratchSize, size);
}

cmk_status cmk_watermark_inspect(const cmk_image* image, const uint8_t* key, uint32_t effort,
                                 void* scratch, size_t scratch_size, cmk_detection* detection,
                                 cmk_inspection* inspection) {
  cmk_status status = countermark::CheckDetection(
      image, key, effort, countermark::InspectScratchSize, scratch, scratch_size, detection);
  if (status == CMK_STATUS_OK) status = countermark::CheckInspection(inspection);
  if (status != CMK_STATUS_OK) return status;
  countermark::Arena arena(scratch, scratch_size);
  countermark::Detection found;
  countermark::Inspection seen;
  const bool is_read = countermark::Inspect(countermark::View(*image), countermark::KeyFrom(key),
                                            countermark::EffortFrom(effort), arena, &found, &seen);
  countermark::Tell(seen, inspection);
  inspection->likeness = is_read ? found.likeness : 0;
  return countermark::Tell(is_read, found, detection);
}
