#include "transform/harmonics.h"

#include <algorithm>
#include <array>

#include "base/trigonometry.h"
#include "kernels/magnitude.h"
#include "kernels/matrix.h"

namespace countermark {
namespace {

constexpr size_t kParities = Harmonics::kParities;
constexpr size_t kOfParity = Harmonics::kOfParity;
constexpr size_t kDown = Harmonics::kDown, kAcross = Harmonics::kAcross;
constexpr size_t kRows = kParities * kDown;

// Of all turns by a sample's part of the circle.
template <size_t kSamples>
constexpr std::array<float, kSamples> kCosines = [] {
  std::array<float, kSamples> cosines{};
  for (size_t turn = 0; turn < kSamples; ++turn) {
    cosines[turn] = static_cast<float>(CosineOfTurn(static_cast<int>(turn), kSamples));
  }
  return cosines;
}();

// Harmonic i of a parity at a sample of the first quarter; zero where there is none.
template <size_t kSamples>
float WaveAt(size_t parity, size_t i, size_t sample) {
  const size_t frequency = 2 * i + parity % 2;
  if (frequency >= Harmonics::kFrequencies || sample > kSamples / 4) return 0;
  const bool sine = parity >= Harmonics::kSine;
  const size_t back = sine ? kSamples / 4 : 0;  // sin(a) = cos(a - pi / 2)
  return kCosines<kSamples>[(frequency * sample + kSamples - back) % kSamples];
}

// The first and the last sample of a quarter are their own mirror images, and are counted twice
// when parities are taken.
template <size_t kSamples>
float Share(size_t sample) {
  return sample == 0 || sample == kSamples / 4 ? 0.5f : 1.0f;
}

// A table for each parity.
template <typename Value>
void Fill(float* table, size_t rows, size_t columns, Value value) {
  for (size_t parity = 0; parity < kParities; ++parity) {
    for (size_t row = 0; row < rows; ++row) {
      for (size_t column = 0; column < columns; ++column) *table++ = value(parity, row, column);
    }
  }
}

// Four samples, and the sums over them that only the waves of one parity see: even cosines, odd
// cosines, even sines, odd sines. Four samples that are the sums of such waves.
template <size_t kSamples>
struct Quartet {
  static constexpr size_t kHalf = kSamples / 2;

  // `stride` apart; of sample i of the first quarter they are i and its mirror images.
  static Quartet Split(const float* samples, size_t stride, size_t i) {
    const float a = samples[i * stride], b = samples[(kHalf - i) * stride];
    const float c = samples[(kHalf + i) * stride];
    const float d = samples[(kSamples - i) % kSamples * stride];
    return {(a + d) + (b + c), (a + d) - (b + c), (a - d) - (b - c), (a - d) + (b - c)};
  }
  void Join(size_t stride, size_t i, float* samples) const {
    const float outer = even + odd, inner = even - odd;
    const float outer_sine = odd_sine + even_sine, inner_sine = odd_sine - even_sine;
    samples[i * stride] = outer + outer_sine;
    samples[(kHalf - i) * stride] = inner + inner_sine;
    samples[(kHalf + i) * stride] = inner - inner_sine;
    samples[(kSamples - i) % kSamples * stride] = outer - outer_sine;
  }

