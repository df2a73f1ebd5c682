/* What a small machine does with the brightness of one camera frame: marks it in place, reads the
 * mark, fingerprints it. Prints the most memory that was ever resident; each of the calls lies
 * between two calls of sched_yield, for a plugin of the emulator to count its instructions.
 *
 *     gateway WIDTH HEIGHT aligned|full [LIMIT]
 *
 * fails when nothing is read or more than LIMIT KiB were resident. */
#include <countermark/countermark.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* KiB. Not getrusage, which remembers the process that this one was forked from. */
static long peak_resident(void) {
  char line[256];
  long peak = -1;
  FILE* status = fopen("/proc/self/status", "r");
  while (status != NULL && fgets(line, sizeof(line), status) != NULL) {
    if (strncmp(line, "VmHWM:", 6) == 0) peak = strtol(line + 6, NULL, 10);
  }
  if (status != NULL) fclose(status);
  return peak;
}

/* Blocks of different brightness with noise upon them (xorshift, Marsaglia 2003). */
static void draw(uint8_t* pixels, size_t width, size_t height) {
  uint32_t noise = 1;
  for (size_t y = 0; y < height; ++y) {
    for (size_t x = 0; x < width; ++x) {
      noise ^= noise << 13;
      noise ^= noise >> 17;
      noise ^= noise << 5;
      pixels[y * width + x] = (uint8_t)(64 + (x / 97 * 29 + y / 83 * 53) % 96 + (noise >> 28));
    }
  }
}

static void check(const char* call, cmk_status status) {
  if (status == CMK_STATUS_OK) return;
  fprintf(stderr, "%s: %s\n", call, cmk_status_string(status));
  exit(1);
}

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const cmk_effort effort = strcmp(argv[3], "full") == 0 ? CMK_EFFORT_FULL : CMK_EFFORT_ALIGNED;
  const uint32_t width = (uint32_t)atoi(argv[1]), height = (uint32_t)atoi(argv[2]);
  uint8_t* pixels = malloc((size_t)width * height);
  if (pixels == NULL) return 1;
  draw(pixels, width, height);
  const cmk_image image = {sizeof(image), width, height, CMK_FORMAT_GRAY8, pixels, (int)width};
  size_t size = 0, sizes[3];
  check("embed", cmk_watermark_embed_scratch_size(&image, &sizes[0]));
  check("detect", cmk_watermark_detect_scratch_size(&image, effort, &sizes[1]));
  check("PDQ", cmk_fingerprint_pdq_scratch_size(&image, &sizes[2]));
  for (int i = 0; i < 3; ++i) size = sizes[i] > size ? sizes[i] : size;
  void* scratch = malloc(size);
  if (scratch == NULL) return 1;

  const uint8_t* key = cmk_default_key();
  cmk_detection found = {.struct_size = sizeof(found)};
  uint8_t hash[CMK_PDQ_BYTES];
  int32_t quality;
  sched_yield();
  cmk_status status = cmk_watermark_detect(&image, key, effort, scratch, size, &found);
  sched_yield();
  if (status != CMK_STATUS_NOT_FOUND) return 1;
  sched_yield();
  check("embed", cmk_watermark_embed(&image, &image, 2026, key, 1.0f, scratch, size));
  sched_yield();
  sched_yield();
  check("detect", cmk_watermark_detect(&image, key, effort, scratch, size, &found));
  sched_yield();
  sched_yield();
  check("PDQ", cmk_fingerprint_pdq(&image, scratch, size, hash, &quality));
  sched_yield();

  const long peak = peak_resident();
  printf("%s, %s: payload %llu; %zu KiB of luma, %zu KiB of scratch memory, %ld KiB resident\n",
         cmk_target_name(), argv[3], (unsigned long long)found.payload,
         (size_t)width * height / 1024, size / 1024, peak);
  free(scratch);
  free(pixels);
  return found.payload != 2026 || peak < 0 || (argc > 4 && peak > atol(argv[4]));
}
