#include <algorithm>

#include "api/arguments.h"
#include "api/refusal.h"
#include "fingerprint/pdq.h"

namespace countermark {
namespace {

static_assert(sizeof(PdqBits) == CMK_PDQ_BYTES);
static_assert(kDihedralCount == CMK_PDQ_DIHEDRAL_COUNT);

size_t ScratchSize(const cmk_image& image) {
  return PdqScratchSize(image.width, image.height, View(image).format);
}

cmk_status Pdq(const cmk_image* image, size_t count, void* scratch, size_t scratch_size,
               uint8_t* hashes, int32_t* quality) {
  COUNTERMARK_CHECK(CheckImage(image, CMK_PDQ_SIDE_MIN));
  COUNTERMARK_REQUIRE(hashes != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_REQUIRE(quality != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_CHECK(CheckScratch(scratch, scratch_size, ScratchSize(*image), *image));

  Arena arena(scratch, scratch_size);
  PdqHashes result;
  ComputePdq(View(*image), count, arena, &result);
  for (size_t i = 0; i < count; ++i) {
    std::copy(result.bits[i].begin(), result.bits[i].end(), hashes + i * CMK_PDQ_BYTES);
  }
  *quality = result.quality;
  return CMK_STATUS_OK;
}

}  // namespace
}  // namespace countermark

size_t cmk_pdq_bytes() { return CMK_PDQ_BYTES; }
size_t cmk_pdq_dihedral_count() { return CMK_PDQ_DIHEDRAL_COUNT; }
uint32_t cmk_pdq_side_min() { return CMK_PDQ_SIDE_MIN; }
int32_t cmk_pdq_quality_max() { return CMK_PDQ_QUALITY_MAX; }

cmk_status cmk_fingerprint_pdq_scratch_size(const cmk_image* image, size_t* size) {
  COUNTERMARK_CHECK(countermark::CheckShape(image, CMK_PDQ_SIDE_MIN));
  COUNTERMARK_REQUIRE(size != nullptr, CMK_STATUS_NULL_POINTER);
  *size = countermark::ScratchSize(*image);
  return CMK_STATUS_OK;
}

cmk_status cmk_fingerprint_pdq(const cmk_image* image, void* scratch, size_t scratch_size,
                               uint8_t* hash, int32_t* quality) {
  return countermark::Pdq(image, 1, scratch, scratch_size, hash, quality);
}

cmk_status cmk_fingerprint_pdq_dihedral(const cmk_image* image, void* scratch, size_t scratch_size,
                                        uint8_t* hashes, int32_t* quality) {
  return countermark::Pdq(image, countermark::kDihedralCount, scratch, scratch_size, hashes,
                          quality);
}