  float even, odd, even_sine, odd_sine;
};

}  // namespace

template <size_t kSamples>
HarmonicAnalysis<kSamples>::HarmonicAnalysis(Arena& arena)
    : down_(arena.Allocate<float>(kRows * kQuarter)),
      across_(arena.Allocate<float>(kParities * kQuarter * kAcross)),
      half_done_(arena.Allocate<float>(kRows * kSamples)),
      parts_(arena.Allocate<float>(kParities * kQuarter * std::max(kRows, kSamples))) {
  if (parts_ == nullptr) return;
  Fill(down_, kDown, kQuarter, [](size_t parity, size_t i, size_t sample) {
    return Share<kSamples>(sample) * WaveAt<kSamples>(parity, i, sample);
  });
  Fill(across_, kQuarter, kAcross, [](size_t parity, size_t sample, size_t i) {
    return Share<kSamples>(sample) * WaveAt<kSamples>(parity, i, sample);
  });
}

template <size_t kSamples>
void HarmonicAnalysis<kSamples>::Analyse(const float* tile, float* harmonics) {
  constexpr size_t kDownPart = kQuarter * kSamples, kAcrossPart = kRows * kQuarter;
  const auto store = [](const Quartet<kSamples>& q, size_t step, float* part) {
    part[0] = q.even;
    part[step] = q.odd;
    part[2 * step] = q.even_sine;
    part[3 * step] = q.odd_sine;
  };
  for (size_t y = 0; y < kQuarter; ++y) {
    for (size_t x = 0; x < kSamples; ++x) {
      store(Quartet<kSamples>::Split(tile + x, kSamples, y), kDownPart, parts_ + y * kSamples + x);
    }
  }
  for (size_t p = 0; p < kParities; ++p) {
    MultiplyMatrices(down_ + p * kDown * kQuarter, kQuarter, parts_ + p * kDownPart, kDown,
                     kQuarter, kSamples, half_done_ + p * kDown * kSamples);
  }
  for (size_t row = 0; row < kRows; ++row) {
    for (size_t x = 0; x < kQuarter; ++x) {
      store(Quartet<kSamples>::Split(half_done_ + row * kSamples, 1, x), kAcrossPart,
            parts_ + row * kQuarter + x);
    }
  }
  for (size_t p = 0; p < kParities; ++p) {
    MultiplyMatrices(parts_ + p * kAcrossPart, kQuarter, across_ + p * kQuarter * kAcross, kRows,
                     kQuarter, kAcross, harmonics + p * kRows * kAcross);
  }
}

template class HarmonicAnalysis<96>;
template class HarmonicAnalysis<48>;

HarmonicSynthesis::HarmonicSynthesis(Arena& arena)
    : across_(arena.Allocate<float>(kParities * kAcross * kQuarterAcross)),
      down_(arena.Allocate<float>(kParities * kQuarterDown * kDown)),
      half_done_(arena.Allocate<float>(kRows * kSamples)),
      parts_(arena.Allocate<float>(kParities * kQuarterDown * kSamples)) {
  static_assert(kRows * kQuarterAcross <= kQuarterDown * kSamples);
  if (parts_ == nullptr) return;
  Fill(across_, kAcross, kQuarterAcross, WaveAt<kSamples>);
  Fill(down_, kQuarterDown, kDown,
       [](size_t parity, size_t sample, size_t i) { return WaveAt<kSamples>(parity, i, sample); });
}

// Leaves, of each parity, the quarter of the rows that the others follow from.
void HarmonicSynthesis::SynthesiseParts(const float* harmonics) {
  constexpr size_t kDownPart = kQuarterDown * kSamples, kAcrossPart = kRows * kQuarterAcross;
  for (size_t p = 0; p < kParities; ++p) {
    MultiplyMatrices(harmonics + p * kRows * kAcross, kAcross,
                     across_ + p * kAcross * kQuarterAcross, kRows, kOfParity, kQuarterAcross,
                     parts_ + p * kAcrossPart);
  }
  for (size_t row = 0; row < kRows; ++row) {
    if (row % kDown >= kOfParity) continue;
    for (size_t x = 0; x < kQuarter; ++x) {
      const float* part = parts_ + row * kQuarterAcross + x;
      const Quartet<kSamples> q{part[0], part[kAcrossPart], part[2 * kAcrossPart],
                                part[3 * kAcrossPart]};
      q.Join(1, x, half_done_ + row * kSamples);
    }
  }
  for (size_t p = 0; p < kParities; ++p) {
    MultiplyMatrices(down_ + p * kQuarterDown * kDown, kDown, half_done_ + p * kDown * kSamples,
                     kQuarterDown, kOfParity, kSamples, parts_ + p * kDownPart);
  }
}

float HarmonicSynthesis::LargestMagnitude(const float* harmonics) {
  SynthesiseParts(harmonics);
  return LargestOfParities(parts_, kQuarterDown * kSamples, kQuarter * kSamples);
}

void HarmonicSynthesis::Synthesise(const float* harmonics, float* tile) {
  constexpr size_t kDownPart = kQuarterDown * kSamples;
  SynthesiseParts(harmonics);
  for (size_t y = 0; y < kQuarter; ++y) {
    for (size_t x = 0; x < kSamples; ++x) {
      const float* part = parts_ + y * kSamples + x;
      const Quartet<kSamples> q{part[0], part[kDownPart], part[2 * kDownPart], part[3 * kDownPart]};
      q.Join(kSamples, y, tile + x);
    }
  }
}

}  // namespace countermark
