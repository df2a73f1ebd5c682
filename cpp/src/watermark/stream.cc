#include "watermark/stream.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "kernels/luma.h"

namespace countermark {
namespace {

// After a cut the mask is made anew in so many frames at most.
constexpr size_t kPartsAfterCut = 3;
// A point has changed when its luma differs by more than this; a cut changes a large part of all.
constexpr int kChange = 20;
constexpr size_t kCutDivisor = 3;
// Of a scheduled residual, in grey levels at strength 1: 44 dB. Where the mask allows less, it is
// not lifted any further than so. A gain that differs less than so from what it was stays.
constexpr float kDeviation = 1.55f;
constexpr float kMostGain = 1.7f;
constexpr float kSameGain = 0.01f;

size_t WorkSize(const Plane& luma) {
  Arena arena;
  MeasureTexture({nullptr, luma.width, luma.height, luma.width}, {}, arena);
  return arena.SizeNeeded();
}

// Sums side by side, which a processor adds at once.
float SumOfSquares(const float* values, size_t count) {
  constexpr size_t kSums = 8;
  float sums[kSums] = {};
  size_t i = 0;
  for (; i + kSums <= count; i += kSums) {
    for (size_t k = 0; k < kSums; ++k) sums[k] += values[i + k] * values[i + k];
  }
  for (size_t k = 0; i + k < count; ++k) sums[k] += values[i + k] * values[i + k];
  float sum = 0;
  for (float s : sums) sum += s;
  return sum;
}

// Rows of luma that rows `begin` to `end` of the texture depend on.
struct Band {
  Band(size_t begin, size_t end, size_t height)
      : first(begin - std::min(begin, kTextureReach)),
        count(std::min(height, end + kTextureReach) - first) {}

  Plane Of(const Plane& plane) const { return {plane.data, plane.width, count, plane.stride}; }

