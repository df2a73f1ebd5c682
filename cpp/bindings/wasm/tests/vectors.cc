// What the golden vectors of tests/vectors are about, for a host that reads them.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "code/crc32.h"
#include "countermark/countermark.h"
#include "watermark/pictures.h"

#define EXPORT(name) extern "C" __attribute__((export_name(#name)))

namespace {

std::vector<uint8_t> samples;  // what the host writes or reads

}  // namespace

EXPORT(samples) uint8_t* Samples(size_t bytes) {
  samples.resize(bytes);
  return samples.data();
}

// Makes `samples` Picture::Noise with seed 1; bytes of it.
EXPORT(noise) size_t Noise(size_t width, size_t height, int format) {
  using countermark::Picture;
  samples = Picture::Noise(width, height, static_cast<countermark::PixelFormat>(format), 1).samples();
  return samples.size();
}

EXPORT(crc) uint32_t Crc() { return countermark::Crc32(samples.data(), samples.size()); }

// Marks `samples` in place.
EXPORT(mark)
int Mark(uint32_t width, uint32_t height, uint32_t format, uint64_t payload, uint8_t first_of_key,
         float strength) {
  const size_t stride = width * countermark::BytesPerPixel(static_cast<countermark::PixelFormat>(format));
  const cmk_image image = {sizeof image, width, height, format, samples.data(),
                           static_cast<ptrdiff_t>(stride)};
  countermark::Key key = countermark::kDefaultKey;
  key[0] = first_of_key;
  size_t size = 0;
  if (const auto status = cmk_watermark_embed_scratch_size(&image, &size)) return status;
  std::vector<uint8_t> scratch(size);
  return cmk_watermark_embed(&image, &image, payload, key.data(), strength, scratch.data(), size);
}

// The eight hashes of `samples`, which they replace; the quality.
EXPORT(hashes) int Hashes(uint32_t width, uint32_t height, uint32_t format) {
  const size_t stride = width * countermark::BytesPerPixel(static_cast<countermark::PixelFormat>(format));
  const cmk_image image = {sizeof image, width, height, format, samples.data(),
                           static_cast<ptrdiff_t>(stride)};
  size_t size = 0;
  if (cmk_fingerprint_pdq_scratch_size(&image, &size) != CMK_STATUS_OK) return -1;
  std::vector<uint8_t> scratch(size), hashes(cmk_pdq_dihedral_count() * cmk_pdq_bytes());
  int32_t quality = -1;
  if (cmk_fingerprint_pdq_dihedral(&image, scratch.data(), size, hashes.data(), &quality)) return -1;
  samples = hashes;
  return quality;
}

// There is no environment, and nothing is printed.
extern "C" char* getenv(const char*) { return nullptr; }
