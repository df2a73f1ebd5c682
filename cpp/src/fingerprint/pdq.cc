#include "fingerprint/pdq.h"

#include <algorithm>
#include <cstdlib>

#include "base/trigonometry.h"
#include "fingerprint/decimation.h"
#include "kernels/accumulate.h"

namespace countermark {
namespace {

constexpr size_t kFrequencies = 16;  // 1 .. 16; the constant one is left out

using SmallPicture = std::array<std::array<float, kPdqSide>, kPdqSide>;
using Spectrum = std::array<std::array<float, kFrequencies>, kFrequencies>;

// DCT-II: basis[k][f] = sqrt(2 / 64) cos(pi / 128 (f + 1) (2 k + 1)).
using Basis = std::array<std::array<float, kFrequencies>, kPdqSide>;
constexpr Basis MakeBasis() {
  constexpr double kScale = 0.17677669529663688110;
  Basis basis{};
  for (size_t k = 0; k < kPdqSide; ++k) {
    for (size_t f = 0; f < kFrequencies; ++f) {
      const int turn = static_cast<int>((f + 1) * (2 * k + 1));
      basis[k][f] = static_cast<float>(kScale * CosineOfTurn(turn, 4 * kPdqSide));
    }
  }
  return basis;
}
constexpr Basis kBasis = MakeBasis();

struct Workspace {
  Workspace(size_t width, size_t height, PixelFormat format, Arena& arena)
      : rows(height, arena),
        columns(width, arena),
        sums(arena.Allocate<float>(width * Planes(format) * Channels(format))) {}

