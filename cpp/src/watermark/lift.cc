#include "watermark/lift.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "watermark/blur.h"

namespace countermark {
namespace {

// Pixels of a cell, across and down.
constexpr size_t kCell = 16;
// A window about as large as two tiles across and down, in cells.
constexpr Gaussian kWindow(3.5);
// Power of the mark over that of the picture in a window, for each pixel, as it shall be at least;
// and the most that is done for it.
constexpr float kLeastRatio = 0.052f;
constexpr float kMostLift = 3.0f;
// The mark's deviation in grey levels that this may lead to, 38 dB.
constexpr float kMostDeviation = 3.2f;

Size CellsOf(Size plane) {
  return {(plane.width + kCell - 1) / kCell, (plane.height + kCell - 1) / kCell};
}

// How far each pixel between the centres of two cells is on the way.
constexpr std::array<float, kCell> kWay = [] {
  std::array<float, kCell> way{};
  for (size_t i = 0; i < kCell; ++i) way[i] = (static_cast<float>(i) + 0.5f) / kCell;
  return way;
}();

// The cell at or before a place, which is an odd number of half pixels from the first cell's
// centre on, and the next one; the outermost cells go on to the plane's edges.
struct Neighbours {
  size_t first, second;
  float way;
};

Neighbours NeighboursOf(size_t pixel, size_t cells) {
  const size_t place = pixel + kCell / 2;  // from the centre of a cell before the first
  const size_t after = place / kCell;
  return {after == 0 ? 0 : after - 1, std::min(after, cells - 1), kWay[place % kCell]};
}

// row *= the values of a row of cells, interpolated.
void MultiplyRow(const float* cells, size_t cell_count, float* row, size_t width) {
  for (size_t x = 0; x < width;) {
    const size_t place = x + kCell / 2;
    const size_t offset = place % kCell, count = std::min(kCell - offset, width - x);
    const Neighbours at = NeighboursOf(x, cell_count);
    const float value = cells[at.first], step = cells[at.second] - value;
    for (size_t i = 0; i < count; ++i) row[x + i] *= value + step * kWay[offset + i];
    x += count;
  }
}

// plane *= the cells, interpolated. `line` has room for a row of cells.
void MultiplyByCells(const Plane& cells, float* line, const Plane& plane) {
  for (size_t y = 0; y < plane.height; ++y) {
    const Neighbours at = NeighboursOf(y, cells.height);
    const float *above = cells.Row(at.first), *below = cells.Row(at.second);
    for (size_t x = 0; x < cells.width; ++x) {
      line[x] = above[x] + (below[x] - above[x]) * at.way;
    }
    MultiplyRow(line, cells.width, plane.Row(y), plane.width);
  }
}

float RootMeanSquare(const Plane& plane) {
  constexpr size_t kRowsAtOnce = 8;  // independent sums hide the latency of the additions
  float total = 0;
  for (size_t y = 0; y < plane.height; y += kRowsAtOnce) {
    const size_t rows = std::min(kRowsAtOnce, plane.height - y);
    const float* row[kRowsAtOnce];
    float sum[kRowsAtOnce] = {};
    for (size_t i = 0; i < kRowsAtOnce; ++i) row[i] = plane.Row(y + std::min(i, rows - 1));
    for (size_t x = 0; x < plane.width; ++x) {
      for (size_t i = 0; i < kRowsAtOnce; ++i) sum[i] += row[i][x] * row[i][x];
    }
    for (size_t i = 0; i < rows; ++i) total += sum[i] / static_cast<float>(plane.width);
  }
  return std::sqrt(total / static_cast<float>(plane.height));
}

}  // namespace

Arrival::Arrival(Size canonical, Arena& arena)
    : arriving_(AllocatePlane(CellsOf(canonical), arena)),
      opposing_(AllocatePlane(CellsOf(canonical), arena)),
      products_(arena.Allocate<float>(canonical.width)),
      squares_(arena.Allocate<float>(canonical.width)),
      width_(canonical.width),
      height_(canonical.height) {}

void Arrival::Add(size_t x, const float* pattern, const float* before, const float* after,
                  size_t count) {
  float *products = products_ + x, *squares = squares_ + x;
  if (row_ % kCell == 0) {
    std::fill_n(products, count, 0.0f);
    std::fill_n(squares, count, 0.0f);
  }
  for (size_t i = 0; i < count; ++i) {
    products[i] += (after[i] - before[i]) * pattern[i];
    squares[i] += before[i] * before[i];
  }
}

void Arrival::EndRow() {
  ++row_;
  if (row_ % kCell == 0 || row_ == height_) EndCells();
}

void Arrival::EndCells() {
  const size_t cell = (row_ - 1) / kCell, rows = row_ - cell * kCell;
  for (size_t x = 0; x < arriving_.width; ++x) {
    const size_t first = x * kCell, columns = std::min(kCell, width_ - first);
    float product = 0, square = 0;
    for (size_t i = first; i < first + columns; ++i) {
      product += products_[i];
      square += squares_[i];
    }
    const float pixels = static_cast<float>(rows * columns);
    arriving_.Row(cell)[x] = product / pixels;
    opposing_.Row(cell)[x] = square / pixels;
    total_ += product;
  }
}

float Arrival::Lift(const Plane& mask, Arena& arena) const {
  const Arena::Scope scope(arena);
  const Plane gain = AllocatePlane(arriving_.size(), arena);
  const Plane lift = AllocatePlane(arriving_.size(), arena);
  float* line = arena.Allocate<float>(arriving_.width);
  Blur(arriving_, kWindow, gain, arena);
  Blur(opposing_, kWindow, lift, arena);
  if (lift.data == nullptr || mask.data == nullptr) return 1;
  float before = 0, after = 0, highest = 1;
  for (size_t y = 0; y < lift.height; ++y) {
    for (size_t x = 0; x < lift.width; ++x) {
      float& here = lift.Row(y)[x];
      const float wanted = std::sqrt(kLeastRatio * here) / std::max(gain.Row(y)[x], 1e-9f);
      here = std::clamp(wanted, 1.0f, kMostLift);
      highest = std::max(highest, here);
      before += arriving_.Row(y)[x];
      after += arriving_.Row(y)[x] * here;
    }
  }
  if (highest == 1) return 1;
  const float most = std::max(kMostDeviation, RootMeanSquare(mask));
  MultiplyByCells(lift, line, mask);
  const float share = std::min(1.0f, most / (RootMeanSquare(mask) + 1e-9f));
  if (share < 1) {
    for (size_t y = 0; y < mask.height; ++y) {
      for (size_t x = 0; x < mask.width; ++x) mask.Row(y)[x] *= share;
    }
  }
  return share * after / before;
}

}  // namespace countermark
