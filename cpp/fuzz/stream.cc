// cmk_watermark_stream: a few frames of any shape through streams of right and wrong memory.
#include "arguments.h"

namespace countermark {
namespace {

cmk_watermark_stream* StreamAt(const FuzzedScratch& memory) {
  return static_cast<cmk_watermark_stream*>(memory.data());
}

void Run(FuzzedDataProvider& bytes) {
  const FuzzedImage shape(bytes, CMK_SIDE_MIN);
  const FuzzedKey key(bytes);
  size_t needed = 0;
  const cmk_status known = cmk_watermark_stream_size(&shape.image, &needed);
  const FuzzedScratch memory(bytes, needed, known == CMK_STATUS_OK);
  cmk_watermark_stream* const stream = StreamAt(memory);
  uint32_t refresh_frames = bytes.ConsumeIntegralInRange<uint32_t>(1, CMK_REFRESH_FRAMES_MAX);
  if (Rarely(bytes, 30)) refresh_frames = bytes.ConsumeIntegral<uint32_t>();
  float strength = bytes.ConsumeFloatingPointInRange<float>(0.01f, CMK_STRENGTH_MAX);
  if (Rarely(bytes, 30)) strength = bytes.ConsumeFloatingPoint<float>();
  const cmk_status made = cmk_watermark_stream_init(stream, memory.size(), &shape.image,
                                                    bytes.ConsumeIntegral<uint64_t>(), key.data(),
                                                    strength, refresh_frames);
  Require(known == CMK_STATUS_OK || made != CMK_STATUS_OK);  // which of several reasons is open
  if (made != CMK_STATUS_OK) return;

  const int frames = bytes.ConsumeIntegralInRange(0, 4);
  FuzzedTime time(bytes);
  for (int i = 0; i < frames; ++i) {
    const FuzzedImage in(bytes, shape.image);
    const FuzzedImage other =
        Rarely(bytes, 20) ? FuzzedImage(bytes, CMK_SIDE_MIN) : FuzzedImage(bytes, shape.image);
    const FuzzedImage& out = Rarely(bytes, 2) ? in : other;
    const std::vector<uint8_t> before = in.Copy();
    const int64_t shown = time.Next(bytes);
    const cmk_status status =
        bytes.ConsumeBool() ? cmk_watermark_stream_embed(stream, &in.image, &out.image)
                            : cmk_watermark_stream_embed_at(stream, shown, &in.image, &out.image);
    Require(status != CMK_STATUS_BUSY && status != CMK_STATUS_NOT_INITIALISED);
    Require((status == CMK_STATUS_OK && &out == &in) || in.Copy() == before);
    if (Rarely(bytes, 4)) {
      Require(cmk_watermark_stream_set_payload(stream, bytes.ConsumeIntegral<uint64_t>()) ==
              CMK_STATUS_OK);
    }
  }
}

}  // namespace
}  // namespace countermark

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider bytes(data, size);
  countermark::Run(bytes);
  return 0;
}
