// Hypotheses of how the mark was turned, scaled and stretched, from its lattice of
// autocorrelation peaks.
#ifndef COUNTERMARK_WATERMARK_LATTICE_H_
#define COUNTERMARK_WATERMARK_LATTICE_H_

#include <array>
#include <cstddef>

#include "base/arena.h"
#include "watermark/autocorrelation.h"

namespace countermark {

// Canonical to plane pixels, without the translation.
struct Linear {
  double xx, xy, yx, yy;

  double Determinant() const { return xx * yy - xy * yx; }
};

// Magnifications of the mark in the plane that is searched.
struct ScaleRange {
  double smallest, largest;
};

class LatticeSearch {
 public:
  static constexpr size_t kMostHypotheses = 48;
  struct Hypothesis {
    Linear linear;
    float score;  // of the lattice's peaks together, in deviations of chance
  };
  using Hypotheses = std::array<Hypothesis, kMostHypotheses>;

  // In lags that reach as far as these.
  LatticeSearch(const LagPlane& lags, ScaleRange range, Arena& arena);

  // Three families: every turn and scale; every stretch of an upright lattice; pairs of peaks
  // taken as a basis, which can be any affine change. Returns how many were found, unordered.
  size_t Find(const LagPlane& lags, ScaleRange range, Hypotheses* found);

 private:
  // Two basis vectors and what they grow by from column to column.
  struct Bases {
    double a[2], b[2], da[2], db[2];
  };

  // The step of scales, and of angles in radians, at which a lattice over these lags shows.
  static double StepFor(const LagPlane& lags);
  void FindSimilarities(const LagPlane& lags, ScaleRange range);
  void FindStretches(const LagPlane& lags, ScaleRange range);
  void FindPairs(const LagPlane& lags, ScaleRange range);
  void ScoreRow(const LagPlane& lags, const Bases& bases, int reach2, size_t columns,
                bool measure_norm, float* scores);
  template <typename MakeHypothesis>
  void TakePeaks(size_t rows, size_t columns, size_t count, MakeHypothesis make);
  void Add(const LagPlane& lags, const Linear& start);

  float* scores_;  // [row][column] of the grid that is searched
  float* norms_;   // squared norm of the matched filter, column by column
  size_t found_ = 0;
  Hypotheses hypotheses_;
};

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_LATTICE_H_
