// Folding: cutting a plane into tiles and adding them up. The picture averages out, the mark,
// being the same in every tile, adds up.
#ifndef COUNTERMARK_WATERMARK_FOLD_H_
#define COUNTERMARK_WATERMARK_FOLD_H_

#include "base/arena.h"
#include "watermark/plane.h"
#include "watermark/spectrum.h"

namespace countermark {

// A hypothesis of where the canonical plane lies in another plane, pixel centres being integers:
// canonical point (u, v), divided by 1 + px u + py v for perspective, is at pixel
// (xx u + xy v + x, yx u + yy v + y).
struct Placement {
  double xx, xy, yx, yy;
  double x, y;
  double px = 0, py = 0;

  double Determinant() const { return xx * yy - xy * yx; }
  bool IsAffine() const { return px == 0 && py == 0; }
  // The affine placement that is the same at (u, v) and nearly so around it.
  Placement Near(double u, double v) const;
  // With the origin at (u, v) of this one.
  Placement From(double u, double v) const;
};

// The canonical plane centred in `plane`, scaled and turned by the matrix.
Placement Centred(const Plane& plane, double xx, double xy, double yx, double yy);

// Tiles that a fold holds apart; the planes searched have fewer unless they are slivers.
inline constexpr size_t kMostTiles = 256;

// The spectra of the tiles of a plane, one by one.
class TileFold {
 public:
  TileFold(size_t most_tiles, Arena& arena);

  // `plane` must be bordered. Sample positions are moved by halves of a canonical pixel, so that
  // they can be made to fall on pixels; the spectra are corrected for that.
  void Cut(const Plane& plane, const Placement& placement, int half_x, int half_y);

  // The same from every second sample across and down: four times faster.
  void CutCoarse(const Plane& plane, const Placement& placement);

  // Adds up the tiles, and the tiles' power, smoothed over neighbouring frequencies: the variance
  // of the sum where there is no mark.
  void Sum(Spectrum* sum, float* power) const;

  size_t count() const { return count_; }
  const Spectrum& tile(size_t i) const { return tiles_[i]; }
  // Centre of tile i, in canonical pixels.
  double centre_x(size_t i) const { return centres_[2 * i]; }
  double centre_y(size_t i) const { return centres_[2 * i + 1]; }

 private:
  template <typename Visit>
  void ForEachTile(const Plane& plane, const Placement& placement, Visit visit) const;
  void AddTile(const Plane& plane, const Placement& placement, double u, double v);
  void AddCoarseTile(const Plane& plane, const Placement& placement, double u, double v);
  void AddPixels(const Plane& plane, const Placement& placement, double u, double v);

  size_t most_tiles_;
  size_t count_ = 0;
  TileTransform transform_;
  float* samples_;
  Spectrum* tiles_;
  float* centres_;
};

// The sum for placements that are centred and upright, from the nearest pixels. As all tiles are
// cut alike, their rows are added up before their columns are, which is many times faster.
class UprightFold {
 public:
  // Planes may be `widest` wide.
  UprightFold(size_t widest, Arena& arena);

  void Sum(const Plane& plane, double scale, Spectrum* sum);

 private:
  TileTransform transform_;
  Plane line_;  // a row of pixels, summed
  float* samples_;
};

// Mean over the band's frequencies within two steps in kx and in ky.
void SmoothOverBand(const float* values, float* smooth);

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_FOLD_H_
