// Arguments of the C functions, right ones and wrong ones, made from a fuzzer's bytes.
//
// A caller may say anything, but must own what it says: memory that a function may touch lies in a
// block of its own that ends where the caller said, so that the sanitizer sees the byte behind it.
#ifndef COUNTERMARK_FUZZ_ARGUMENTS_H_
#define COUNTERMARK_FUZZ_ARGUMENTS_H_

#include <fuzzer/FuzzedDataProvider.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "countermark/countermark.h"

namespace countermark {

inline void Require(bool condition) {
  if (!condition) std::abort();
}

// Once in so many times. When the fuzzer's bytes are at their end everything is as it should be.
inline bool Rarely(FuzzedDataProvider& bytes, uint8_t times) {
  return bytes.ConsumeIntegralInRange<uint8_t>(0, times) == times;
}

// Memory of exactly `size` bytes at `offset` from an aligned address.
class Block {
 public:
  Block() = default;
  Block(size_t size, size_t offset) : memory_(new uint8_t[size + offset]), offset_(offset) {}

  uint8_t* data() const { return memory_.get() + offset_; }

 private:
  std::unique_ptr<uint8_t[]> memory_;
  size_t offset_ = 0;
};

// In one plane.
inline size_t BytesPerPixel(uint32_t format) {
  constexpr size_t kBytes[] = {1, 3, 4, 2, 6, 8, 3, 4, 1, 2, 2};
  return kBytes[format];
}

inline bool IsPlanar(uint32_t format) {
  return format == CMK_FORMAT_PLANAR_RGB8 || format == CMK_FORMAT_PLANAR_RGB16;
}

class FuzzedImage {
 public:
  FuzzedImage(FuzzedDataProvider& bytes, uint32_t side_min) : image{} {
    image.struct_size = static_cast<uint32_t>(sizeof(cmk_image));
    if (Rarely(bytes, 50)) image.struct_size = bytes.ConsumeIntegral<uint32_t>();
    image.format = bytes.ConsumeIntegralInRange<uint32_t>(0, CMK_FORMAT_P010 + 1);
    image.width = Side(bytes, side_min);
    image.height = Side(bytes, side_min);
    image.stride_bytes = Stride(bytes);
    image.plane_stride_bytes = PlaneStride(bytes);
    Allocate(bytes);
  }

  // Another picture of the same width, height and format.
  FuzzedImage(FuzzedDataProvider& bytes, const cmk_image& like) : image(like) {
    image.stride_bytes = Stride(bytes);
    image.plane_stride_bytes = PlaneStride(bytes);
    Allocate(bytes);
  }

  // What its memory holds.
  std::vector<uint8_t> Copy() const { return {block_.data(), block_.data() + size_}; }

  // Whether the whole picture lies in memory that is there.
  bool is_owned() const { return is_owned_; }

  cmk_image image;

 private:
  // Larger pictures are only described: the function must find a reason not to touch them.
  static constexpr unsigned __int128 kLargest = 1 << 20;

  static uint32_t Side(FuzzedDataProvider& bytes, uint32_t side_min) {
    if (Rarely(bytes, 20)) return bytes.ConsumeIntegral<uint32_t>();
    if (Rarely(bytes, 50)) return side_min - 1;
    return bytes.ConsumeIntegralInRange<uint32_t>(side_min, side_min + 80);
  }

  bool IsKnownFormat() const { return image.format <= CMK_FORMAT_P010; }

  unsigned __int128 RowBytes() const {
    return IsKnownFormat()
               ? image.width * static_cast<unsigned __int128>(BytesPerPixel(image.format))
               : 0;
  }

  ptrdiff_t Stride(FuzzedDataProvider& bytes) const {
    if (Rarely(bytes, 20)) return bytes.ConsumeIntegral<ptrdiff_t>();
    auto stride = static_cast<ptrdiff_t>(static_cast<uint64_t>(RowBytes()));
    stride += Rarely(bytes, 30) ? -1 : bytes.ConsumeIntegralInRange<ptrdiff_t>(0, 40);
    return Rarely(bytes, 3) ? -stride : stride;
  }

  ptrdiff_t PlaneStride(FuzzedDataProvider& bytes) const {
    if (Rarely(bytes, 20)) return bytes.ConsumeIntegral<ptrdiff_t>();
    if (!IsPlanar(image.format)) return 0;
    auto distance = static_cast<ptrdiff_t>(static_cast<uint64_t>(PlaneBytes()));
    distance += Rarely(bytes, 30) ? -1 : bytes.ConsumeIntegralInRange<ptrdiff_t>(0, 40);
    return Rarely(bytes, 3) ? -distance : distance;
  }

  static unsigned __int128 Magnitude(ptrdiff_t stride) {
    return stride < 0 ? -static_cast<__int128>(stride) : static_cast<__int128>(stride);
  }

  unsigned __int128 Down() const {  // from the first row to the last
    return image.height == 0 ? 0 : Magnitude(image.stride_bytes) * (image.height - 1);
  }

  unsigned __int128 Across() const {  // from the first plane to the last
    return IsPlanar(image.format) ? 2 * Magnitude(image.plane_stride_bytes) : 0;
  }

