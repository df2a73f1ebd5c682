#include "watermark/stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <new>
#include <sstream>
#include <string>

#include "code/crc32.h"
#include "kernels/targets.h"
#include "vectors.h"
#include "watermark/pictures.h"

namespace countermark {
namespace {

constexpr uint64_t kPayload = 0x0123456789abcdef;

class Stream {
 public:
  explicit Stream(const StreamEmbedder::Setting& setting) : memory_(StreamSize(setting.frame)) {
    Arena arena(memory_.data(), memory_.size());
    embedder_ = new (arena.Allocate<StreamEmbedder>(1)) StreamEmbedder(setting, arena);
  }

  Picture Marked(const Picture& frame) {
    Picture marked = frame;
    embedder_->Embed(frame.view(), marked.mutable_view());
    return marked;
  }
  void SetPayload(uint64_t payload) { embedder_->SetPayload(payload); }

 private:
  std::vector<uint8_t> memory_;
  StreamEmbedder* embedder_;
};

StreamEmbedder::Setting Setting(Size frame, size_t refresh_frames = 4) {
  return {frame, kPayload, kDefaultKey, 1, refresh_frames};
}

// A camera that moves over a scene.
class Pan {
 public:
  Pan(Size frame, PixelFormat format, uint8_t seed)
      : frame_(frame), scene_(Picture::Noise(frame.width + 48, frame.height, format, seed)) {}

  Picture Frame(size_t i) {
    return scene_.Rearranged(frame_.width, frame_.height,
                             [i](size_t x, size_t y) { return std::pair(x + 3 * i, y); });
  }

 private:
  Size frame_;
  Picture scene_;
};

int LargestChange(const Picture& a, const Picture& b) {
  int largest = 0;
  for (size_t i = 0; i < a.samples().size(); ++i) {
    largest = std::max(largest, std::abs(int{a.samples()[i]} - int{b.samples()[i]}));
  }
  return largest;
}

// tests/vectors/stream.txt: size, format, payload, first byte of the key, strength in hundredths,
// refresh frames, frames; CRC-32 of all marked frames. Halfway through there is a cut.
TEST(StreamVectorTest, SameBitsOnEveryTarget) {
  std::ifstream file = OpenVectors("stream.txt");
  size_t vectors = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    Size size{};
    int format = 0, key = 0, strength = 0;
    size_t refresh_frames = 0, frames = 0;
    uint64_t payload = 0;
    std::string expected;
    fields >> size.width >> size.height >> format >> payload >> key >> strength >> refresh_frames >>
        frames >> expected;
    Key bytes = kDefaultKey;
    bytes[0] = static_cast<uint8_t>(key);
    std::vector<Picture> video;
    for (const uint8_t seed : {uint8_t{1}, uint8_t{2}}) {
      Pan pan(size, static_cast<PixelFormat>(format), seed);
      for (size_t i = 0; i < frames / 2; ++i) video.push_back(pan.Frame(i));
    }
    ForEachTarget([&] {
      Stream stream({size, payload, bytes, static_cast<float>(strength) / 100, refresh_frames});
      std::vector<uint8_t> samples;
      for (const Picture& frame : video) {
        const Picture marked = stream.Marked(frame);
        samples.insert(samples.end(), marked.samples().begin(), marked.samples().end());
      }
      std::ostringstream actual;
      actual << std::hex << Crc32(samples.data(), samples.size());
      EXPECT_EQ(actual.str(), expected) << line;
    });
    ++vectors;
  }
  EXPECT_GE(vectors, 5u);
}

TEST(StreamTest, EveryFrameIsReadAlone) {
  const Size size{640, 360};
  Pan pan(size, PixelFormat::kGray8, 4);
  Stream stream(Setting(size));
  for (size_t i = 0; i < 10; ++i) {
    Detection detection;
    ASSERT_TRUE(Read(stream.Marked(pan.Frame(i)), Effort::kAligned, &detection)) << i;
    EXPECT_EQ(detection.word.payload, kPayload);
    EXPECT_GT(detection.score, 8);
  }
}

TEST(StreamTest, ThePatternStays) {
  const Size size{640, 360};
  const Picture frame = Pan(size, PixelFormat::kGray8, 4).Frame(0);
  for (const size_t refresh_frames : {size_t{1}, size_t{5}, size_t{64}}) {
    Stream stream(Setting(size, refresh_frames));
    const Picture first = stream.Marked(frame);
    EXPECT_GT(LargestChange(frame, first), 3);
    for (size_t i = 0; i < 6; ++i) {
      EXPECT_LE(LargestChange(first, stream.Marked(frame)), refresh_frames == 1 ? 0 : 1);
    }
  }
}

// The mask of rich texture would show on what follows.
TEST(StreamTest, NoMaskOutlivesACut) {
  const Size size{640, 360};
  const Picture rich = Pan(size, PixelFormat::kGray8, 4).Frame(0);
  Picture flat(size.width, size.height, PixelFormat::kGray8);
  std::fill_n(flat.mutable_view().data, size.Area(), uint8_t{30});
  Stream on_flat(Setting(size, 32));
  const int least = LargestChange(flat, on_flat.Marked(flat));
  Stream stream(Setting(size, 32));
  EXPECT_GT(LargestChange(rich, stream.Marked(rich)), least + 2);
  for (size_t i = 0; i < 4; ++i) EXPECT_LE(LargestChange(flat, stream.Marked(flat)), least);
}

TEST(StreamTest, AfterACutTheMaskIsWholeWithTheThirdFrame) {
  const Size size{640, 360};
  const Picture before = Pan(size, PixelFormat::kGray8, 4).Frame(0);
  const Picture after = Pan(size, PixelFormat::kGray8, 5).Frame(0);
  Stream stream(Setting(size, 64));
  stream.Marked(before);
  stream.Marked(after);
  stream.Marked(after);
  const Picture third = stream.Marked(after);
  // The variant, and with it the pattern, is that of the first scene.
  Stream other(Setting(size, 1));
  other.Marked(before);
  EXPECT_LE(LargestChange(third, other.Marked(after)), 1);
}

TEST(StreamTest, TakesAnotherPayload) {
  const Size size{640, 360};
  Pan pan(size, PixelFormat::kP010, 4);
  Stream stream(Setting(size));
  for (const uint64_t payload : {uint64_t{5}, ~uint64_t{0}}) {
    stream.SetPayload(payload);
    for (size_t i = 0; i < 2; ++i) {
      Detection detection;
      ASSERT_TRUE(Read(stream.Marked(pan.Frame(i)), Effort::kAligned, &detection));
      EXPECT_EQ(detection.word.payload, payload);
    }
  }
}

TEST(StreamTest, MarksEveryFormatAndEverySize) {
  for (const PixelFormat format : kFormats) {
    for (const Size size : {Size{320, 240}, Size{640, 480}}) {
      if (kSlowMachine && size.width > 320) continue;
      SCOPED_TRACE(static_cast<int>(format));
      Pan pan(size, format, 6);
      Stream stream(Setting(size));
      for (size_t i = 0; i < 2; ++i) {
        const Picture marked = stream.Marked(pan.Frame(i));
        if (kSlowMachine && i == 0) continue;
        Detection detection;
        ASSERT_TRUE(Read(marked, Effort::kAligned, &detection));
        EXPECT_EQ(detection.word.payload, kPayload);
      }
    }
  }
}

}  // namespace
}  // namespace countermark
