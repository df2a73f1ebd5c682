#include <cstddef>
#include <new>

#include "api/arguments.h"
#include "api/refusal.h"
#include "api/resident.h"
#include "api/sound.h"
#include "audio/embedder.h"

// What lies at the beginning of the caller's memory; the embedder and its buffers follow.
struct cmk_audio_embedder : countermark::Resident {
  // ASCII "m1_audio", as a little-endian number.
  static constexpr uint64_t kKind = 0x6F696475615F316D;

  cmk_audio_embedder(size_t size_of_all, size_t its_frame_bytes,
                     countermark::audio::Embedder* its_embedder)
      : Resident(kKind, size_of_all), frame_bytes(its_frame_bytes), embedder(its_embedder) {}

  size_t frame_bytes;
  countermark::audio::Embedder* embedder;
};

namespace countermark {
namespace {

using audio::Embedder;

static_assert(alignof(cmk_audio_embedder) <= Resident::kAlignment);
static_assert(audio::kMostChannels == CMK_CHANNELS_MAX);

Embedder::Setting SettingOf(const cmk_sound& sound, uint32_t latency) {
  return {sound.rate,
          sound.channels,
          FormatOf(sound),
          0,
          kDefaultKey,
          1,
          latency == CMK_AUDIO_LATENCY_LOW};
}

size_t SizeOf(const cmk_sound& sound, uint32_t latency) {
  return sizeof(cmk_audio_embedder) + audio::EmbedderSize(SettingOf(sound, latency));
}

cmk_status CheckSetting(const cmk_sound* sound, uint32_t latency) {
  COUNTERMARK_CHECK(CheckSound(sound));
  COUNTERMARK_REQUIRE(latency <= CMK_AUDIO_LATENCY_LOW, CMK_STATUS_BAD_INTERVAL);
  return CMK_STATUS_OK;
}

cmk_status CheckInit(const cmk_audio_embedder* embedder, size_t embedder_size,
                     const cmk_sound* sound, uint32_t latency, const uint8_t* key, float strength) {
  COUNTERMARK_CHECK(CheckSetting(sound, latency));
  COUNTERMARK_CHECK(CheckPlace(embedder));
  COUNTERMARK_REQUIRE(key != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_CHECK(CheckStrength(strength));
  COUNTERMARK_REQUIRE(embedder_size >= SizeOf(*sound, latency), CMK_STATUS_SCRATCH_TOO_SMALL);
  return CMK_STATUS_OK;
}

cmk_status CheckEmbedder(const cmk_audio_embedder* embedder) {
  return CheckResident(embedder, cmk_audio_embedder::kKind);
}

cmk_status CheckPart(const cmk_audio_embedder& embedder, const void* frames, size_t count) {
  return CheckFrames(frames, count, embedder.frame_bytes, &embedder, embedder.size);
}

cmk_status CheckPush(const cmk_audio_embedder* embedder, const void* in, size_t count,
                     const void* out, const size_t* out_count) {
  COUNTERMARK_CHECK(CheckEmbedder(embedder));
  COUNTERMARK_REQUIRE(out_count != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_CHECK(CheckPart(*embedder, in, count));
  COUNTERMARK_CHECK(CheckPart(*embedder, out, count));
  COUNTERMARK_CHECK(CheckApart(in, out, count * embedder->frame_bytes));
  return CMK_STATUS_OK;
}

}  // namespace
}  // namespace countermark

cmk_status cmk_audio_embedder_size(const cmk_sound* sound, uint32_t latency, size_t* size) {
  COUNTERMARK_CHECK(countermark::CheckSetting(sound, latency));
  COUNTERMARK_REQUIRE(size != nullptr, CMK_STATUS_NULL_POINTER);
  *size = countermark::SizeOf(*sound, latency);
  return CMK_STATUS_OK;
}

cmk_status cmk_audio_embedder_init(cmk_audio_embedder* embedder, size_t embedder_size,
                                   const cmk_sound* sound, uint32_t latency, uint64_t payload,
                                   const uint8_t* key, float strength) {
  COUNTERMARK_CHECK(countermark::CheckInit(embedder, embedder_size, sound, latency, key, strength));
  const size_t size = countermark::SizeOf(*sound, latency);
  countermark::Arena arena(embedder + 1, size - sizeof(cmk_audio_embedder));
  void* const place = arena.Allocate<countermark::Embedder>(1);
  auto setting = countermark::SettingOf(*sound, latency);
  setting.payload = payload;
  setting.key = countermark::KeyFrom(key);
  setting.strength = strength;
  auto* const inside = new (place) countermark::Embedder(setting, arena);
  const size_t frame_bytes = setting.channels * countermark::audio::BytesPerSample(setting.format);
  new (embedder) cmk_audio_embedder(size, frame_bytes, inside);
  return CMK_STATUS_OK;
}

cmk_status cmk_audio_embedder_latency(const cmk_audio_embedder* embedder, size_t* frames) {
  COUNTERMARK_CHECK(countermark::CheckEmbedder(embedder));
  COUNTERMARK_REQUIRE(frames != nullptr, CMK_STATUS_NULL_POINTER);
  *frames = embedder->embedder->latency();
  return CMK_STATUS_OK;
}

cmk_status cmk_audio_embedder_push(cmk_audio_embedder* embedder, const void* in, size_t frame_count,
                                   void* out, size_t* out_count) {
  COUNTERMARK_CHECK(countermark::CheckPush(embedder, in, frame_count, out, out_count));
  const countermark::Turn turn(*embedder);
  COUNTERMARK_REQUIRE(turn.is_ours(), CMK_STATUS_BUSY);
  auto& inside = *embedder->embedder;
  const auto* const bytes = static_cast<const uint8_t*>(in);
  COUNTERMARK_REQUIRE(!inside.has_ended(), CMK_STATUS_ENDED);
  COUNTERMARK_REQUIRE(inside.AreFinite(bytes, frame_count), CMK_STATUS_BAD_SAMPLE);
  *out_count = inside.Push(bytes, frame_count, static_cast<uint8_t*>(out));
  return CMK_STATUS_OK;
}

cmk_status cmk_audio_embedder_finish(cmk_audio_embedder* embedder, void* out, size_t capacity,
                                     size_t* out_count) {
  COUNTERMARK_CHECK(countermark::CheckEmbedder(embedder));
  COUNTERMARK_REQUIRE(out_count != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_CHECK(countermark::CheckPart(*embedder, out, capacity));
  const countermark::Turn turn(*embedder);
  COUNTERMARK_REQUIRE(turn.is_ours(), CMK_STATUS_BUSY);
  *out_count = embedder->embedder->Finish(static_cast<uint8_t*>(out), capacity);
  return CMK_STATUS_OK;
}
