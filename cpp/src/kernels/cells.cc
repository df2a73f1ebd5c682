#include "kernels/cells.h"

#include "kernels/cells_reference.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cells.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/exact-inl.h"

HWY_BEFORE_NAMESPACE();
namespace countermark {
namespace HWY_NAMESPACE {
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
using reference::AddWhitenedPair;
using reference::ExponentialsLessOne;
using reference::Logarithms;
using reference::LogPowers;
using reference::MixLevels;
using reference::RaiseToPower;
using reference::ShapeCells;
#else
namespace hn = hwy::HWY_NAMESPACE;

// A row is a whole number of vectors.
using Floats = hn::CappedTag<float, kCellFrames>;
using V = hn::Vec<Floats>;

HWY_INLINE V Logarithm(V x) {
  const Floats d;
  const hn::RebindToSigned<Floats> di;
  const auto bits = hn::BitCast(di, x);
  const auto exponent = hn::ShiftRight<kMantissaBits>(hn::Sub(bits, hn::Set(di, kHalfRootBits)));
  const V m = hn::Sub(hn::BitCast(d, hn::Sub(bits, hn::ShiftLeft<kMantissaBits>(exponent))),
                      hn::Set(d, 1.0f));
  const V e = hn::ConvertTo(d, exponent);
  V sum = hn::Set(d, kLogarithmTerms[0]);
  for (size_t i = 1; i < kLogarithmTerms.size(); ++i) {
    sum = hn::Add(hn::Mul(sum, m), hn::Set(d, kLogarithmTerms[i]));
  }
  const V square = hn::Mul(m, m);
  const V rest = hn::Sub(hn::Mul(e, hn::Set(d, kLogTwoLow)), hn::Mul(hn::Set(d, 0.5f), square));
  const V small = hn::Add(hn::Mul(sum, hn::Mul(square, m)), rest);
  return hn::Add(hn::Add(m, small), hn::Mul(e, hn::Set(d, kLogTwoHigh)));
}

HWY_INLINE V Exponential(V x) {
  const Floats d;
  const hn::RebindToUnsigned<Floats> du;
  const V rounder = hn::Set(d, kRounder);
  const V rounded = hn::Add(hn::Mul(x, hn::Set(d, kLogTwoReciprocal)), rounder);
  const V n = hn::Sub(rounded, rounder);
  const V r =
      hn::Sub(hn::Sub(x, hn::Mul(n, hn::Set(d, kLogTwoHigh))), hn::Mul(n, hn::Set(d, kLogTwoLow)));
  V sum = hn::Set(d, kExponentialTerms[0]);
  for (size_t i = 1; i < kExponentialTerms.size(); ++i) {
    sum = hn::Add(hn::Mul(sum, r), hn::Set(d, kExponentialTerms[i]));
  }
  const V m = hn::Add(hn::Add(hn::Mul(sum, hn::Mul(r, r)), r), hn::Set(d, 1.0f));
  const auto power = hn::ShiftLeft<kMantissaBits>(hn::BitCast(du, rounded));
  return hn::BitCast(d, hn::Add(hn::BitCast(du, m), power));
}

void LogPowers(const float* cells, float floor, size_t rows, float* power, float* logarithm) {
  const Floats d;
  for (size_t r = 0; r < rows; ++r) {
    const float* row = cells + r * kCellRow;
    for (size_t f = 0; f < kCellFrames; f += hn::Lanes(d)) {
      const V re = hn::LoadU(d, row + f), im = hn::LoadU(d, row + kCellFrames + f);
      const V p = hn::Add(hn::Add(hn::Mul(re, re), hn::Mul(im, im)), hn::Set(d, floor));
      hn::StoreU(p, d, power + r * kCellFrames + f);
      hn::StoreU(Logarithm(p), d, logarithm + r * kCellFrames + f);
    }
  }
}

void MixLevels(const float* level, const float* log_level, float share, size_t count, float* out) {
  const Floats d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const V own = hn::Mul(hn::Set(d, 1.0f - share), Logarithm(hn::LoadU(d, level + i)));
    const V other = hn::Mul(hn::Set(d, share), hn::LoadU(d, log_level + i));
    hn::StoreU(Exponential(hn::Add(own, other)), d, out + i);
  }
  reference::MixLevels(level + i, log_level + i, share, count - i, out + i);
}

void RaiseToPower(const float* in, float exponent, size_t count, float* out) {
  const Floats d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const V logarithm = hn::Mul(hn::Set(d, exponent), Logarithm(hn::LoadU(d, in + i)));
    hn::StoreU(Exponential(logarithm), d, out + i);
  }
  reference::RaiseToPower(in + i, exponent, count - i, out + i);
}

