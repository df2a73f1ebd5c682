#include "api/sound.h"

#include <cstdint>

#include "api/refusal.h"
#include "api/target.h"

namespace countermark {
namespace {

using audio::SampleFormat;

static_assert(static_cast<int>(SampleFormat::kInt16) == CMK_SAMPLE_FORMAT_INT16);
static_assert(static_cast<int>(SampleFormat::kInt24) == CMK_SAMPLE_FORMAT_INT24);
static_assert(static_cast<int>(SampleFormat::kInt32) == CMK_SAMPLE_FORMAT_INT32);
static_assert(static_cast<int>(SampleFormat::kFloat32) == CMK_SAMPLE_FORMAT_FLOAT32);

bool Share(const void* a, size_t a_size, const void* b, size_t b_size) {
  const uintptr_t first = reinterpret_cast<uintptr_t>(a), second = reinterpret_cast<uintptr_t>(b);
  return first < second + b_size && second < first + a_size;
}

}  // namespace

cmk_status CheckSound(const cmk_sound* sound) {
  COUNTERMARK_REQUIRE(TargetIsAvailable(), CMK_STATUS_UNKNOWN_TARGET);
  COUNTERMARK_REQUIRE(sound != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_REQUIRE(sound->struct_size == sizeof(cmk_sound), CMK_STATUS_STRUCT_SIZE);
  COUNTERMARK_REQUIRE(sound->format <= CMK_SAMPLE_FORMAT_FLOAT32, CMK_STATUS_UNKNOWN_FORMAT);
  COUNTERMARK_REQUIRE(sound->rate >= CMK_RATE_MIN, CMK_STATUS_BAD_RATE);
  COUNTERMARK_REQUIRE(sound->rate <= CMK_RATE_MAX, CMK_STATUS_BAD_RATE);
  COUNTERMARK_REQUIRE(sound->channels >= 1, CMK_STATUS_BAD_CHANNELS);
  COUNTERMARK_REQUIRE(sound->channels <= CMK_CHANNELS_MAX, CMK_STATUS_BAD_CHANNELS);
  return CMK_STATUS_OK;
}

cmk_status CheckFrames(const void* frames, size_t count, size_t frame_bytes, const void* object,
                       size_t object_size) {
  if (count == 0) return CMK_STATUS_OK;
  COUNTERMARK_REQUIRE(frames != nullptr, CMK_STATUS_NULL_POINTER);
  const uintptr_t begin = reinterpret_cast<uintptr_t>(frames);
  COUNTERMARK_REQUIRE(count <= (UINTPTR_MAX - begin) / frame_bytes, CMK_STATUS_BAD_INTERVAL);
  COUNTERMARK_REQUIRE(!Share(frames, count * frame_bytes, object, object_size), CMK_STATUS_OVERLAP);
  return CMK_STATUS_OK;
}

cmk_status CheckApart(const void* in, const void* out, size_t size) {
  COUNTERMARK_REQUIRE(in == out || !Share(in, size, out, size), CMK_STATUS_OVERLAP);
  return CMK_STATUS_OK;
}

}  // namespace countermark

uint32_t cmk_rate_min() { return CMK_RATE_MIN; }
uint32_t cmk_rate_max() { return CMK_RATE_MAX; }
uint32_t cmk_channels_max() { return CMK_CHANNELS_MAX; }
