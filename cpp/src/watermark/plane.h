// Planes of float luma, and how they come from pictures.
#ifndef COUNTERMARK_WATERMARK_PLANE_H_
#define COUNTERMARK_WATERMARK_PLANE_H_

#include <cstddef>
#include <cstdint>

#include "base/arena.h"
#include "base/image.h"

namespace countermark {

struct Size {
  size_t width, height;
  size_t Area() const { return width * height; }
};

// Pixel (x, y) lies at data[y * stride + x]. Null data in a counting run.
struct Plane {
  float* data = nullptr;
  size_t width = 0, height = 0, stride = 0;

  float* Row(size_t y) const { return data + y * stride; }
  Size size() const { return {width, height}; }
};

Plane AllocatePlane(Size size, Arena& arena);
// Surrounded by zeros as kernels/sample.h wants it.
Plane AllocateBorderedPlane(Size size, Arena& arena);
// The same in memory that is there, of so many floats.
size_t BorderedSize(Size size);
Plane BorderedPlaneIn(float* memory, Size size);

// The picture's size once its area is scaled to side^2.
Size ScaledSize(Size picture, double side);

// Luma of the picture, 0 to 255, averaged over areas when the plane is smaller than the picture
// and interpolated (bicubic) when it is larger. Reads each row of the picture once or twice.
class LumaReader {
 public:
  LumaReader(Size picture, Size plane, Arena& arena);
  void Read(const ImageView& image, const Plane& plane) { ReadRows(image, 0, plane); }
  // As many rows of the plane as `rows` has, from row `first` on.
  void ReadRows(const ImageView& image, size_t first, const Plane& rows);

 private:
  struct CubicTaps {
    uint32_t sample[4];
    float weight[4];
  };

  // Valid until the next call.
  const uint8_t* ReadLuma(const ImageView& image, size_t y);
  void Average(const ImageView& image, size_t first, const Plane& rows);
  void PlaceAreas(size_t pixels, size_t areas);
  void Interpolate(const ImageView& image, size_t first, const Plane& rows);

  Size size_;  // of the whole plane
  bool grows_;
  uint8_t* luma_;
  // Averaging: sums of one row of areas, and its areas as in kernels/area.h.
  uint16_t* sums_ = nullptr;
  size_t taps_ = 0;
  uint32_t* first_ = nullptr;
  int32_t* widths_ = nullptr;
  float* scales_ = nullptr;
  int16_t* weights_ = nullptr;
  // Interpolating: the picture's luma, one row between its rows, and what each pixel takes of it.
  float* rows_ = nullptr;
  float* between_ = nullptr;
  CubicTaps* across_ = nullptr;
};

// Averages a plane over areas to a smaller one.
class AreaShrinker {
 public:
  AreaShrinker(Size from, Size to, Arena& arena);

  // The rows of the larger plane that row y of the smaller one is made of.
  size_t FirstRow(size_t y) const;
  size_t EndRow(size_t y) const;
  // `strip`: rows of the larger plane, from row `first` on.
  void MakeRow(const Plane& strip, size_t first, size_t y, float* out);

 private:
  // The part of a row that a pixel covers, in steps: whole pixels less what is left of it.
  struct Cover {
    uint32_t first, last;
    float left, right, width;
  };

  Size from_, to_;
  float* sums_;
  Cover* covers_;
};

// Cubic convolution (Keys 1981, a = -1/2): weights of the samples at -1, 0, 1, 2 for a position
// `fraction` between samples 0 and 1.
struct CubicWeights {
  explicit CubicWeights(double fraction);
  float weight[4];
};

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_PLANE_H_
