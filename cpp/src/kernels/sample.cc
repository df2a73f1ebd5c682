#include "kernels/sample.h"

#include <algorithm>

#include "kernels/sample_reference.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/sample.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace countermark {
namespace HWY_NAMESPACE {
using reference::FixedLine;
using reference::kFixedBits;
using reference::kFixedOne;

// Gathering by vectors is slower than loading one by one on many processors. Samples go in batches,
// so that what was stored one by one has left the store buffer before it is loaded as vectors.
constexpr size_t kBatch = 32;
// What is added one by one needs not wait; a coarse line of a tile is three of these.
constexpr size_t kHalfBatch = kBatch / 2;
// The last ones.
constexpr size_t kFew = 8;

#if HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128
namespace hn = hwy::HWY_NAMESPACE;
using Floats = hn::CappedTag<float, kFew>;
using Indices = hn::RebindToSigned<Floats>;

// Places along one axis of the samples of a batch, all of them inside.
HWY_INLINE hn::Vec<Indices> Places(int64_t start, int64_t step, size_t i) {
  const Indices d;
  const auto way =
      hn::Mul(hn::Iota(d, static_cast<int32_t>(i)), hn::Set(d, static_cast<int32_t>(step)));
  return hn::Add(hn::Set(d, static_cast<int32_t>(start)), way);
}

HWY_INLINE hn::Vec<Indices> IndexOf(const FixedLine& line, hn::Vec<Indices> x, hn::Vec<Indices> y) {
  const auto stride = hn::Set(Indices(), static_cast<int32_t>(line.stride));
  return hn::Add(hn::Mul(hn::ShiftRight<kFixedBits>(y), stride), hn::ShiftRight<kFixedBits>(x));
}

HWY_INLINE hn::Vec<Floats> Fraction(hn::Vec<Indices> place) {
  const auto below = hn::And(place, hn::Set(Indices(), static_cast<int32_t>(kFixedOne - 1)));
  return hn::Mul(hn::ConvertTo(Floats(), below), hn::Set(Floats(), reference::kFixedUnit));
}

template <size_t kCount>
HWY_INLINE void AddBatch(FixedLine line, size_t first, float* sums) {
  const Floats d;
  const Indices di;
  HWY_ALIGN int32_t index[kCount];
  HWY_ALIGN float across[kCount], down[kCount], upper[2 * kCount], lower[2 * kCount];
  for (size_t i = 0; i < kCount; i += hn::Lanes(d)) {
    const auto x = Places(line.X(first), line.dx, i), y = Places(line.Y(first), line.dy, i);
    hn::Store(Fraction(x), d, across + i);
    hn::Store(Fraction(y), d, down + i);
    hn::Store(IndexOf(line, x, y), di, index + i);
  }
  for (size_t i = 0; i < kCount; ++i) {
    const float* corner = line.corner + index[i];
    hwy::CopyBytes<2 * sizeof(float)>(corner, upper + 2 * i);
    hwy::CopyBytes<2 * sizeof(float)>(corner + line.stride, lower + 2 * i);
  }
  for (size_t i = 0; i < kCount; i += hn::Lanes(d)) {
    hn::Vec<Floats> p0, p1, q0, q1;
    hn::LoadInterleaved2(d, upper + 2 * i, p0, p1);
    hn::LoadInterleaved2(d, lower + 2 * i, q0, q1);
    const auto fx = hn::Load(d, across + i);
    const auto above = hn::Add(p0, hn::Mul(fx, hn::Sub(p1, p0)));
    const auto below = hn::Add(q0, hn::Mul(fx, hn::Sub(q1, q0)));
    const auto value = hn::Add(above, hn::Mul(hn::Load(d, down + i), hn::Sub(below, above)));
    hn::StoreU(hn::Add(hn::LoadU(d, sums + first + i), value), d, sums + first + i);
  }
}

template <size_t kCount>
HWY_INLINE void AddNearestBatch(FixedLine line, size_t first, float* sums) {
  const Indices di;
  HWY_ALIGN int32_t index[kCount];
  for (size_t i = 0; i < kCount; i += hn::Lanes(di)) {
    const auto x = Places(line.X(first), line.dx, i), y = Places(line.Y(first), line.dy, i);
    hn::Store(IndexOf(line, x, y), di, index + i);
  }
  for (size_t i = 0; i < kCount; ++i) {
    sums[first + i] = sums[first + i] + line.corner[index[i]];
  }
}
#else
template <size_t kCount>
void AddBatch(const FixedLine& line, size_t first, float* sums) {
  for (size_t i = first; i < first + kCount; ++i) {
    sums[i] = sums[i] + reference::SampleBetween(line, i);
  }
}

template <size_t kCount>
void AddNearestBatch(const FixedLine& line, size_t first, float* sums) {
  for (size_t i = first; i < first + kCount; ++i) {
    sums[i] = sums[i] + reference::SampleNearest(line, i);
  }
}
#endif

// Samples `first` to `end` - 1, all of them inside.
void AddSamples(const FixedLine& line, size_t first, size_t end, float* sums) {
  for (; first + kBatch <= end; first += kBatch) AddBatch<kBatch>(line, first, sums);
  if (first + kHalfBatch <= end) {
    AddBatch<kHalfBatch>(line, first, sums);
    first += kHalfBatch;
  }
  if (first + kFew <= end) {
    AddBatch<kFew>(line, first, sums);
    first += kFew;
  }
  for (; first < end; ++first) sums[first] = sums[first] + reference::SampleBetween(line, first);
}

void AddNearestSamples(const FixedLine& line, size_t first, size_t end, float* sums) {
  for (; first + kHalfBatch <= end; first += kHalfBatch) {
    AddNearestBatch<kHalfBatch>(line, first, sums);
  }
  if (first + kFew <= end) {
    AddNearestBatch<kFew>(line, first, sums);
    first += kFew;
  }
  for (; first < end; ++first) sums[first] = sums[first] + reference::SampleNearest(line, first);
}
}  // namespace HWY_NAMESPACE
}  // namespace countermark
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace countermark {
namespace {

using reference::FixedLine;

struct Range {
  int64_t first, end;
};

// The i from `all` for which 0 <= place + i step < limit.
Range RangeInside(int64_t place, int64_t step, int64_t limit, Range all) {
  const int64_t at_first = place + all.first * step, at_last = place + (all.end - 1) * step;
  const auto inside = [limit](int64_t at) { return at >= 0 && at < limit; };
  if (inside(at_first) && inside(at_last)) return all;  // most lines are spared the divisions
  if (step == 0) return {0, 0};
  if (step < 0) {
    // Seen from the other side of the plane.
    place = limit - 1 - place;
    step = -step;
  }
  const auto least = [step](int64_t way) { return way <= 0 ? 0 : (way + step - 1) / step; };
  return {std::max(all.first, least(-place)), std::min(all.end, least(limit - place))};
}

Range RangeInside(const FixedLine& line, size_t count) {
  Range range{0, static_cast<int64_t>(count)};
  if (count > 0) range = RangeInside(line.x, line.dx, line.right, range);
  if (range.first < range.end) range = RangeInside(line.y, line.dy, line.bottom, range);
  return range.first < range.end ? range : Range{0, 0};
}

}  // namespace

HWY_EXPORT(AddSamples);
HWY_EXPORT(AddNearestSamples);

void AddSamples(const SampleLine& line, size_t count, float* sums) {
  const FixedLine fixed = reference::BetweenPixels(line);
  const Range range = RangeInside(fixed, count);
  HWY_DYNAMIC_DISPATCH(AddSamples)
  (fixed, static_cast<size_t>(range.first), static_cast<size_t>(range.end), sums);
}

void AddNearestSamples(const SampleLine& line, size_t count, float* sums) {
  const FixedLine fixed = reference::NearestPixels(line);
  const Range range = RangeInside(fixed, count);
  HWY_DYNAMIC_DISPATCH(AddNearestSamples)
  (fixed, static_cast<size_t>(range.first), static_cast<size_t>(range.end), sums);
}

}  // namespace countermark
#endif
