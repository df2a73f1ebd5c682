#include "watermark/embed.h"

#include <algorithm>
#include <cmath>

#include "code/crc32.h"
#include "kernels/blend.h"
#include "kernels/filter.h"
#include "watermark/fold.h"
#include "watermark/layout.h"
#include "watermark/lift.h"
#include "watermark/mask.h"
#include "watermark/plane.h"
#include "watermark/whitening.h"

namespace countermark {
namespace {

// How much of the picture's own contribution to the folded tile is taken out in advance: from each
// coefficient of the pilot, and from what the payload's coefficients say together of a coded bit.
constexpr float kPilotRejection = 0.5f;
constexpr float kBitRejection = 0.5f;
// Samples of the finer residual row left of the plane's first.
constexpr size_t kMargin = 2;

// 1 where the plane's centre lies between pixels.
int HalfOffset(size_t length) { return length % 2 == 0 ? 1 : 0; }

// All planes have the canonical size.
struct EmbedWorkspace {
  EmbedWorkspace(Size picture, Arena& arena)
      : canonical(ScaledSize(picture, kCanonicalSide)),
        luma(AllocatePlane(canonical, arena)),
        mask(AllocatePlane(canonical, arena)),
        residual(AllocatePlane(canonical, arena)),
        whitened(AllocateBorderedPlane(canonical, arena)),
        marked(AllocatePlane(canonical, arena)),
        arrival(canonical, arena),
        tile(arena.Allocate<float>(kTile * kTile)),
        reader(picture, canonical, arena),
        fold(kMostTiles, arena),
        transform(arena),
        between(arena.Allocate<float>(canonical.width + 2 * kMargin)),
        fine(arena.Allocate<int16_t>(2 * (canonical.width + kMargin) + kResidualPadding)),
        positions(arena.Allocate<uint32_t>(picture.width)),
        taps(arena.Allocate<ResidualTaps>(ResidualTapsCount(picture.width))) {}

