#include "kernels/text_draws.h"

#include "kernels/text_draws_reference.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/text_draws.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace countermark {
namespace HWY_NAMESPACE {
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
using reference::BestTextMessage;
using reference::TextDraws;
#else
namespace hn = hwy::HWY_NAMESPACE;
using D32 = hn::ScalableTag<uint32_t>;
using V32 = hn::Vec<D32>;

HWY_INLINE V32 DrawHalf(V32 token, V32 seed0, V32 seed1, V32 seed2) {
  const D32 d;
  auto x = hn::Add(hn::Mul(token, hn::Set(d, kTextTokenStep)), seed0);
  x = hn::Mul(hn::Xor(x, hn::ShiftRight<16>(x)), seed1);
  return hn::Add(hn::Xor(x, hn::ShiftRight<15>(x)), seed2);
}

HWY_INLINE V32 DrawFrom(V32 half, V32 multiplier) {
  const D32 d;
  half = hn::Mul(hn::Xor(half, hn::ShiftRight<16>(half)), hn::Set(d, reference::kTextMultiplier));
  return hn::Mul(hn::Xor(half, hn::ShiftRight<15>(half)), multiplier);
}

HWY_INLINE V32 Logarithm(V32 draw) {
  const D32 d;
  const hn::RebindToSigned<D32> di;
  const hn::RebindToFloat<D32> df;
  const auto odd = hn::Or(hn::ShiftRight<8>(draw), hn::Set(d, 1));
  const auto bits = hn::BitCast(d, hn::ConvertTo(df, hn::BitCast(di, odd)));
  return hn::ShiftRight<reference::kTextLogarithmShift>(bits);
}

void TextDraws(const uint32_t* seed, uint32_t first, size_t count, uint32_t* draws) {
  const D32 d;
  const size_t lanes = hn::Lanes(d);
  const auto seed0 = hn::Set(d, seed[0]), seed1 = hn::Set(d, seed[1]);
  const auto seed2 = hn::Set(d, seed[2]), seed3 = hn::Set(d, seed[3]);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto token = hn::Iota(d, first + static_cast<uint32_t>(i));
    hn::StoreU(DrawFrom(DrawHalf(token, seed0, seed1, seed2), seed3), d, draws + i);
  }
  reference::TextDraws(seed, first + static_cast<uint32_t>(i), count - i, draws + i);
}

// Of each lane the best so far: the least sum of logarithms.
struct Least {
  V32 sum, step;

  HWY_INLINE void Take(V32 other, V32 other_step) {
    const auto less = hn::Lt(other, sum);
    sum = hn::IfThenElse(less, other, sum);
    step = hn::IfThenElse(less, other_step, step);
  }
};

// Four vectors of messages at once: what one waits for, another computes.
BestText BestTextMessage(const TextToken* tokens, size_t count, uint32_t messages) {
  const D32 d;
  const auto lanes = static_cast<uint32_t>(hn::Lanes(d));
  const auto message_step = hn::Set(d, kTextMessageStep);
  const auto stride = hn::Set(d, lanes * kTextMessageStep);
  const auto first = hn::Mul(hn::Iota(d, 0), message_step);
  Least least = {hn::Set(d, UINT32_MAX), hn::Zero(d)};
  for (uint32_t message = 0; message < messages; message += 4 * lanes) {
    const auto m0 = hn::Add(first, hn::Set(d, message * kTextMessageStep));
    const auto m1 = hn::Add(m0, stride), m2 = hn::Add(m1, stride), m3 = hn::Add(m2, stride);
    auto s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0;
    for (size_t i = 0; i < count; ++i) {
      const auto half = hn::Set(d, tokens[i].half);
      const auto multiplier = hn::Set(d, tokens[i].multiplier);
      s0 = hn::Add(s0, Logarithm(DrawFrom(hn::Add(half, m0), multiplier)));
      s1 = hn::Add(s1, Logarithm(DrawFrom(hn::Add(half, m1), multiplier)));
      s2 = hn::Add(s2, Logarithm(DrawFrom(hn::Add(half, m2), multiplier)));
      s3 = hn::Add(s3, Logarithm(DrawFrom(hn::Add(half, m3), multiplier)));
    }
    least.Take(s0, hn::Set(d, message));
    least.Take(s1, hn::Set(d, message + lanes));
    least.Take(s2, hn::Set(d, message + 2 * lanes));
    least.Take(s3, hn::Set(d, message + 3 * lanes));
  }
  HWY_ALIGN uint32_t sums[HWY_MAX_BYTES / sizeof(uint32_t)];
  HWY_ALIGN uint32_t steps[HWY_MAX_BYTES / sizeof(uint32_t)];
  hn::Store(least.sum, d, sums);
  hn::Store(least.step, d, steps);
  BestText best = {messages, 0};
  for (uint32_t lane = 0; lane < lanes; ++lane) {
    const uint32_t score = static_cast<uint32_t>(count) * reference::kTextLogarithmMax - sums[lane];
    const uint32_t message = steps[lane] + lane;
    const bool is_first = score == best.score && message < best.message;
    if (score > best.score || is_first) best = {message, score};
  }
  return best;
}
#endif
}  // namespace HWY_NAMESPACE
}  // namespace countermark
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace countermark {

HWY_EXPORT(BestTextMessage);
HWY_EXPORT(TextDraws);

void TextDraws(const uint32_t* seed, uint32_t first, size_t count, uint32_t* draws) {
  HWY_DYNAMIC_DISPATCH(TextDraws)(seed, first, count, draws);
}

BestText BestTextMessage(const TextToken* tokens, size_t count, uint32_t messages) {
  return HWY_DYNAMIC_DISPATCH(BestTextMessage)(tokens, count, messages);
}

}  // namespace countermark
#endif
