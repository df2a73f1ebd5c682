#include "watermark/clip.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <memory>
#include <new>
#include <sstream>
#include <string>

#include "code/crc32.h"
#include "kernels/targets.h"
#include "vectors.h"
#include "watermark/pictures.h"
#include "watermark/stream.h"

namespace countermark {
namespace {

constexpr uint64_t kPayload = 0x0123456789abcdef;
constexpr int64_t kFrame = 40'000;  // microseconds
constexpr Size kSize{400, 240};

class Stream {
 public:
  Stream(Size frame, const Key& key, float strength) : memory_(StreamSize(frame)) {
    Arena arena(memory_.data(), memory_.size());
    embedder_ = new (arena.Allocate<StreamEmbedder>(1))
        StreamEmbedder({frame, kPayload, key, strength, 1}, arena);
  }

  Picture MarkedAt(int64_t microseconds, const Picture& frame) {
    Picture marked = frame;
    embedder_->EmbedAt(microseconds, frame.view(), marked.mutable_view());
    return marked;
  }
  Picture Marked(const Picture& frame) {
    Picture marked = frame;
    embedder_->Embed(frame.view(), marked.mutable_view());
    return marked;
  }

 private:
  std::vector<uint8_t> memory_;
  StreamEmbedder* embedder_;
};

class Clip {
 public:
  explicit Clip(Size frame, Effort effort = Effort::kAligned)
      : memory_(ClipSize(frame, effort)),
        arena_(memory_.data(), memory_.size()),
        clip_(std::make_unique<ClipAccumulator>(frame, kDefaultKey, effort, arena_)) {
    clip_->Reset();
  }

  void Add(int64_t microseconds, const Picture& frame) {
    clip_->Add(frame.view(), microseconds, arena_);
  }
  bool Reads() {
    Detection found;
    return clip_->Detect(arena_, &found) && found.word.payload == kPayload &&
           found.false_positive_rate <= 1e-8;
  }

