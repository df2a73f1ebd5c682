// cmk_watermark_detect and cmk_watermark_inspect, also on pictures that carry a mark.
#include <cmath>
#include <vector>

#include "arguments.h"

namespace countermark {
namespace {

void MarkIfPossible(FuzzedDataProvider& bytes, const FuzzedImage& picture) {
  size_t size = 0;
  if (!picture.is_owned() || picture.image.data == nullptr ||
      cmk_watermark_embed_scratch_size(&picture.image, &size) != CMK_STATUS_OK) {
    return;
  }
  const Block scratch(size, 0);
  const cmk_status status = cmk_watermark_embed(
      &picture.image, &picture.image, bytes.ConsumeIntegral<uint64_t>(), cmk_default_key(),
      bytes.ConsumeFloatingPointInRange<float>(0.1f, CMK_STRENGTH_MAX), scratch.data(), size);
  Require(status == CMK_STATUS_OK || status == CMK_STATUS_BAD_STRIDE ||
          status == CMK_STATUS_MISALIGNED);
}

void CheckDetection(cmk_status status, const cmk_detection& found) {
  if (status == CMK_STATUS_NOT_FOUND) Require(found.payload == 0 && std::isfinite(found.score));
  if (status != CMK_STATUS_OK) return;
  Require(found.false_positive_rate >= 0 && found.false_positive_rate <= 1);
  for (const double number : found.geometry) Require(std::isfinite(number));
}

void Detect(FuzzedDataProvider& bytes, const FuzzedImage& picture) {
  const uint32_t effort = FuzzedEffort(bytes);
  const FuzzedKey key(bytes);
  size_t needed = 0;
  const cmk_status known = cmk_watermark_detect_scratch_size(&picture.image, effort, &needed);
  const FuzzedScratch scratch(bytes, needed, picture.is_owned());
  cmk_detection found = {};
  found.struct_size = sizeof(found);
  const cmk_status status = cmk_watermark_detect(&picture.image, key.data(), effort, scratch.data(),
                                                 scratch.size(), &found);
  Require(known == CMK_STATUS_OK || status == known);
  CheckDetection(status, found);
}

void Inspect(FuzzedDataProvider& bytes, const FuzzedImage& picture) {
  const uint32_t effort = FuzzedEffort(bytes);
  const FuzzedKey key(bytes);
  size_t needed = 0;
  const cmk_status known = cmk_watermark_inspect_scratch_size(&picture.image, effort, &needed);
  const FuzzedScratch scratch(bytes, needed, picture.is_owned());
  std::vector<cmk_tile> tiles(bytes.ConsumeIntegralInRange<size_t>(0, CMK_TILES_MAX + 1));
  std::vector<float> margins(bytes.ConsumeBool() ? CMK_CODED_BITS : 0);
  cmk_detection found = {};
  found.struct_size = sizeof(found);
  cmk_inspection seen = {};
  seen.struct_size = sizeof(seen);
  seen.tile_capacity = static_cast<uint32_t>(tiles.size());
  seen.tiles = tiles.empty() ? nullptr : tiles.data();
  seen.bit_margins = margins.empty() ? nullptr : margins.data();
  const cmk_status status = cmk_watermark_inspect(&picture.image, key.data(), effort,
                                                  scratch.data(), scratch.size(), &found, &seen);
  Require(known == CMK_STATUS_OK || status == known);
  CheckDetection(status, found);
  if (status == CMK_STATUS_OK) Require(seen.tile_count <= CMK_TILES_MAX);
}

}  // namespace
}  // namespace countermark

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider bytes(data, size);
  const countermark::FuzzedImage picture(bytes, CMK_SIDE_MIN);
  if (bytes.ConsumeBool()) countermark::MarkIfPossible(bytes, picture);
  if (countermark::Rarely(bytes, 3)) {
    countermark::Inspect(bytes, picture);
  } else {
    countermark::Detect(bytes, picture);
  }
  return 0;
}
