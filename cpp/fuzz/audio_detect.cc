// cmk_audio_detector: any blocks of any samples, marked or not, and readings in between.
#include <array>
#include <cmath>
#include <cstring>

#include "arguments.h"

namespace countermark {
namespace {

cmk_sound FuzzedSound(FuzzedDataProvider& bytes) {
  cmk_sound sound = {sizeof(cmk_sound), 16000, 1, CMK_SAMPLE_FORMAT_FLOAT32};
  if (Rarely(bytes, 50)) sound.struct_size = bytes.ConsumeIntegral<uint32_t>();
  sound.rate = Rarely(bytes, 20) ? bytes.ConsumeIntegral<uint32_t>()
                                 : bytes.ConsumeIntegralInRange<uint32_t>(8000, 48000);
  sound.channels = bytes.ConsumeIntegralInRange<uint32_t>(0, 9);
  sound.format = bytes.ConsumeIntegralInRange<uint32_t>(0, CMK_SAMPLE_FORMAT_FLOAT32 + 1);
  return sound;
}

// So many bytes of noise, silence, or what the fuzzer has left, in a block that ends with them.
class FuzzedFrames {
 public:
  FuzzedFrames(FuzzedDataProvider& bytes, size_t size)
      : block_(size, bytes.ConsumeIntegralInRange<size_t>(0, 3)) {
    uint32_t state = bytes.ConsumeIntegral<uint32_t>();
    const bool is_noise = bytes.ConsumeBool();
    for (size_t i = 0; i < size; ++i) {
      state = state * 1664525 + 1013904223;
      // Numbers of floating point are kept finite by their highest byte.
      block_.data()[i] = is_noise && i % 4 != 3 ? static_cast<uint8_t>(state >> 24) : 0;
    }
    bytes.ConsumeData(block_.data(), bytes.ConsumeIntegralInRange<size_t>(0, size));
  }

  const uint8_t* data() const { return block_.data(); }

 private:
  Block block_;
};

void Read(cmk_audio_detector* detector) {
  std::array<cmk_audio_detection, 2> found = {};
  std::array<cmk_audio_stretch, 2> stretches = {};
  for (size_t i = 0; i < found.size(); ++i) {
    found[i].struct_size = sizeof(found[i]);
    found[i].stretch_capacity = 1;
    found[i].stretches = &stretches[i];
  }
  size_t count = 0;
  const cmk_status status = cmk_audio_detector_detect(detector, found.data(), found.size(), &count);
  Require(status == (count > 0 ? CMK_STATUS_OK : CMK_STATUS_NOT_FOUND));
  Require(std::isfinite(found[0].score));
  for (size_t i = 0; i < count && i < found.size(); ++i) {
    Require(found[i].false_positive_rate <= 1e-8 && found[i].stretch_count > 0);
    Require(stretches[i].begin < stretches[i].end);
  }
}

void Run(FuzzedDataProvider& bytes) {
  constexpr size_t kSampleBytes[] = {2, 3, 4, 4, 1};
  const cmk_sound sound = FuzzedSound(bytes);
  const FuzzedKey key(bytes);
  const uint32_t effort = FuzzedEffort(bytes);
  size_t needed = 0;
  const cmk_status known = cmk_audio_detector_size(&sound, effort, &needed);
  const FuzzedScratch memory(bytes, needed, known == CMK_STATUS_OK);
  auto* const detector = static_cast<cmk_audio_detector*>(memory.data());
  const cmk_status made =
      cmk_audio_detector_init(detector, memory.size(), &sound, key.data(), effort);
  Require(known == CMK_STATUS_OK || made != CMK_STATUS_OK);  // which of several reasons is open
  if (made != CMK_STATUS_OK) return;

  const int blocks = bytes.ConsumeIntegralInRange(0, 6);
  for (int i = 0; i < blocks; ++i) {
    const size_t count = bytes.ConsumeIntegralInRange<size_t>(0, 60000);
    const FuzzedFrames frames(bytes, count * sound.channels * kSampleBytes[sound.format]);
    const cmk_status status = cmk_audio_detector_push(detector, frames.data(), count);
    Require(status == CMK_STATUS_OK || status == CMK_STATUS_BAD_SAMPLE);
    if (Rarely(bytes, 4)) Read(detector);
    if (Rarely(bytes, 8)) Require(cmk_audio_detector_reset(detector) == CMK_STATUS_OK);
  }
  Read(detector);
}

}  // namespace
}  // namespace countermark

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider bytes(data, size);
  countermark::Run(bytes);
  return 0;
}
