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

// A block of kRowsAtOnce rows by so many vectors stays in registers while the inner index runs.
template <size_t kVectors>
HWY_INLINE void MultiplyBlock(const float* a, size_t a_stride, const float* b, size_t inner,
                              size_t columns, float* out) {
  const hn::ScalableTag<float> d;
  using V = hn::Vec<decltype(d)>;
  const size_t lanes = hn::Lanes(d);
  V sums[kRowsAtOnce][kVectors];
  for (size_t r = 0; r < kRowsAtOnce; ++r) {
    const V factor = hn::Set(d, a[r * a_stride]);
    for (size_t v = 0; v < kVectors; ++v) {
      sums[r][v] = hn::Mul(factor, hn::LoadU(d, b + v * lanes));
    }
  }
  for (size_t k = 1; k < inner; ++k) {
    V row[kVectors];
    for (size_t v = 0; v < kVectors; ++v) row[v] = hn::LoadU(d, b + k * columns + v * lanes);
    for (size_t r = 0; r < kRowsAtOnce; ++r) {
      const V factor = hn::Set(d, a[r * a_stride + k]);
      for (size_t v = 0; v < kVectors; ++v) {
        sums[r][v] = hn::Add(sums[r][v], hn::Mul(factor, row[v]));
      }
    }
  }
  for (size_t r = 0; r < kRowsAtOnce; ++r) {
    for (size_t v = 0; v < kVectors; ++v) {
      hn::StoreU(sums[r][v], d, out + r * columns + v * lanes);
    }
  }
}

// Handles the columns from `first` on of which there are whole blocks, and returns where it ends.
template <size_t kVectors>
size_t MultiplyBlocks(const float* a, size_t a_stride, const float* b, size_t rows, size_t inner,
                      size_t columns, size_t first, float* out) {
  const size_t step = kVectors * hn::Lanes(hn::ScalableTag<float>());
  for (; first + step <= columns; first += step) {
    for (size_t r = 0; r < rows; r += kRowsAtOnce) {
      MultiplyBlock<kVectors>(a + r * a_stride, a_stride, b + first, inner, columns,
                              out + r * columns + first);
    }
  }
  return first;
}

void MultiplyMatrices(const float* a, size_t a_stride, const float* b, size_t rows, size_t inner,
                      size_t columns, float* out) {
  const size_t whole_rows = rows - rows % kRowsAtOnce;
  size_t done = MultiplyBlocks<3>(a, a_stride, b, whole_rows, inner, columns, 0, out);
  done = MultiplyBlocks<1>(a, a_stride, b, whole_rows, inner, columns, done, out);
  for (size_t r = 0; r < rows; ++r) {
    for (size_t c = r < whole_rows ? done : 0; c < columns; ++c) {
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
