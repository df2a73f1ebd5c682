// cmk_watermark_clip: a few frames of any shape at any time, marked or not, and readings in
// between.
#include "arguments.h"

namespace countermark {
namespace {

void Run(FuzzedDataProvider& bytes) {
  const FuzzedImage shape(bytes, CMK_SIDE_MIN);
  const FuzzedKey key(bytes);
  // A whole search takes seconds under the sanitizers.
  const uint32_t effort = Rarely(bytes, 10) ? FuzzedEffort(bytes) : CMK_EFFORT_ALIGNED;
  size_t needed = 0;
  const cmk_status known = cmk_watermark_clip_size(&shape.image, effort, &needed);
  const FuzzedScratch memory(bytes, needed, known == CMK_STATUS_OK);
  auto* const clip = static_cast<cmk_watermark_clip*>(memory.data());
  const cmk_status made =
      cmk_watermark_clip_init(clip, memory.size(), &shape.image, key.data(), effort);
  Require(known == CMK_STATUS_OK || made != CMK_STATUS_OK);  // which of several reasons is open
  if (made != CMK_STATUS_OK) return;

  const int frames = bytes.ConsumeIntegralInRange(0, 4);
  FuzzedTime time(bytes);
  for (int i = 0; i < frames; ++i) {
    const FuzzedImage frame =
        Rarely(bytes, 20) ? FuzzedImage(bytes, CMK_SIDE_MIN) : FuzzedImage(bytes, shape.image);
    const cmk_status status = cmk_watermark_clip_add(clip, time.Next(bytes), &frame.image);
    Require(status != CMK_STATUS_BUSY && status != CMK_STATUS_NOT_INITIALISED);
    if (Rarely(bytes, 8)) Read(cmk_watermark_clip_detect, clip);
    if (Rarely(bytes, 8)) Require(cmk_watermark_clip_reset(clip) == CMK_STATUS_OK);
  }
  Read(cmk_watermark_clip_detect, clip);
}

}  // namespace
}  // namespace countermark

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider bytes(data, size);
  countermark::Run(bytes);
  return 0;
}
