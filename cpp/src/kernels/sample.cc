#include "kernels/sample.h"

#include "kernels/sample_reference.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/sample.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace countermark {
namespace HWY_NAMESPACE {
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
void AddSamples(const SampleLine& line, size_t count, float* sums) {
  reference::AddSamples(line, 0, count, sums);
}

void AddNearestSamples(const SampleLine& line, size_t count, float* sums) {
  reference::AddNearestSamples(line, 0, count, sums);
}
#else
namespace hn = hwy::HWY_NAMESPACE;

// Where samples i and on lie along one axis, counted from the border's first pixel.
template <class D>
HWY_INLINE hn::Vec<D> Place(D d, float start, float step, size_t i, float offset, size_t length) {
  const auto way = hn::Mul(hn::Iota(d, static_cast<float>(i)), hn::Set(d, step));
  const auto place = hn::Add(hn::Add(hn::Set(d, start), way), hn::Set(d, offset));
  const auto last = hn::Set(d, static_cast<float>(length) + 1.0f);
  return hn::Max(hn::Min(place, last), hn::Zero(d));
}

void AddSamples(const SampleLine& line, size_t count, float* sums) {
  const hn::ScalableTag<float> d;
  const hn::RebindToSigned<decltype(d)> di;
  const size_t lanes = hn::Lanes(d);
  const auto stride = hn::Set(di, static_cast<int32_t>(line.stride));
  const float* corner = line.plane - line.stride - 1;
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto x = Place(d, line.x, line.dx, i, 1.0f, line.width);
    const auto y = Place(d, line.y, line.dy, i, 1.0f, line.height);
    const auto xi = hn::ConvertTo(di, x);
    const auto yi = hn::ConvertTo(di, y);
    const auto fx = hn::Sub(x, hn::ConvertTo(d, xi));
    const auto fy = hn::Sub(y, hn::ConvertTo(d, yi));
    const auto index = hn::Add(hn::Mul(yi, stride), xi);
    const auto p0 = hn::GatherIndex(d, corner, index);
    const auto p1 = hn::GatherIndex(d, corner + 1, index);
    const auto q0 = hn::GatherIndex(d, corner + line.stride, index);
    const auto q1 = hn::GatherIndex(d, corner + line.stride + 1, index);
    const auto upper = hn::Add(p0, hn::Mul(fx, hn::Sub(p1, p0)));
    const auto lower = hn::Add(q0, hn::Mul(fx, hn::Sub(q1, q0)));
    const auto value = hn::Add(upper, hn::Mul(fy, hn::Sub(lower, upper)));
    hn::StoreU(hn::Add(hn::LoadU(d, sums + i), value), d, sums + i);
  }
  reference::AddSamples(line, i, count, sums);
}

void AddNearestSamples(const SampleLine& line, size_t count, float* sums) {
  const hn::ScalableTag<float> d;
  const hn::RebindToSigned<decltype(d)> di;
  const size_t lanes = hn::Lanes(d);
  const auto stride = hn::Set(di, static_cast<int32_t>(line.stride));
  const float* corner = line.plane - line.stride - 1;
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto x = hn::ConvertTo(di, Place(d, line.x, line.dx, i, 1.5f, line.width));
    const auto y = hn::ConvertTo(di, Place(d, line.y, line.dy, i, 1.5f, line.height));
    const auto value = hn::GatherIndex(d, corner, hn::Add(hn::Mul(y, stride), x));
    hn::StoreU(hn::Add(hn::LoadU(d, sums + i), value), d, sums + i);
  }
  reference::AddNearestSamples(line, i, count, sums);
}
#endif
}  // namespace HWY_NAMESPACE
}  // namespace countermark
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace countermark {

HWY_EXPORT(AddSamples);
HWY_EXPORT(AddNearestSamples);

void AddNearestSamples(const SampleLine& line, size_t count, float* sums) {
  HWY_DYNAMIC_DISPATCH(AddNearestSamples)(line, count, sums);
}

void AddSamples(const SampleLine& line, size_t count, float* sums) {
  HWY_DYNAMIC_DISPATCH(AddSamples)(line, count, sums);
}

}  // namespace countermark
#endif
