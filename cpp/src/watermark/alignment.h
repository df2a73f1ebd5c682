// The pilot in a fold whose tiles are moved against each other: where it stands highest, the
// placement is right.
#ifndef COUNTERMARK_WATERMARK_ALIGNMENT_H_
#define COUNTERMARK_WATERMARK_ALIGNMENT_H_

#include <complex>
#include <cstdint>

#include "watermark/fold.h"
#include "watermark/layout.h"
#include "watermark/pilot.h"

namespace countermark {

// A small change: a tile at centre c, in units of kUnit, moves by D c + (p c) c + offset.
struct Shift {
  enum { kXx, kXy, kYx, kYy, kX, kY, kPx, kPy, kCount };
  static constexpr double kUnit = 2 * kTile;

  // How far a tile moves with each parameter, across and down.
  static void Derivatives(double cx, double cy, double* across, double* down);

  // The placement under which tiles lie where this shift moved them, but for the offset.
  Placement Undo(const Placement& from) const;

  double at[kCount] = {};
};

// Which parameters of a shift may change: those with the same number change together, those with
// -1 not at all.
struct Freedom {
  static const Freedom kUpright, kAffine, kPerspective;

  int variable[Shift::kCount];
};

// How the height changes with the parameters, and the mean of how fast the slope does.
struct Slope {
  // Where the gradient vanishes if the height is that of one tile.
  void Solve(const Freedom& freedom, double* step) const;

  double gradient[Shift::kCount] = {};
  double curvature[Shift::kCount][Shift::kCount] = {};
  size_t tiles = 0;
};

class Alignment {
 public:
  // `weight`: as for PilotFinder. Fold and peak are those of one placement.
  Alignment(const TileFold& fold, const float* weight, const Layout& layout, const PilotPeak& peak);

  // The pilot's correlation with the sum of the tiles no farther than `radius` from the origin,
  // each moved by the shift at its centre.
  float HeightUnder(const Shift& shift, double radius, Slope* slope) const;
  // The same for all tiles, moved alike.
  float HeightAt(double dx, double dy) const;
  // Of the height of all tiles where there is no pilot.
  float Deviation() const;
  // The tile around which the pilot stands highest.
  size_t BestTile() const;
  // The placement nearby under which the pilot stands highest; moves the peak along.
  Placement Climb(const Placement& placement, double radius, const Freedom& freedom,
                  PilotPeak* peak) const;

 private:
  float TileHeight(size_t tile, double dx, double dy, float* slope_x, float* slope_y) const;

  const TileFold& fold_;
  PilotPeak peak_;
  // The conjugate pilot as it lies in the fold, weighted.
  uint16_t index_[kPilotSize];
  std::complex<float> value_[kPilotSize];
  std::complex<float> product_[kPilotSize];  // with the sum of the tiles
  double square_x_ = 0, square_y_ = 0;  // mean squares of its frequencies, in radians per pixel
};

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_ALIGNMENT_H_
