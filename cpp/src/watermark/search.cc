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

// Without memory, to learn how much is needed.
bool IsCounting(const Pyramid& whole) { return whole.levels[0].data == nullptr; }

Placement PlacementIn(const Plane& plane, const Linear& m) {
  return Centred(plane, m.xx, m.xy, m.yx, m.yy);
}

}  // namespace

bool MarkSearch::Run(Effort effort, Found* found) {
  return ReadInPlace(found) || (effort == Effort::kFull && SearchViews(found));
}

bool MarkSearch::ReadInPlace(Found* found) {
  for (size_t floor = 0; floor < std::size(kFloors); ++floor) {
    const Arena::Scope scope(arena_);
    if (ReadInPlaceOf(views_.InPlace(floor), found)) return true;
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

void MarkSearch::Remember(const Found& found) {
  if (found.peak.score > best_.peak.score) best_ = found;
}

// Reads under the hypotheses under which the pilot stands out most.
bool MarkSearch::TryBest(Pyramid pyramid, const Pyramid& whole, Hypothesis* hypotheses,
                         size_t count, bool upright, Found* found) {
  const Arena::Scope scope(arena_);
  if (IsCounting(whole)) {
    for (size_t i = 0; i < kLevels; ++i) pyramid.Level(i, arena_);
    return reader_.Read({}, Hint::kFoundPlacement, &found->message);
  }
  std::sort(hypotheses, hypotheses + count,
            [](const Hypothesis& a, const Hypothesis& b) { return a.score > b.score; });
  for (size_t i = 0; i < std::min(kTries, count) && hypotheses[i].score > kWorthALook; ++i) {
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
      if (peak.score < kSettledScore) Settle(whole, found);
      return true;
    }
    if (peak.score > kPerspectiveScore) {
      GrowOver(whole, found);
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

// The lattices of the mark's periods, level by level, scored by the pilot.
size_t MarkSearch::FindLattices(const Pyramid& pyramid, const Plan& plan, Hypotheses* hypotheses) {
  const Arena::Scope outer(arena_);
  std::array<FourierFold, kLevels> folds;
  size_t count = 0;
  for (size_t i = 0; i < kLevels; ++i) {
    const ScaleRange at = RangeIn(i, plan.range);
    if (IsEmpty(at)) continue;
    const Size size = pyramid.levels[i].size();
    folds[i] =
        FourierFold(PeriodFor(size, plan.longest_lag), OutermostFrequency(at.smallest), arena_);
    const Arena::Scope scope(arena_);
    Autocorrelation correlation(size, plan.longest_lag, at.smallest, at.largest, arena_);
    for (size_t begin = 0; begin < size.height; begin += kRowsAtOnce) {
      const Arena::Scope while_taken(arena_);
      const size_t end = std::min(begin + kRowsAtOnce, size.height);
      correlation.Take(begin, pyramid.Rows(i, begin, end, arena_));
    }
    const LagPlane& lags = correlation.Compute(folds[i].bins(), arena_);
    LatticeSearch lattice(lags, at, arena_);
    if (lags.weighted.data == nullptr) continue;
    LatticeSearch::Hypotheses lattices;
    const size_t here = lattice.Find(lags, at, &lattices);
    for (size_t j = 0; j < here; ++j) {
      (*hypotheses)[count++] = {lattices[j].linear, i, lattices[j].score};
    }
  }
  std::sort(hypotheses->begin(), hypotheses->begin() + count,
            [](const Hypothesis& a, const Hypothesis& b) { return a.score > b.score; });
  count = std::min(count, kMostScored);
  for (size_t i = 0; i < count; ++i) {
    Hypothesis& hypothesis = (*hypotheses)[i];
    const Placement placement = PlacementIn(pyramid.levels[hypothesis.level], hypothesis.linear);
    hypothesis.score = reader_.Score(folds[hypothesis.level], placement);
  }
  return count;
}

bool MarkSearch::SearchLattice(const Pyramid& pyramid, const Pyramid& whole, const Plan& plan,
                               Found* found) {
  Hypotheses hypotheses;
  const size_t count = FindLattices(pyramid, plan, &hypotheses);
  return TryBest(pyramid, whole, hypotheses.data(), count, false, found);
}

// Upright crops, tried one by one against the pilot, which stands out where the lattice, of which
// a small crop holds little, does not.
bool MarkSearch::Scan(const Pyramid& pyramid, Found* found) {
  // A step turns into the same shift at the edge of every level.
  constexpr double kFrom = -0.05, kTo = 1.19, kStep = 0.006;  // logarithms of scales
  std::array<Hypothesis, static_cast<size_t>((kTo - kFrom) / kStep) + 1> hypotheses;
  size_t count = 0;
  const Arena::Scope scope(arena_);
  UprightFold fold(pyramid.levels[0].width, arena_);
  if (IsCounting(pyramid)) return false;
  for (double log_scale = kFrom; log_scale < kTo;) {
    const double scale = std::exp(log_scale);
    const size_t level = Pyramid::LevelFor(scale);
    const double at = scale / ScaleOf(level);
    hypotheses[count++] = {{at, 0, 0, at}, level, reader_.Score(pyramid.levels[level], at, fold)};
    log_scale += kStep * ScaleOf(level);
  }
  return TryBest(pyramid, pyramid, hypotheses.data(), count, true, found);
}

bool MarkSearch::SearchIn(const Pyramid& whole, const Plan& plan, Found* found) {
  return SearchLattice(whole, whole, plan, found) || Scan(whole, found);
}

bool MarkSearch::SearchViews(Found* found) {
  const Pyramid whole = views_.Whole();
  const Arena::Scope scope(arena_);
  if (SearchLattice(whole, whole, kOfWhole, found)) return true;
  {
    const Arena::Scope inner(arena_);
    if (SearchLattice(views_.Middle(), whole, kOfMiddle, found)) return true;
  }
  {
    const Arena::Scope inner(arena_);
    if (SearchLattice(views_.Grown(), whole, PlanOfGrown(picture_), found)) return true;
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
