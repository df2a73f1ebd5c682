// Where a mark may lie in a picture, and what is read there.
#ifndef COUNTERMARK_WATERMARK_SEARCH_H_
#define COUNTERMARK_WATERMARK_SEARCH_H_

#include "base/arena.h"
#include "watermark/detect.h"
#include "watermark/reader.h"
#include "watermark/views.h"

namespace countermark {

// A place in which the pilot was found.
struct Found {
  PilotPeak peak;
  Placement placement;  // in `plane`
  Size plane;
  Part part;  // of the picture, which the plane shows
  Message message;
};

// Of the whole picture, in which the mark appears about canonical; and where it is there.
size_t LevelFor(const Found& found, const Pyramid& whole);
Placement PlacementInLevel(const Found& found, const Pyramid& whole, size_t level);

Detection DetectionOf(const Found& found, const Layout& layout);

class MarkSearch {
 public:
  MarkSearch(Size picture, MarkReader& reader, Arena& arena)
      : picture_(picture), reader_(reader), arena_(arena) {}

  // Each says whether a message was read.
  bool Run(PlacedViews& views, Effort effort, Found* found);
  bool ReadInPlace(PlacedViews& views, Found* found);
  // By the lattice of the mark's periods, then by scanning upright crops; in every view.
  bool SearchViews(Views& views, Found* found);
  // The same in one.
  bool SearchIn(const Layers& whole, const Plan& plan, Found* found);

  MarkReader& reader() { return reader_; }
  // Where the pilot stood highest among the places that were tried and gave nothing.
  const Found& best() const { return best_; }
  void Forget() { best_ = {}; }

 private:
  struct Hypothesis {
    Linear linear;  // canonical to pixels of the level
    size_t level, layer;
    float score;
  };

  bool ReadInPlaceOf(const Plane& plane, Found* found);
  using Hypotheses = std::array<Hypothesis, kLevels * LatticeSearch::kMostHypotheses>;

  bool SearchLattice(const Layers& view, const Layers& whole, const Plan& plan, Found* found);
  size_t FindLattices(const Layers& view, const Plan& plan, Hypotheses* hypotheses);
  bool Scan(const Layers& whole, Found* found);
  static void SortByScore(Hypothesis* hypotheses, size_t count);
  // Of the layers, that in which the pilot stands highest counts.
  static void Offer(size_t layer, float score, Hypothesis* hypothesis);
  void Remember(const Found& found);
  void GrowOver(const Pyramid& whole, Found* found);
  void Settle(const Pyramid& whole, Found* found);
  bool TryBest(Layers view, const Layers& whole, Hypothesis* hypotheses, size_t count, bool upright,
               Found* found);

  Size picture_;
  MarkReader& reader_;
  Arena& arena_;
  Found best_{};
};

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_SEARCH_H_