 private:
  std::vector<uint8_t> memory_;
  Arena arena_;
  std::unique_ptr<ClipAccumulator> clip_;
};

double Psnr(const Picture& a, const Picture& b) {
  double sum = 0;
  for (size_t i = 0; i < a.samples().size(); ++i) {
    const double d = double{1} * a.samples()[i] - b.samples()[i];
    sum += d * d;
  }
  return 10 * std::log10(255 * 255 * static_cast<double>(a.samples().size()) / sum);
}

TEST(ScheduleTest, HasAsManyStatesOfEitherSign) {
  for (uint8_t first = 0; first < 20; ++first) {
    Key key = kDefaultKey;
    key[0] = first;
    const Schedule schedule(key);
    int sum = 0;
    for (size_t i = 0; i < Schedule::kStates; ++i) sum += schedule.at(i).sign;
    EXPECT_EQ(sum, 0);
  }
}

TEST(ScheduleTest, FadesAtTheBeginningOfAStateAndKeepsItsPower) {
  const Schedule::Blend first = Schedule::BlendAt(0);
  EXPECT_EQ(first.from, Schedule::kStates - 1);
  EXPECT_EQ(first.to, 0u);
  EXPECT_EQ(first.from_weight, 1);
  for (int64_t time = -Schedule::kPeriod; time < 2 * Schedule::kHold; time += 10'000) {
    const Schedule::Blend blend = Schedule::BlendAt(time);
    EXPECT_NEAR(blend.from_weight * blend.from_weight + blend.to_weight * blend.to_weight, 1, 1e-6);
    EXPECT_TRUE(blend == Schedule::BlendAt(time + Schedule::kPeriod));
  }
  EXPECT_EQ(Schedule::BlendAt(Schedule::kFade).to_weight, 1);
  EXPECT_EQ(Schedule::BlendAt(5 * Schedule::kHold + 1).to, 5u);
}

// tests/vectors/schedule.txt: width, height, format, first byte of the key, strength in hundredths;
// x, y and sign of the key's states 0 and 31; CRC-32 of frames shown every 0.7 s.
TEST(ScheduleVectorTest, SameBitsOnEveryTarget) {
  std::ifstream file = OpenVectors("schedule.txt");
  size_t vectors = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    Size size{};
    int format = 0, first = 0, strength = 0;
    fields >> size.width >> size.height >> format >> first >> strength;
    Key key = kDefaultKey;
    key[0] = static_cast<uint8_t>(first);
    const Schedule schedule(key);
    for (const size_t state : {size_t{0}, Schedule::kStates - 1}) {
      int x = 0, y = 0, sign = 0;
      fields >> x >> y >> sign;
      EXPECT_EQ(schedule.at(state).shift.x, x) << line;
      EXPECT_EQ(schedule.at(state).shift.y, y) << line;
      EXPECT_EQ(schedule.at(state).sign, sign) << line;
    }
    std::string expected;
    fields >> expected;
    const Picture frame =
        Picture::Noise(size.width, size.height, static_cast<PixelFormat>(format), 1);
    ForEachTarget([&] {
      Stream stream(size, key, static_cast<float>(strength) / 100);
      std::vector<uint8_t> samples;
      for (int64_t i = 0; i < 8; ++i) {
        const Picture marked = stream.MarkedAt(i * 700'000, frame);
        samples.insert(samples.end(), marked.samples().begin(), marked.samples().end());
      }
      std::ostringstream actual;
      actual << std::hex << Crc32(samples.data(), samples.size());
      EXPECT_EQ(actual.str(), expected) << line;
    });
    ++vectors;
  }
  EXPECT_GE(vectors, 7u);
}

// As countermark.h says.
TEST(ClipAccumulatorTest, MemoryIsBounded) {
  const Size sizes[] = {{128, 128},   {640, 272},   {1280, 720},    {1920, 1080},  {3840, 2160},
                        {65535, 128}, {128, 65535}, {65535, 65535}, {16384, 1024}, {1024, 1024}};
  for (const Size size : sizes) {
    EXPECT_LE(ClipSize(size, Effort::kAligned), size_t{23} << 20);
    EXPECT_LE(ClipSize(size, Effort::kFull), size_t{101} << 20);
  }
  EXPECT_LE(ClipSize({1920, 1080}, Effort::kFull), size_t{83} << 20);
}

TEST(ScheduledStreamTest, EveryFrameIsAsNearToItsOriginalAndReadAlone) {
  const Picture frame = Picture::Noise(640, 360, PixelFormat::kGray8, 4);
  Stream stream({640, 360}, kDefaultKey, 1);
  for (int64_t time = 0; time < 3 * Schedule::kHold; time += 450'000) {
    const Picture marked = stream.MarkedAt(time, frame);
    EXPECT_NEAR(Psnr(marked, frame), 44.1, 0.3) << time;
    Detection found;
    if (time % Schedule::kHold < Schedule::kFade) continue;
    ASSERT_TRUE(Read(marked, Effort::kAligned, &found)) << time;
    EXPECT_EQ(found.word.payload, kPayload);
  }
}

TEST(ScheduledStreamTest, GoesBackToOnePlace) {
  const Picture frame = Picture::Noise(kSize.width, kSize.height, PixelFormat::kGray8, 4);
  Stream plain(kSize, kDefaultKey, 1), both(kSize, kDefaultKey, 1);
  const Picture expected = plain.Marked(frame);
  both.MarkedAt(7 * Schedule::kHold, frame);
  EXPECT_EQ(both.Marked(frame).samples(), expected.samples());
}

// The mean of all states has next to nothing of the mark.
TEST(ScheduledStreamTest, AveragedFramesDoNotShowTheMark) {
  const Picture frame = Picture::Noise(kSize.width, kSize.height, PixelFormat::kGray8, 4);
  Stream stream(kSize, kDefaultKey, 1);
  std::vector<double> sum(frame.samples().size());
  for (int64_t i = 0; i < static_cast<int64_t>(Schedule::kStates); ++i) {
    const Picture marked = stream.MarkedAt(i * Schedule::kHold + Schedule::kFade, frame);
    for (size_t k = 0; k < sum.size(); ++k) {
      sum[k] += double{1} * marked.samples()[k] - frame.samples()[k];
    }
  }
  double squares = 0;
  for (const double s : sum) squares += s * s / (32.0 * 32.0);
  const double left = squares / static_cast<double>(sum.size());
  EXPECT_LT(10 * std::log10(255 * 255 / left), 64);
  EXPECT_GT(10 * std::log10(255 * 255 / left), 55);
}

// Coarse texture without a pause: what the mark hides behind, as strong as it gets.
Picture Texture() {
  Picture picture(kSize.width, kSize.height, PixelFormat::kGray8);
  constexpr size_t kCell = 3;
  std::vector<uint8_t> cells((kSize.width / kCell + 1) * (kSize.height / kCell + 1));
  Generator generator({7}, 0);
  for (uint8_t& cell : cells) cell = static_cast<uint8_t>(28 + generator.Below(200));
  for (size_t y = 0; y < kSize.height; ++y) {
    for (size_t x = 0; x < kSize.width; ++x) {
      *picture.Pixel(x, y) = cells[y / kCell * (kSize.width / kCell + 1) + x / kCell];
    }
  }
  return picture;
}

// Nothing moves behind the mark, and no frame alone is read; neither are they without the schedule.
TEST(ClipTest, WeakFramesOfAStillSceneAddUpFromAnyBeginning) {
  const Picture frame = Texture();
  Stream stream(kSize, kDefaultKey, 0.6f);
  Clip clip(kSize), still(kSize);
  for (int64_t time = 0; time < 4'000'000; time += 5 * kFrame) {
    const Picture marked = stream.MarkedAt(time + 13'770'000, frame);
    Detection found;
    if (!kSlowMachine || time % (20 * kFrame) == 0) {
      EXPECT_FALSE(Read(marked, Effort::kAligned, &found)) << time;
    }
    clip.Add(time, marked);
    still.Add(time, stream.MarkedAt(13'770'000, frame));
  }
  EXPECT_TRUE(clip.Reads());
  EXPECT_FALSE(still.Reads());
}

TEST(ClipTest, FramesMayBeMissingOrDoubled) {
  const Picture frame = Picture::Noise(kSize.width, kSize.height, PixelFormat::kGray8, 3);
  Stream stream(kSize, kDefaultKey, 0.4f);
  Clip clip(kSize);
  for (int64_t i = 0; i < 100; ++i) {
    if (i % 7 == 3 || i % 11 < 4) continue;
    const Picture marked = stream.MarkedAt(i * kFrame, frame);
    clip.Add(i * kFrame, marked);
    if (i % 5 == 0) clip.Add(i * kFrame + kFrame / 2, marked);
  }
  EXPECT_TRUE(clip.Reads());
}

TEST(ClipTest, CroppedFramesAddUp) {
  const Picture frame = Picture::Noise(640, 400, PixelFormat::kGray8, 5);
  Stream stream({640, 400}, kDefaultKey, 1);
  Clip clip({456, 320}, Effort::kFull);
  for (int64_t i = 0; i < 30; ++i) {
    Picture marked = stream.MarkedAt(i * 100'000, frame);
    clip.Add(i * 100'000, marked.Rearranged(456, 320, [](size_t x, size_t y) {
      return std::pair(x + 61, y + 33);
    }));
  }
  EXPECT_TRUE(clip.Reads());
}

// The middle of a wide scene that passes by: at frame `i` its part from 3 i pixels on.
Picture Passing(Picture& scene, size_t width, size_t height, size_t i) {
  return scene.Rearranged(width, height,
                          [i](size_t x, size_t y) { return std::pair(x + 3 * i, y); });
}

// Neither where it was embedded nor as large, and nothing stays behind it.
TEST(ClipTest, APictureInAPictureIsReadWhereBothMove) {
  constexpr size_t kWidth = 640, kHeight = 400, kLeft = 170, kTop = 90, kFrames = 30;
  Picture front = Picture::Noise(kWidth + 3 * kFrames, kHeight, PixelFormat::kGray8, 5);
  Picture back = Picture::Noise(kWidth + 3 * kFrames, kHeight, PixelFormat::kGray8, 6);
  Stream stream({kWidth, kHeight}, kDefaultKey, 0.5f);
  Clip clip({kWidth, kHeight}, Effort::kFull);
  for (size_t i = 0; i < kFrames; ++i) {
    const int64_t time = static_cast<int64_t>(i) * 100'000;
    Picture marked = stream.MarkedAt(time, Passing(front, kWidth, kHeight, i));
    Picture shown = Passing(back, kWidth, kHeight, i);
    for (size_t y = 0; y < kHeight / 2; ++y) {
      for (size_t x = 0; x < kWidth / 2; ++x) {
        const int sum = *marked.Pixel(2 * x, 2 * y) + *marked.Pixel(2 * x + 1, 2 * y) +
                        *marked.Pixel(2 * x, 2 * y + 1) + *marked.Pixel(2 * x + 1, 2 * y + 1);
        *shown.Pixel(x + kLeft, y + kTop) = static_cast<uint8_t>((sum + 2) / 4);
      }
    }
    clip.Add(time, shown);
  }
  EXPECT_TRUE(clip.Reads());
}

TEST(SlotMeansTest, ShowTheLastSlotsAndWhatTheyDifferBy) {
  constexpr Size kPixels{3, 1};
  std::vector<uint8_t> memory(4096);
  Arena arena(memory.data(), memory.size());
  SlotMeans means(kPixels, arena);
  means.Reset();
  for (size_t slot = 0; slot <= SlotMeans::kMost; ++slot) {  // the first is forgotten
    const uint16_t level = static_cast<uint16_t>(100 + 2 * (slot % 2));
    const uint16_t sums[] = {static_cast<uint16_t>(2 * level), 20, 510};
    means.Keep(slot, sums, 2);
  }
  ASSERT_EQ(means.count(), SlotMeans::kMost);
  EXPECT_EQ(means.slot(0), 1u);
  std::vector<uint8_t> shown(3);
  means.Show(0, 1, shown.data());
  EXPECT_EQ(shown, (std::vector<uint8_t>{102, 10, 255}));
  means.Show(0, 2, shown.data());
  EXPECT_EQ(shown, (std::vector<uint8_t>{101, 10, 255}));
  std::vector<uint16_t> common(3);
  means.ShareOfAll(common.data());
  means.ShowLess(common.data(), 0, 1, shown.data());
  EXPECT_EQ(shown, (std::vector<uint8_t>{136, 128, 128}));
  means.ShowLess(common.data(), 1, 2, shown.data());
  EXPECT_EQ(shown, (std::vector<uint8_t>{120, 128, 128}));
}

TEST(ClipTest, NothingIsReadWhereThereIsNothing) {
  Clip clip(kSize);
  EXPECT_FALSE(clip.Reads());
  for (int64_t i = 0; i < (kSlowMachine ? 3 : 12); ++i) {
    clip.Add(i * 250'000, Picture::Noise(kSize.width, kSize.height, PixelFormat::kGray8,
                                         static_cast<uint8_t>(20 + i % 3)));
    EXPECT_FALSE(clip.Reads());
  }
}

}  // namespace
}  // namespace countermark
