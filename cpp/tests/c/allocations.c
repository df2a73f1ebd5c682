/*
 * Runs every function on pictures, sounds and texts and counts the calls of malloc and its kin that
 * are made meanwhile in the process: none. It stands in for them here, so that the library calls it
 * as well (glibc).
 */
#include <countermark/countermark.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern void* __libc_malloc(size_t size);
extern void* __libc_calloc(size_t count, size_t size);
extern void* __libc_realloc(void* memory, size_t size);
extern void* __libc_memalign(size_t alignment, size_t size);

static volatile unsigned allocations; /* compilers do not expect malloc to change anything */

void* malloc(size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}
void* realloc(void* memory, size_t size) {
  ++allocations;
  return __libc_realloc(memory, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
  ++allocations;
  return __libc_memalign(alignment, size);
}

enum { kWidth = 640, kHeight = 360, kFrames = 20 };
static uint8_t pixels[kWidth * kHeight], marked[kWidth * kHeight];
static uint64_t memory[8 << 20];

static void expect(const char* what, cmk_status status) {
  if (status == CMK_STATUS_OK) return;
  printf("%s: %s\n", what, cmk_status_string(status));
  allocations += 1000;
}

static void tell_pattern(void) {
  expect("layout", cmk_watermark_layout(cmk_default_key(), (cmk_component*)memory));
  expect("words", cmk_watermark_words(5, cmk_default_key(), (cmk_word*)memory));
}

static void mark_stream(const cmk_image* in, const cmk_image* out) {
  cmk_watermark_stream* stream = (cmk_watermark_stream*)memory;
  size_t size;
  expect("size", cmk_watermark_stream_size(in, &size));
  expect("init", cmk_watermark_stream_init(stream, sizeof(memory), in, 5, cmk_default_key(), 1, 8));
  for (int i = 0; i < kFrames; ++i) {
    if (i == kFrames / 2) memset(pixels, 90, sizeof(pixels) / 2); /* a cut */
    expect("frame", cmk_watermark_stream_embed(stream, in, out));
  }
  expect("frame at", cmk_watermark_stream_embed_at(stream, 2100000, in, out));
  expect("payload", cmk_watermark_stream_set_payload(stream, 6));
  expect("last frame", cmk_watermark_stream_embed(stream, in, out));
}

static void add_up(const cmk_image* frame) {
  cmk_watermark_accumulator* accumulator = (cmk_watermark_accumulator*)memory;
  cmk_detection found;
  memset(&found, 0, sizeof(found));
  found.struct_size = sizeof(found);
  expect("init", cmk_watermark_accumulator_init(accumulator, sizeof(memory), frame,
                                                cmk_default_key(), CMK_EFFORT_FULL));
  for (int i = 0; i < 3; ++i) expect("add", cmk_watermark_accumulator_add(accumulator, frame));
  expect("detect", cmk_watermark_accumulator_detect(accumulator, &found));
  expect("reset", cmk_watermark_accumulator_reset(accumulator));
}

static void mark_sound(uint32_t latency) {
  cmk_audio_embedder* embedder = (cmk_audio_embedder*)memory;
  cmk_sound sound;
  size_t size, count;
  memset(&sound, 0, sizeof(sound));
  sound.struct_size = sizeof(sound);
  sound.rate = 44100;
  sound.channels = 2;
  sound.format = CMK_SAMPLE_FORMAT_INT16;
  expect("size", cmk_audio_embedder_size(&sound, latency, &size));
  expect("init", cmk_audio_embedder_init(embedder, sizeof(memory), &sound, latency, 5,
                                         cmk_default_key(), 1));
  for (int i = 0; i < 3; ++i) {
    expect("push", cmk_audio_embedder_push(embedder, pixels, sizeof(pixels) / 4, marked, &count));
  }
  expect("finish", cmk_audio_embedder_finish(embedder, marked, sizeof(marked) / 4, &count));
}

/* Longer than a window, and what is left at the end. */
static void listen(void) {
  cmk_audio_detector* detector = (cmk_audio_detector*)memory;
  cmk_sound sound;
  cmk_status status;
  size_t count;
  memset(&sound, 0, sizeof(sound));
  sound.struct_size = sizeof(sound);
  sound.rate = 44100;
  sound.channels = 2;
  sound.format = CMK_SAMPLE_FORMAT_INT16;
  expect("init", cmk_audio_detector_init(detector, sizeof(memory), &sound, cmk_default_key(),
                                         CMK_EFFORT_FULL));
  for (int i = 0; i < 20; ++i) {
    expect("push", cmk_audio_detector_push(detector, pixels, sizeof(pixels) / 4));
  }
  status = cmk_audio_detector_detect(detector, NULL, 0, &count);
  if (status != CMK_STATUS_NOT_FOUND) expect("detect", status);
  expect("reset", cmk_audio_detector_reset(detector));
}

static void add_up_along_schedule(const cmk_image* frame) {
  cmk_watermark_clip* clip = (cmk_watermark_clip*)memory;
  cmk_detection found;
  memset(&found, 0, sizeof(found));
  found.struct_size = sizeof(found);
  expect("init",
         cmk_watermark_clip_init(clip, sizeof(memory), frame, cmk_default_key(), CMK_EFFORT_FULL));
  for (int i = 0; i < 3; ++i) expect("add", cmk_watermark_clip_add(clip, 200000 * i, frame));
  expect("detect", cmk_watermark_clip_detect(clip, &found));
  expect("reset", cmk_watermark_clip_reset(clip));
}

static void mark_text(void) {
  static uint32_t tokens[100], draws[1000];
  uint32_t seed[CMK_TEXT_SEED_WORDS];
  cmk_text_detection found;
  size_t size;
  memset(&found, 0, sizeof(found));
  found.struct_size = sizeof(found);
  for (uint32_t i = 0; i < 100; ++i) tokens[i] = i % 60;
  expect("seed", cmk_text_seed(cmk_default_key(), tokens, 5, 1, seed));
  expect("draws", cmk_text_draws(seed, 1000, draws));
  expect("size", cmk_text_detect_scratch_size(100, &size));
  expect("detect", cmk_text_detect(tokens, 100, cmk_default_key(), memory, sizeof(memory), &found));
}

static void use_still(const cmk_image* in, const cmk_image* out) {
  const uint8_t* key = cmk_default_key();
  cmk_detection found;
  uint8_t hash[CMK_PDQ_BYTES];
  int32_t quality;
  memset(&found, 0, sizeof(found));
  found.struct_size = sizeof(found);
  expect("embed", cmk_watermark_embed(in, out, 5, key, 1, memory, sizeof(memory)));
  expect("detect", cmk_watermark_detect(out, key, CMK_EFFORT_FULL, memory, sizeof(memory), &found));
  expect("pdq", cmk_fingerprint_pdq(in, memory, sizeof(memory), hash, &quality));
}

int main(void) {
  uint32_t state = 1;
  cmk_image in, out;
  for (size_t i = 0; i < sizeof(pixels); ++i) {
    state = state * 1664525 + 1013904223;
    pixels[i] = (uint8_t)(100 + (state >> 27));
  }
  memset(&in, 0, sizeof(in));
  in.struct_size = sizeof(in);
  in.width = kWidth;
  in.height = kHeight;
  in.format = CMK_FORMAT_GRAY8;
  in.data = pixels;
  in.stride_bytes = kWidth;
  out = in;
  out.data = marked;

  unsigned before = allocations;
  free(strdup("counted"));
  if (allocations == before) {
    printf("calls from within a library are not counted\n");
    return 1;
  }
  before = allocations;
  use_still(&in, &out);
  tell_pattern();
  mark_stream(&in, &out);
  add_up(&out);
  add_up_along_schedule(&out);
  mark_sound(CMK_AUDIO_LATENCY_BLOCK);
  mark_sound(CMK_AUDIO_LATENCY_LOW);
  listen();
  mark_text();
  const unsigned made = allocations - before;
  printf("%u allocations\n", made);
  return made == 0 ? 0 : 1;
}
