#include "watermark/detect.h"

#include "watermark/search.h"

namespace countermark {

size_t DetectScratchSize(size_t width, size_t height, Effort effort) {
  Arena arena;
  const Layout layout(kDefaultKey);
  const ImageView image{nullptr, width, height, 0, PixelFormat::kRgba16};
  MarkReader reader(layout, 1, arena);
  PictureViews views(image, effort, arena);
  MarkSearch search({width, height}, reader, arena);
  Found found{};
  search.Run(views, effort, &found);
  return arena.SizeNeeded();
}

bool Detect(const ImageView& image, const Key& key, Effort effort, Arena& arena,
            Detection* detection) {
  const Arena::Scope scope(arena);
  const Layout layout(key);
  MarkReader reader(layout, 1, arena);
  PictureViews views(image, effort, arena);
  MarkSearch search({image.width, image.height}, reader, arena);
  Found found{};
  if (!search.Run(views, effort, &found)) {
    detection->score = reader.highest_score();
    return false;
  }
  *detection = DetectionOf(found, layout);
  return true;
}

}  // namespace countermark
