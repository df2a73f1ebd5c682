#include <atomic>
#include <cstddef>
#include <new>

#include "api/arguments.h"
#include "api/refusal.h"
#include "api/target.h"
#include "api/turn.h"
#include "watermark/stream.h"

// What lies at the beginning of the caller's memory; the embedder and its buffers follow.
struct alignas(8) cmk_watermark_stream {
  const cmk_watermark_stream* self;  // elsewhere it was moved, and its pointers are wrong
  uint64_t mark;                     // kMark
  uint64_t size;
  uint32_t width, height, format;
  std::atomic<uint32_t> is_busy;
  countermark::StreamEmbedder* embedder;
};

namespace countermark {
namespace {

// ASCII "m1stream", as a little-endian number.
constexpr uint64_t kMark = 0x6D6165727473316DULL;
static_assert(std::atomic<uint32_t>::is_always_lock_free);

size_t SizeOf(const cmk_image& frame) {
  return sizeof(cmk_watermark_stream) + StreamSize({frame.width, frame.height});
}

cmk_status CheckStream(const cmk_watermark_stream* stream) {
  COUNTERMARK_REQUIRE(TargetIsAvailable(), CMK_STATUS_UNKNOWN_TARGET);
  COUNTERMARK_REQUIRE(stream != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_REQUIRE(reinterpret_cast<uintptr_t>(stream) % alignof(cmk_watermark_stream) == 0,
                      CMK_STATUS_MISALIGNED);
  COUNTERMARK_REQUIRE(stream->mark == kMark && stream->self == stream, CMK_STATUS_NOT_INITIALISED);
  return CMK_STATUS_OK;
}

cmk_status CheckInit(const cmk_watermark_stream* stream, size_t stream_size, const cmk_image* frame,
                     const uint8_t* key, float strength, uint32_t refresh_frames) {
  COUNTERMARK_CHECK(CheckShape(frame, CMK_SIDE_MIN));
  COUNTERMARK_REQUIRE(stream != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_REQUIRE(key != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_REQUIRE(reinterpret_cast<uintptr_t>(stream) % alignof(cmk_watermark_stream) == 0,
                      CMK_STATUS_MISALIGNED);
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
  const size_t size = static_cast<size_t>(stream->size);
  COUNTERMARK_CHECK(CheckScratch(stream, size, size, *in));
  COUNTERMARK_CHECK(CheckScratch(stream, size, size, *out));
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
  new (stream) cmk_watermark_stream{stream,        countermark::kMark, size, frame->width,
                                    frame->height, frame->format,      0,    embedder};
  return CMK_STATUS_OK;
}

cmk_status cmk_watermark_stream_embed(cmk_watermark_stream* stream, const cmk_image* in,
                                      const cmk_image* out) {
  COUNTERMARK_CHECK(countermark::CheckFrames(stream, in, out));
  const countermark::Turn turn(stream->is_busy);
  COUNTERMARK_REQUIRE(turn.is_ours(), CMK_STATUS_BUSY);
  stream->embedder->Embed(countermark::View(*in), countermark::MutableView(*out));
  return CMK_STATUS_OK;
}

cmk_status cmk_watermark_stream_embed_at(cmk_watermark_stream* stream, int64_t microseconds,
                                         const cmk_image* in, const cmk_image* out) {
  COUNTERMARK_CHECK(countermark::CheckFrames(stream, in, out));
  const countermark::Turn turn(stream->is_busy);
  COUNTERMARK_REQUIRE(turn.is_ours(), CMK_STATUS_BUSY);
  stream->embedder->EmbedAt(microseconds, countermark::View(*in), countermark::MutableView(*out));
  return CMK_STATUS_OK;
}

cmk_status cmk_watermark_stream_set_payload(cmk_watermark_stream* stream, uint64_t payload) {
  COUNTERMARK_CHECK(countermark::CheckStream(stream));
  const countermark::Turn turn(stream->is_busy);
  COUNTERMARK_REQUIRE(turn.is_ours(), CMK_STATUS_BUSY);
  stream->embedder->SetPayload(payload);
  return CMK_STATUS_OK;
}