  unsigned __int128 PlaneBytes() const { return Down() + RowBytes(); }

  void Allocate(FuzzedDataProvider& bytes) {
    const unsigned __int128 size = PlaneBytes() + Across();
    is_owned_ = IsKnownFormat() && image.height > 0 &&
                Magnitude(image.stride_bytes) >= RowBytes() && size <= kLargest;
    size_ = is_owned_ ? static_cast<size_t>(size) : 1;
    block_ = Block(size_, bytes.ConsumeIntegralInRange<size_t>(0, 3));
    Paint(bytes);
    size_t first = 0;
    if (is_owned_ && image.stride_bytes < 0) first += static_cast<size_t>(Down());
    if (is_owned_ && image.plane_stride_bytes < 0) first += static_cast<size_t>(Across());
    image.data = block_.data() + first;
    if (Rarely(bytes, 60)) image.data = nullptr;
  }

  // Noise, flat, or whatever the fuzzer has left, repeated.
  void Paint(FuzzedDataProvider& bytes) {
    uint32_t state = bytes.ConsumeIntegral<uint32_t>();
    const auto amplitude = bytes.ConsumeIntegral<uint8_t>();
    const auto base = bytes.ConsumeIntegral<uint8_t>();
    for (size_t i = 0; i < size_; ++i) {
      state = state * 1664525 + 1013904223;
      block_.data()[i] = static_cast<uint8_t>(base + (amplitude * (state >> 24) >> 8));
    }
  }

  Block block_;
  size_t size_ = 0;
  bool is_owned_ = false;
};

// Scratch memory: what is needed, a little less or more, or nothing.
class FuzzedScratch {
 public:
  FuzzedScratch(FuzzedDataProvider& bytes, size_t needed, bool may_suffice) {
    constexpr size_t kLargest = size_t{1} << 28;
    size_ = needed;
    if (Rarely(bytes, 20)) size_ = needed > 0 ? needed - 1 : 0;
    if (Rarely(bytes, 20)) size_ = bytes.ConsumeIntegralInRange<size_t>(0, 1000);
    if (Rarely(bytes, 20)) size_ = needed + 1;
    if (!may_suffice || size_ > kLargest) size_ = 0;
    block_ = Block(size_, bytes.ConsumeIntegralInRange<size_t>(0, 7));
    is_null_ = Rarely(bytes, 60);
  }

  void* data() const { return is_null_ ? nullptr : block_.data(); }
  size_t size() const { return size_; }

 private:
  Block block_;
  size_t size_ = 0;
  bool is_null_ = false;
};

// A key of CMK_KEY_BYTES, in a block of its own; sometimes none.
class FuzzedKey {
 public:
  explicit FuzzedKey(FuzzedDataProvider& bytes) : block_(CMK_KEY_BYTES, 0) {
    const uint8_t* source = cmk_default_key();
    const bool other = bytes.ConsumeBool();
    for (size_t i = 0; i < CMK_KEY_BYTES; ++i) {
      block_.data()[i] =
          static_cast<uint8_t>(source[i] ^ (other ? bytes.ConsumeIntegral<uint8_t>() : 0));
    }
    is_null_ = Rarely(bytes, 60);
  }

  const uint8_t* data() const { return is_null_ ? nullptr : block_.data(); }

 private:
  Block block_;
  bool is_null_ = false;
};

// Microseconds at which one frame after the other is shown; sometimes any number.
class FuzzedTime {
 public:
  explicit FuzzedTime(FuzzedDataProvider& bytes) : now_(Any(bytes, 4)) {}

  int64_t Next(FuzzedDataProvider& bytes) {
    const int64_t before = now_;
    const auto step = bytes.ConsumeIntegralInRange<int64_t>(0, 3'000'000);
    now_ = before > INT64_MAX - step ? INT64_MAX : before + step;
    if (Rarely(bytes, 20)) now_ = bytes.ConsumeIntegral<int64_t>();
    return before;
  }

 private:
  static int64_t Any(FuzzedDataProvider& bytes, uint8_t times) {
    return Rarely(bytes, times) ? bytes.ConsumeIntegral<int64_t>() : 0;
  }

  int64_t now_;
};

// Any number may come through a C interface.
inline uint32_t FuzzedEffort(FuzzedDataProvider& bytes) {
  if (Rarely(bytes, 40)) return bytes.ConsumeIntegral<uint32_t>();
  return bytes.ConsumeBool() ? CMK_EFFORT_FULL : CMK_EFFORT_ALIGNED;
}

// What is read may be anything, if it is a number.
template <typename Detector>
void Read(cmk_status (*detect)(Detector*, cmk_detection*), Detector* detector) {
  cmk_detection found = {};
  found.struct_size = sizeof(found);
  const cmk_status status = detect(detector, &found);
  Require(status == CMK_STATUS_OK || status == CMK_STATUS_NOT_FOUND);
  Require(std::isfinite(found.score));
  for (const double number : found.geometry) Require(std::isfinite(number));
}

}  // namespace countermark

#endif  // COUNTERMARK_FUZZ_ARGUMENTS_H_
