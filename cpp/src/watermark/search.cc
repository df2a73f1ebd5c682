#include "watermark/search.h"

#include <algorithm>
#include <cmath>

#include "watermark/whitening.h"

namespace countermark {
namespace {

// Heights of the pilot. Not worth refining a placement for; worth refining when an aligned picture
// is not read; worth following in perspective; so high that there is nothing to gain from
// perspective.
constexpr float kWorthALook = 4.6f;
constexpr float kPromisingScore = 6.5f;
// Worth decoding when an upright picture is in its place.
constexpr float kLeastUpright = 4.2f;
constexpr float kPerspectiveScore = 5.8f;
constexpr float kSettledScore = 13.0f;
// Of the lattices that a search finds, so many are scored by the pilot, best lattices first; of
// those, and of the hypotheses of the scan, so many are tried, highest pilots first.
constexpr size_t kMostScored = 48;
// Of a plane that is made only to be looked for lattices in.
constexpr size_t kRowsAtOnce = 448;
static_assert(kRowsAtOnce % Autocorrelation::kPart == 0 && kRowsAtOnce % kWhiteningStep == 0);
constexpr size_t kTries = 8;
// Several layers show more clearly what stands out: there fewer lattices and tries will do. And so
// many of the scales that were scanned are looked at between the steps.
constexpr size_t kMostScoredInLayers = 24, kTriesInLayers = 4, kScannedCloser = 8;

// Without memory, to learn how much is needed.
bool IsCounting(const Layers& whole) { return whole.pyramids[0].levels[0].data == nullptr; }

Placement PlacementIn(const Plane& plane, const Linear& m) {
  return Centred(plane, m.xx, m.xy, m.yx, m.yy);
}

}  // namespace

bool MarkSearch::Run(PlacedViews& views, Effort effort, Found* found) {
  return ReadInPlace(views, found) || (effort == Effort::kFull && SearchViews(views, found));
}

bool MarkSearch::ReadInPlace(PlacedViews& views, Found* found) {
  const Arena::Scope scope(arena_);
  for (size_t floor = 0; floor < std::size(kFloors); ++floor) {
    if (ReadInPlaceOf(views.InPlace(floor), found)) return true;
  }
  return false;
}

bool MarkSearch::ReadInPlaceOf(const Plane& plane, Found* found) {
  if (plane.data == nullptr) return reader_.Read({}, Hint::kFixedPlacement, &found->message);
  const int half_x = plane.width % 2 == 0, half_y = plane.height % 2 == 0;
  *found = {{}, Centred(plane, 1, 0, 0, 1), plane.size(), WholeOf(picture_), {}};
  const PilotPeak highest = reader_.Look(plane, found->placement, half_x, half_y);
  // Most pictures are upright, where the pilot must stand out from an eighth of the places only.
  const PilotPeak upright = reader_.FindUpright();
  const bool same = highest.symmetry == upright.symmetry && highest.score >= kLeastScore;
  const auto read = [&](const PilotPeak& peak) {
    found->peak = peak;
    return reader_.Read(peak, Hint::kFixedPlacement, &found->message);
  };
  if (highest.score >= kLeastScore && read(highest)) return true;
  if (!same && upright.score >= kLeastUpright && read(upright)) return true;
  const PilotPeak turned = reader_.FindUprightTurned();
  if (turned.score >= kLeastScore && read(turned)) return true;
  found->peak = highest;
  if (highest.score < kPromisingScore) return false;
  found->placement = reader_.Refine(found->placement, found->peak);
  found->peak = reader_.Look(plane, found->placement, half_x, half_y);
  return reader_.Read(found->peak, Hint::kFoundPlacement, &found->message);
}

void MarkSearch::SortByScore(Hypothesis* hypotheses, size_t count) {
  std::sort(hypotheses, hypotheses + count,
            [](const Hypothesis& a, const Hypothesis& b) { return a.score > b.score; });
}

void MarkSearch::Offer(size_t layer, float score, Hypothesis* hypothesis) {
  if (score <= hypothesis->score) return;
  hypothesis->layer = layer;
  hypothesis->score = score;
}

void MarkSearch::Remember(const Found& found) {
  if (found.peak.score > best_.peak.score) best_ = found;
}

// Reads under the hypotheses under which the pilot stands out most.
bool MarkSearch::TryBest(Layers view, const Layers& whole, Hypothesis* hypotheses, size_t count,
                         bool upright, Found* found) {
  const Arena::Scope scope(arena_);
  if (IsCounting(whole)) {
    for (size_t layer = 0; layer < view.count; ++layer) {
      for (size_t i = 0; i < kLevels; ++i) view.pyramids[layer].Level(i, arena_);
    }
    return reader_.Read({}, Hint::kFoundPlacement, &found->message);
  }
  SortByScore(hypotheses, count);
  const size_t tries = std::min(view.count > 1 ? kTriesInLayers : kTries, count);
  for (size_t i = 0; i < tries && hypotheses[i].score > kWorthALook; ++i) {
    Pyramid& pyramid = view.pyramids[hypotheses[i].layer];
    const Pyramid& around = whole.pyramids[hypotheses[i].layer];
    Plane& plane = pyramid.levels[hypotheses[i].level];
    plane = pyramid.Level(hypotheses[i].level, arena_);
    Placement placement = PlacementIn(plane, hypotheses[i].linear);
    PilotPeak peak = reader_.Glance(plane, placement);
    if (peak.score < kWorthALook) continue;
    placement = upright ? reader_.RefineUpright(placement, peak) : reader_.Refine(placement, peak);
    peak = reader_.Look(plane, placement, 0, 0);
    *found = {peak, placement, plane.size(), pyramid.part, {}};
    Remember(*found);
    if (peak.score < kLeastScore) continue;
    if (reader_.Read(peak, Hint::kFoundPlacement, &found->message)) {
      if (peak.score < kSettledScore) Settle(around, found);
      return true;
    }
    if (peak.score > kPerspectiveScore) {
      GrowOver(around, found);
      Remember(*found);
      if (found->peak.score >= kLeastScore &&
          reader_.Read(found->peak, Hint::kFoundPlacement, &found->message))
        return true;
    }
  }
  return false;
}

// A message may be read under a placement that holds only about the middle: where it can be made
// to hold for more of the picture, it is.
void MarkSearch::Settle(const Pyramid& whole, Found* found) {
  constexpr int kMostRounds = 3;  // each begins where the one before ended
  for (int round = 0; round < kMostRounds && found->peak.score < kSettledScore; ++round) {
    Found grown = *found;
    GrowOver(whole, &grown);
    if (grown.peak.score <= found->peak.score) return;
    *found = grown;
  }
}

size_t LevelFor(const Found& found, const Pyramid& whole) {
  const double magnification = std::sqrt(std::fabs(found.placement.Determinant())) *
                               found.part.width / static_cast<double>(found.plane.width) *
                               static_cast<double>(whole.levels[0].width) / whole.part.width;
  return Pyramid::LevelFor(magnification);
}

Placement PlacementInLevel(const Found& found, const Pyramid& whole, size_t level) {
  const Placement& from = found.placement;
  const Plane& plane = whole.levels[level];
  // Pixel X of the one plane is (X + 1/2) / sx + left of the picture.
  const double sx = static_cast<double>(found.plane.width) / found.part.width;
  const double sy = static_cast<double>(found.plane.height) / found.part.height;
  const double tx = static_cast<double>(plane.width) / whole.part.width;
  const double ty = static_cast<double>(plane.height) / whole.part.height;
  return {from.xx * tx / sx,
          from.xy * tx / sx,
          from.yx * ty / sy,
          from.yy * ty / sy,
          ((from.x + 0.5) / sx + found.part.left) * tx - 0.5,
          ((from.y + 0.5) / sy + found.part.top) * ty - 0.5,
          from.px,
          from.py};
}

// Lets what was found in a view, which is about the middle of the picture, grow over the whole.
void MarkSearch::GrowOver(const Pyramid& whole, Found* found) {
  const size_t level = LevelFor(*found, whole);
  const Plane& plane = whole.levels[level];
  Placement start = PlacementInLevel(*found, whole, level);
  start.px = start.py = 0;
  found->placement = reader_.Grow(plane, start, found->peak);
  found->plane = plane.size();
  found->part = whole.part;
  found->peak = reader_.Look(plane, found->placement, 0, 0);
}

// The lattices of the mark's periods, level by level, scored by the pilot where it stands highest.
size_t MarkSearch::FindLattices(const Layers& view, const Plan& plan, Hypotheses* hypotheses) {
  const Arena::Scope outer(arena_);
  std::array<std::array<FourierFold, Layers::kMost>, kLevels> folds;
  size_t count = 0;
  for (size_t i = 0; i < kLevels; ++i) {
    const ScaleRange at = RangeIn(i, plan.range);
    if (IsEmpty(at)) continue;
    const Size size = view.pyramids[0].levels[i].size();
    for (size_t layer = 0; layer < view.count; ++layer) {
      folds[i][layer] =
          FourierFold(PeriodFor(size, plan.longest_lag), OutermostFrequency(at.smallest), arena_);
    }
    const Arena::Scope scope(arena_);
    Autocorrelation correlation(size, plan.longest_lag, at.smallest, at.largest, arena_);
    for (size_t layer = 0; layer < view.count; ++layer) {
      for (size_t begin = 0; begin < size.height; begin += kRowsAtOnce) {
        const Arena::Scope while_taken(arena_);
        const size_t end = std::min(begin + kRowsAtOnce, size.height);
        correlation.Take(begin, view.pyramids[layer].Rows(i, begin, end, arena_));
      }
      correlation.AddPowers(folds[i][layer].bins(), arena_);
    }
    const LagPlane& lags = correlation.Compute();
    LatticeSearch lattice(lags, at, arena_);
    if (lags.weighted.data == nullptr) continue;
    LatticeSearch::Hypotheses lattices;
    const size_t here = lattice.Find(lags, at, &lattices);
    for (size_t j = 0; j < here; ++j) {
      (*hypotheses)[count++] = {lattices[j].linear, i, 0, lattices[j].score};
    }
  }
  SortByScore(hypotheses->data(), count);
  count = std::min(count, view.count > 1 ? kMostScoredInLayers : kMostScored);
  for (size_t i = 0; i < count; ++i) {
    Hypothesis& hypothesis = (*hypotheses)[i];
    const Plane& plane = view.pyramids[0].levels[hypothesis.level];
    const Placement placement = PlacementIn(plane, hypothesis.linear);
    hypothesis.score = 0;
    for (size_t layer = 0; layer < view.count; ++layer) {
      Offer(layer, reader_.Score(folds[hypothesis.level][layer], placement), &hypothesis);
    }
  }
  return count;
}

bool MarkSearch::SearchLattice(const Layers& view, const Layers& whole, const Plan& plan,
                               Found* found) {
  Hypotheses hypotheses;
  const size_t count = FindLattices(view, plan, &hypotheses);
  return TryBest(view, whole, hypotheses.data(), count, false, found);
}

// Upright crops, tried one by one against the pilot, which stands out where the lattice, of which
// a small crop holds little, does not.
bool MarkSearch::Scan(const Layers& whole, Found* found) {
  // A step turns into the same shift at the edge of every level.
  constexpr double kFrom = -0.05, kTo = 1.19, kStep = 0.006;  // logarithms of scales
  constexpr size_t kMost = static_cast<size_t>((kTo - kFrom) / kStep) + 1;
  std::array<Hypothesis, kMost + 2 * kScannedCloser> hypotheses;
  size_t count = 0;
  const Arena::Scope scope(arena_);
  UprightFold fold(whole.pyramids[0].levels[0].width, arena_);
  if (IsCounting(whole)) return false;
  const auto look = [&](double at, size_t level) {
    Hypothesis& hypothesis = hypotheses[count++];
    hypothesis = {{at, 0, 0, at}, level, 0, 0};
    for (size_t layer = 0; layer < whole.count; ++layer) {
      const Plane& plane = whole.pyramids[layer].levels[level];
      Offer(layer, reader_.Score(plane, at, fold), &hypothesis);
    }
  };
  for (double log_scale = kFrom; log_scale < kTo;) {
    const double scale = std::exp(log_scale);
    const size_t level = Pyramid::LevelFor(scale);
    look(scale / ScaleOf(level), level);
    log_scale += kStep * ScaleOf(level);
  }
  SortByScore(hypotheses.data(), count);
  for (size_t i = 0; i < kScannedCloser && whole.count > 1; ++i) {
    const Hypothesis from = hypotheses[i];
    for (const double way : {-0.5, 0.5}) {
      look(from.linear.xx * std::exp(way * kStep * ScaleOf(from.level)), from.level);
    }
  }
  return TryBest(whole, whole, hypotheses.data(), count, true, found);
}

bool MarkSearch::SearchIn(const Layers& whole, const Plan& plan, Found* found) {
  return SearchLattice(whole, whole, plan, found) || Scan(whole, found);
}

bool MarkSearch::SearchViews(Views& views, Found* found) {
  const Layers whole = views.Whole();
  const Arena::Scope scope(arena_);
  if (SearchLattice(whole, whole, kOfWhole, found)) return true;
  {
    const Arena::Scope inner(arena_);
    if (SearchLattice(views.Middle(), whole, kOfMiddle, found)) return true;
  }
  {
    const Arena::Scope inner(arena_);
    if (SearchLattice(views.Grown(), whole, PlanOfGrown(picture_), found)) return true;
  }
  return Scan(whole, found);
}

Detection DetectionOf(const Found& found, const Layout& layout) {
  const Message& message = found.message;
  return {message.word, found.peak.score, message.false_positive_rate, message.likeness,
          GeometryOf(found.part, found.plane, found.placement, found.peak,
                     layout.OriginOf(message.word))};
}

}  // namespace countermark
