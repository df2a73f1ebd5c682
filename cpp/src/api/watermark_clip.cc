#include "api/frame_reader.h"
#include "watermark/clip.h"

struct cmk_watermark_clip : countermark::FrameReader<countermark::ClipAccumulator> {
  static constexpr uint64_t kKind = 0x636d6b20636c6970;
  static constexpr auto FramesSize = countermark::ClipSize;

  using FrameReader::FrameReader;
};

cmk_status cmk_watermark_clip_size(const cmk_image* frame, uint32_t effort, size_t* size) {
  return countermark::AskReaderSize<cmk_watermark_clip>(frame, effort, size);
}

cmk_status cmk_watermark_clip_init(cmk_watermark_clip* clip, size_t clip_size,
                                   const cmk_image* frame, const uint8_t* key, uint32_t effort) {
  return countermark::MakeReader(clip, clip_size, frame, key, effort);
}

cmk_status cmk_watermark_clip_add(cmk_watermark_clip* clip, int64_t microseconds,
                                  const cmk_image* frame) {
  return countermark::AddFrame(clip, frame, microseconds);
}

cmk_status cmk_watermark_clip_detect(cmk_watermark_clip* clip, cmk_detection* detection) {
  return countermark::DetectInFrames(clip, detection);
}

cmk_status cmk_watermark_clip_reset(cmk_watermark_clip* clip) {
  return countermark::ForgetFrames(clip);
}
