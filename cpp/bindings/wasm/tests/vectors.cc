// What the golden vectors of tests/vectors are about, for a host that reads them.
#include <cstdint>
#include <vector>

#include "audio/sounds.h"
#include "code/crc32.h"
#include "countermark/countermark.h"
#include "watermark/pictures.h"

#define EXPORT(name) extern "C" __attribute__((export_name(#name)))

namespace {

using countermark::Picture, countermark::PixelFormat;

std::vector<uint8_t> samples;  // what the host writes or reads

}  // namespace

EXPORT(samples) uint8_t* Samples(size_t bytes) {
  samples.resize(bytes);
  return samples.data();
}

// Makes `samples` Picture::Noise with seed 1; bytes of it.
EXPORT(noise) size_t Noise(size_t width, size_t height, int format) {
  samples = Picture::Noise(width, height, PixelFormat(format), 1).samples();
  return samples.size();
}

EXPORT(crc) uint32_t Crc() { return countermark::Crc32(samples.data(), samples.size()); }

// Makes `samples` the same picture with a mark.
EXPORT(marked)
void Mark(size_t width, size_t height, int format, uint64_t payload, uint8_t first_of_key,
          float strength) {
  const Picture picture = Picture::Noise(width, height, PixelFormat(format), 1);
  countermark::Key key = countermark::kDefaultKey;
  key[0] = first_of_key;
  samples = countermark::Marked(picture, payload, key, strength).samples();
}

// The eight hashes of `samples`, which they replace; the quality.
EXPORT(hashes) int Hashes(uint32_t width, uint32_t height, uint32_t format) {
  cmk_image image{};
  image.struct_size = sizeof image;
  image.width = width;
  image.height = height;
  image.format = format;
  image.data = samples.data();
  image.stride_bytes = static_cast<ptrdiff_t>(width * BytesPerPixel(PixelFormat(format)));
  size_t size = 0;
  if (cmk_fingerprint_pdq_scratch_size(&image, &size) != CMK_STATUS_OK) return -1;
  std::vector<uint8_t> scratch(size), hashes(cmk_pdq_dihedral_count() * cmk_pdq_bytes());
  int32_t quality = -1;
  if (cmk_fingerprint_pdq_dihedral(&image, scratch.data(), size, hashes.data(), &quality))
    return -1;
  samples = hashes;
  return quality;
}

// Makes `samples` NoiseAndTone with a mark; a status.
EXPORT(marked_sound)
int MarkSound(uint32_t rate, uint32_t channels, uint32_t format, uint32_t latency, uint64_t payload,
              uint8_t first_of_key, float strength, size_t frames) {
  samples = countermark::audio::InFormat(countermark::audio::NoiseAndTone(rate, channels, frames),
                                         countermark::audio::SampleFormat(format));
  const cmk_sound sound = {sizeof sound, rate, channels, format};
  countermark::Key key = countermark::kDefaultKey;
  key[0] = first_of_key;
  size_t size = 0, given = 0, rest = 0;
  if (int status = cmk_audio_embedder_size(&sound, latency, &size)) return status;
  std::vector<uint64_t> memory(size / sizeof(uint64_t) + 1);
  auto* const embedder = reinterpret_cast<cmk_audio_embedder*>(memory.data());
  if (int status =
          cmk_audio_embedder_init(embedder, size, &sound, latency, payload, key.data(), strength))
    return status;
  if (int status =
          cmk_audio_embedder_push(embedder, samples.data(), frames, samples.data(), &given))
    return status;
  const size_t at = frames == 0 ? 0 : given * (samples.size() / frames);
  return cmk_audio_embedder_finish(embedder, samples.data() + at, frames - given, &rest);
}

// There is no environment, and nothing is printed.
extern "C" char* getenv(const char*) { return nullptr; }
