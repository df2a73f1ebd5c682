// cmk_fingerprint_pdq and cmk_fingerprint_pdq_dihedral.
#include <algorithm>

#include "arguments.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using countermark::Require;
  FuzzedDataProvider bytes(data, size);
  const countermark::FuzzedImage picture(bytes, CMK_PDQ_SIDE_MIN);
  size_t needed = 0;
  const cmk_status known = cmk_fingerprint_pdq_scratch_size(&picture.image, &needed);
  const countermark::FuzzedScratch scratch(bytes, needed, picture.is_owned());

  const countermark::Block hashes(CMK_PDQ_BYTES * CMK_PDQ_DIHEDRAL_COUNT, 0);
  const countermark::Block hash(CMK_PDQ_BYTES, 0);
  int32_t quality = -1, same_quality = -1;
  const cmk_status status = cmk_fingerprint_pdq_dihedral(&picture.image, scratch.data(),
                                                         scratch.size(), hashes.data(), &quality);
  Require(status == cmk_fingerprint_pdq(&picture.image, scratch.data(), scratch.size(), hash.data(),
                                        &same_quality));
  Require(known == CMK_STATUS_OK || status == known);
  Require(quality == same_quality);
  if (status == CMK_STATUS_OK) {
    Require(quality >= 0 && quality <= CMK_PDQ_QUALITY_MAX);
    Require(std::equal(hash.data(), hash.data() + CMK_PDQ_BYTES, hashes.data()));
  }
  return 0;
}
