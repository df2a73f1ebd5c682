#include "api/frame_reader.h"
#include "watermark/accumulator.h"

struct cmk_watermark_accumulator : countermark::FrameReader<countermark::FrameAccumulator> {
  static constexpr uint64_t kKind = 0x636d6b2061636375;
  static constexpr auto FramesSize = countermark::AccumulatorSize;

  using FrameReader::FrameReader;
};

cmk_status cmk_watermark_accumulator_size(const cmk_image* frame, uint32_t effort, size_t* size) {
  return countermark::AskReaderSize<cmk_watermark_accumulator>(frame, effort, size);
}

cmk_status cmk_watermark_accumulator_init(cmk_watermark_accumulator* accumulator,
                                          size_t accumulator_size, const cmk_image* frame,
                                          const uint8_t* key, uint32_t effort) {
  return countermark::MakeReader(accumulator, accumulator_size, frame, key, effort);
}

cmk_status cmk_watermark_accumulator_add(cmk_watermark_accumulator* accumulator,
                                         const cmk_image* frame) {
  return countermark::AddFrame(accumulator, frame);
}

cmk_status cmk_watermark_accumulator_detect(cmk_watermark_accumulator* accumulator,
                                            cmk_detection* detection) {
  return countermark::DetectInFrames(accumulator, detection);
}

cmk_status cmk_watermark_accumulator_reset(cmk_watermark_accumulator* accumulator) {
  return countermark::ForgetFrames(accumulator);
}
