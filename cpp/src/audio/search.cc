#include "audio/search.h"

#include <algorithm>
#include <cmath>
#include <new>

namespace countermark::audio {
namespace {

// Heights of the pilot: worth decoding at a period that only may be one; worth a second look, and
// more words; reached by chance once in a thousand times, worth all words.
constexpr float kLeastAtPeriod = 5.0f;
constexpr float kLikelyScore = 5.3f;
constexpr float kSureScore = 6.0f;
constexpr size_t kFewCandidates = 64, kSomeCandidates = 512;
// Zones that a class is weighed in.
constexpr size_t kGroups = 3;

// Room for the longest window, played at the lowest speed.
constexpr size_t kPlayed = static_cast<size_t>(kWindow / kLeastPeriod) + 1;

// Longer lists take longer, in sounds without a mark too.
size_t CandidatesFor(float score) {
  if (score >= kSureScore) return MessageDecoder::kMostCandidates;
  return score >= kLikelyScore ? kSomeCandidates : kFewCandidates;
}

size_t GroupOf(size_t line) { return ZoneOf(line) * kGroups / kZones; }

Layout* MakeLayouts(const Key& key, Arena& arena) {
  Layout* layouts = arena.Allocate<Layout>(kVariants);
  for (size_t v = 0; layouts != nullptr && v < kVariants; ++v) {
    new (layouts + v) Layout(key, static_cast<uint8_t>(v));
  }
  return layouts;
}

// Adds a class to the sum, weighted by what the pilot meets in it, group by group; a gain that is
// hardly one counts for nothing.
void AddClass(const Spectrum& aligned, const Layout& layout, Spectrum* sum) {
  std::array<float, kGroups> gain{}, power{}, count{}, weight;
  for (size_t i = 0; i < kPilotLines; ++i) {
    const size_t k = layout.pilot[i], group = GroupOf(kFirstLine + k);
    const float re = aligned.re[k], im = aligned.im[k];
    gain[group] += re * layout.pilot_re[i] + im * layout.pilot_im[i];
    power[group] += 2 * (re * re + im * im);
    count[group] += 1;
  }
  for (size_t g = 0; g < kGroups; ++g) {
    const float mean = gain[g] / count[g], square = power[g] / count[g] + 1e-30f;
    const float sure = std::max(mean - 0.5f * std::sqrt(square / (2 * count[g])), 0.0f);
    weight[g] = sure / std::max(square - sure * sure, 0.1f * square);
  }
  for (size_t i = 0; i < kLines; ++i) {
    const float w = weight[GroupOf(kFirstLine + i)];
    sum->re[i] += w * aligned.re[i];
    sum->im[i] += w * aligned.im[i];
  }
}

}  // namespace

MarkSearch::MarkSearch(const Key& key, Arena& arena)
    : arena_(arena),
      layouts_(MakeLayouts(key, arena)),
      turns_(arena),
      batch_(arena),
      finder_(layouts_, turns_, batch_, arena),
      whitener_(arena),
      class_fold_(arena),
      speed_(arena),
      decoder_(arena),
      parts_(arena.Allocate<Spectrum>(kMostParts)),
      classes_(arena.Allocate<Spectrum>(kClasses)),
      whitened_(arena.Allocate<float>(kWindow)),
      played_(arena.Allocate<float>(kPlayed)),
      played_whitened_(arena.Allocate<float>(kPlayed)) {}

void MarkSearch::CountWork() { FindPeriods({nullptr, kWindow}, arena_, nullptr); }

bool MarkSearch::Run(const Sound& sound, Effort effort, double likely_period, double trials,
                     Found* found) {
  trials_ = trials;
  readings_ = 0;
  highest_ = 0;
  whitener_.Whiten(sound, whitened_);
  const Played nominal = Nominal(sound);
  if (ReadWhole(nominal, found)) return true;
  if (likely_period != 1 && ReadWhole(PlayAt(likely_period, sound), found)) return true;
  // Periods at which the pilot shows, but does not suffice yet.
  double likely[kMostPeriods];
  size_t count = 0;
  if (effort == Effort::kFull) {
    double periods[kMostPeriods];
    const size_t most = FindPeriods(nominal.whitened, arena_, periods);
    for (size_t i = 0; i < most; ++i) {
      if (ReadWhole(PlayAt(periods[i], sound), found)) return true;
      if (last_ >= kLeastAtPeriod) likely[count++] = periods[i];
    }
  }
  if (ReadClasses(nominal, found) || ReadSome(nominal, found)) return true;
  for (size_t i = 0; i < count; ++i) {
    Played played = PlayAt(likely[i], sound);
    PlaySound(sound, &played);
    if (ReadClasses(played, found) || ReadSome(played, found)) return true;
  }
  found->score = highest_;
  return false;
}

MarkSearch::Played MarkSearch::Nominal(const Sound& sound) const {
  return {sound, {whitened_, sound.count}, 1, 0, kLeastScore};
}

MarkSearch::Played MarkSearch::PlayAt(double period, const Sound& sound) {
  const size_t length = speed_.Play({whitened_, sound.count}, period, played_whitened_);
  return {{}, {played_whitened_, length}, period, SpeedChange::kLead, kLeastAtPeriod};
}

void MarkSearch::PlaySound(const Sound& sound, Played* played) {
  played->sound = {played_, speed_.Play(sound, played->period, played_)};
}

bool MarkSearch::ReadWhole(const Played& played, Found* found) {
  const size_t count = FoldParts(played.whitened, batch_, parts_);
  return ReadParts(played, {parts_, count}, 0, found);
}

bool MarkSearch::ReadSome(const Played& played, Found* found) {
  const size_t count = FoldParts(played.whitened, batch_, parts_);
  for (size_t length = count / 2; length >= 2; length /= 2) {
    const size_t step = std::max<size_t>(length / 2, 1);
    for (size_t first = 0; first + length <= count; first += step) {
      if (ReadParts(played, {parts_ + first, length}, first, found)) return true;
    }
  }
  return false;
}

bool MarkSearch::ReadParts(const Played& played, const Parts& parts, size_t first, Found* found) {
  PilotPeak peaks[PilotFinder::kMostPeaks];
  const size_t count = finder_.Find(parts.Sum(), peaks);
  last_ = count > 0 ? peaks[0].score : 0;
  for (size_t i = 0; i < count && peaks[i].score >= played.least; ++i) {
    Alignment alignment;
    if (!ReadPeak(parts, peaks[i], &alignment, found)) continue;
    const double drift = static_cast<double>(alignment.drift) / kPlacesPerSample;
    const double place = static_cast<double>(alignment.place) / kPlacesPerSample -
                         drift * static_cast<double>(first);
    found->trace.origin = played.lead + played.period * place;
    found->trace.period = played.period * (1 + drift / kPartSamples);
    return true;
  }
  return false;
}

bool MarkSearch::ReadPeak(const Parts& parts, const PilotPeak& peak, Alignment* alignment,
                          Found* found) {
  *alignment = Align(parts, peak, layouts_[peak.variant], turns_);
  if (Read(SumAligned(parts, *alignment, false, turns_), peak, found)) return true;
  return parts.count > 1 && peak.score >= kLikelyScore &&
         Read(SumAligned(parts, *alignment, true, turns_), peak, found);
}

bool MarkSearch::ReadClasses(const Played& played, Found* found) {
  class_fold_.Fold(played.sound, whitener_, batch_, classes_);
  // All of it; and the loudest only, where the mark lives longest under noise.
  const Parts ways[] = {{classes_, kClasses}, {classes_ + kClasses - 2, 2}};
  for (const Parts& way : ways) {
    PilotPeak peaks[PilotFinder::kMostPeaks];
    const size_t count = finder_.Find(way.Sum(), peaks);
    for (size_t i = 0; i < count && peaks[i].score >= played.least; ++i) {
      if (!ReadClassesAt(peaks[i], found)) continue;
      const double place = static_cast<double>(peaks[i].place) / kPlacesPerSample;
      found->trace.origin = played.lead + played.period * place;
      found->trace.period = played.period;
      return true;
    }
  }
  return false;
}

bool MarkSearch::ReadClassesAt(const PilotPeak& peak, Found* found) {
  Spectrum sum{};
  for (size_t c = 0; c < kClasses; ++c) {
    Spectrum aligned{};
    AddMoved(classes_[c], peak.place, {peak.phase.re, -peak.phase.im}, turns_, &aligned);
    AddClass(aligned, layouts_[peak.variant], &sum);
  }
  return Read(sum, peak, found);
}

bool MarkSearch::Read(const Spectrum& aligned, const PilotPeak& peak, Found* found) {
  highest_ = std::max(highest_, peak.score);
  if (readings_ == kMostReadings) return false;
  ++readings_;
  if (!ReadMessage(aligned, layouts_[peak.variant], peak.variant, CandidatesFor(peak.score),
                   trials_, decoder_, &found->message)) {
    return false;
  }
  found->trace = {peak.variant, peak.phase, 0, 1};
  found->score = peak.score;
  found->tile = aligned;
  return true;
}

}  // namespace countermark::audio
