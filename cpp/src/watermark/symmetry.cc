#include "watermark/symmetry.h"

namespace countermark {
namespace {

constexpr int kSide = 2 * kHighestFrequency + 1;

constexpr SymmetryTable MakeTable() {
  uint16_t index_of[kSide][kHighestFrequency + 1] = {};
  for (size_t i = 0; i < kBandSize; ++i) {
    index_of[kBand[i].ky + kHighestFrequency][kBand[i].kx] = static_cast<uint16_t>(i);
  }
  SymmetryTable table{};
  for (int d = 0; d < kSymmetries; ++d) {
    const Symmetry s = SymmetryOf(d);
    for (size_t i = 0; i < kBandSize; ++i) {
      int kx = s.xx * kBand[i].kx + s.xy * kBand[i].ky;
      int ky = s.yx * kBand[i].kx + s.yy * kBand[i].ky;
      const bool conjugated = !InHalfPlane(kx, ky);
      if (conjugated) {
        kx = -kx;
        ky = -ky;
      }
      table[static_cast<size_t>(d)][i] = {index_of[ky + kHighestFrequency][kx], conjugated};
    }
  }
  return table;
}

constexpr SymmetryTable kTable = MakeTable();

}  // namespace

const SymmetryTable& MovedCoefficients() { return kTable; }

}  // namespace countermark
