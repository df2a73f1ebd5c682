#include "audio/reading.h"

#include <algorithm>
#include <cmath>

namespace countermark::audio {
namespace {

// Of the root mean square: louder dimensions count as much as this one.
constexpr float kOutlier = 3.0f;
// Of the gain of the best zone: no zone counts for less.
constexpr float kLeastShare = 0.05f;

// The payload's dimensions, weighted.
using Values = std::array<float, kDimensions>;

Values WeighValues(const Spectrum& aligned, const Layout& layout) {
  const ZoneWeights weights = WeighZones(aligned, layout);
  Values values;
  for (size_t i = 0; i < kPayloadLines; ++i) {
    const size_t k = layout.payload[i];
    const float weight = weights[ZoneOf(kFirstLine + k)];
    values[2 * i] = weight * aligned.re[k];
    values[2 * i + 1] = weight * aligned.im[k];
  }
  LimitOutliers(values.data(), values.size());
  return values;
}

// How well the payload's part of the pattern fits, in deviations of chance.
double Likeness(const Evidence& evidence, const Word& word) {
  const auto amplitudes = Amplitudes(word);
  double sum = 0, squares = 0;
  for (size_t i = 0; i < evidence.count; ++i) {
    const double v = static_cast<double>(evidence.values[i]);
    sum += v * static_cast<double>(amplitudes[evidence.bit_of[i]]) * evidence.sign[i];
    squares += v * v;
  }
  return sum / std::sqrt(squares + 1e-30);
}

// The payload's signs are random to the sound, and to all that was learned from the pilot: the
// speed, the place and the weights. So, for one word and one reading, the likeness exceeds t with a
// probability below 3.178 Q(t), Q being the tail of the normal distribution (Bentkus and
// Dzindzalieta, "A tight Gaussian bound for weighted sums of Rademacher random variables", 2015).
// That times all that might have been read: every payload in every reading of a search, each of
// which is of one variant.
double RateOf(double likeness) {
  constexpr double kTailFactor = 3.178, kRootOfHalf = 0.70710678118654752;
  return kMostReadings * 0x1p64 * kTailFactor * 0.5 * std::erfc(likeness * kRootOfHalf);
}

// Less than one of so many keys says nothing: there are 2^128.
constexpr double kLeastRate = 1e-30;

}  // namespace

ZoneWeights WeighZones(const Spectrum& aligned, const Layout& layout) {
  std::array<float, kZones> gain{}, power{}, count{};
  for (size_t i = 0; i < kPilotLines; ++i) {
    const size_t k = layout.pilot[i], zone = ZoneOf(kFirstLine + k);
    const float re = aligned.re[k], im = aligned.im[k];
    gain[zone] += 0.5f * (re * static_cast<float>(layout.pilot_re[i]) +
                          im * static_cast<float>(layout.pilot_im[i]));
    power[zone] += re * re + im * im;
    count[zone] += 1;
  }
  // gain: of one dimension; noise: what is left of both.
  ZoneWeights smooth, noise;
  for (size_t z = 0; z < kZones; ++z) {
    gain[z] /= count[z];
    noise[z] = std::max(power[z] / count[z] - 2 * gain[z] * gain[z], 0.0f);
  }
  float largest = 0, mean_noise = 0;
  for (size_t z = 0; z < kZones; ++z) {
    const float before = gain[z == 0 ? 0 : z - 1], after = gain[std::min(z + 1, kZones - 1)];
    smooth[z] = 0.25f * before + 0.5f * gain[z] + 0.25f * after;
    largest = std::max(largest, smooth[z]);
    mean_noise += noise[z] / kZones;
  }
  ZoneWeights weights;
  for (size_t z = 0; z < kZones; ++z) {
    weights[z] =
        std::max(smooth[z], kLeastShare * largest) / (noise[z] + 1e-6f * mean_noise + 1e-30f);
  }
  return weights;
}

void LimitOutliers(float* values, size_t count) {
  float squares = 0;
  for (size_t i = 0; i < count; ++i) squares += values[i] * values[i];
  const float limit = kOutlier * std::sqrt(squares / static_cast<float>(count));
  for (size_t i = 0; i < count; ++i) values[i] = std::clamp(values[i], -limit, limit);
}

bool ReadEvidence(const Evidence& evidence, size_t candidates, double trials,
                  MessageDecoder& decoder, Message* message) {
  std::array<float, kCodedBits> soft{};
  for (size_t i = 0; i < evidence.count; ++i) {
    soft[evidence.bit_of[i]] += evidence.values[i] * static_cast<float>(evidence.sign[i]);
  }
  if (!decoder.Decode(soft.data(), candidates, &message->word)) return false;
  message->likeness = Likeness(evidence, message->word);
  message->false_positive_rate = std::clamp(trials * RateOf(message->likeness), kLeastRate, 1.0);
  return message->false_positive_rate <= kMostFalsePositives;
}

bool ReadMessage(const Spectrum& aligned, const Layout& layout, uint8_t variant, size_t candidates,
                 double trials, MessageDecoder& decoder, Message* message) {
  const Values values = WeighValues(aligned, layout);
  const Evidence evidence{values.data(), layout.bit_of.data(), layout.sign.data(), values.size()};
  return ReadEvidence(evidence, candidates, trials, decoder, message) &&
         message->word.variant == variant;
}

}  // namespace countermark::audio