  Decimation rows;
  Decimation columns;
  float* sums;
};

template <typename T>
void SumRows(const ImageView& image, size_t plane, const Decimation::Taps& taps, float* sums) {
  const size_t count = image.width * Channels(image.format);
  std::fill_n(sums, count, 0.0f);
  for (size_t i = 0; i < taps.count; i += kAccumulatedRows) {
    const T* rows[kAccumulatedRows];
    float weights[kAccumulatedRows];
    for (size_t k = 0; k < kAccumulatedRows; ++k) {
      const bool inside = i + k < taps.count;
      rows[k] = reinterpret_cast<const T*>(image.Row(taps.first + (inside ? i + k : i), plane));
      weights[k] = inside ? taps.weights[i + k] : 0.0f;
    }
    AccumulateRows(rows, weights, count, sums);
  }
}

// Where a pixel's colours stand among the sums.
struct Places {
  size_t step;  // to the next pixel
  size_t red, green, blue;
};

Places PlacesOf(const ImageView& image) {
  const size_t step = Channels(image.format);
  switch (image.format) {
    case PixelFormat::kBgr8:
    case PixelFormat::kBgra8:
      return {step, 2, 1, 0};
    case PixelFormat::kPlanarRgb8:
    case PixelFormat::kPlanarRgb16:
      return {step, 0, image.width, 2 * image.width};
    default:
      return {step, 0, 1, 2};
  }
}

// The weighted mean of some neighbours in a row.
float GrayAt(const float* sums, const Decimation::Taps& taps) {
  float gray = 0;
  for (size_t i = 0; i < taps.count; ++i) gray += taps.weights[i] * sums[taps.first + i];
  return gray;
}

// Rec. 601 luma of it.
float LumaAt(const float* sums, const Places& places, const Decimation::Taps& taps) {
  const float* pixel = sums + taps.first * places.step;
  float red = 0, green = 0, blue = 0;
  for (size_t i = 0; i < taps.count; ++i, pixel += places.step) {
    red += taps.weights[i] * pixel[places.red];
    green += taps.weights[i] * pixel[places.green];
    blue += taps.weights[i] * pixel[places.blue];
  }
  return 0.299f * red + 0.587f * green + 0.114f * blue;
}

// Eight-bit steps in a step of a sample.
float ScaleOf(PixelFormat format) {
  if (format == PixelFormat::kP010) return 1.0f / 256;
  return IsSixteenBit(format) ? 1.0f / 257 : 1.0f;
}

// The filter is linear, so it runs on the colour channels as they lie in memory, first down the
// columns, and luma is taken of the 64 x 64 results alone: exact, and cheaper than the reverse.
void Shrink(const ImageView& image, const Workspace& workspace, SmallPicture* small) {
  const size_t channels = Channels(image.format), planes = Planes(image.format);
  const auto sum_rows = IsSixteenBit(image.format) ? SumRows<uint16_t> : SumRows<uint8_t>;
  const Places places = PlacesOf(image);
  const float scale = ScaleOf(image.format);
  float* const sums = workspace.sums;
  for (size_t y = 0; y < kPdqSide; ++y) {
    for (size_t plane = 0; plane < planes; ++plane) {
      sum_rows(image, plane, workspace.rows.At(y), sums + plane * image.width);
    }
    for (size_t x = 0; x < kPdqSide; ++x) {
      const Decimation::Taps taps = workspace.columns.At(x);
      const float luma = channels * planes == 1 ? GrayAt(sums, taps) : LumaAt(sums, places, taps);
      (*small)[y][x] = scale * luma;
    }
  }
}

// Whole percents of the full range: small gradients do not count.
int Gradient(float a, float b) { return std::abs(static_cast<int>((a - b) * 100 / 255)); }

int Quality(const SmallPicture& small) {
  int sum = 0;
  for (size_t y = 0; y < kPdqSide; ++y) {
    for (size_t x = 0; x < kPdqSide; ++x) {
      if (y + 1 < kPdqSide) sum += Gradient(small[y][x], small[y + 1][x]);
      if (x + 1 < kPdqSide) sum += Gradient(small[y][x], small[y][x + 1]);
    }
  }
  return std::min(sum / 90, 100);
}

Spectrum CosineTransform(const SmallPicture& small) {
  std::array<std::array<float, kPdqSide>, kFrequencies> columns{};
  for (size_t f = 0; f < kFrequencies; ++f) {
    for (size_t y = 0; y < kPdqSide; ++y) {
      for (size_t x = 0; x < kPdqSide; ++x) columns[f][x] += kBasis[y][f] * small[y][x];
    }
  }
  Spectrum spectrum{};
  for (size_t f = 0; f < kFrequencies; ++f) {
    for (size_t x = 0; x < kPdqSide; ++x) {
      for (size_t g = 0; g < kFrequencies; ++g) spectrum[f][g] += columns[f][x] * kBasis[x][g];
    }
  }
  return spectrum;
}

// What a turned or mirrored picture has instead: mirroring negates the odd frequencies.
struct Symmetry {
  bool mirror_y;
  bool mirror_x;
  bool transpose;
};
constexpr Symmetry kDihedral[kDihedralCount] = {
    {false, false, false}, {false, true, true},  {true, true, false},  {true, false, true},
    {true, false, false},  {false, true, false}, {false, false, true}, {true, true, true},
};

Spectrum Apply(const Symmetry& symmetry, const Spectrum& spectrum) {
  Spectrum result;
  for (size_t f = 0; f < kFrequencies; ++f) {
    for (size_t g = 0; g < kFrequencies; ++g) {
      const bool negate = (symmetry.mirror_y && f % 2 == 0) != (symmetry.mirror_x && g % 2 == 0);
      const float value = negate ? -spectrum[f][g] : spectrum[f][g];
      (symmetry.transpose ? result[g][f] : result[f][g]) = value;
    }
  }
  return result;
}

PdqBits AboveMedian(const Spectrum& spectrum) {
  std::array<float, kFrequencies * kFrequencies> sorted;
  for (size_t k = 0; k < sorted.size(); ++k) {
    sorted[k] = spectrum[k / kFrequencies][k % kFrequencies];
  }
  // The lower one of the two in the middle.
  const auto median = sorted.begin() + sorted.size() / 2 - 1;
  std::nth_element(sorted.begin(), median, sorted.end());
  PdqBits bits{};
  for (size_t k = 0; k < sorted.size(); ++k) {
    const bool bit = spectrum[k / kFrequencies][k % kFrequencies] > *median;
    bits[bits.size() - 1 - k / 8] |= static_cast<uint8_t>(bit << (k % 8));
  }
  return bits;
}

}  // namespace

size_t PdqScratchSize(size_t width, size_t height, PixelFormat format) {
  Arena arena;
  Workspace(width, height, format, arena);
  return arena.SizeNeeded();
}

void ComputePdq(const ImageView& image, size_t count, Arena& arena, PdqHashes* hashes) {
  const Workspace workspace(image.width, image.height, image.format, arena);
  SmallPicture small;
  Shrink(image, workspace, &small);
  hashes->quality = Quality(small);
  const Spectrum spectrum = CosineTransform(small);
  for (size_t i = 0; i < count; ++i) {
    hashes->bits[i] = AboveMedian(Apply(kDihedral[i], spectrum));
  }
}

}  // namespace countermark
