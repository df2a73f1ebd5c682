// Pictures by formula, with structure at every scale as photographs have it.
#ifndef COUNTERMARK_TESTS_WATERMARK_PICTURES_H_
#define COUNTERMARK_TESTS_WATERMARK_PICTURES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/generator.h"
#include "base/image.h"
#include "slow_machine.h"
#include "watermark/detect.h"
#include "watermark/embed.h"

namespace countermark {

class Picture {
 public:
  Picture(size_t width, size_t height, PixelFormat format)
      : samples_(width * height * BytesPerPixel(format) * Planes(format)),
        width_(width),
        height_(height),
        format_(format) {}

  // Octaves of noise on ever finer grids, by integer arithmetic, the same on every machine.
  static Picture Noise(size_t width, size_t height, PixelFormat format, uint8_t seed) {
    Picture picture(width, height, format);
    const size_t channels = Channels(format), planes = Planes(format);
    std::vector<uint32_t> value(width * height);
    for (uint32_t octave = 0; octave < 6; ++octave) {
      const size_t cell = size_t{64} >> octave;
      const size_t across = width / cell + 2, down = height / cell + 2;
      std::vector<uint32_t> grid(across * down);
      Generator generator({seed}, octave);
      for (uint32_t& corner : grid) corner = generator.Below(256);
      for (size_t y = 0; y < height; ++y) {
        for (size_t x = 0; x < width; ++x) {
          const uint32_t* corner = &grid[y / cell * across + x / cell];
          const size_t right = x % cell, low = y % cell;
          const size_t sum = (corner[0] * (cell - right) + corner[1] * right) * (cell - low) +
                             (corner[across] * (cell - right) + corner[across + 1] * right) * low;
          value[y * width + x] += static_cast<uint32_t>(sum * 256 / (cell * cell)) >> (octave + 1);
        }
      }
    }
    for (size_t i = 0; i < width * height; ++i) {
      for (size_t c = 0; c < channels * planes; ++c) {
        const uint32_t bits = format == PixelFormat::kP010 ? 0xFFC0 : 0xFFFF;
        const uint32_t sample = (value[i] + static_cast<uint32_t>(c) * 3000) & bits;
        const size_t at = planes == 1 ? i * channels + c : c * width * height + i;
        if (IsSixteenBit(format)) {
          reinterpret_cast<uint16_t*>(picture.samples_.data())[at] = static_cast<uint16_t>(sample);
        } else {
          picture.samples_[at] = static_cast<uint8_t>(sample >> 8);
        }
      }
    }
    return picture;
  }

  ImageView view() const {
    return {samples_.data(), width_, height_, stride(), format_, plane_stride()};
  }
  MutableImageView mutable_view() {
    return {samples_.data(), width_, height_, stride(), format_, plane_stride()};
  }
  uint8_t* Pixel(size_t x, size_t y, size_t plane = 0) {
    return samples_.data() + ((plane * height_ + y) * width_ + x) * BytesPerPixel(format_);
  }
  const std::vector<uint8_t>& samples() const { return samples_; }
  size_t width() const { return width_; }
  size_t height() const { return height_; }

  // The picture that has at (x, y) this one's pixel from(x, y).
  template <typename From>
  Picture Rearranged(size_t width, size_t height, From from) {
    Picture result(width, height, format_);
    for (size_t y = 0; y < height; ++y) {
      for (size_t x = 0; x < width; ++x) {
        const auto [fx, fy] = from(x, y);
        for (size_t plane = 0; plane < Planes(format_); ++plane) {
          std::copy_n(Pixel(fx, fy, plane), BytesPerPixel(format_), result.Pixel(x, y, plane));
        }
      }
    }
    return result;
  }

 private:
  ptrdiff_t stride() const { return static_cast<ptrdiff_t>(width_ * BytesPerPixel(format_)); }
  ptrdiff_t plane_stride() const {
    return Planes(format_) == 1 ? 0 : stride() * static_cast<ptrdiff_t>(height_);
  }

  std::vector<uint8_t> samples_;
  size_t width_, height_;
  PixelFormat format_;
};

inline Picture Marked(const Picture& picture, uint64_t payload, const Key& key = kDefaultKey,
                      float strength = 1) {
  Picture marked = picture;
  std::vector<uint8_t> scratch(EmbedScratchSize(picture.width(), picture.height()));
  Arena arena(scratch.data(), scratch.size());
  Embed(picture.view(), marked.mutable_view(), payload, key, strength, arena);
  return marked;
}

inline bool Read(const Picture& picture, Effort effort, Detection* detection,
                 const Key& key = kDefaultKey) {
  std::vector<uint8_t> scratch(DetectScratchSize(picture.width(), picture.height(), effort));
  Arena arena(scratch.data(), scratch.size());
  return Detect(picture.view(), key, effort, arena, detection);
}

}  // namespace countermark

#endif  // COUNTERMARK_TESTS_WATERMARK_PICTURES_H_