  Size canonical;
  Origin origin{};  // of the tile
  Plane luma, mask, residual;
  Plane whitened, marked;  // without and with the mark
  Arrival arrival;
  float* tile;
  LumaReader reader;
  TileFold fold;
  TileTransform transform;
  float* between;       // a row of the residual between the plane's rows, edges repeated
  int16_t* fine;        // the same at twice the width, in fixed point
  uint32_t* positions;  // of the picture's pixels in `fine`
  ResidualTaps* taps;
};

// The variant of this picture: a few bits that other pictures most likely do not share.
uint8_t VariantFor(const Plane& luma) {
  constexpr size_t kEvery = 16;
  uint32_t check = 0;
  for (size_t y = 0; y < luma.height; y += kEvery) {
    for (size_t x = 0; x < luma.width; x += kEvery) {
      const uint32_t level = static_cast<uint32_t>(std::clamp(luma.Row(y)[x], 0.0f, 255.0f));
      const uint8_t bytes[] = {static_cast<uint8_t>(level), static_cast<uint8_t>(check),
                               static_cast<uint8_t>(check >> 8), static_cast<uint8_t>(check >> 16),
                               static_cast<uint8_t>(check >> 24)};
      check = Crc32(bytes, sizeof(bytes));
    }
  }
  return check & ((1u << kVariantBits) - 1);
}

// The canonical plane around the tile's origin.
Placement AroundOrigin(const EmbedWorkspace& w) {
  Placement placement = Centred(w.whitened, 1, 0, 0, 1);
  placement.x += w.origin.x;
  placement.y += w.origin.y;
  return placement;
}

// Calls use(x, part, count) for the parts of the tile that row y of the plane is covered with.
template <typename Use>
void ForEachTilePart(const EmbedWorkspace& w, size_t y, Use use) {
  // Of the plane's first pixel in the tile.
  const auto first = [](size_t length, int origin) {
    return 2 * size_t{kTile} - (length / 2) % kTile - static_cast<size_t>(origin);
  };
  const size_t row = (first(w.canonical.height, w.origin.y) + y) % kTile;
  size_t column = first(w.canonical.width, w.origin.x) % kTile;
  for (size_t x = 0; x < w.canonical.width; column = 0) {
    const size_t count = std::min(kTile - column, w.canonical.width - x);
    use(x, w.tile + row * kTile + column, count);
    x += count;
  }
}

// residual = mask * pattern.
void Spread(const Spectrum& pattern, EmbedWorkspace& w) {
  Spectrum shifted = pattern;
  HalfShift(HalfOffset(w.canonical.width), HalfOffset(w.canonical.height)).Apply(&shifted);
  w.transform.Synthesise(shifted, w.tile);
  for (size_t y = 0; y < w.canonical.height; ++y) {
    const float* mask = w.mask.Row(y);
    float* out = w.residual.Row(y);
    ForEachTilePart(w, y, [&](size_t x, const float* part, size_t count) {
      for (size_t i = 0; i < count; ++i) out[x + i] = mask[x + i] * part[i];
    });
  }
}

// The folded tile of the whitened picture, and the power of its noise.
void FoldHost(EmbedWorkspace& w, Arena& arena, Spectrum* sum, float* power) {
  Whiten(w.luma, kFineFloor, w.whitened, arena);
  w.fold.Cut(w.whitened, AroundOrigin(w), HalfOffset(w.canonical.width),
             HalfOffset(w.canonical.height));
  w.fold.Sum(sum, power);
}

// How the pattern arrives in the whitened picture.
void MeasureArrival(const Spectrum& pattern, EmbedWorkspace& w, Arena& arena) {
  Spread(pattern, w);
  for (size_t i = 0; i < w.canonical.Area(); ++i) w.residual.data[i] += w.luma.data[i];
  Whiten(w.residual, kFineFloor, w.marked, arena);
  for (size_t y = 0; y < w.canonical.height; ++y) {
    const float *before = w.whitened.Row(y), *after = w.marked.Row(y);
    ForEachTilePart(w, y, [&](size_t x, const float* part, size_t count) {
      w.arrival.Add(x, part, before + x, after + x, count);
    });
    w.arrival.EndRow();
  }
}

// Subtracts part of the host, in units of the pattern, from the pilot; from no coefficient more
// than half of what it is.
void RejectInPilot(const Layout& layout, const Spectrum& host, Spectrum* pattern) {
  for (size_t k : layout.pilot) {
    const float re = host.re[k], im = host.im[k];
    const float own = std::sqrt(pattern->re[k] * pattern->re[k] + pattern->im[k] * pattern->im[k]);
    const float theirs = std::sqrt(re * re + im * im);
    const float share = kPilotRejection * std::min(1.0f, own / (theirs + 1e-12f));
    pattern->re[k] -= share * re;
    pattern->im[k] -= share * im;
  }
}

// A coded bit is read from the weighted sum of its coefficients: only that needs to be freed of
// the host, by the smallest change of them that does it.
void RejectInBits(const Layout& layout, const Spectrum& host, const float* weight,
                  Spectrum* pattern) {
  float sum[kCodedBits] = {}, norm[kCodedBits] = {};
  const auto matched = [&](size_t i, size_t part) {
    const size_t k = layout.payload[i];
    return weight[k] * static_cast<float>(layout.sign[2 * i + part]);
  };
  for (size_t i = 0; i < kPayloadSize; ++i) {
    const size_t k = layout.payload[i];
    const float re = matched(i, 0), im = matched(i, 1);
    sum[layout.bit[2 * i]] += re * host.re[k];
    sum[layout.bit[2 * i + 1]] += im * host.im[k];
    norm[layout.bit[2 * i]] += re * re;
    norm[layout.bit[2 * i + 1]] += im * im;
  }
  for (size_t b = 0; b < kCodedBits; ++b) sum[b] *= kBitRejection / (norm[b] + 1e-30f);
  for (size_t i = 0; i < kPayloadSize; ++i) {
    const size_t k = layout.payload[i];
    pattern->re[k] -= matched(i, 0) * sum[layout.bit[2 * i]];
    pattern->im[k] -= matched(i, 1) * sum[layout.bit[2 * i + 1]];
  }
}

// Informed embedding: subtracts from the pattern part of what the picture itself would put on the
// folded tile, after Malvar and Florencio, "Improved spread spectrum", 2003.
void RejectHost(const Layout& layout, EmbedWorkspace& w, Arena& arena, Spectrum* pattern) {
  Spectrum host;
  float weight[kBandSize];
  FoldHost(w, arena, &host, weight);
  for (float& v : weight) v = 1.0f / (v + 1e-9f);
  MeasureArrival(*pattern, w, arena);
  if (!(w.arrival.total() > 0)) return;  // a picture of one colour hides and disturbs nothing
  const float gain = w.arrival.Lift(w.mask, arena) * w.arrival.total();
  for (size_t i = 0; i < kBandSize; ++i) {
    host.re[i] /= gain;
    host.im[i] /= gain;
  }
  RejectInPilot(layout, host, pattern);
  RejectInBits(layout, host, weight, pattern);
  const float scale = 1.0f / std::sqrt(MeanSquare(*pattern));
  for (size_t i = 0; i < kBandSize; ++i) {
    pattern->re[i] *= scale;
    pattern->im[i] *= scale;
  }
}

// Row y of the picture in the plane of the residual: cubic between rows, then at twice the width
// (halfway samples by cubic convolution again), in fixed point.
void MakeFineRow(size_t y, size_t picture_height, EmbedWorkspace& w) {
  const double at = (static_cast<double>(y) + 0.5) * static_cast<double>(w.canonical.height) /
                        static_cast<double>(picture_height) -
                    0.5;
  const double whole = std::floor(at);
  const CubicWeights weights(at - whole);
  const ptrdiff_t last = static_cast<ptrdiff_t>(w.canonical.height) - 1;
  const float* rows[4];
  for (ptrdiff_t t = 0; t < 4; ++t) {
    const ptrdiff_t row = static_cast<ptrdiff_t>(whole) + t - 1;
    rows[t] = w.residual.Row(static_cast<size_t>(std::clamp<ptrdiff_t>(row, 0, last)));
  }
  float* samples = w.between + kMargin;
  WeightedSum(rows, weights.weight, 4, w.canonical.width, samples);
  samples[-2] = samples[-1] = samples[0];
  samples[w.canonical.width] = samples[w.canonical.width + 1] = samples[w.canonical.width - 1];
  QuantiseResidual(w.between, w.canonical.width + 1, w.fine);
}

// Pixel x of the picture lies at 2 X + 2 of the fine row, where X is its place in the plane.
ResidualPlan PlacePixels(size_t picture_width, EmbedWorkspace& w) {
  const double step = static_cast<double>(w.canonical.width) / static_cast<double>(picture_width);
  for (size_t x = 0; x < picture_width; ++x) {
    const double at = 2 * ((static_cast<double>(x) + 0.5) * step - 0.5) + 2;
    w.positions[x] = static_cast<uint32_t>(at * 256);
  }
  return PlanResidual(w.positions, picture_width, w.taps);
}

}  // namespace

size_t EmbedScratchSize(size_t width, size_t height) {
  Arena arena;
  EmbedWorkspace w({width, height}, arena);
  MakeMask(w.luma, {width, height}, 1, w.mask, arena);
  Whiten(w.luma, kFineFloor, w.whitened, arena);
  w.arrival.Lift(w.mask, arena);
  return arena.SizeNeeded();
}

void Embed(const ImageView& in, const MutableImageView& out, uint64_t payload, const Key& key,
           float strength, Arena& arena) {
  const Arena::Scope scope(arena);
  EmbedWorkspace w({in.width, in.height}, arena);
  w.reader.Read(in, w.luma);
  MakeMask(w.luma, {in.width, in.height}, strength, w.mask, arena);

  // Half the sampling rate of the picture, in cycles per tile.
  const float limit_x =
      0.5f * kTile * static_cast<float>(in.width) / static_cast<float>(w.canonical.width);
  const float limit_y =
      0.5f * kTile * static_cast<float>(in.height) / static_cast<float>(w.canonical.height);
  Spectrum pattern;
  const Layout layout(key);
  const Word word{payload, VariantFor(w.luma)};
  w.origin = layout.OriginOf(word);
  MakePattern(layout, word, limit_x, limit_y, &pattern);
  RejectHost(layout, w, arena, &pattern);
  Spread(pattern, w);

  const ResidualPlan plan = PlacePixels(in.width, w);
  for (size_t y = 0; y < in.height; ++y) {
    MakeFineRow(y, in.height, w);
    for (size_t plane = 0; plane < Planes(in.format); ++plane) {
      AddResidual(in.Row(y, plane), in.format, w.fine, plan, out.Row(y, plane));
    }
  }
}

}  // namespace countermark
