#include <algorithm>
#include <cmath>

#include "api/arguments.h"
#include "api/detection.h"
#include "api/refusal.h"
#include "base/key.h"
#include "watermark/detect.h"
#include "watermark/embed.h"
#include "watermark/inspect.h"

namespace countermark {
namespace {

static_assert(sizeof(Key) == CMK_KEY_BYTES);
static_assert(kMostTiles == CMK_TILES_MAX);

cmk_status CheckEmbedding(const cmk_image* in, const cmk_image* out, const uint8_t* key,
                          float strength, const void* scratch, size_t scratch_size) {
  COUNTERMARK_CHECK(CheckImage(in, CMK_SIDE_MIN));
  COUNTERMARK_CHECK(CheckImage(out, CMK_SIDE_MIN));
  COUNTERMARK_CHECK(CheckOutput(*in, *out));
  COUNTERMARK_REQUIRE(key != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_CHECK(CheckStrength(strength));
  const size_t needed = EmbedScratchSize(in->width, in->height);
  COUNTERMARK_CHECK(CheckScratch(scratch, scratch_size, needed, *in));
  COUNTERMARK_CHECK(CheckScratch(scratch, scratch_size, needed, *out));
  return CMK_STATUS_OK;
}

using ScratchSizeOf = size_t(size_t width, size_t height, Effort effort);

cmk_status AskScratchSize(const cmk_image* image, uint32_t effort, ScratchSizeOf* scratch_size_of,
                          size_t* size) {
  COUNTERMARK_CHECK(CheckShape(image, CMK_SIDE_MIN));
  COUNTERMARK_REQUIRE(size != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_CHECK(CheckEffort(effort));
  *size = scratch_size_of(image->width, image->height, EffortFrom(effort));
  return CMK_STATUS_OK;
}

cmk_status CheckDetection(const cmk_image* image, const uint8_t* key, uint32_t effort,
                          ScratchSizeOf* scratch_size_of, const void* scratch, size_t scratch_size,
                          const cmk_detection* detection) {
  COUNTERMARK_CHECK(CheckImage(image, CMK_SIDE_MIN));
  COUNTERMARK_REQUIRE(key != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_CHECK(CheckResult(detection));
  COUNTERMARK_CHECK(CheckEffort(effort));
  const size_t needed = scratch_size_of(image->width, image->height, EffortFrom(effort));
  COUNTERMARK_CHECK(CheckScratch(scratch, scratch_size, needed, *image));
  return CMK_STATUS_OK;
}

cmk_status CheckInspection(const cmk_inspection* inspection) {
  COUNTERMARK_REQUIRE(inspection != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_REQUIRE(inspection->struct_size == sizeof(cmk_inspection), CMK_STATUS_STRUCT_SIZE);
  const bool lacks_tiles = inspection->tiles == nullptr && inspection->tile_capacity > 0;
  COUNTERMARK_REQUIRE(!lacks_tiles, CMK_STATUS_NULL_POINTER);
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
size_t cmk_tiles_max() { return CMK_TILES_MAX; }

cmk_status cmk_watermark_embed_scratch_size(const cmk_image* image, size_t* size) {
  COUNTERMARK_CHECK(countermark::CheckShape(image, CMK_SIDE_MIN));
  COUNTERMARK_REQUIRE(size != nullptr, CMK_STATUS_NULL_POINTER);
  *size = countermark::EmbedScratchSize(image->width, image->height);
  return CMK_STATUS_OK;
}

cmk_status cmk_watermark_embed(const cmk_image* in, const cmk_image* out, uint64_t payload,
                               const uint8_t* key, float strength, void* scratch,
                               size_t scratch_size) {
  COUNTERMARK_CHECK(countermark::CheckEmbedding(in, out, key, strength, scratch, scratch_size));
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
  COUNTERMARK_CHECK(countermark::CheckDetection(image, key, effort, countermark::DetectScratchSize,
                                                scratch, scratch_size, detection));
  countermark::Arena arena(scratch, scratch_size);
  countermark::Detection found;
  const bool is_read = countermark::Detect(countermark::View(*image), countermark::KeyFrom(key),
                                           countermark::EffortFrom(effort), arena, &found);
  return countermark::TellDetection(is_read, found, detection);
}

cmk_status cmk_watermark_inspect_scratch_size(const cmk_image* image, uint32_t effort,
                                              size_t* size) {
  return countermark::AskScratchSize(image, effort, countermark::InspectScratchSize, size);
}

cmk_status cmk_watermark_inspect(const cmk_image* image, const uint8_t* key, uint32_t effort,
                                 void* scratch, size_t scratch_size, cmk_detection* detection,
                                 cmk_inspection* inspection) {
  COUNTERMARK_CHECK(countermark::CheckDetection(image, key, effort, countermark::InspectScratchSize,
                                                scratch, scratch_size, detection));
  COUNTERMARK_CHECK(countermark::CheckInspection(inspection));
  countermark::Arena arena(scratch, scratch_size);
  countermark::Detection found;
  countermark::Inspection seen;
  const bool is_read = countermark::Inspect(countermark::View(*image), countermark::KeyFrom(key),
                                            countermark::EffortFrom(effort), arena, &found, &seen);
  countermark::Tell(seen, inspection);
  inspection->likeness = is_read ? found.likeness : 0;
  return countermark::TellDetection(is_read, found, detection);
}
