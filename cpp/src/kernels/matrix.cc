#include "kernels/matrix.h"

#include "kernels/matrix_reference.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/matrix.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace countermark {
namespace HWY_NAMESPACE {
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
using reference::MultiplyMatrices;
#else
namespace hn = hwy::HWY_NAMESPACE;

constexpr size_t kRowsAtOnce = 4;

// A block of kRowsAtOnce rows by two vectors stays in registers while the inner index runs.
HWY_INLINE void MultiplyBlock(const float* a, size_t a_stride, const float* b, size_t inner,
                              size_t columns, float* out) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  auto b0 = hn::LoadU(d, b);
  auto b1 = hn::LoadU(d, b + lanes);
  auto a0 = hn::Set(d, a[0]), a1 = hn::Set(d, a[a_stride]);
  auto a2 = hn::Set(d, a[2 * a_stride]), a3 = hn::Set(d, a[3 * a_stride]);
  auto s00 = hn::Mul(a0, b0), s01 = hn::Mul(a0, b1);
  auto s10 = hn::Mul(a1, b0), s11 = hn::Mul(a1, b1);
  auto s20 = hn::Mul(a2, b0), s21 = hn::Mul(a2, b1);
  auto s30 = hn::Mul(a3, b0), s31 = hn::Mul(a3, b1);
  for (size_t k = 1; k < inner; ++k) {
    b0 = hn::LoadU(d, b + k * columns);
    b1 = hn::LoadU(d, b + k * columns + lanes);
    a0 = hn::Set(d, a[k]);
    s00 = hn::Add(s00, hn::Mul(a0, b0));
    s01 = hn::Add(s01, hn::Mul(a0, b1));
    a1 = hn::Set(d, a[a_stride + k]);
    s10 = hn::Add(s10, hn::Mul(a1, b0));
    s11 = hn::Add(s11, hn::Mul(a1, b1));
    a2 = hn::Set(d, a[2 * a_stride + k]);
    s20 = hn::Add(s20, hn::Mul(a2, b0));
    s21 = hn::Add(s21, hn::Mul(a2, b1));
    a3 = hn::Set(d, a[3 * a_stride + k]);
    s30 = hn::Add(s30, hn::Mul(a3, b0));
    s31 = hn::Add(s31, hn::Mul(a3, b1));
  }
  hn::StoreU(s00, d, out);
  hn::StoreU(s01, d, out + lanes);
  hn::StoreU(s10, d, out + columns);
  hn::StoreU(s11, d, out + columns + lanes);
  hn::StoreU(s20, d, out + 2 * columns);
  hn::StoreU(s21, d, out + 2 * columns + lanes);
  hn::StoreU(s30, d, out + 3 * columns);
  hn::StoreU(s31, d, out + 3 * columns + lanes);
}

void MultiplyMatrices(const float* a, size_t a_stride, const float* b, size_t rows, size_t inner,
                      size_t columns, float* out) {
  const hn::ScalableTag<float> d;
  const size_t step = 2 * hn::Lanes(d);
  const size_t whole_rows = rows - rows % kRowsAtOnce;
  const size_t whole_columns = columns - columns % step;
  for (size_t r = 0; r < whole_rows; r += kRowsAtOnce) {
    for (size_t c = 0; c < whole_columns; c += step) {
      MultiplyBlock(a + r * a_stride, a_stride, b + c, inner, columns, out + r * columns + c);
    }
  }
  for (size_t r = 0; r < rows; ++r) {
    for (size_t c = r < whole_rows ? whole_columns : 0; c < columns; ++c) {
      float sum = a[r * a_stride] * b[c];
      for (size_t k = 1; k < inner; ++k) sum = sum + a[r * a_stride + k] * b[k * columns + c];
      out[r * columns + c] = sum;
    }
  }
}
#endif
}  // namespace HWY_NAMESPACE
}  // namespace countermark
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace countermark {

HWY_EXPORT(MultiplyMatrices);

void MultiplyMatrices(const float* a, size_t a_stride, const float* b, size_t rows, size_t inner,
                      size_t columns, float* out) {
  HWY_DYNAMIC_DISPATCH(MultiplyMatrices)(a, a_stride, b, rows, inner, columns, out);
}

}  // namespace countermark
#endif