  size_t first, count;
};

}  // namespace

StreamEmbedder::StreamEmbedder(const Setting& setting, Arena& arena)
    : setting_(setting),
      layout_(setting.key),
      schedule_(setting.key),
      luma_(AllocatePlane(ScaledSize(setting.frame, kCanonicalSide), arena)),
      texture_(AllocatePlane(luma_.size(), arena)),
      mask_(AllocatePlane(luma_.size(), arena)),
      residual_(AllocatePlane(luma_.size(), arena)),
      row_power_(arena.Allocate<float>(luma_.height)),
      still_(arena.Allocate<float>(kTile * kTile)),
      tiling_{luma_.size(), {}, arena.Allocate<float>(kTile * kTile)},
      transform_(arena),
      reader_(setting.frame, luma_.size(), arena),
      pass_(setting.frame, luma_.size(), arena),
      line_(arena.Allocate<uint8_t>(setting.frame.width)),
      work_size_(WorkSize(luma_)),
      work_(arena.Allocate<uint8_t>(work_size_)) {}

void StreamEmbedder::Embed(const ImageView& in, const MutableImageView& out) {
  if (filling_.is_scheduled) {
    MakeTile(false);
    Fill({});
  }
  Follow(in);
  pass_.Add(in, residual_, out);
}

void StreamEmbedder::EmbedAt(int64_t microseconds, const ImageView& in,
                             const MutableImageView& out) {
  Follow(in);
  Filling filling{true, Schedule::BlendAt(microseconds), Gain()};
  if (std::fabs(filling.gain - filling_.gain) < kSameGain * filling_.gain) {
    filling.gain = filling_.gain;
  }
  if (!filling_.is_scheduled) MakeTile(true);
  if (!filling_.is_scheduled || !(filling.blend == filling_.blend) ||
      filling.gain != filling_.gain) {
    Fill(filling);
  }
  pass_.Add(in, residual_, out);
}

// Makes the mask as this frame needs it.
void StreamEmbedder::Follow(const ImageView& frame) {
  if (!has_begun_) {
    Begin(frame);
    return;
  }
  const Glance before = glance_;
  glance_ = GlanceAt(frame);
  size_t changed = 0;
  for (size_t i = 0; i < glance_.size(); ++i) {
    changed += std::abs(int{glance_[i]} - int{before[i]}) > kChange ? 1 : 0;
  }
  RefreshPart(frame, changed > glance_.size() / kCutDivisor);
}

void StreamEmbedder::SetPayload(uint64_t payload) {
  setting_.payload = payload;
  if (!has_begun_) return;
  MakeTile(filling_.is_scheduled);
  Fill(filling_);
}

// The first frame decides the variant and with it where the tile begins.
void StreamEmbedder::Begin(const ImageView& frame) {
  reader_.Read(frame, luma_);
  variant_ = VariantFor(luma_);
  MakeTile(false);
  std::copy_n(still_, kTile * kTile, tiling_.tile);
  Refresh(0, mask_.height, true);
  glance_ = GlanceAt(frame);
  has_begun_ = true;
}

// As it is before it is moved; by the schedule, with a grain of its own.
void StreamEmbedder::MakeTile(bool is_scheduled) {
  const Word word{setting_.payload, variant_};
  tiling_.origin = layout_.OriginOf(word);
  Spectrum pattern;
  MakePatternFor(layout_, word, setting_.frame, &pattern);
  if (is_scheduled) SuitGrain(setting_.frame, &pattern);
  float* const tile = tiling_.tile;
  tiling_.tile = still_;
  tiling_.Fill(pattern, transform_);
  tiling_.tile = tile;
}

// The tile as the schedule has it, and the residual with it.
void StreamEmbedder::Fill(const Filling& filling) {
  filling_ = filling;
  if (!filling.is_scheduled) {
    std::copy_n(still_, kTile * kTile, tiling_.tile);
  } else {
    std::fill_n(tiling_.tile, kTile * kTile, 0.0f);
    const auto add = [&](const Schedule::State& state, float weight) {
      if (weight == 0) return;
      const float times = weight * filling.gain * static_cast<float>(state.sign);
      for (int y = 0; y < kTile; ++y) {
        float* const row = tiling_.tile + (y + state.shift.y) % kTile * kTile;
        for (int x = 0; x < kTile; ++x) {
          row[(x + state.shift.x) % kTile] += times * still_[y * kTile + x];
        }
      }
    };
    add(schedule_.at(filling.blend.from), filling.blend.from_weight);
    add(schedule_.at(filling.blend.to), filling.blend.to_weight);
  }
  tiling_.Spread(mask_, 0, mask_.height, residual_);
}

float StreamEmbedder::Gain() const {
  float sum = 0;
  for (size_t y = 0; y < mask_.height; ++y) sum += row_power_[y];
  const float deviation = std::sqrt(sum / static_cast<float>(mask_.size().Area()));
  return std::min(kMostGain, kDeviation * setting_.strength / deviation);
}

StreamEmbedder::Glance StreamEmbedder::GlanceAt(const ImageView& frame) {
  Glance glance;
  for (size_t i = 0; i < kGlanceRows; ++i) {
    const size_t y = (2 * i + 1) * frame.height / (2 * kGlanceRows);
    LumaRow(frame.Row(y), frame.plane_stride_bytes, frame.format, frame.width, line_);
    for (size_t k = 0; k < kGlanceColumns; ++k) {
      glance[i * kGlanceColumns + k] = line_[(2 * k + 1) * frame.width / (2 * kGlanceColumns)];
    }
  }
  return glance;
}

// After a cut the part of the mask that is not yet new hides in any picture.
void StreamEmbedder::RefreshPart(const ImageView& frame, bool is_cut) {
  const size_t rows = mask_.height;
  if (is_cut) {
    next_row_ = 0;
    hurries_ = true;
  }
  const size_t parts =
      hurries_ ? std::min(kPartsAfterCut, setting_.refresh_frames) : setting_.refresh_frames;
  const size_t begin = next_row_, end = std::min(rows, begin + (rows + parts - 1) / parts);
  const Band band(begin, end, rows);
  reader_.ReadRows(frame, band.first, band.Of(luma_));
  Refresh(begin, end, is_cut);
  if (is_cut && end < rows) {
    const float least = LeastAmplitude(mean_, setting_.frame, setting_.strength);
    std::fill(mask_.Row(end), mask_.Row(rows - 1) + mask_.width, least);
    std::fill(row_power_ + end, row_power_ + rows, least * least * static_cast<float>(mask_.width));
    tiling_.Spread(mask_, end, rows, residual_);
  }
  next_row_ = end == rows ? 0 : end;
  if (next_row_ == 0) hurries_ = false;
}

// Rows of the mask, and of the residual with them, by the luma of their band. `is_new` says that
// what was known of the texture is of another scene.
void StreamEmbedder::Refresh(size_t begin, size_t end, bool is_new) {
  const Band band(begin, end, mask_.height);
  const Plane texture = band.Of(texture_);
  Arena arena(work_, work_size_);
  const float mean = MeasureTexture(band.Of(luma_), texture, arena);
  const float share = static_cast<float>(end - begin) / static_cast<float>(mask_.height);
  mean_ = is_new || share == 1 ? mean : mean_ + (mean - mean_) * share;
  MaskTexture(texture.Row(begin - band.first), (end - begin) * mask_.width, mean_, setting_.frame,
              setting_.strength, mask_.Row(begin));
  for (size_t y = begin; y < end; ++y) row_power_[y] = SumOfSquares(mask_.Row(y), mask_.width);
  tiling_.Spread(mask_, begin, end, residual_);
}

size_t StreamSize(Size frame) {
  Arena arena;
  arena.Allocate<StreamEmbedder>(1);
  const StreamEmbedder counted({frame, 0, kDefaultKey, 1, 1}, arena);
  return arena.SizeNeeded();
}

}  // namespace countermark
