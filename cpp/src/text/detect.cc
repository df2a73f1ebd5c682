#include "text/detect.h"

#include <algorithm>
#include <cmath>

#include "kernels/text_draws.h"
#include "text/seed.h"

namespace countermark {
namespace {

// The place of a token and what comes before it.
struct Place {
  uint32_t context[kTextContext];
  uint32_t at;
};

bool SameContext(const Place& a, const Place& b) {
  return std::equal(a.context, a.context + kTextContext, b.context);
}

bool Before(const Place& a, const Place& b) {
  const auto [x, y] = std::mismatch(a.context, a.context + kTextContext, b.context);
  return x == a.context + kTextContext ? a.at < b.at : *x < *y;
}

struct Workspace {
  Workspace(Arena& arena, size_t count)
      : places(arena.Allocate<Place>(count)), looked_at(arena.Allocate<TextToken>(count)) {}

  Place* places;
  TextToken* looked_at;
};

size_t PlacesIn(size_t count) {
  return count <= kTextContext ? 0 : std::min(count - kTextContext, kTextTokensMax);
}

// Of every context the place where it comes first: only there does chance draw anew. Returns how
// many there are.
size_t FindPlaces(const uint32_t* tokens, size_t count, Place* places) {
  for (uint32_t i = 0; i < count; ++i) {
    std::copy_n(tokens + i, kTextContext, places[i].context);
    places[i].at = i + static_cast<uint32_t>(kTextContext);
  }
  std::sort(places, places + count, Before);
  return static_cast<size_t>(std::unique(places, places + count, SameContext) - places);
}

// Binary logarithms of the mean of 2^(i / 64 * score) over all draws, rounded up; a score counts
// in bits. Their sum over tokens bounds the probability of a sum of scores (Chernoff).
constexpr double kLogMoments[] = {
    0.000000, 0.023647, 0.047657, 0.072042, 0.096816, 0.121991, 0.147581, 0.173599,
    0.200063, 0.226986, 0.254387, 0.282283, 0.310692, 0.339636, 0.369134, 0.399210,
    0.429887, 0.461190, 0.493146, 0.525785, 0.559135, 0.593231, 0.628107, 0.663800,
    0.700351, 0.737803, 0.776202, 0.815597, 0.856044, 0.897600, 0.940329, 0.984299,
    1.029584, 1.076264, 1.124429, 1.174173, 1.225601, 1.278827, 1.333976, 1.391184,
    1.450600, 1.512388, 1.576726, 1.643808, 1.713847, 1.787074, 1.863742, 1.944120,
    2.028504, 2.117208, 2.210568, 2.308939, 2.412694, 2.522224, 2.637925, 2.760204,
    2.889463, 3.026098, 3.170486, 3.322977, 3.483885, 3.653479, 3.831971, 4.019515};

}  // namespace

size_t TextScratchSize(size_t count) {
  Arena counting;
  const Workspace workspace(counting, PlacesIn(count));
  return counting.SizeNeeded();
}

double TextChance(uint32_t score, uint32_t tokens_used) {
  const double bits = score / 256.0;
  double exponent = 0;
  for (size_t i = 0; i < std::size(kLogMoments); ++i) {
    const double bound = tokens_used * kLogMoments[i] - static_cast<double>(i) / 64 * bits;
    exponent = std::min(exponent, bound);
  }
  return std::exp2(exponent);
}

TextReading ReadText(const Key& key, const uint32_t* tokens, size_t count, Arena& arena) {
  const size_t all = PlacesIn(count);
  const Workspace workspace(arena, all);
  const size_t used = FindPlaces(tokens, all, workspace.places);
  for (size_t i = 0; i < used; ++i) {
    const Place& place = workspace.places[i];
    const TextSeed seed = SeedOfContext(key, place.context, 0);
    workspace.looked_at[i] = {TextDrawHalf(seed.data(), tokens[place.at]), seed[3]};
  }
  const BestText best = BestTextMessage(workspace.looked_at, used, kTextMessages);
  const auto tokens_used = static_cast<uint32_t>(used);
  return {best.message >> kTextVariantBits, best.message & ((1u << kTextVariantBits) - 1),
          tokens_used, std::min(1.0, kTextMessages * TextChance(best.score, tokens_used))};
}

}  // namespace countermark
