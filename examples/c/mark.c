/* Hides 64 bits in an RGB picture and reads them again. */
#include <countermark/countermark.h>
#include <stdio.h>
#include <stdlib.h>

int main(void) {
  enum { kWidth = 640, kHeight = 480 };
  static uint8_t pixels[kHeight * kWidth * 3]; /* your picture */
  for (size_t i = 0; i < sizeof(pixels); ++i) pixels[i] = (uint8_t)(64 + rand() % 128);

  cmk_image image = {sizeof(image), kWidth, kHeight, CMK_FORMAT_RGB8, pixels, kWidth * 3, 0};
  size_t embed_size, detect_size;
  if (cmk_watermark_embed_scratch_size(&image, &embed_size)) return 1;
  if (cmk_watermark_detect_scratch_size(&image, CMK_EFFORT_ALIGNED, &detect_size)) return 1;
  size_t size = embed_size > detect_size ? embed_size : detect_size;
  void* scratch = malloc(size);

  const uint8_t* key = cmk_default_key();
  cmk_status status = cmk_watermark_embed(&image, &image, 2026, key, 1.0f, scratch, size);
  cmk_detection found = {.struct_size = sizeof(found)};
  if (status == CMK_STATUS_OK)
    status = cmk_watermark_detect(&image, key, CMK_EFFORT_ALIGNED, scratch, size, &found);
  printf("%s: %s, payload %llu\n", cmk_target_name(), cmk_status_string(status),
         (unsigned long long)found.payload);
  free(scratch);
  return status;
}
