// More of the mark where the picture's own texture drowns it.
#ifndef COUNTERMARK_WATERMARK_LIFT_H_
#define COUNTERMARK_WATERMARK_LIFT_H_

#include <cstddef>

#include "base/arena.h"
#include "watermark/plane.h"

namespace countermark {

// What a detector finds of the mark in every cell of the canonical plane: how the pattern arrives
// in the whitened picture, and how strong the whitened picture itself is.
class Arrival {
 public:
  Arrival(Size canonical, Arena& arena);

  // Part of a row, from column x on: the pattern, of mean square 1, and the whitened picture
  // without and with it. Rows come one after the other, from the first to the last.
  void Add(size_t x, const float* pattern, const float* before, const float* after, size_t count);
  void EndRow();

  // How strongly the pattern arrives, summed over the plane: the factor between its spectrum and
  // that of the folded tile.
  float total() const { return total_; }

  // Multiplies the mask so that the mark stands over the picture in every window that a crop may
  // leave, and returns by how much the total grows with that.
  float Lift(const Plane& mask, Arena& arena) const;

 private:
  void EndCells();

  Plane arriving_, opposing_;   // cells, means of their pixels
  float *products_, *squares_;  // sums down the columns of the current row of cells
  size_t width_, height_;
  size_t row_ = 0;
  float total_ = 0;
};

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_LIFT_H_
