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
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
using reference::AddNearestSamples;
using reference::AddSamples;
#else
namespace hn = hwy::HWY_NAMESPACE;

// Gathering by vectors is slower than loading one by one on most processors. Samples go in batches,
// so that what was stored one by one has left the store buffer before it is loaded as vectors.
constexpr size_t kBatch = 32;
using Floats = hn::CappedTag<float, kBatch>;
using Indices = hn::RebindToSigned<Floats>;

// Where samples i and on lie along one axis, counted from the border's first pixel; `last` is the
// border's last one.
HWY_INLINE hn::Vec<Floats> Place(float start, float step, size_t i, float offset, float last) {
  const Floats d;
  const auto way = hn::Mul(hn::Iota(d, static_cast<int32_t>(i)), hn::Set(d, step));
  const auto place = hn::Add(hn::Add(hn::Set(d, start), way), hn::Set(d, offset));
  return hn::Max(hn::Min(place, hn::Set(d, last)), hn::Zero(d));
}

HWY_INLINE float LastOf(size_t length) { return static_cast<float>(length) + 1.0f; }

HWY_INLINE hn::Vec<Indices> IndexOf(const SampleLine& line, hn::Vec<Indices> x,
                                    hn::Vec<Indices> y) {
  return hn::Add(hn::Mul(y, hn::Set(Indices(), static_cast<int32_t>(line.stride))), x);
}

HWY_INLINE void AddBatch(SampleLine line, size_t first, float* sums) {
  const Floats d;
  const Indices di;
  HWY_ALIGN int32_t index[kBatch];
  HWY_ALIGN float across[kBatch], down[kBatch], upper[2 * kBatch], lower[2 * kBatch];
  for (size_t i = 0; i < kBatch; i += hn::Lanes(d)) {
    const auto x = Place(line.x, line.dx, first + i, 1.0f, LastOf(line.width));
    const auto y = Place(line.y, line.dy, first + i, 1.0f, LastOf(line.height));
    const auto xi = hn::ConvertTo(di, x);
    const auto yi = hn::ConvertTo(di, y);
    hn::Store(hn::Sub(x, hn::ConvertTo(d, xi)), d, across + i);
    hn::Store(hn::Sub(y, hn::ConvertTo(d, yi)), d, down + i);
    hn::Store(IndexOf(line, xi, yi), di, index + i);
  }
  const float* corner = line.plane - line.stride - 1;
  for (size_t i = 0; i < kBatch; ++i) {
    hwy::CopyBytes<2 * sizeof(float)>(corner + index[i], upper + 2 * i);
    hwy::CopyBytes<2 * sizeof(float)>(corner + index[i] + line.stride, lower + 2 * i);
  }
  for (size_t i = 0; i < kBatch; i += hn::Lanes(d)) {
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

HWY_INLINE void AddNearestBatch(SampleLine line, size_t first, float* sums) {
  const Floats d;
  const Indices di;
  HWY_ALIGN int32_t index[kBatch];
  for (size_t i = 0; i < kBatch; i += hn::Lanes(d)) {
    const auto x = hn::ConvertTo(di, Place(line.x, line.dx, first + i, 1.5f, LastOf(line.width)));
    const auto y = hn::ConvertTo(di, Place(line.y, line.dy, first + i, 1.5f, LastOf(line.height)));
    hn::Store(IndexOf(line, x, y), di, index + i);
  }
  const float* corner = line.plane - line.stride - 1;
  for (size_t i = 0; i < kBatch; ++i) {
    sums[first + i] = sums[first + i] + corner[index[i]];
  }
}

void AddSamples(const SampleLine& line, size_t first, size_t end, float* sums) {
  for (; first + kBatch <= end; first += kBatch) AddBatch(line, first, sums);
  reference::AddSamples(line, first, end, sums);
}

void AddNearestSamples(const SampleLine& line, size_t first, size_t end, float* sums) {
  for (; first + kBatch <= end; first += kBatch) AddNearestBatch(line, first, sums);
  reference::AddNearestSamples(line, first, end, sums);
}
#endif
}  // namespace HWY_NAMESPACE
}  // namespace countermark
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace countermark {
namespace {

struct Span {
  size_t first, end;
};

// The samples that may lie inside the plane, and a few more: those beyond would add zeros.
Span InsideOf(const SampleLine& line, size_t count) {
  constexpr float kMargin = 2;
  float first = 0, end = static_cast<float>(count);
  const auto limit = [&](float start, float step, size_t length) {
    const float low = -kMargin - start, high = static_cast<float>(length) + kMargin - start;
    if (step == 0) {
      if (low > 0 || high < 0) end = 0;
      return;
    }
    const float a = low / step, b = high / step;
    first = std::max(first, std::min(a, b) - 1);
    end = std::min(end, std::max(a, b) + 1);
  };
  limit(line.x, line.dx, line.width);
  limit(line.y, line.dy, line.height);
  if (first >= end) return {0, 0};
  return {static_cast<size_t>(first), std::min(count, static_cast<size_t>(end) + 1)};
}

}  // namespace

HWY_EXPORT(AddSamples);
HWY_EXPORT(AddNearestSamples);

void AddSamples(const SampleLine& line, size_t count, float* sums) {
  const Span inside = InsideOf(line, count);
  HWY_DYNAMIC_DISPATCH(AddSamples)(line, inside.first, inside.end, sums);
}

void AddNearestSamples(const SampleLine& line, size_t count, float* sums) {
  const Span inside = InsideOf(line, count);
  HWY_DYNAMIC_DISPATCH(AddNearestSamples)(line, inside.first, inside.end, sums);
}

}  // namespace countermark
#endif
