#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "audio/alignment.h"
#include "audio/autocorrelation.h"
#include "audio/classes.h"
#include "audio/fold.h"
#include "audio/memory.h"
#include "audio/period.h"
#include "audio/pilot.h"
#include "audio/presence.h"
#include "audio/sounds.h"
#include "audio/tile_transform.h"
#include "audio/whiten.h"
#include "kernels/targets.h"

namespace countermark::audio {
namespace {

constexpr uint64_t kPayload = 0x0123456789abcdef;

// Of this root mean square.
std::vector<float> NoiseOf(uint32_t seed, size_t count, float amplitude) {
  return Noise(seed).Floats(count, amplitude * 1.7320508f / 32768);
}

// The tile of a word of signs, again and again, the first one beginning at sample `origin`.
std::vector<float> Tiles(uint16_t word, size_t origin, size_t count) {
  Spectrum spectrum;
  MakeSpectrum(Layout(kDefaultKey).With(word), Amplitudes({kPayload, VariantOf(word)}).data(),
               &spectrum);
  std::vector<float> tile(kTile), sound(count);
  InMemory<TileTransform>()->Synthesise(spectrum, tile.data());
  for (size_t n = 0; n < count; ++n) sound[n] = tile[(n + kTile - origin % kTile) % kTile];
  return sound;
}

std::vector<float> Sum(std::vector<float> a, const std::vector<float>& b, float weight) {
  for (size_t i = 0; i < a.size(); ++i) a[i] += weight * b[i];
  return a;
}

Sound SoundOf(const std::vector<float>& samples) { return {samples.data(), samples.size()}; }

TEST(TileBatchTest, FindsInEachTileWhatItMade) {
  InMemory<TileBatch> batch;
  std::vector<Spectrum> made(TileBatch::kTiles), found(TileBatch::kTiles);
  for (size_t t = 0; t < made.size(); ++t) {
    const Word word{t, uint8_t(t)};
    MakeSpectrum(Layout(kDefaultKey).With(uint16_t(t)), Amplitudes(word).data(), &made[t]);
  }
  const float* tiles = batch->Synthesise(made.data());
  std::vector<float> kept(tiles, tiles + kTile * TileBatch::kTiles);
  std::copy(kept.begin(), kept.end(), batch->tiles());
  batch->Analyse(found.size(), found.data());
  for (size_t t : {0, 5, 8, 15}) {
    for (size_t i = 0; i < kLines; ++i) {
      ASSERT_NEAR(found[t].re[i] / kTile, made[t].re[i], 1e-5) << t;
      ASSERT_NEAR(found[t].im[i] / kTile, made[t].im[i], 1e-5) << t;
    }
  }
}

TEST(TileBatchTest, AgreesWithTheTransformOfOneTile) {
  InMemory<TileBatch> batch;
  const std::vector<float> tile = NoiseOf(3, kTile, 1);
  std::fill_n(batch->tiles(), kTile * TileBatch::kTiles, 0.0f);
  for (size_t n = 0; n < kTile; ++n) batch->tiles()[n * TileBatch::kTiles + 9] = tile[n];
  std::vector<Spectrum> many(10);
  batch->Analyse(10, many.data());
  Spectrum one;
  InMemory<TileTransform>()->Analyse(tile.data(), &one);
  for (size_t i = 0; i < kLines; ++i) {
    ASSERT_NEAR(many[9].re[i], one.re[i], 2e-3);
    ASSERT_NEAR(many[9].im[i], one.im[i], 2e-3);
    ASSERT_NEAR(many[0].re[i], 0, 2e-3);
  }
}

TEST(WhitenerTest, AToneWeighsNoMoreThanNoise) {
  std::vector<float> sound = NoiseOf(1, 3 * kRate, 0.01f);
  for (size_t n = 0; n < sound.size(); ++n) sound[n] += 0.5f * std::cos(0.4f * float(n));
  std::vector<float> whitened(sound.size());
  InMemory<Whitener> whitener;
  whitener->Whiten(SoundOf(sound), whitened.data());
  const auto power_at = [&](float turn) {
    double re = 0, im = 0;
    for (size_t n = 0; n < whitened.size(); ++n) {
      re += whitened[n] * std::cos(turn * float(n));
      im += whitened[n] * std::sin(turn * float(n));
    }
    return std::sqrt(re * re + im * im) / double(whitened.size());
  };
  EXPECT_LT(power_at(0.4f), 0.1);
  // In place gives the same.
  whitener->Whiten(SoundOf(sound), sound.data());
  EXPECT_EQ(sound, whitened);
}

TEST(WhitenerTest, AnyLengthHasAsManySamplesOfWhichNoneIsWild) {
  InMemory<Whitener> whitener;
  for (size_t count : {1u, 2u, 767u, 768u, 4095u, 4096u, 4097u, 9000u}) {
    const std::vector<float> sound = NoiseOf(2, count, 1);
    std::vector<float> whitened(count + 1, 77.0f);
    whitener->Whiten(SoundOf(sound), whitened.data());
    EXPECT_EQ(whitened[count], 77.0f);
    for (size_t n = 0; n < count; ++n) ASSERT_LT(std::fabs(whitened[n]), 20.0f) << count;
  }
}

TEST(PilotFinderTest, FindsSignsPlaceAndPhase) {
  const Layout layout(kDefaultKey);
  InMemory<Turns> turns;
  InMemory<TileBatch> batch;
  InMemory<PilotFinder> finder(&layout, *turns, *batch);
  for (size_t origin : {0u, 1u, 4000u, 8191u}) {
    const auto sound = Sum(NoiseOf(1, kPartSamples, 1), Tiles(31011, origin, kPartSamples), -0.4f);
    std::vector<Spectrum> parts(kMostParts);
    ASSERT_EQ(FoldParts(SoundOf(sound), *batch, parts.data()), 1u);
    PilotPeak peaks[PilotFinder::kMostPeaks];
    ASSERT_GT(finder->Find(parts[0], peaks), 0u);
    EXPECT_GT(peaks[0].score, 7) << origin;
    EXPECT_EQ(peaks[0].word, 31011);
    EXPECT_LT(peaks[0].phase.re, -0.9f);
    const size_t away = (peaks[0].place + kPlaces + 1 - kPlacesPerSample * origin) % kPlaces;
    EXPECT_LE(away, 2u);
  }
}

// A quarter turn of every line: the difference of two channels that were turned against each other.
TEST(PilotFinderTest, FindsATileInAnyPhase) {
  const Layout layout(kDefaultKey);
  InMemory<Turns> turns;
  InMemory<TileBatch> batch;
  InMemory<PilotFinder> finder(&layout, *turns, *batch);
  const auto sound = Sum(NoiseOf(1, kPartSamples, 1), Tiles(777, 700, kPartSamples), 0.4f);
  std::vector<Spectrum> parts(kMostParts);
  ASSERT_EQ(FoldParts(SoundOf(sound), *batch, parts.data()), 1u);
  for (Complex turn : {Complex{0.6f, 0.8f}, Complex{0, 1}, Complex{0, -1}}) {
    Spectrum turned{};
    AddMoved(parts[0], 0, turn, *turns, &turned);
    PilotPeak peaks[PilotFinder::kMostPeaks];
    ASSERT_GT(finder->Find(turned, peaks), 0u);
    EXPECT_GT(peaks[0].score, 7);
    EXPECT_EQ(peaks[0].word, 777);
    EXPECT_NEAR(double(peaks[0].place), 4.0 * 700, 1);
    EXPECT_NEAR(peaks[0].phase.re, turn.re, 0.35);
    EXPECT_NEAR(peaks[0].phase.im, turn.im, 0.35);
  }
}

TEST(AlignmentTest, FollowsATileThatDrifts) {
  const Layout layout = Layout(kDefaultKey).With(4);
  InMemory<Turns> turns;
  InMemory<TileBatch> batch;
  std::vector<Spectrum> spectra(6);
  std::vector<float> sound;
  for (size_t p = 0; p < 6; ++p) {  // half a sample later in each part
    const auto part = Tiles(4, 100 + p / 2, kPartSamples);
    const auto noise = NoiseOf(uint32_t(p + 1), kPartSamples, 1.5f);
    const auto noisy = Sum(noise, part, 0.5f);
    sound.insert(sound.end(), noisy.begin(), noisy.end());
  }
  ASSERT_EQ(FoldParts(SoundOf(sound), *batch, spectra.data()), 6u);
  const Parts parts{spectra.data(), spectra.size()};
  const Alignment alignment = Align(parts, {10, 4, {1, 0}, 4 * 101}, layout, *turns);
  EXPECT_NEAR(alignment.drift, 2, 0.7);
  EXPECT_NEAR(double(alignment.place), 400, 3);
  for (size_t p = 0; p < 6; ++p) EXPECT_GT(alignment.height[p], 1) << p;
}

TEST(AutocorrelationTest, IsThatOfTheDefinition) {
  for (size_t count : {100u, 1000u, 5000u}) {
    const std::vector<float> sound = NoiseOf(7, count, 1);
    const size_t lags = count / 2;
    InMemory<Autocorrelation> correlation(count, lags);
    const float* values = correlation->Run(SoundOf(sound), 1e30f);
    const auto at = [&](size_t lag) {
      double sum = 0;
      for (size_t n = 0; n + lag < count; ++n) sum += double{sound[n]} * sound[n + lag];
      return sum;
    };
    const double scale = values[0] / at(0);
    for (size_t lag = 0; lag < lags; lag += 1 + lag / 3) {
      EXPECT_NEAR(values[lag] / scale, at(lag), 1e-4 * at(0)) << count << " at " << lag;
    }
  }
}

TEST(PeriodTest, FindsTheSpeedAndUndoesIt) {
  InMemory<SpeedChange> speed;
  const auto sound = Sum(NoiseOf(1, 8 * kRate, 1), Tiles(2, 0, 8 * kRate), 0.5f);
  for (double period : {0.95, 1.0, 1.0312}) {
    std::vector<float> played(sound.size() * 11 / 10);
    const size_t count = speed->Play(SoundOf(sound), 1 / period, played.data());
    const Sound changed{played.data(), count};
    Arena counting;
    FindPeriods({nullptr, count}, counting, nullptr);
    std::vector<uint8_t> memory(counting.SizeNeeded());
    Arena arena(memory.data(), memory.size());
    double periods[kMostPeriods];
    ASSERT_GT(FindPeriods(changed, arena, periods), 0u);
    EXPECT_NEAR(periods[0], period, 2e-5);
  }
}

TEST(PeriodTest, TooShortASoundHasNone) {
  const std::vector<float> sound = NoiseOf(1, kTile, 1);
  Arena arena;
  EXPECT_EQ(FindPeriods(SoundOf(sound), arena, nullptr), 0u);
}

TEST(SpeedChangeTest, InterpolatesATone) {
  InMemory<SpeedChange> speed;
  constexpr float kTurn = 1.9f;  // 4.8 kHz
  std::vector<float> tone(4000), played(4300);
  for (size_t n = 0; n < tone.size(); ++n) tone[n] = std::cos(kTurn * float(n));
  const size_t count = speed->Play(SoundOf(tone), 0.97, played.data());
  ASSERT_GT(count, 4100u);
  for (size_t n = 0; n < count; ++n) {
    const double at = double(SpeedChange::kLead) + 0.97 * double(n);
    ASSERT_NEAR(played[n], std::cos(double{kTurn} * at), 0.02) << n;
  }
}

// The classes are a division: together they are the whole.
TEST(ClassFoldTest, ClassesAddUpToTheWhole) {
  InMemory<ClassFold> fold;
  InMemory<Whitener> whitener;
  InMemory<TileBatch> batch;
  const std::vector<float> sound = NoiseAndTone(kRate, 1, 2 * kPartSamples);
  std::vector<Spectrum> classes(kClasses), parts(kMostParts);
  fold->Fold(SoundOf(sound), *whitener, *batch, classes.data());
  std::vector<float> whitened(sound.size());
  whitener->Whiten(SoundOf(sound), whitened.data());
  const size_t count = FoldParts(SoundOf(whitened), *batch, parts.data());
  const Spectrum sum = Parts{classes.data(), kClasses}.Sum();
  const Spectrum whole = Parts{parts.data(), count}.Sum();
  double error = 0, power = 0;
  for (size_t i = 0; i < kLines; ++i) {
    error += std::pow(double{sum.re[i]} - double{whole.re[i]}, 2);
    power += std::pow(double{whole.re[i]}, 2);
  }
  // They differ in what lies beyond the sound's ends only.
  EXPECT_LT(error, 0.01 * power);
  for (size_t c : {0u, 4u, 8u}) {
    EXPECT_GT(std::fabs(classes[c].re[1000]) + std::fabs(classes[c].re[100]), 0) << c;
  }
}

TEST(PresenceTest, TellsWhereTheMarkIs) {
  InMemory<Turns> turns;
  InMemory<TileBatch> batch;
  InMemory<Presence> presence(*turns, *batch);
  const size_t count = 12 * kRate;
  auto sound = NoiseOf(1, count, 1);
  const auto mark = Tiles(6, 500, count);
  for (size_t n = 4 * kRate; n < 7 * kRate; ++n) sound[n] += 0.7f * mark[n];
  for (size_t n = 10 * kRate; n < count; ++n) sound[n] += 0.7f * mark[n];
  const Layout layout = Layout(kDefaultKey).With(6);
  Found found{};
  found.message.word = {kPayload, 6};
  found.trace = {6, {1, 0}, 500, 1};
  MakeSpectrum(layout, Amplitudes(found.message.word).data(), &found.tile);
  Stretch stretches[Presence::kMostStretches];
  ASSERT_EQ(presence->Find(SoundOf(sound), found, layout, stretches), 2u);
  EXPECT_NEAR(stretches[0].begin / kRate, 4, 0.3);
  EXPECT_NEAR(stretches[0].end / kRate, 7, 0.3);
  EXPECT_NEAR(stretches[1].begin / kRate, 10, 0.3);
  EXPECT_NEAR(stretches[1].end / kRate, 12, 0.01);
  const auto noise = NoiseOf(9, count, 1);
  EXPECT_EQ(presence->Find(SoundOf(noise), found, layout, stretches), 0u);
}

}  // namespace
}  // namespace countermark::audio
