#include "audio/detector.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <memory>
#include <new>
#include <sstream>
#include <string>
#include <vector>

#include "audio/embedder.h"
#include "audio/memory.h"
#include "audio/sounds.h"
#include "kernels/targets.h"
#include "slow_machine.h"
#include "vectors.h"

namespace countermark::audio {
namespace {

constexpr uint64_t kPayload = 0xfedcba9876543210;

std::vector<float> Mark(const std::vector<float>& sound, uint32_t rate, size_t channels,
                        uint64_t payload = kPayload) {
  const Embedder::Setting setting{rate, channels, SampleFormat::kFloat32, payload, kDefaultKey,
                                  1,    false};
  std::vector<uint8_t> memory(EmbedderSize(setting)), bytes = BytesOf(sound);
  Arena arena(memory.data(), memory.size());
  auto* const embedder = new (arena.Allocate<Embedder>(1)) Embedder(setting, arena);
  const size_t frames = sound.size() / channels, frame = channels * sizeof(float);
  const size_t given = embedder->Push(bytes.data(), frames, bytes.data());
  embedder->Finish(bytes.data() + given * frame, frames - given);
  std::vector<float> marked(sound.size());
  std::memcpy(marked.data(), bytes.data(), bytes.size());
  return marked;
}

// Detects what is pushed, in blocks of a size.
struct Listener {
  Listener(uint32_t rate, size_t channels, Effort effort = Effort::kFull,
           SampleFormat format = SampleFormat::kFloat32, const Key& key = kDefaultKey)
      : frame_bytes(channels * BytesPerSample(format)),
        memory(DetectorSize({rate, channels, format, key, effort})),
        arena(memory.data(), memory.size()),
        detector(std::make_unique<Detector>(Detector::Setting{rate, channels, format, key, effort},
                                            arena)) {}

  std::vector<audio::Mark> Detect(const std::vector<uint8_t>& sound, size_t block = 5000) {
    const size_t frames = sound.size() / frame_bytes;
    for (size_t n = 0; n < frames; n += block) {
      detector->Push(sound.data() + n * frame_bytes, std::min(block, frames - n));
    }
    const audio::Mark* marks;
    const size_t count = detector->Detect(&marks);
    return {marks, marks + count};
  }
  std::vector<audio::Mark> Detect(const std::vector<float>& sound, size_t block = 5000) {
    return Detect(BytesOf(sound), block);
  }

