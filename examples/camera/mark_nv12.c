/*
 * Marks a camera's NV12 video: raw frames from stdin, marked ones to stdout.
 *
 *     ffmpeg -i clip.mp4 -f rawvideo -pix_fmt nv12 - | mark_nv12 1280 720 2026 |
 *       ffmpeg -f rawvideo -pix_fmt nv12 -s 1280x720 -i - marked.mp4
 */
#include <countermark/countermark.h>
#include <stdio.h>
#include <stdlib.h>

static void check(cmk_status status) {
  if (status == CMK_STATUS_OK) return;
  fprintf(stderr, "mark_nv12: %s\n", cmk_status_string(status));
  exit(1);
}

int main(int argc, char** argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: mark_nv12 WIDTH HEIGHT PAYLOAD < in.nv12 > out.nv12\n");
    return 2;
  }
  /* The luma plane; both chroma channels follow it in half as many bytes and stay as they are. */
  cmk_image luma = {.struct_size = sizeof(luma), .format = CMK_FORMAT_GRAY8};
  luma.width = (uint32_t)strtoul(argv[1], NULL, 10);
  luma.height = (uint32_t)strtoul(argv[2], NULL, 10);
  luma.stride_bytes = (ptrdiff_t)luma.width;
  size_t stream_size;
  check(cmk_watermark_stream_size(&luma, &stream_size)); /* also looks at width and height */

  const size_t luma_size = (size_t)luma.width * luma.height;
  const size_t frame_size = luma_size + luma_size / 2;
  uint8_t* frame = malloc(frame_size);
  cmk_watermark_stream* stream = malloc(stream_size);
  if (frame == NULL || stream == NULL) return 1;
  check(cmk_watermark_stream_init(stream, stream_size, &luma, strtoull(argv[3], NULL, 10),
                                  cmk_default_key(), 1.0f, 8));
  luma.data = frame;
  while (fread(frame, 1, frame_size, stdin) == frame_size) {
    check(cmk_watermark_stream_embed(stream, &luma, &luma)); /* in place, nothing is allocated */
    if (fwrite(frame, 1, frame_size, stdout) != frame_size) return 1;
  }
  free(stream);
  free(frame);
  return ferror(stdin) != 0;
}
