// cmk_watermark_accumulator: a few frames of any shape, marked or not, and readings in between.
#include "arguments.h"

namespace countermark {
namespace {

void Run(FuzzedDataProvider& bytes) {
  const FuzzedImage shape(bytes, CMK_SIDE_MIN);
  const FuzzedKey key(bytes);
  const uint32_t effort = FuzzedEffort(bytes);
  size_t needed = 0;
  const cmk_status known = cmk_watermark_accumulator_size(&shape.image, effort, &needed);
  const FuzzedScratch memory(bytes, needed, known == CMK_STATUS_OK);
  auto* const accumulator = static_cast<cmk_watermark_accumulator*>(memory.data());
  const cmk_status made =
      cmk_watermark_accumulator_init(accumulator, memory.size(), &shape.image, key.data(), effort);
  Require(known == CMK_STATUS_OK || made != CMK_STATUS_OK);  // which of several reasons is open
  if (made != CMK_STATUS_OK) return;

  const int frames = bytes.ConsumeIntegralInRange(0, 4);
  for (int i = 0; i < frames; ++i) {
    const FuzzedImage frame =
        Rarely(bytes, 20) ? FuzzedImage(bytes, CMK_SIDE_MIN) : FuzzedImage(bytes, shape.image);
    const cmk_status status = cmk_watermark_accumulator_add(accumulator, &frame.image);
    Require(status != CMK_STATUS_BUSY && status != CMK_STATUS_NOT_INITIALISED);
    if (Rarely(bytes, 2)) Read(cmk_watermark_accumulator_detect, accumulator);
    if (Rarely(bytes, 8)) {
      Require(cmk_watermark_accumulator_reset(accumulator) == CMK_STATUS_OK);
    }
  }
  Read(cmk_watermark_accumulator_detect, accumulator);
}

}  // namespace
}  // namespace countermark

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider bytes(data, size);
  countermark::Run(bytes);
  return 0;
}
