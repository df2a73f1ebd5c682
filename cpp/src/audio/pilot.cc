#include "audio/pilot.h"

#include <algorithm>
#include <cmath>

#include "base/trigonometry.h"

namespace countermark::audio {
namespace {

// Where the correlation is this high at a whole sample, what is between samples is looked at.
constexpr float kWorthALook = 3.9f;
// Of whole samples, so many; more than one belongs to a peak.
constexpr size_t kMostLookedAt = 48;
// Peaks nearer than this are one.
constexpr size_t kApart = 4 * kPlacesPerSample;

struct Spot {
  float height;
  uint8_t variant;
  size_t sample;
};

// Places to each side of a peak among which it may be, once its phase does not matter.
constexpr size_t kAround = 2 * kPlacesPerSample;

constexpr auto kScoresMore = [](const PilotPeak& a, const PilotPeak& b) {
  return a.score > b.score;
};
constexpr auto kHigher = [](const auto& a, const auto& b) { return a.height > b.height; };

size_t Distance(size_t a, size_t b) {
  const size_t distance = a > b ? a - b : b - a;
  return std::min(distance, kPlaces - distance);
}

// The highest correlations at whole samples, as a heap with the lowest on top.
size_t FindSpots(const float* correlations, Spot* spots) {
  size_t count = 0;
  for (size_t n = 0; n < kTile; ++n) {
    const float* at = correlations + n * kVariants;
    for (size_t v = 0; v < kVariants; ++v) {
      const float height = std::fabs(at[v]);
      if (height < kWorthALook) continue;
      if (count == kMostLookedAt) {
        if (height <= spots[0].height) continue;
        std::pop_heap(spots, spots + count, kHigher);
        --count;
      }
      spots[count++] = {height, static_cast<uint8_t>(v), n};
      std::push_heap(spots, spots + count, kHigher);
    }
  }
  return count;
}

}  // namespace

static_assert(kVariants == TileBatch::kTiles);

Turns::Turns(Arena& arena)
    : re_(arena.Allocate<float>(kPlaces)), im_(arena.Allocate<float>(kPlaces)) {
  if (im_ == nullptr) return;
  // The rest of the circle follows from an eighth.
  constexpr size_t kQuarter = kPlaces / 4;
  for (size_t n = 0; n <= kQuarter / 2; ++n) {
    const float c = static_cast<float>(CosineOfTurn(static_cast<int>(n), kPlaces));
    const float s = static_cast<float>(SineOfTurn(static_cast<int>(n), kPlaces));
    re_[n] = im_[kQuarter - n] = c;
    im_[n] = re_[kQuarter - n] = s;
  }
  for (size_t n = 0; n < kPlaces - kQuarter; ++n) {
    re_[n + kQuarter] = -im_[n];
    im_[n + kQuarter] = re_[n];
  }
}

float Complex::Magnitude() const { return std::sqrt(re * re + im * im); }

void AddMoved(const Spectrum& from, size_t places, Complex factor, const Turns& turns,
              Spectrum* sum) {
  for (size_t i = 0; i < kLines; ++i) {
    const size_t turn = turns.Index(kFirstLine + i, places);
    const float c = factor.re * turns.re(turn) - factor.im * turns.im(turn);
    const float s = factor.re * turns.im(turn) + factor.im * turns.re(turn);
    sum->re[i] += from.re[i] * c - from.im[i] * s;
    sum->im[i] += from.re[i] * s + from.im[i] * c;
  }
}

PilotProduct::PilotProduct(const Spectrum& spectrum, const Layout& layout) {
  float mean = 0;
  for (uint16_t k : layout.pilot) {
    mean += spectrum.re[k] * spectrum.re[k] + spectrum.im[k] * spectrum.im[k];
  }
  mean = mean / kPilotLines + 1e-30f;
  float squares = 0;
  for (size_t i = 0; i < kPilotLines; ++i) {
    const float v_re = spectrum.re[layout.pilot[i]], v_im = spectrum.im[layout.pilot[i]];
    const float limit = 1.0f / std::sqrt(v_re * v_re + v_im * v_im + mean);
    const float p_re = layout.pilot_re[i], p_im = layout.pilot_im[i];
    re[i] = limit * (v_re * p_re + v_im * p_im);
    im[i] = limit * (v_im * p_re - v_re * p_im);
    squares += re[i] * re[i] + im[i] * im[i];
  }
  // Of a sum of real parts, each of which turns with the place.
  const float scale = 1.0f / std::sqrt(0.5f * squares + 1e-30f);
  for (size_t i = 0; i < kPilotLines; ++i) {
    re[i] *= scale;
    im[i] *= scale;
  }
}

Complex PilotProduct::At(size_t place, const Layout& layout, const Turns& turns) const {
  Complex sum{0, 0};
  for (size_t i = 0; i < kPilotLines; ++i) {
    const size_t turn = turns.Index(kFirstLine + layout.pilot[i], place);
    sum.re += re[i] * turns.re(turn) - im[i] * turns.im(turn);
    sum.im += re[i] * turns.im(turn) + im[i] * turns.re(turn);
  }
  return sum;
}

PilotFinder::PilotFinder(const Layout* layouts, const Turns& turns, TileBatch& batch, Arena& arena)
    : layouts_(layouts),
      turns_(turns),
      batch_(batch),
      products_(arena.Allocate<PilotProduct>(kVariants)) {}

size_t PilotFinder::Find(const Spectrum& spectrum, PilotPeak* peaks) {
  Spectrum* spectra = batch_.spectra();
  for (size_t v = 0; v < kVariants; ++v) {
    products_[v] = PilotProduct(spectrum, layouts_[v]);
    spectra[v] = {};
    for (size_t i = 0; i < kPilotLines; ++i) {
      spectra[v].re[layouts_[v].pilot[i]] = 0.5f * products_[v].re[i];
      spectra[v].im[layouts_[v].pilot[i]] = 0.5f * products_[v].im[i];
    }
  }
  Spot spots[kMostLookedAt];
  const size_t found = FindSpots(batch_.Synthesise(spectra), spots);
  PilotPeak looked_at[kMostLookedAt];
  for (size_t i = 0; i < found; ++i) {
    const Spot& spot = spots[i];
    looked_at[i] = {0, spot.variant, {1, 0}, 0};
    for (size_t d = 0; d <= 2 * kPlacesPerSample - 2; ++d) {
      const size_t place =
          (spot.sample * kPlacesPerSample + kPlaces + d + 1 - kPlacesPerSample) % kPlaces;
      const Complex at = products_[spot.variant].At(place, layouts_[spot.variant], turns_);
      if (std::fabs(at.re) > looked_at[i].score) {
        looked_at[i].score = std::fabs(at.re);
        looked_at[i].place = place;
      }
    }
  }
  std::sort(looked_at, looked_at + found, kScoresMore);
  size_t count = 0;
  for (size_t i = 0; i < found && count < kMostPeaks; ++i) {
    const bool is_new = std::none_of(peaks, peaks + count, [&](const PilotPeak& p) {
      return p.variant == looked_at[i].variant && Distance(p.place, looked_at[i].place) < kApart;
    });
    if (is_new) peaks[count++] = looked_at[i];
  }
  for (size_t i = 0; i < count; ++i) peaks[i] = Climb(peaks[i]);
  std::sort(peaks, peaks + count, kScoresMore);
  return count;
}

// To where the correlation is highest in whatever phase: a tile that was turned by a quarter shows
// to both sides of its place only.
PilotPeak PilotFinder::Climb(PilotPeak peak) const {
  const size_t centre = peak.place;
  peak.score = 0;
  for (size_t d = 0; d <= 2 * kAround; ++d) {
    const size_t place = (centre + kPlaces + d - kAround) % kPlaces;
    const Complex at = products_[peak.variant].At(place, layouts_[peak.variant], turns_);
    const float magnitude = at.Magnitude();
    if (magnitude <= peak.score) continue;
    peak.score = magnitude;
    peak.place = place;
    peak.phase = {at.re / magnitude, at.im / magnitude};
  }
  return peak;
}

}  // namespace countermark::audio
