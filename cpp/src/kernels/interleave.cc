#include "kernels/interleave.h"

#include "kernels/interleave_reference.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/interleave.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace countermark {
namespace HWY_NAMESPACE {
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
void Deinterleave4(const float* in, size_t count, float* const out[4]) {
  reference::Deinterleave4(in, 0, count, out);
}

void Interleave4(const float* const in[4], size_t count, float* out) {
  reference::Interleave4(in, 0, count, out);
}
#else
namespace hn = hwy::HWY_NAMESPACE;

void Deinterleave4(const float* in, size_t count, float* const out[4]) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    hn::Vec<decltype(d)> v0, v1, v2, v3;
    hn::LoadInterleaved4(d, in + 4 * i, v0, v1, v2, v3);
    hn::StoreU(v0, d, out[0] + i);
    hn::StoreU(v1, d, out[1] + i);
    hn::StoreU(v2, d, out[2] + i);
    hn::StoreU(v3, d, out[3] + i);
  }
  reference::Deinterleave4(in, i, count, out);
}

void Interleave4(const float* const in[4], size_t count, float* out) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    hn::StoreInterleaved4(hn::LoadU(d, in[0] + i), hn::LoadU(d, in[1] + i), hn::LoadU(d, in[2] + i),
                          hn::LoadU(d, in[3] + i), d, out + 4 * i);
  }
  reference::Interleave4(in, i, count, out);
}
#endif
}  // namespace HWY_NAMESPACE
}  // namespace countermark
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace countermark {

HWY_EXPORT(Deinterleave4);
HWY_EXPORT(Interleave4);

void Deinterleave4(const float* in, size_t count, float* const out[4]) {
  HWY_DYNAMIC_DISPATCH(Deinterleave4)(in, count, out);
}

void Interleave4(const float* const in[4], size_t count, float* out) {
  HWY_DYNAMIC_DISPATCH(Interleave4)(in, count, out);
}

}  // namespace countermark
#endif
