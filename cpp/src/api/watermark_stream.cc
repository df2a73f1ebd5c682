#include <cstddef>
#include <new>

#include "api/arguments.h"
#include "api/refusal.h"
#include "api/resident.h"
#include "watermark/stream.h"

// What lies at the beginning of the caller's memory; the embedder and its buffers follow.
struct cmk_watermark_stream : countermark::Resident {
  // ASCII "m1stream", as a little-endian number.
  static constexpr uint64_t kKind = 0x6D6165727473316D;

  cmk_watermark_stream(size_t size_of_all, const cmk_image& frame,
                       countermark::StreamEmbedder* its_embedder)
      : Resident(kKind, size_of_all),
        width(frame.width),
        height(frame.height),
        format(frame.format),
        embedder(its_embedder) {}

  uint32_t width, height, format;
  countermark::StreamEmbedder* embedder;
};

namespace countermark {
namespace {

static_assert(alignof(cmk_watermark_stream) <= Resident::kAlignment);

size_t SizeOf(const cmk_image& frame) {
  return sizeof(cmk_watermark_stream) + StreamSize({frame.width, frame.height});
}

cmk_status CheckStream(const cmk_watermark_stream* stream) {
  return CheckResident(stream, cmk_watermark_stream::kKind);
}

cmk_status CheckInit(const cmk_watermark_stream* stream, size_t stream_size, const cmk_image* frame,
                     const uint8_t* key, float strength, uint32_t refresh_frames) {
  COUNTERMARK_CHECK(CheckShape(frame, CMK_SIDE_MIN));
  COUNTERMARK_CHECK(CheckPlace(stream));
  COUNTERMARK_REQUIRE(key != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_CHECK(CheckStrength(strength));
  COUNTERMARK_REQUIRE(refresh_frames >= 1, CMK_STATUS_BAD_INTERVAL);
  COUNTERMARK_REQUIRE(refresh_frames <= CMK_REFRESH_FRAMES_MAX, CMK_STATUS_BAD_INTERVAL);
  COUNTERMARK_REQUIRE(stream_size >= SizeOf(*frame), CMK_STATUS_SCRATCH_TOO_SMALL);
  return CMK_STATUS_OK;
}

cmk_status CheckFrames(const cmk_watermark_stream* stream, const cmk_image* in,
                       const cmk_image* out) {
  COUNTERMARK_CHECK(CheckStream(stream));
  COUNTERMARK_CHECK(CheckImage(in, CMK_SIDE_MIN));
  COUNTERMARK_CHECK(CheckImage(out, CMK_SIDE_MIN));
  COUNTERMARK_REQUIRE(in->width == stream->width && in->height == stream->height,
                      CMK_STATUS_SHAPE_MISMATCH);
  COUNTERMARK_REQUIRE(in->format == stream->format, CMK_STATUS_SHAPE_MISMATCH);
  COUNTERMARK_CHECK(CheckOutput(*in, *out));
  COUNTERMARK_CHECK(CheckScratch(stream, stream->size, stream->size, *in));
  COUNTERMARK_CHECK(CheckScratch(stream, stream->size, stream->size, *out));
  return CMK_STATUS_OK;
}

}  // namespace
}  // namespace countermark

uint32_t cmk_refresh_frames_max() { return CMK_REFRESH_FRAMES_MAX; }

cmk_status cmk_watermark_stream_size(const cmk_image* frame, size_t* size) {
  COUNTERMARK_CHECK(countermark::CheckShape(frame, CMK_SIDE_MIN));
  COUNTERMARK_REQUIRE(size != nullptr, CMK_STATUS_NULL_POINTER);
  *size = countermark::SizeOf(*frame);
  return CMK_STATUS_OK;
}

cmk_status cmk_watermark_stream_init(cmk_watermark_stream* stream, size_t stream_size,
                                     const cmk_image* frame, uint64_t payload, const uint8_t* key,
                                     float strength, uint32_t refresh_frames) {
  COUNTERMARK_CHECK(
      countermark::CheckInit(stream, stream_size, frame, key, strength, refresh_frames));
  const size_t size = countermark::SizeOf(*frame);
  countermark::Arena arena(stream + 1, size - sizeof(cmk_watermark_stream));
  void* const place = arena.Allocate<countermark::StreamEmbedder>(1);
  const countermark::StreamEmbedder::Setting setting{
      {frame->width, frame->height}, payload, countermark::KeyFrom(key), strength, refresh_frames};
  auto* const embedder = new (place) countermark::StreamEmbedder(setting, arena);
  new (stream) cmk_watermark_stream(size, *frame, embedder);
  return CMK_STATUS_OK;
}

cmk_status cmk_watermark_stream_embed(cmk_watermark_stream* stream, const cmk_image* in,
                                      const cmk_image* out) {
  COUNTERMARK_CHECK(countermark::CheckFrames(stream, in, out));
  const countermark::Turn turn(*stream);
  COUNTERMARK_REQUIRE(turn.is_ours(), CMK_STATUS_BUSY);
  stream->embedder->Embed(countermark::View(*in), countermark::MutableView(*out));
  return CMK_STATUS_OK;
}

cmk_status cmk_watermark_stream_embed_at(cmk_watermark_stream* stream, int64_t microseconds,
                                         const cmk_image* in, const cmk_image* out) {
  COUNTERMARK_CHECK(countermark::CheckFrames(stream, in, out));
  const countermark::Turn turn(*stream);
  COUNTERMARK_REQUIRE(turn.is_ours(), CMK_STATUS_BUSY);
  stream->embedder->EmbedAt(microseconds, countermark::View(*in), countermark::MutableView(*out));
  return CMK_STATUS_OK;
}

cmk_status cmk_watermark_stream_set_payload(cmk_watermark_stream* stream, uint64_t payload) {
  COUNTERMARK_CHECK(countermark::CheckStream(stream));
  const countermark::Turn turn(*stream);
  COUNTERMARK_REQUIRE(turn.is_ours(), CMK_STATUS_BUSY);
  stream->embedder->SetPayload(payload);
  return CMK_STATUS_OK;
}
