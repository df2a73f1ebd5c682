#include "audio/presence.h"

#include <algorithm>
#include <cmath>

namespace countermark::audio {
namespace {

constexpr size_t kMostPieces = (kWindow + Presence::kPiece - 1) / Presence::kPiece;
// How many to one it is that the next piece is like the one before, as a logarithm.
constexpr double kPersistence = 7;
// Of the mean power of all pieces: quieter ones have little to say.
constexpr double kQuiet = 0.05;
// In deviations of chance: a sound without the mark has a stretch this high in one of a million.
constexpr double kLeastHeight = 5.5;
constexpr int kRounds = 4;

}  // namespace

Presence::Presence(const Turns& turns, TileBatch& batch, Arena& arena)
    : turns_(turns),
      batch_(batch),
      wave_(arena.Allocate<float>(kPlaces)),
      quadrature_(arena.Allocate<float>(kPlaces)),
      heights_(arena.Allocate<float>(kMostPieces)),
      quadratures_(arena.Allocate<float>(kMostPieces)),
      weights_(arena.Allocate<float>(kMostPieces)) {}

size_t Presence::Find(const Sound& whitened, const Found& found, const Layout& layout,
                      Stretch* stretches) {
  MakeWaves(found, layout);
  const size_t pieces = Correlate(whitened, found.trace);
  Normalise(pieces);
  bool is_there[kMostPieces];
  Decide(pieces, is_there);
  size_t count = 0;
  for (size_t begin = 0; begin < pieces && count < kMostStretches;) {
    if (!is_there[begin]) {
      ++begin;
      continue;
    }
    size_t end = begin;
    double sum = 0, squares = 0;
    for (; end < pieces && is_there[end]; ++end) {
      sum += static_cast<double>(heights_[end]);
      squares += static_cast<double>(weights_[end]);
    }
    if (sum > kLeastHeight * std::sqrt(squares)) {
      stretches[count++] = {static_cast<double>(begin * kPiece),
                            static_cast<double>(std::min(end * kPiece, whitened.count))};
    }
    begin = end;
  }
  return count;
}

// What was embedded, weighted by how well each zone was seen, and the same a quarter turn on.
void Presence::MakeWaves(const Found& found, const Layout& layout) {
  Spectrum tile;
  MakeSpectrum(layout, Amplitudes(found.message.word).data(), &tile);
  const ZoneWeights weights = WeighZones(found.tile, layout);
  for (size_t i = 0; i < kLines; ++i) {
    const float weight = weights[ZoneOf(kFirstLine + i)];
    tile.re[i] *= weight;
    tile.im[i] *= weight;
  }
  Spectrum* spectra = batch_.spectra();
  for (size_t t = 0; t < TileBatch::kTiles; ++t) spectra[t] = {};
  for (size_t sub = 0; sub < kPlacesPerSample; ++sub) {
    AddMoved(tile, sub, found.trace.phase, turns_, &spectra[sub]);
    Spectrum& quarter = spectra[kPlacesPerSample + sub];
    for (size_t i = 0; i < kLines; ++i) {
      quarter.re[i] = -spectra[sub].im[i];
      quarter.im[i] = spectra[sub].re[i];
    }
  }
  const float* waves = batch_.Synthesise(spectra);
  for (size_t place = 0; place < kPlaces; ++place) {
    const float* at = waves + place / kPlacesPerSample * TileBatch::kTiles;
    wave_[place] = at[place % kPlacesPerSample];
    quadrature_[place] = at[kPlacesPerSample + place % kPlacesPerSample];
  }
}

// Returns the number of pieces.
size_t Presence::Correlate(const Sound& whitened, const Trace& trace) {
  // Positions in the tile are in parts of a place, 2^32 to one; a tile is a multiple of them.
  constexpr double kUnit = 4294967296.0 * kPlacesPerSample;
  constexpr uint64_t kTileUnits = uint64_t{kPlaces} << 32;
  static_assert((kPlaces & (kPlaces - 1)) == 0);
  const double tiles = trace.origin / (kTile * trace.period);
  const double begin = std::ceil(tiles) - tiles;  // of a tile, where the sound begins in it
  uint64_t position = static_cast<uint64_t>(begin * kTile * kUnit);
  const uint64_t step = static_cast<uint64_t>(kUnit / trace.period + 0.5);
  const size_t pieces = std::min((whitened.count + kPiece - 1) / kPiece, kMostPieces);
  for (size_t piece = 0; piece < pieces; ++piece) {
    const size_t end = std::min((piece + 1) * kPiece, whitened.count);
    float in_phase = 0, in_quadrature = 0, power = 0;
    for (size_t n = piece * kPiece; n < end; ++n, position += step) {
      const size_t place = static_cast<size_t>((position & (kTileUnits - 1)) >> 32);
      const float x = whitened.samples[n];
      in_phase += x * wave_[place];
      in_quadrature += x * quadrature_[place];
      power += x * x;
    }
    heights_[piece] = in_phase;
    quadratures_[piece] = in_quadrature;
    weights_[piece] = power;
  }
  return pieces;
}

// Heights become such that chance gives them the variance of the weight, which is 1 for pieces of
// ordinary power and less for quiet ones.
void Presence::Normalise(size_t pieces) {
  double power = 0, square = 0;
  for (size_t i = 0; i < pieces; ++i) {
    const double q = static_cast<double>(quadratures_[i]);
    power += static_cast<double>(weights_[i]);
    square += q * q;
  }
  const double mean = power / static_cast<double>(pieces) + 1e-30;
  const double scale = std::sqrt(power / (square + 1e-30));
  for (size_t i = 0; i < pieces; ++i) {
    const double here = static_cast<double>(weights_[i]);
    const double weight = here / (here + kQuiet * mean);
    const double deviation = std::sqrt(here + 1e-30);
    heights_[i] = static_cast<float>(weight * scale * static_cast<double>(heights_[i]) / deviation);
    weights_[i] = static_cast<float>(weight);
  }
}

// Where the mark is, the heights have a mean that is learned from where it is: begins with all.
double Presence::MeanWhere(const bool* is_there, size_t pieces) const {
  double sum = 0, weight = 0;
  for (size_t i = 0; i < pieces; ++i) {
    if (!is_there[i]) continue;
    sum += static_cast<double>(heights_[i]);
    weight += static_cast<double>(weights_[i]);
  }
  return sum / (weight + 1e-30);
}

// The likeliest course through two states, with the mark and without (Viterbi).
void Presence::Decide(size_t pieces, bool* is_there) {
  std::fill_n(is_there, pieces, true);
  bool came_from[2][kMostPieces];
  for (int round = 0; round < kRounds; ++round) {
    const double mean = std::max(MeanWhere(is_there, pieces), 0.0);
    double metric[2] = {0, 0};
    for (size_t i = 0; i < pieces; ++i) {
      const double likelihood =
          mean * (static_cast<double>(heights_[i]) - 0.5 * mean * static_cast<double>(weights_[i]));
      double next[2];
      for (size_t state : {0u, 1u}) {
        const double stays = metric[state], changes = metric[1 - state] - kPersistence;
        came_from[state][i] = (changes > stays) != (state == 1);
        next[state] = std::max(stays, changes) + (state == 1 ? likelihood : 0);
      }
      metric[0] = next[0];
      metric[1] = next[1];
    }
    bool state = metric[1] > metric[0];
    for (size_t i = pieces; i-- > 0;) {
      is_there[i] = state;
      state = came_from[state ? 1 : 0][i];
    }
  }
}

}  // namespace countermark::audio
