#include "watermark/embed.h"

#include <algorithm>
#include <cmath>

#include "watermark/fold.h"
#include "watermark/layout.h"
#include "watermark/lift.h"
#include "watermark/mask.h"
#include "watermark/plane.h"
#include "watermark/residual.h"
#include "watermark/spread.h"
#include "watermark/whitening.h"

namespace countermark {
namespace {

// How much of the picture's own contribution to the folded tile is taken out in advance: from each
// coefficient of the pilot, and from what the payload's coefficients say together of a coded bit.
constexpr float kPilotRejection = 0.5f;
constexpr float kBitRejection = 0.5f;
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
        tiling{canonical, {}, arena.Allocate<float>(kTile * kTile)},
        reader(picture, canonical, arena),
        fold(kMostTiles, arena),
        transform(arena),
        pass(picture, canonical, arena) {}

  Size canonical;
  Plane luma, mask, residual;
  Plane whitened, marked;  // without and with the mark
  Arrival arrival;
  Tiling tiling;
  LumaReader reader;
  TileFold fold;
  TileTransform transform;
  ResidualPass pass;
};

// The canonical plane around the tile's origin.
Placement AroundOrigin(const EmbedWorkspace& w) {
  Placement placement = Centred(w.whitened, 1, 0, 0, 1);
  placement.x += w.tiling.origin.x;
  placement.y += w.tiling.origin.y;
  return placement;
}

// residual = mask * pattern.
void Spread(const Spectrum& pattern, EmbedWorkspace& w) {
  w.tiling.Fill(pattern, w.transform);
  w.tiling.Spread(w.mask, 0, w.canonical.height, w.residual);
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
    w.tiling.ForEachPart(y, [&](size_t x, const float* part, size_t count) {
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

  Spectrum pattern;
  const Layout layout(key);
  const Word word{payload, VariantFor(w.luma)};
  w.tiling.origin = layout.OriginOf(word);
  MakePatternFor(layout, word, {in.width, in.height}, &pattern);
  RejectHost(layout, w, arena, &pattern);
  Spread(pattern, w);
  w.pass.Add(in, w.residual, out);
}

}  // namespace countermark
