// What a debug build says of arguments that it refuses: built of the checks alone, without NDEBUG.
#include "api/arguments.h"
#include "api/refusal.h"

namespace {

cmk_status Mark(const cmk_image* in, const cmk_image* out) {
  COUNTERMARK_CHECK(countermark::CheckImage(in, CMK_SIDE_MIN));
  COUNTERMARK_CHECK(countermark::CheckImage(out, CMK_SIDE_MIN));
  return CMK_STATUS_OK;
}

}  // namespace

int main() {
  static uint8_t pixels[200 * 200];
  const cmk_image image = {sizeof(image), 200, 200, CMK_FORMAT_GRAY8, pixels, 200, 0};
  cmk_image slanted = image;
  slanted.stride_bytes = 199;
  if (Mark(&image, &image) != CMK_STATUS_OK) return 1;
  return Mark(&image, &slanted) == CMK_STATUS_BAD_STRIDE ? 0 : 1;
}
