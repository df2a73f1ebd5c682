#include <algorithm>
#include <cstdint>
#include <new>

#include "api/arguments.h"
#include "api/detection.h"
#include "api/refusal.h"
#include "api/resident.h"
#include "api/sound.h"
#include "audio/detector.h"

// What lies at the beginning of the caller's memory; behind it, what the arena gives out.
struct cmk_audio_detector : countermark::Resident {
  static constexpr uint64_t kKind = 0x636d6b2061646574;

  cmk_audio_detector(const countermark::audio::Detector::Setting& setting, size_t its_frame_bytes,
                     size_t size_of_all)
      : Resident(kKind, size_of_all),
        frame_bytes(its_frame_bytes),
        arena(this + 1, size_of_all - sizeof(*this)),
        detector(setting, arena) {}

  size_t frame_bytes;
  countermark::Arena arena;
  countermark::audio::Detector detector;
};

namespace countermark {
namespace {

using audio::kRate;
using audio::kTile;
using audio::Mark;

static_assert(alignof(cmk_audio_detector) <= Resident::kAlignment);
static_assert(audio::Detector::kMostMarks == CMK_AUDIO_DETECTIONS_MAX);
static_assert(Mark::kMostStretches == CMK_AUDIO_STRETCHES_MAX);

audio::Detector::Setting SettingOf(const cmk_sound& sound, const Key& key, uint32_t effort) {
  const bool is_full = effort == CMK_EFFORT_FULL;
  return {sound.rate, sound.channels, FormatOf(sound), key,
          is_full ? audio::Effort::kFull : audio::Effort::kAligned};
}

size_t SizeFor(const cmk_sound& sound, uint32_t effort) {
  return sizeof(cmk_audio_detector) + audio::DetectorSize(SettingOf(sound, kDefaultKey, effort));
}

cmk_status CheckDetector(const cmk_audio_detector* detector) {
  return CheckResident(detector, cmk_audio_detector::kKind);
}

cmk_status CheckResults(const cmk_audio_detection* detections, size_t capacity,
                        const size_t* count) {
  COUNTERMARK_REQUIRE(count != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_REQUIRE(detections != nullptr || capacity == 0, CMK_STATUS_NULL_POINTER);
  for (size_t i = 0; i < std::min<size_t>(capacity, CMK_AUDIO_DETECTIONS_MAX); ++i) {
    const cmk_audio_detection& detection = detections[i];
    COUNTERMARK_REQUIRE(detection.struct_size == sizeof(detection), CMK_STATUS_STRUCT_SIZE);
    COUNTERMARK_REQUIRE(detection.stretches != nullptr || detection.stretch_capacity == 0,
                        CMK_STATUS_NULL_POINTER);
  }
  return CMK_STATUS_OK;
}

void Tell(const Mark& mark, cmk_audio_detection* detection) {
  detection->score = mark.score;
  detection->payload = mark.message.word.payload;
  detection->false_positive_rate = mark.message.false_positive_rate;
  detection->offset_seconds = mark.trace.origin / kRate;
  detection->speed = 1 / mark.trace.period;
  detection->pitch = mark.pitch;
  detection->polarity = mark.trace.phase.re < 0 ? -1 : 1;
  detection->variant = mark.message.word.variant;
  detection->stretch_count = static_cast<uint32_t>(mark.stretch_count);
  for (size_t i = 0; i < std::min<size_t>(mark.stretch_count, detection->stretch_capacity); ++i) {
    detection->stretches[i] = {mark.stretches[i].begin / kRate, mark.stretches[i].end / kRate};
  }
}

}  // namespace
}  // namespace countermark

uint32_t cmk_audio_detections_max() { return CMK_AUDIO_DETECTIONS_MAX; }
uint32_t cmk_audio_stretches_max() { return CMK_AUDIO_STRETCHES_MAX; }

cmk_status cmk_audio_detector_size(const cmk_sound* sound, uint32_t effort, size_t* size) {
  COUNTERMARK_CHECK(countermark::CheckSound(sound));
  COUNTERMARK_REQUIRE(size != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_CHECK(countermark::CheckEffort(effort));
  *size = countermark::SizeFor(*sound, effort);
  return CMK_STATUS_OK;
}

cmk_status cmk_audio_detector_init(cmk_audio_detector* detector, size_t detector_size,
                                   const cmk_sound* sound, const uint8_t* key, uint32_t effort) {
  COUNTERMARK_CHECK(countermark::CheckSound(sound));
  COUNTERMARK_CHECK(countermark::CheckPlace(detector));
  COUNTERMARK_REQUIRE(key != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_CHECK(countermark::CheckEffort(effort));
  const size_t needed = countermark::SizeFor(*sound, effort);
  COUNTERMARK_REQUIRE(detector_size >= needed, CMK_STATUS_SCRATCH_TOO_SMALL);
  const auto setting = countermark::SettingOf(*sound, countermark::KeyFrom(key), effort);
  const size_t frame_bytes =
      sound->channels * countermark::audio::BytesPerSample(countermark::FormatOf(*sound));
  new (detector) cmk_audio_detector(setting, frame_bytes, needed);
  return CMK_STATUS_OK;
}

cmk_status cmk_audio_detector_push(cmk_audio_detector* detector, const void* frames,
                                   size_t frame_count) {
  COUNTERMARK_CHECK(countermark::CheckDetector(detector));
  COUNTERMARK_CHECK(countermark::CheckFrames(frames, frame_count, detector->frame_bytes, detector,
                                             detector->size));
  const countermark::Turn turn(*detector);
  COUNTERMARK_REQUIRE(turn.is_ours(), CMK_STATUS_BUSY);
  const auto* const bytes = static_cast<const uint8_t*>(frames);
  COUNTERMARK_REQUIRE(detector->detector.AreFinite(bytes, frame_count), CMK_STATUS_BAD_SAMPLE);
  detector->detector.Push(bytes, frame_count);
  return CMK_STATUS_OK;
}

cmk_status cmk_audio_detector_detect(cmk_audio_detector* detector, cmk_audio_detection* detections,
                                     size_t capacity, size_t* count) {
  COUNTERMARK_CHECK(countermark::CheckDetector(detector));
  COUNTERMARK_CHECK(countermark::CheckResults(detections, capacity, count));
  const countermark::Turn turn(*detector);
  COUNTERMARK_REQUIRE(turn.is_ours(), CMK_STATUS_BUSY);
  const countermark::audio::Mark* marks;
  *count = detector->detector.Detect(&marks);
  for (size_t i = 0; i < std::min(*count, capacity); ++i) {
    countermark::Tell(marks[i], &detections[i]);
  }
  if (*count > 0) return CMK_STATUS_OK;
  if (capacity > 0) detections[0].score = detector->detector.highest_score();
  return CMK_STATUS_NOT_FOUND;
}

cmk_status cmk_audio_detector_reset(cmk_audio_detector* detector) {
  COUNTERMARK_CHECK(countermark::CheckDetector(detector));
  const countermark::Turn turn(*detector);
  COUNTERMARK_REQUIRE(turn.is_ours(), CMK_STATUS_BUSY);
  detector->detector.Reset();
  return CMK_STATUS_OK;
}
