// Adds the same mark to every frame of a video.
#ifndef COUNTERMARK_WATERMARK_STREAM_H_
#define COUNTERMARK_WATERMARK_STREAM_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/arena.h"
#include "base/image.h"
#include "base/key.h"
#include "watermark/layout.h"
#include "watermark/mask.h"
#include "watermark/residual.h"
#include "watermark/schedule.h"
#include "watermark/spread.h"

namespace countermark {

// The pattern is that of a still picture as Embed makes it, but for what Embed fits to the picture
// alone: it stays the same from frame to frame, so that codecs carry it along and frames can be
// added up. The mask follows the frames, a few rows with each.
class StreamEmbedder {
 public:
  struct Setting {
    Size frame;
    uint64_t payload;
    Key key;
    float strength;
    size_t refresh_frames;  // the mask is made anew in so many parts, one with each frame
  };

  // Built over an Arena without memory it only counts.
  StreamEmbedder(const Setting& setting, Arena& arena);

  // As Embed, of frames of one size. Takes its work memory from what the constructor took.
  void Embed(const ImageView& in, const MutableImageView& out);

  // The same by the schedule, for a frame that is shown at this time: see watermark/schedule.h. The
  // residual of all frames is held to one deviation, in grey levels, and its grain suits their
  // size.
  void EmbedAt(int64_t microseconds, const ImageView& in, const MutableImageView& out);

  // From the next frame on.
  void SetPayload(uint64_t payload);

 private:
  // Points of a coarse grid over the frame, to see cuts by.
  static constexpr size_t kGlanceRows = 18, kGlanceColumns = 32;
  using Glance = std::array<uint8_t, kGlanceRows * kGlanceColumns>;

  // What a tile is filled for.
  struct Filling {
    bool is_scheduled = false;
    Schedule::Blend blend{};
    float gain = 1;
  };

  void Follow(const ImageView& frame);
  void Begin(const ImageView& frame);
  void MakeTile(bool is_scheduled);
  void Fill(const Filling& filling);
  float Gain() const;
  Glance GlanceAt(const ImageView& frame);
  void RefreshPart(const ImageView& frame, bool is_cut);
  void Refresh(size_t begin, size_t end, bool is_new);

  Setting setting_;
  Layout layout_;
  Schedule schedule_;
  Plane luma_, texture_, mask_, residual_;
  float* row_power_;  // of the mask, row by row
  float* still_;      // the tile where the schedule has not moved it
  Tiling tiling_;
  TileTransform transform_;
  LumaReader reader_;
  ResidualPass pass_;
  uint8_t* line_;  // luma of a row of the frame
  size_t work_size_;
  uint8_t* work_;
  bool has_begun_ = false;
  Filling filling_;
  bool hurries_ = false;  // since a cut, until the mask is new all over
  uint8_t variant_ = 0;
  float mean_ = 0;       // of the texture
  size_t next_row_ = 0;  // of the mask, to be made anew
  Glance glance_{};      // at the last frame
};

// Bytes of memory that a StreamEmbedder takes, itself included.
size_t StreamSize(Size frame);

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_STREAM_H_
