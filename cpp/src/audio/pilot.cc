#include "audio/pilot.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/trigonometry.h"

namespace countermark::audio {
namespace {

// Of the spots so many are looked at, none of which is a neighbour of a higher one.
constexpr size_t kMostLookedAt = 16;
constexpr size_t kPlacesPerSpot = 2 * kPlacesPerSample;
// Beyond these, places belong to the next spot; around a peak, so many are tried.
constexpr size_t kAside = kPlacesPerSpot / 2, kAround = 3;

struct Spot {
  float power;
  size_t place;
};

constexpr auto kScoresMore = [](const PilotPeak& a, const PilotPeak& b) {
  return a.score > b.score;
};
constexpr auto kLouder = [](const Spot& a, const Spot& b) { return a.power > b.power; };

size_t Distance(size_t a, size_t b) {
  const size_t distance = a > b ? a - b : b - a;
  return std::min(distance, kPlaces - distance);
}

// The spots that are louder than their neighbours, the loudest of them; sorted.
size_t FindSpots(const float* powers, size_t count, Spot* spots) {
  size_t found = 0;
  for (size_t n = 0; n < count; ++n) {
    const float here = powers[n];
    if (here < powers[(n + count - 1) % count] || here <= powers[(n + 1) % count]) continue;
    if (found == kMostLookedAt && here <= spots[found - 1].power) continue;
    size_t at = found < kMostLookedAt ? found++ : found - 1;
    for (; at > 0 && spots[at - 1].power < here; --at) spots[at] = spots[at - 1];
    spots[at] = {here, n * kPlacesPerSpot};
  }
  return found;
}

}  // namespace

Turns::Turns(Arena& arena) : turns_(arena.Allocate<Complex>(kPlaces)) {
  if (turns_ == nullptr) return;
  // The rest of the circle follows from an eighth.
  constexpr size_t kQuarter = kPlaces / 4;
  for (size_t n = 0; n <= kQuarter / 2; ++n) {
    const float c = static_cast<float>(CosineOfTurn(static_cast<int>(n), kPlaces));
    const float s = static_cast<float>(SineOfTurn(static_cast<int>(n), kPlaces));
    turns_[n] = {c, s};
    turns_[kQuarter - n] = {s, c};
  }
  for (size_t n = 0; n < kPlaces - kQuarter; ++n) {
    turns_[n + kQuarter] = {-turns_[n].im, turns_[n].re};
  }
}

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

GroupProduct::GroupProduct(const PilotProduct& product, const Layout& layout) {
  const auto group_of = [&](size_t i) { return layout.group[layout.pilot[i]]; };
  for (size_t i = 0; i < kPilotLines; ++i) ++begin_[group_of(i) + 1u];
  std::partial_sum(begin_.begin(), begin_.end(), begin_.begin());
  std::array<size_t, kGroups + 1> next = begin_;
  for (size_t i = 0; i < kPilotLines; ++i) {
    const size_t at = next[group_of(i)]++;
    line_[at] = static_cast<uint16_t>(kFirstLine + layout.pilot[i]);
    re_[at] = product.re[i];
    im_[at] = product.im[i];
  }
}

void GroupProduct::At(size_t place, const Turns& turns, Complex (&groups)[kGroups]) const {
  for (size_t g = 0; g < kGroups; ++g) {
    Complex sum{0, 0};
    for (size_t i = begin_[g]; i < begin_[g + 1]; ++i) {
      const size_t turn = turns.Index(line_[i], place);
      sum.re += re_[i] * turns.re(turn) - im_[i] * turns.im(turn);
      sum.im += re_[i] * turns.im(turn) + im_[i] * turns.re(turn);
    }
    groups[g] = sum;
  }
}

PilotFinder::PilotFinder(const Layout* layout, const Turns& turns, TileBatch& batch, Arena& arena)
    : layout_(layout),
      turns_(turns),
      batch_(batch),
      fft_(kSpots, arena),
      powers_(arena.Allocate<float>(kSpots)) {}

size_t PilotFinder::Find(const Spectrum& spectrum, PilotPeak* peaks) {
  const PilotProduct product(spectrum, *layout_);
  MeasureSpots(product);
  const GroupProduct grouped(product, *layout_);
  Spot spots[kMostLookedAt];
  const size_t found = FindSpots(powers_, kSpots, spots);
  for (Spot* spot = spots; spot < spots + found; ++spot) {
    const size_t centre = spot->place;
    for (const size_t place : {centre + kPlaces - kAside, centre + kAside}) {
      Complex groups[kGroups];
      grouped.At(place % kPlaces, turns_, groups);
      float power = 0;
      for (const Complex& group : groups) power += group.Power();
      if (power > spot->power) *spot = {power, place % kPlaces};
    }
  }
  std::sort(spots, spots + found, kLouder);
  PilotPeak climbed[kMostLookedAt];
  size_t count = 0;
  for (size_t i = 0; i < found; ++i) {
    // Two spots may have met between them.
    const bool is_new = std::none_of(spots, spots + i, [&](const Spot& louder) {
      return Distance(louder.place, spots[i].place) < kPlacesPerSpot;
    });
    if (is_new) climbed[count++] = Climb(grouped, spots[i].place);
  }
  std::sort(climbed, climbed + count, kScoresMore);
  count = std::min(count, kMostPeaks);
  std::copy_n(climbed, count, peaks);
  return count;
}

// The transform of the conjugate has the same magnitudes as the inverse.
void PilotFinder::MeasureSpots(const PilotProduct& product) {
  static_assert(kLines <= kSpots && TileBatch::kTiles * kTile >= 2 * kSpots * kFourierElement);
  float* elements = batch_.tiles();
  std::fill_n(powers_, kSpots, 0.0f);
  for (size_t first = 0; first < kGroups; first += kFourierLanes) {
    std::fill_n(elements, kSpots * kFourierElement, 0.0f);
    for (size_t i = 0; i < kPilotLines; ++i) {
      const size_t lane = layout_->group[layout_->pilot[i]] - first;
      if (lane >= kFourierLanes) continue;
      float* element = elements + layout_->pilot[i] * kFourierElement + lane;
      element[0] = product.re[i];
      element[kFourierLanes] = -product.im[i];
    }
    const float* z = fft_.Transform(elements, elements + kSpots * kFourierElement);
    for (size_t n = 0; n < kSpots; ++n, z += kFourierElement) {
      float power[kFourierLanes], sum = 0;
      for (size_t l = 0; l < kFourierLanes; ++l) {
        power[l] = z[l] * z[l] + z[kFourierLanes + l] * z[kFourierLanes + l];
      }
      for (const float p : power) sum += p;
      powers_[n] += sum;
    }
  }
}

// With the signs that fit best, to where the correlation is highest.
PilotPeak PilotFinder::Climb(const GroupProduct& product, size_t centre) const {
  Complex at_centre[kGroups], beside[kGroups];
  product.At(centre, turns_, at_centre);
  PilotPeak peak{0, FindWord(at_centre), {1, 0}, centre};
  const uint32_t signs = SignsOf(peak.word);
  for (size_t d = 0; d <= 2 * kAround; ++d) {
    const size_t place = (centre + kPlaces + d - kAround) % kPlaces;
    const Complex* groups = at_centre;
    if (d != kAround) {
      product.At(place, turns_, beside);
      groups = beside;
    }
    Complex sum{0, 0};
    for (size_t g = 0; g < kGroups; ++g) {
      const float sign = (signs >> g & 1) != 0 ? -1.0f : 1.0f;
      sum.re += sign * groups[g].re;
      sum.im += sign * groups[g].im;
    }
    const float magnitude = sum.Magnitude();
    if (magnitude <= peak.score) continue;
    peak = {magnitude, peak.word, {sum.re / magnitude, sum.im / magnitude}, place};
  }
  return peak;
}

}  // namespace countermark::audio