void Logarithms(const float* in, size_t count, float* out) {
  const Floats d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    hn::StoreU(Logarithm(hn::LoadU(d, in + i)), d, out + i);
  }
  reference::Logarithms(in + i, count - i, out + i);
}

void ExponentialsLessOne(const float* in, size_t count, float* out) {
  const Floats d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    hn::StoreU(hn::Sub(Exponential(hn::LoadU(d, in + i)), hn::Set(d, 1.0f)), d, out + i);
  }
  reference::ExponentialsLessOne(in + i, count - i, out + i);
}

void ShapeCells(const float* cells, const float* amplitude, size_t rows, float* out) {
  const Floats d;
  for (size_t r = 0; r < rows; ++r) {
    for (size_t f = 0; f < kCellFrames; f += hn::Lanes(d)) {
      const V a = hn::LoadU(d, amplitude + r * kCellFrames + f);
      const size_t re = r * kCellRow + f, im = re + kCellFrames;
      hn::StoreU(hn::Mul(a, hn::LoadU(d, cells + re)), d, out + re);
      hn::StoreU(hn::Mul(a, hn::LoadU(d, cells + im)), d, out + im);
    }
  }
}

HWY_INLINE void AddWhitened(V re, V im, V floor, float* sum_re, float* sum_im) {
  const Floats d;
  const V square = hn::Add(hn::Add(hn::Mul(re, re), hn::Mul(im, im)), floor);
  const V gain = ExactQuotient(d, hn::Set(d, 1.0f), ExactRoot(d, square));
  hn::StoreU(hn::Add(hn::LoadU(d, sum_re), hn::Mul(re, gain)), d, sum_re);
  hn::StoreU(hn::Add(hn::LoadU(d, sum_im), hn::Mul(im, gain)), d, sum_im);
}

void AddWhitenedPair(const float* cells, const float* wave, const float* amplitude, float floor,
                     size_t rows, float* host_sum, float* marked_sum) {
  const Floats d;
  const V least = hn::Set(d, floor);
  for (size_t r = 0; r < rows; ++r) {
    for (size_t f = 0; f < kCellFrames; f += hn::Lanes(d)) {
      const size_t at_re = r * kCellRow + f, at_im = at_re + kCellFrames;
      const V a = hn::LoadU(d, amplitude + r * kCellFrames + f);
      const V re = hn::LoadU(d, cells + at_re), im = hn::LoadU(d, cells + at_im);
      AddWhitened(re, im, least, host_sum + at_re, host_sum + at_im);
      AddWhitened(hn::Add(re, hn::Mul(a, hn::LoadU(d, wave + at_re))),
                  hn::Add(im, hn::Mul(a, hn::LoadU(d, wave + at_im))), least, marked_sum + at_re,
                  marked_sum + at_im);
    }
  }
}
#endif
}  // namespace HWY_NAMESPACE
}  // namespace countermark
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace countermark {

HWY_EXPORT(Logarithms);
HWY_EXPORT(LogPowers);
HWY_EXPORT(MixLevels);
HWY_EXPORT(RaiseToPower);
HWY_EXPORT(ExponentialsLessOne);
HWY_EXPORT(ShapeCells);
HWY_EXPORT(AddWhitenedPair);

void LogPowers(const float* cells, float floor, size_t rows, float* power, float* logarithm) {
  HWY_DYNAMIC_DISPATCH(LogPowers)(cells, floor, rows, power, logarithm);
}

void MixLevels(const float* level, const float* log_level, float share, size_t count, float* out) {
  HWY_DYNAMIC_DISPATCH(MixLevels)(level, log_level, share, count, out);
}

void RaiseToPower(const float* in, float exponent, size_t count, float* out) {
  HWY_DYNAMIC_DISPATCH(RaiseToPower)(in, exponent, count, out);
}

void Logarithms(const float* in, size_t count, float* out) {
  HWY_DYNAMIC_DISPATCH(Logarithms)(in, count, out);
}

void ExponentialsLessOne(const float* in, size_t count, float* out) {
  HWY_DYNAMIC_DISPATCH(ExponentialsLessOne)(in, count, out);
}

void ShapeCells(const float* cells, const float* amplitude, size_t rows, float* out) {
  HWY_DYNAMIC_DISPATCH(ShapeCells)(cells, amplitude, rows, out);
}

void AddWhitenedPair(const float* cells, const float* wave, const float* amplitude, float floor,
                     size_t rows, float* host_sum, float* marked_sum) {
  HWY_DYNAMIC_DISPATCH(AddWhitenedPair)(cells, wave, amplitude, floor, rows, host_sum, marked_sum);
}

}  // namespace countermark
#endif