  size_t frame_bytes;
  std::vector<uint8_t> memory;
  Arena arena;
  std::unique_ptr<Detector> detector;
};

std::vector<float> Part(const std::vector<float>& sound, size_t begin, size_t end) {
  return {sound.begin() + ptrdiff_t(begin), sound.begin() + ptrdiff_t(end)};
}

TEST(DetectorTest, ReadsEveryRateNumberOfChannelsAndFormat) {
  for (uint32_t rate : {8000u, 16000u, 44100u, 192000u}) {
    const auto marked = Mark(NoiseAndTone(rate, 1, 6 * rate), rate, 1);
    const auto marks = Listener(rate, 1, Effort::kAligned).Detect(marked);
    ASSERT_EQ(marks.size(), 1u) << rate;
    EXPECT_EQ(marks[0].message.word.payload, kPayload);
    EXPECT_LE(marks[0].message.false_positive_rate, kMostFalsePositives);
    ASSERT_EQ(marks[0].stretch_count, 1u);
    EXPECT_NEAR(marks[0].stretches[0].begin / kRate, 0, 0.5);
    EXPECT_NEAR(marks[0].stretches[0].end / kRate, 6, 0.5);
  }
  for (size_t channels : {2u, 5u, 8u}) {
    const auto marked = Mark(NoiseAndTone(16000, channels, 6 * 16000), 16000, channels);
    EXPECT_EQ(Listener(16000, channels, Effort::kAligned).Detect(marked).size(), 1u) << channels;
  }
  const auto marked = Int16(Mark(NoiseAndTone(16000, 1, 6 * 16000), 16000, 1));
  EXPECT_EQ(
      Listener(16000, 1, Effort::kAligned, SampleFormat::kInt16).Detect(BytesOf(marked)).size(),
      1u);
}

TEST(DetectorTest, HowTheSoundIsCutChangesNothing) {
  const auto marked = Mark(NoiseAndTone(16000, 1, (kSlowMachine ? 12 : 30) * 16000), 16000, 1);
  const auto whole = Listener(16000, 1).Detect(marked, 1 << 30);
  ASSERT_EQ(whole.size(), 1u);
  for (size_t block : {777u, 4096u}) {
    const auto marks = Listener(16000, 1).Detect(marked, block);
    ASSERT_EQ(marks.size(), 1u);
    EXPECT_EQ(marks[0].score, whole[0].score);
    EXPECT_EQ(marks[0].trace.origin, whole[0].trace.origin);
    EXPECT_EQ(marks[0].message.likeness, whole[0].message.likeness);
    EXPECT_EQ(marks[0].stretches[0].end, whole[0].stretches[0].end);
  }
}

TEST(DetectorTest, TellsWhatWasCutTogether) {
  const auto plain = NoiseAndTone(16000, 1, 40 * 16000);
  const auto one = Mark(plain, 16000, 1), other = Mark(plain, 16000, 1, 77);
  std::vector<float> cut = Part(plain, 0, 80000);
  const auto append = [&](const std::vector<float>& part) {
    cut.insert(cut.end(), part.begin(), part.end());
  };
  append(Part(one, 80000, 200000));
  append(Part(plain, 200000, 300000));
  append(Part(other, 300000, 600000));
  const auto marks = Listener(16000, 1).Detect(cut);
  ASSERT_EQ(marks.size(), 2u);
  EXPECT_EQ(marks[0].message.word.payload, 77u);
  EXPECT_EQ(marks[1].message.word.payload, kPayload);
  ASSERT_EQ(marks[0].stretch_count, 1u);
  ASSERT_EQ(marks[1].stretch_count, 1u);
  EXPECT_NEAR(marks[0].stretches[0].begin, 300000, 8000);
  EXPECT_NEAR(marks[0].stretches[0].end, 600000, 8000);
  EXPECT_NEAR(marks[1].stretches[0].begin, 80000, 8000);
  EXPECT_NEAR(marks[1].stretches[0].end, 200000, 8000);
}

// Windows overlap by half, and what was read in vain is not read again; but where something loud
// hid the mark.
TEST(DetectorTest, ReadsAShortMarkWhereverItIs) {
  const auto plain = NoiseAndTone(16000, 1, 50 * 16000), marked = Mark(plain, 16000, 1);
  const auto expect_read = [&](size_t second, size_t loud_samples) {
    std::vector<float> sound = plain;
    const size_t begin = second * 16000;
    std::copy_n(marked.data() + begin, 7 * 16000, sound.data() + begin);
    for (size_t n = loud_samples; n < sound.size(); ++n) sound[n] *= loud_samples > 0 ? 1e-4f : 1;
    const auto marks = Listener(16000, 1, Effort::kAligned).Detect(sound);
    ASSERT_EQ(marks.size(), 1u) << second;
    EXPECT_EQ(marks[0].message.word.payload, kPayload);
    EXPECT_NEAR(marks[0].stretches[0].begin, static_cast<double>(begin), 16000) << second;
  };
  for (size_t second : {2u, 10u, 14u, 22u, 27u, 40u}) expect_read(second, 0);
  for (size_t second : {14u, 18u}) expect_read(second, kWindow / 2);
}

TEST(DetectorTest, ReadsAnotherSpeedAtFullEffortOnly) {
  const auto marked = Mark(NoiseAndTone(16000, 1, 20 * 16000), 16000, 1);
  for (uint32_t rate : {15300u, 16700u}) {
    const auto marks = Listener(rate, 1).Detect(marked);
    ASSERT_EQ(marks.size(), 1u) << rate;
    EXPECT_NEAR(1 / marks[0].trace.period, rate / 16000.0, 1e-5);
    EXPECT_TRUE(Listener(rate, 1, Effort::kAligned).Detect(marked).empty());
  }
}

TEST(DetectorTest, ReadsAnInvertedSoundAndTheDifferenceOfChannels) {
  auto inverted = Mark(NoiseAndTone(16000, 1, 6 * 16000), 16000, 1);
  for (float& s : inverted) s = -s;
  const auto marks = Listener(16000, 1).Detect(inverted);
  ASSERT_EQ(marks.size(), 1u);
  EXPECT_LT(marks[0].trace.phase.re, -0.9f);
  // The mean of the two channels is silent.
  std::vector<float> stereo;
  for (float s : inverted) stereo.insert(stereo.end(), {s, -s});
  EXPECT_EQ(Listener(16000, 2).Detect(stereo).size(), 1u);
}

TEST(DetectorTest, FindsNothingWhereNothingIs) {
  const auto plain = NoiseAndTone(16000, 2, 10 * 16000);
  EXPECT_TRUE(Listener(16000, 2).Detect(plain).empty());
  EXPECT_TRUE(
      Listener(16000, 2).Detect(std::vector<float>((kSlowMachine ? 20 : 60) * 16000)).empty());
  for (size_t frames : {0u, 1u, 100u, 5000u}) {
    EXPECT_TRUE(Listener(44100, 1).Detect(std::vector<float>(frames, 0.5f)).empty()) << frames;
  }
  Key other = kDefaultKey;
  other[3] ^= 4;
  const auto marked = Mark(plain, 16000, 2);
  EXPECT_TRUE(
      Listener(16000, 2, Effort::kFull, SampleFormat::kFloat32, other).Detect(marked).empty());
}

// tests/vectors/audio_detection.txt; what is said is the same on every target, to the bit.
TEST(DetectorVectorTest, IsTheSameEverywhere) {
  std::ifstream file = OpenVectors("audio_detection.txt");
  size_t vectors = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    uint32_t rate = 0, heard_as = 0;
    size_t channels = 0, frames = 0, begin = 0, end = 0;
    uint64_t payload = 0;
    double offset = 0, speed = 0, score = 0;
    fields >> rate >> channels >> frames >> payload >> begin >> end >> heard_as >> offset >>
        speed >> score;
    ASSERT_FALSE(fields.fail()) << line;
    const auto marked = Mark(NoiseAndTone(rate, channels, frames), rate, channels, payload);
    const auto part = Part(marked, begin * channels, end * channels);
    std::vector<audio::Mark> all;
    ForEachTarget([&] {
      const auto marks = Listener(heard_as, channels).Detect(part);
      ASSERT_EQ(marks.size(), 1u) << line;
      const audio::Mark& mark = marks[0];
      EXPECT_EQ(mark.message.word.payload, payload);
      EXPECT_NEAR(mark.trace.origin / kRate, offset, 1e-4) << line;
      EXPECT_NEAR(1 / mark.trace.period, speed, 2e-5) << line;
      EXPECT_NEAR(mark.score, score, 1e-2) << line;
      all.push_back(mark);
    });
    for (const audio::Mark& other : all) {
      EXPECT_EQ(other.score, all[0].score);
      EXPECT_EQ(other.trace.origin, all[0].trace.origin);
      EXPECT_EQ(other.trace.period, all[0].trace.period);
      EXPECT_EQ(other.message.likeness, all[0].message.likeness);
    }
    ++vectors;
  }
  EXPECT_GE(vectors, 4u);
}

TEST(DetectorTest, ForgetsAtAReset) {
  const auto plain = NoiseAndTone(16000, 1, 6 * 16000);
  const auto marked = Mark(plain, 16000, 1);
  Listener listener(16000, 1);
  const auto first = listener.Detect(marked);
  ASSERT_EQ(first.size(), 1u);
  listener.detector->Reset();
  EXPECT_TRUE(listener.Detect(plain).empty());
  listener.detector->Reset();
  const auto again = listener.Detect(marked);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].trace.origin, first[0].trace.origin);
  EXPECT_EQ(again[0].message.false_positive_rate, first[0].message.false_positive_rate);
}

TEST(MarkTest, JoinsStretchesThatTouchAndTheNearestWhenThereAreTooMany) {
  audio::Mark mark{};
  mark.AddStretch({50000, 60000});
  mark.AddStretch({10000, 20000});
  mark.AddStretch({60001, 70000});
  ASSERT_EQ(mark.stretch_count, 2u);
  EXPECT_EQ(mark.stretches[0].begin, 10000);
  EXPECT_EQ(mark.stretches[1].end, 70000);
  for (size_t i = 0; i < 100; ++i)
    mark.AddStretch({1e6 + 1e5 * double(i), 1.01e6 + 1e5 * double(i)});
  ASSERT_EQ(mark.stretch_count, audio::Mark::kMostStretches);
  EXPECT_EQ(mark.stretches[0].begin, 10000);
  EXPECT_EQ(mark.stretches[mark.stretch_count - 1].end, 1.01e6 + 99e5);
  for (size_t i = 1; i < mark.stretch_count; ++i) {
    EXPECT_GT(mark.stretches[i].begin, mark.stretches[i - 1].end);
  }
}

}  // namespace
}  // namespace countermark::audio
