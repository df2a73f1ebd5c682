// Runs every pass over pixels three times, each between two calls of sched_yield, for a plugin of
// the emulator to count its instructions: as the vector target, as the plain loop that its twin is,
// and as the compiler vectorises that loop by itself. Prints the passes in this order, with the
// number of pixels. This file is compiled without vectorisation.
#include <sched.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <vector>

#include "hwy/targets.h"
#include "kernels/accumulate.h"
#include "kernels/accumulate_reference.h"
#include "kernels/area.h"
#include "kernels/area_reference.h"
#include "kernels/blend.h"
#include "kernels/blend_reference.h"
#include "kernels/filter.h"
#include "kernels/filter_reference.h"
#include "kernels/interleave.h"
#include "kernels/interleave_reference.h"
#include "kernels/luma.h"
#include "kernels/luma_reference.h"
#include "kernels/magnitude.h"
#include "kernels/magnitude_reference.h"
#include "kernels/sample.h"
#include "kernels/sample_reference.h"
#include "kernels/target.h"
#include "kernels/whiten.h"
#include "kernels/whiten_reference.h"

namespace countermark {
namespace {

// A row of a picture of 12 megapixels.
constexpr size_t kWidth = 4000;

using Pass = std::function<void()>;

// Also after another one was forced.
bool Force(const char* target) {
  hwy::SetSupportedTargetsForTest(0);
  return ForceTarget(target);
}

// Whatever is dispatched is looked up before it is counted.
void Count(const Pass& pass) {
  pass();
  sched_yield();
  pass();
  sched_yield();
}

void Count(const char* name, size_t pixels, const char* target, const Pass& pass,
           const Pass& twin) {
  Force(target);
  Count(pass);
  Count(twin);
  Force("scalar");
  Count(pass);
  std::printf("%s,%zu\n", name, pixels);
}

// Values without structure (xorshift, Marsaglia 2003).
template <typename T>
std::vector<T> Noise(size_t count) {
  std::vector<T> values(count);
  uint32_t state = 1;
  for (T& value : values) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    value = static_cast<T>(state >> 8 & 0x7FFF);
  }
  return values;
}

void CountLuma(const char* target) {
  const auto row = Noise<uint16_t>(4 * kWidth);
  const uint8_t* bytes = reinterpret_cast<const uint8_t*>(row.data());
  std::vector<uint8_t> luma(kWidth);
  for (const auto& [name, format] : {std::pair{"full,luma of RGB", PixelFormat::kRgb8},
                                     {"full,luma of RGBA", PixelFormat::kRgba8},
                                     {"full,luma of planar RGB", PixelFormat::kPlanarRgb8},
                                     {"full,luma of ten bits", PixelFormat::kP010},
                                     {"full,luma of 16-bit grey", PixelFormat::kGray16},
                                     {"full,luma of 16-bit RGB", PixelFormat::kRgb16}}) {
    Count(
        name, kWidth, target, [&] { LumaRow(bytes, kWidth, format, kWidth, luma.data()); },
        [&] { reference::LumaRow(bytes, kWidth, format, kWidth, luma.data()); });
  }
}

void CountBlend(const char* target) {
  const auto row = Noise<uint16_t>(4 * kWidth);
  const uint8_t* in = reinterpret_cast<const uint8_t*>(row.data());
  std::vector<uint8_t> out(8 * kWidth);
  const auto residual = Noise<int16_t>(kWidth);
  std::vector<uint32_t> positions(kWidth);
  // Of the 591 columns of the canonical plane there are two samples each.
  for (size_t x = 0; x < kWidth; ++x) positions[x] = static_cast<uint32_t>(x * 1182 * 256 / kWidth);
  std::vector<ResidualTaps> taps(ResidualTapsCount(kWidth));
  const ResidualPlan plan = PlanResidual(positions.data(), kWidth, taps.data());
  for (const auto& [name, format] : {std::pair{"full,mark on grey", PixelFormat::kGray8},
                                     {"full,mark on RGB", PixelFormat::kRgb8},
                                     {"full,mark on RGBA", PixelFormat::kRgba8},
                                     {"full,mark on ten bits", PixelFormat::kP010},
                                     {"full,mark on 16-bit grey", PixelFormat::kGray16},
                                     {"full,mark on 16-bit RGB", PixelFormat::kRgb16},
                                     {"full,mark on 16-bit RGBA", PixelFormat::kRgba16}}) {
    Count(
        name, kWidth, target, [&] { AddResidual(in, format, residual.data(), plan, out.data()); },
        [&] {
          reference::AddResidual(in, format, kWidth, residual.data(), positions.data(), out.data());
        });
  }
}

void CountAreas(const char* target) {
  const auto row = Noise<uint8_t>(kWidth);
  std::vector<uint16_t> sums(kWidth + kAreaTaps);
  Count(
      "full,area averages down the rows", kWidth, target,
      [&] { AddWeightedRow(row.data(), 37, kWidth, sums.data()); },
      [&] { reference::AddWeightedRow(row.data(), 37, kWidth, sums.data()); });
  constexpr size_t kAreas = 591;
  std::vector<uint32_t> first(kAreas);
  for (size_t i = 0; i < kAreas; ++i) first[i] = static_cast<uint32_t>(i * kWidth / kAreas);
  const std::vector<int32_t> widths(kAreas, 256);
  const std::vector<float> scales(kAreas, 1.0f / 65536);
  const std::vector<int16_t> weights(kAreas * kAreaTaps, 32);
  const AreaTaps areas{kAreas,        kAreaTaps,     first.data(),
                       widths.data(), scales.data(), weights.data()};
  std::vector<float> out(kAreas);
  Count(
      "full,area averages along a row", kWidth, target,
      [&] { AverageAreas(sums.data(), areas, out.data()); },
      [&] { reference::AverageAreas(sums.data(), areas, out.data()); });
}

template <typename T>
void CountAccumulate(const char* name, const char* target) {
  const auto samples = Noise<T>(4 * kWidth);
  const T* const rows[4] = {&samples[0], &samples[kWidth], &samples[2 * kWidth],
                            &samples[3 * kWidth]};
  const float weights[4] = {0.1f, 0.2f, 0.3f, 0.4f};
  std::vector<float> sums(kWidth);
  Count(
      name, 4 * kWidth, target, [&] { AccumulateRows(rows, weights, kWidth, sums.data()); },
      [&] { reference::AccumulateRows(rows, weights, 0, kWidth, sums.data()); });
}

void CountFilter(const char* target) {
  constexpr size_t kTaps = 4;
  const auto row = Noise<float>(4 * kWidth + kTaps);
  const float weights[kTaps] = {0.1f, 0.2f, 0.3f, 0.4f};
  const float* const inputs[kTaps] = {&row[0], &row[1], &row[2], &row[3]};
  std::vector<float> out(4 * kWidth);
  Count(
      "full,filter of four taps", kWidth, target,
      [&] { WeightedSum(inputs, weights, kTaps, kWidth, out.data()); },
      [&] { reference::WeightedSum(inputs, weights, kTaps, kWidth, out.data()); });
  float* const rows[4] = {&out[0], &out[kWidth], &out[2 * kWidth], &out[3 * kWidth]};
  const float* const ins[4] = {&row[0], &row[kWidth], &row[2 * kWidth], &row[3 * kWidth]};
  const std::vector<float> many(4 * kTaps, 0.25f);
  Count(
      "plane,four filters at once", kWidth, target,
      [&] { WeightedSums(inputs, many.data(), kTaps, 4, kWidth, rows); },
      [&] { reference::WeightedSums(inputs, many.data(), kTaps, 4, 0, kWidth, rows); });
  Count(
      "plane,minimum of four", kWidth, target, [&] { Minimum(inputs, kTaps, kWidth, out.data()); },
      [&] { reference::Minimum(inputs, kTaps, kWidth, out.data()); });
  Count(
      "plane,four rows out of one", 4 * kWidth, target,
      [&] { Deinterleave4(row.data(), kWidth, rows); },
      [&] { reference::Deinterleave4(row.data(), 0, kWidth, rows); });
  Count(
      "plane,one row out of four", 4 * kWidth, target,
      [&] { Interleave4(ins, kWidth, out.data()); },
      [&] { reference::Interleave4(ins, 0, kWidth, out.data()); });
}

void CountCanonicalPlane(const char* target) {
  const auto row = Noise<float>(4 * kWidth + 4);
  std::vector<float> out(4 * kWidth);
  std::vector<int16_t> fixed(2 * kWidth + 2);
  Count(
      "plane,residual to fixed point", kWidth, target,
      [&] { QuantiseResidual(row.data(), kWidth, fixed.data()); },
      [&] { reference::QuantiseResidual(row.data(), kWidth, fixed.data()); });
  Count(
      "plane,mask", kWidth, target,
      [&] { RootsOfLimited(row.data(), 1, 9, 2, kWidth, out.data()); },
      [&] { reference::RootsOfLimited(row.data(), 1, 9, 2, kWidth, out.data()); });
  out = row;
  float* const a = out.data();
  float *const b = a + kWidth, *const c = b + kWidth, *const d = c + kWidth;
  Count(
      "plane,whiten pairs", 4 * kWidth, target, [&] { WhitenPair(a, b, c, d, 1, kWidth); },
      [&] { reference::WhitenPair(a, b, c, d, 1, kWidth); });
  float largest = 0;
  Count(
      "plane,largest magnitude", 4 * kWidth, target,
      [&] { largest += LargestOfParities(row.data(), kWidth, kWidth); },
      [&] { largest += reference::LargestOfParities(row.data(), kWidth, kWidth); });
  constexpr size_t kSide = 120, kStride = kSide + 3, kSamples = 96;
  const auto plane = Noise<float>(kStride * (kSide + 3) + 1);
  const SampleLine line = {
      plane.data() + kStride + 1, kStride, kSide, kSide, 3.3f, 5.7f, 0.9f, 0.21f};
  Count(
      "plane,bilinear samples on a line", kSamples, target,
      [&] { AddSamples(line, kSamples, out.data()); },
      [&] { reference::AddSamples(line, kSamples, out.data()); });
  Count(
      "plane,nearest samples on a line", kSamples, target,
      [&] { AddNearestSamples(line, kSamples, out.data()); },
      [&] { reference::AddNearestSamples(line, kSamples, out.data()); });
}

}  // namespace
}  // namespace countermark

int main(int argc, char** argv) {
  const char* target = argc > 1 ? argv[1] : "";
  if (!countermark::Force(target) || !countermark::Force("scalar")) {
    std::fprintf(stderr, "no target \"%s\" or scalar here\n", target);
    return 1;
  }
  countermark::CountLuma(target);
  countermark::CountBlend(target);
  countermark::CountAreas(target);
  countermark::CountAccumulate<uint8_t>("full,sums of four rows for PDQ", target);
  countermark::CountAccumulate<uint16_t>("full,sums of four 16-bit rows for PDQ", target);
  countermark::CountFilter(target);
  countermark::CountCanonicalPlane(target);
}
