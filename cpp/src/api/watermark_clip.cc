#include <atomic>
#include <cstdint>
#include <new>

#include "api/arguments.h"
#include "api/detection.h"
#include "api/refusal.h"
#include "api/target.h"
#include "api/turn.h"
#include "watermark/clip.h"

// What lies at the beginning of the caller's memory; behind it, what the arena gives out.
struct cmk_watermark_clip {
  // Where it was made, and a number that other memory most likely does not hold there.
  static constexpr uint64_t kMagic = 0x636d6b20636c6970;

  cmk_watermark_clip(const cmk_image& frame, const countermark::Key& key,
                     countermark::Effort effort, size_t size_of_all)
      : format(frame.format),
        size(size_of_all),
        arena(this + 1, size_of_all - sizeof(*this)),
        frames({frame.width, frame.height}, key, effort, arena) {
    frames.Reset();
  }

  uint64_t magic = kMagic;
  const void* place = this;
  std::atomic<uint32_t> is_busy = 0;
  uint32_t format;
  size_t size;
  countermark::Arena arena;
  countermark::ClipAccumulator frames;
};

namespace countermark {
namespace {

// The caller brings memory at multiples of it.
constexpr size_t kAlignment = 8;
static_assert(alignof(cmk_watermark_clip) <= kAlignment);

size_t SizeFor(const cmk_image& frame, uint32_t effort) {
  return sizeof(cmk_watermark_clip) + ClipSize({frame.width, frame.height}, EffortFrom(effort));
}

cmk_status CheckClip(const cmk_watermark_clip* clip) {
  COUNTERMARK_REQUIRE(TargetIsAvailable(), CMK_STATUS_UNKNOWN_TARGET);
  COUNTERMARK_REQUIRE(clip != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_REQUIRE(reinterpret_cast<uintptr_t>(clip) % kAlignment == 0, CMK_STATUS_MISALIGNED);
  COUNTERMARK_REQUIRE(clip->magic == cmk_watermark_clip::kMagic, CMK_STATUS_NOT_INITIALISED);
  COUNTERMARK_REQUIRE(clip->place == clip, CMK_STATUS_NOT_INITIALISED);
  return CMK_STATUS_OK;
}

}  // namespace
}  // namespace countermark

cmk_status cmk_watermark_clip_size(const cmk_image* frame, uint32_t effort, size_t* size) {
  COUNTERMARK_CHECK(countermark::CheckShape(frame, CMK_SIDE_MIN));
  COUNTERMARK_REQUIRE(size != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_CHECK(countermark::CheckEffort(effort));
  *size = countermark::SizeFor(*frame, effort);
  return CMK_STATUS_OK;
}

cmk_status cmk_watermark_clip_init(cmk_watermark_clip* clip, size_t clip_size,
                                   const cmk_image* frame, const uint8_t* key, uint32_t effort) {
  COUNTERMARK_CHECK(countermark::CheckShape(frame, CMK_SIDE_MIN));
  COUNTERMARK_REQUIRE(clip != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_REQUIRE(key != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_CHECK(countermark::CheckEffort(effort));
  COUNTERMARK_REQUIRE(reinterpret_cast<uintptr_t>(clip) % countermark::kAlignment == 0,
                      CMK_STATUS_MISALIGNED);
  const size_t needed = countermark::SizeFor(*frame, effort);
  COUNTERMARK_REQUIRE(clip_size >= needed, CMK_STATUS_SCRATCH_TOO_SMALL);
  new (clip) cmk_watermark_clip(*frame, countermark::KeyFrom(key), countermark::EffortFrom(effort),
                                needed);
  return CMK_STATUS_OK;
}

cmk_status cmk_watermark_clip_add(cmk_watermark_clip* clip, int64_t microseconds,
                                  const cmk_image* frame) {
  COUNTERMARK_CHECK(countermark::CheckImage(frame, CMK_SIDE_MIN));
  COUNTERMARK_CHECK(countermark::CheckClip(clip));
  const countermark::Turn turn(clip->is_busy);
  COUNTERMARK_REQUIRE(turn.is_ours(), CMK_STATUS_BUSY);
  const countermark::Size size = clip->frames.frame_size();
  COUNTERMARK_REQUIRE(frame->width == size.width, CMK_STATUS_SHAPE_MISMATCH);
  COUNTERMARK_REQUIRE(frame->height == size.height, CMK_STATUS_SHAPE_MISMATCH);
  COUNTERMARK_REQUIRE(frame->format == clip->format, CMK_STATUS_SHAPE_MISMATCH);
  COUNTERMARK_CHECK(countermark::CheckScratch(clip, clip->size, clip->size, *frame));
  clip->frames.Add(countermark::View(*frame), microseconds, clip->arena);
  return CMK_STATUS_OK;
}

cmk_status cmk_watermark_clip_detect(cmk_watermark_clip* clip, cmk_detection* detection) {
  COUNTERMARK_CHECK(countermark::CheckClip(clip));
  COUNTERMARK_CHECK(countermark::CheckResult(detection));
  const countermark::Turn turn(clip->is_busy);
  COUNTERMARK_REQUIRE(turn.is_ours(), CMK_STATUS_BUSY);
  countermark::Detection found;
  const bool is_read = clip->frames.Detect(clip->arena, &found);
  return countermark::TellDetection(is_read, found, detection);
}

cmk_status cmk_watermark_clip_reset(cmk_watermark_clip* clip) {
  COUNTERMARK_CHECK(countermark::CheckClip(clip));
  const countermark::Turn turn(clip->is_busy);
  COUNTERMARK_REQUIRE(turn.is_ours(), CMK_STATUS_BUSY);
  clip->frames.Reset();
  return CMK_STATUS_OK;
}
