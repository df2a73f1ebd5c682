#include "watermark/accumulator.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <new>
#include <sstream>
#include <string>

#include "kernels/targets.h"
#include "vectors.h"
#include "watermark/pictures.h"
#include "watermark/stream.h"

namespace countermark {
namespace {

constexpr uint64_t kPayload = 0x0123456789abcdef;
constexpr Size kFrame{480, 360};

class Accumulator {
 public:
  explicit Accumulator(Size frame, Effort effort = Effort::kAligned, const Key& key = kDefaultKey)
      : memory_(AccumulatorSize(frame, effort)),
        arena_(memory_.data(), memory_.size()),
        frames_(frame, key, effort, arena_) {
    frames_.Reset();
  }

  void Add(const Picture& frame) { frames_.Add(frame.view(), arena_); }
  bool Detect(Detection* detection) { return frames_.Detect(arena_, detection); }
  void Reset() { frames_.Reset(); }

 private:
  std::vector<uint8_t> memory_;
  Arena arena_;
  FrameAccumulator frames_;
};

// Frames of one mark, each with another scene behind.
std::vector<Picture> Video(size_t count, float strength, Size size = kFrame, uint8_t seed = 10) {
  std::vector<uint8_t> memory(StreamSize(size));
  Arena arena(memory.data(), memory.size());
  auto* const embedder = new (arena.Allocate<StreamEmbedder>(1))
      StreamEmbedder({size, kPayload, kDefaultKey, strength, 1}, arena);
  std::vector<Picture> frames;
  for (size_t i = 0; i < count; ++i) {
    frames.push_back(Picture::Noise(size.width, size.height, PixelFormat::kGray8,
                                    static_cast<uint8_t>(seed + i)));
    embedder->Embed(frames.back().view(), frames.back().mutable_view());
  }
  return frames;
}

std::vector<Picture> Unmarked(size_t count, Size size = kFrame) {
  std::vector<Picture> frames;
  for (size_t i = 0; i < count; ++i) {
    frames.push_back(Picture::Noise(size.width, size.height, PixelFormat::kGray8,
                                    static_cast<uint8_t>(100 + i)));
  }
  return frames;
}

size_t ReadAlone(const std::vector<Picture>& frames) {
  size_t read = 0;
  Detection unused;
  for (const Picture& frame : frames) read += Read(frame, Effort::kAligned, &unused);
  return read;
}

void Add(const std::vector<Picture>& frames, Accumulator& accumulator) {
  for (const Picture& frame : frames) accumulator.Add(frame);
}

constexpr float kWeak = 0.18f;

TEST(AccumulatorTest, ReadsFramesThatAloneSayNothing) {
  const std::vector<Picture> frames = Video(8, kWeak);
  EXPECT_EQ(ReadAlone(frames), 0u);
  Accumulator accumulator(kFrame);
  Add(frames, accumulator);
  Detection detection;
  ASSERT_TRUE(accumulator.Detect(&detection));
  EXPECT_EQ(detection.word.payload, kPayload);
  EXPECT_LE(detection.false_positive_rate, kMostFalsePositives);
  EXPECT_NEAR(detection.geometry[0], 512 / std::sqrt(480.0 * 360.0), 0.01);
}

TEST(AccumulatorTest, FramesWithoutTheMarkDoNoHarm) {
  const std::vector<Picture> frames = Video(12, kWeak), others = Unmarked(4);
  Accumulator accumulator(kFrame);
  for (size_t i = 0; i < frames.size(); ++i) {
    accumulator.Add(frames[i]);
    if (i % 3 == 0) accumulator.Add(others[i / 3]);
  }
  Detection detection;
  ASSERT_TRUE(accumulator.Detect(&detection));
  EXPECT_EQ(detection.word.payload, kPayload);
}

TEST(AccumulatorTest, ReadsNothingUnderAnotherKeyNorAfterAReset) {
  const std::vector<Picture> frames = Video(8, 1);
  Key other = kDefaultKey;
  other[3] ^= 1;
  Accumulator accumulator(kFrame), stranger(kFrame, Effort::kAligned, other);
  Add(frames, accumulator);
  Add(frames, stranger);
  Detection detection;
  EXPECT_FALSE(stranger.Detect(&detection));
  ASSERT_TRUE(accumulator.Detect(&detection));
  accumulator.Reset();
  EXPECT_FALSE(accumulator.Detect(&detection));
  Add(Unmarked(2), accumulator);
  EXPECT_FALSE(accumulator.Detect(&detection));
  accumulator.Reset();
  Add(frames, accumulator);
  ASSERT_TRUE(accumulator.Detect(&detection));
}

// By the sum of 1 / (n (n + 1)).
TEST(AccumulatorTest, EveryCallMakesTheBoundOfTheNextLarger) {
  const std::vector<Picture> frames = Video(8, kWeak);
  Accumulator accumulator(kFrame);
  Add(frames, accumulator);
  Detection first, second, third;
  ASSERT_TRUE(accumulator.Detect(&first));
  ASSERT_TRUE(accumulator.Detect(&second));
  ASSERT_TRUE(accumulator.Detect(&third));
  ASSERT_GT(first.false_positive_rate, 1e-30);
  EXPECT_NEAR(second.false_positive_rate / first.false_positive_rate, 3, 1e-9);
  EXPECT_NEAR(third.false_positive_rate / first.false_positive_rate, 6, 1e-9);
}

TEST(AccumulatorTest, FindsTheLatticeOfFramesCroppedAlike) {
  constexpr Size kCrop{300, 240};
  std::vector<Picture> frames = Video(8, 0.2f);
  Accumulator accumulator(kCrop, Effort::kFull);
  for (Picture& frame : frames) {
    frame = frame.Rearranged(kCrop.width, kCrop.height,
                             [](size_t x, size_t y) { return std::pair(x + 77, y + 31); });
    accumulator.Add(frame);
  }
  Detection detection;
  EXPECT_FALSE(Read(frames[0], Effort::kFull, &detection));
  ASSERT_TRUE(accumulator.Detect(&detection));
  EXPECT_EQ(detection.word.payload, kPayload);
  const double scale = 512 / std::sqrt(480.0 * 360.0);
  EXPECT_NEAR(std::remainder(detection.geometry[2] - (77 - 240) * scale, 96), 0, 2);
  EXPECT_NEAR(std::remainder(detection.geometry[5] - (31 - 180) * scale, 96), 0, 2);
}

// A window that moves over the marked frames by two pixels a frame.
TEST(AccumulatorTest, FollowsAMarkThatMoves) {
  constexpr Size kCrop{360, 300};
  const std::vector<Picture> frames = Video(24, 1);
  Accumulator accumulator(kCrop, Effort::kFull);
  Detection detection;
  size_t read = 0;
  for (size_t i = 0; i < frames.size(); ++i) {
    Picture frame = frames[i];
    accumulator.Add(frame.Rearranged(kCrop.width, kCrop.height, [i](size_t x, size_t y) {
      return std::pair(x + 20 + 2 * i, y + 50 - 2 * i);
    }));
    if (i % 8 == 7) read += accumulator.Detect(&detection);
  }
  ASSERT_GE(read, 2u);
  EXPECT_EQ(detection.word.payload, kPayload);
  const double scale = 512 / std::sqrt(480.0 * 360.0);
  EXPECT_NEAR(std::remainder(detection.geometry[2] - (20 + 46 - 240) * scale, 96), 0, 2);
  EXPECT_NEAR(std::remainder(detection.geometry[5] - (50 - 46 - 180) * scale, 96), 0, 2);
}

TEST(AccumulatorTest, ReadsNothingInUnmarkedFrames) {
  Accumulator accumulator({320, 240}, Effort::kFull);
  Detection detection;
  for (const Picture& frame : Unmarked(kSlowMachine ? 1 : 4, {320, 240})) {
    accumulator.Add(frame);
    EXPECT_FALSE(accumulator.Detect(&detection));
    EXPECT_GT(detection.score, 1);
  }
}

TEST(AccumulatorTest, TakesNoMoreMemoryThanStated) {
  for (const Size size : {Size{128, 128}, Size{1920, 1080}, Size{65535, 65535}, Size{128, 65535}}) {
    EXPECT_LE(AccumulatorSize(size, Effort::kAligned), size_t{12} << 20);
    EXPECT_LE(AccumulatorSize(size, Effort::kFull), size_t{54} << 20);
  }
  EXPECT_LE(AccumulatorSize({1920, 1080}, Effort::kFull), size_t{39} << 20);
}

// tests/vectors/frames.txt: effort, width, height, strength in hundredths, pixels that are cut off
// on the left and at the top; payload, score in thousandths and geometry that were read.
TEST(AccumulatorVectorTest, SameReadingOnEveryTarget) {
  std::ifstream file = OpenVectors("frames.txt");
  size_t vectors = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    int effort = 0, strength = 0;
    size_t width = 0, height = 0, cut = 0;
    uint64_t payload = 0;
    double score = 0;
    std::array<double, 9> geometry;
    fields >> effort >> width >> height >> strength >> cut >> payload >> score;
    for (double& entry : geometry) fields >> entry;
    if (kSlowMachine && static_cast<Effort>(effort) == Effort::kFull) continue;
    const Size seen{width - cut, height - cut};
    ForEachTarget([&] {
      Accumulator accumulator(seen, static_cast<Effort>(effort));
      for (Picture& frame : Video(6, static_cast<float>(strength) / 100, {width, height})) {
        accumulator.Add(frame.Rearranged(seen.width, seen.height, [cut](size_t x, size_t y) {
          return std::pair(x + cut, y + cut);
        }));
      }
      Detection detection;
      ASSERT_TRUE(accumulator.Detect(&detection)) << line;
      EXPECT_EQ(detection.word.payload, payload) << line;
      EXPECT_NEAR(static_cast<double>(detection.score) * 1000, score, 1) << line;
      for (size_t i = 0; i < geometry.size(); ++i) {
        EXPECT_NEAR(detection.geometry[i], geometry[i], 1e-3) << line << ", entry " << i;
      }
    });
    ++vectors;
  }
  EXPECT_EQ(vectors, kSlowMachine ? 2u : 4u);
}

}  // namespace
}  // namespace countermark
