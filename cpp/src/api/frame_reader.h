// What accumulators and clips have in common: a mark that is read from many frames of one shape.
#ifndef COUNTERMARK_API_FRAME_READER_H_
#define COUNTERMARK_API_FRAME_READER_H_

#include <new>

#include "api/arguments.h"
#include "api/detection.h"
#include "api/refusal.h"
#include "api/resident.h"
#include "base/arena.h"
#include "watermark/plane.h"

namespace countermark {

// What lies at the beginning of the caller's memory; behind it, what the arena gives out. A Reader
// below is one of these with `kKind` and a function `FramesSize`, the bytes of its arena.
template <typename Frames>
struct FrameReader : Resident {
  FrameReader(uint64_t its_kind, size_t size_of_all, const cmk_image& frame, const Key& key,
              Effort effort)
      : Resident(its_kind, size_of_all),
        format(frame.format),
        arena(this + 1, size_of_all - sizeof(*this)),
        frames({frame.width, frame.height}, key, effort, arena) {
    frames.Reset();
  }

  uint32_t format;
  Arena arena;
  Frames frames;
};

template <typename Reader>
cmk_status AskReaderSize(const cmk_image* frame, uint32_t effort, size_t* size) {
  COUNTERMARK_CHECK(CheckShape(frame, CMK_SIDE_MIN));
  COUNTERMARK_REQUIRE(size != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_CHECK(CheckEffort(effort));
  *size = sizeof(Reader) + Reader::FramesSize({frame->width, frame->height}, EffortFrom(effort));
  return CMK_STATUS_OK;
}

template <typename Reader>
cmk_status MakeReader(Reader* reader, size_t reader_size, const cmk_image* frame,
                      const uint8_t* key, uint32_t effort) {
  static_assert(alignof(Reader) <= Resident::kAlignment);
  size_t needed = 0;
  COUNTERMARK_CHECK(AskReaderSize<Reader>(frame, effort, &needed));
  COUNTERMARK_CHECK(CheckPlace(reader));
  COUNTERMARK_REQUIRE(key != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_REQUIRE(reader_size >= needed, CMK_STATUS_SCRATCH_TOO_SMALL);
  new (reader) Reader(Reader::kKind, needed, *frame, KeyFrom(key), EffortFrom(effort));
  return CMK_STATUS_OK;
}

// `time`: what the frames take besides their pixels, if they take anything.
template <typename Reader, typename... Time>
cmk_status AddFrame(Reader* reader, const cmk_image* frame, Time... time) {
  COUNTERMARK_CHECK(CheckImage(frame, CMK_SIDE_MIN));
  COUNTERMARK_CHECK(CheckResident(reader, Reader::kKind));
  const Turn turn(*reader);
  COUNTERMARK_REQUIRE(turn.is_ours(), CMK_STATUS_BUSY);
  const Size size = reader->frames.frame_size();
  COUNTERMARK_REQUIRE(frame->width == size.width, CMK_STATUS_SHAPE_MISMATCH);
  COUNTERMARK_REQUIRE(frame->height == size.height, CMK_STATUS_SHAPE_MISMATCH);
  COUNTERMARK_REQUIRE(frame->format == reader->format, CMK_STATUS_SHAPE_MISMATCH);
  COUNTERMARK_CHECK(CheckScratch(reader, reader->size, reader->size, *frame));
  reader->frames.Add(View(*frame), time..., reader->arena);
  return CMK_STATUS_OK;
}

template <typename Reader>
cmk_status DetectInFrames(Reader* reader, cmk_detection* detection) {
  COUNTERMARK_CHECK(CheckResident(reader, Reader::kKind));
  COUNTERMARK_CHECK(CheckResult(detection));
  const Turn turn(*reader);
  COUNTERMARK_REQUIRE(turn.is_ours(), CMK_STATUS_BUSY);
  Detection found;
  const bool is_read = reader->frames.Detect(reader->arena, &found);
  return TellDetection(is_read, found, detection);
}

template <typename Reader>
cmk_status ForgetFrames(Reader* reader) {
  COUNTERMARK_CHECK(CheckResident(reader, Reader::kKind));
  const Turn turn(*reader);
  COUNTERMARK_REQUIRE(turn.is_ours(), CMK_STATUS_BUSY);
  reader->frames.Reset();
  return CMK_STATUS_OK;
}

}  // namespace countermark

#endif  // COUNTERMARK_API_FRAME_READER_H_
