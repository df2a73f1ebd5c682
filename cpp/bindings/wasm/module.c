/*
 * The C interface as a module of WebAssembly for one picture at a time: the host asks for room,
 * writes a key and RGBA pixels there, calls a verb, reads the results. The module imports nothing,
 * so that whatever it is given, it can only compute.
 */
#include "countermark/countermark.h"

#define EXPORT(name) __attribute__((export_name(#name)))

enum { kOutOfMemory = -1 }; /* beside the numbers of cmk_status */

enum { kPageBytes = 65536, kAlignment = 16 };

extern uint8_t __heap_base[]; /* the linker's: from here on memory is ours */

static cmk_image picture = {.struct_size = sizeof(picture), .format = CMK_FORMAT_RGBA8};
static cmk_detection detection = {.struct_size = sizeof(detection)};
static uint8_t key[CMK_KEY_BYTES];
static uint8_t hash[CMK_PDQ_BYTES];
static int32_t quality;

/* Memory grows to hold bytes from here on, or null is returned. The host gives it back by dropping
 * the instance; no module can. */
static uint8_t* reserve(uint64_t begin, uint64_t bytes) {
  begin = (begin + kAlignment - 1) & ~(uint64_t)(kAlignment - 1);
  const uint64_t pages = (begin + bytes + kPageBytes - 1) / kPageBytes;
  const uint64_t present = __builtin_wasm_memory_size(0);
  if (pages > UINT32_MAX / kPageBytes) return NULL;
  if (pages > present && __builtin_wasm_memory_grow(0, pages - present) == SIZE_MAX) return NULL;
  return (uint8_t*)(uintptr_t)begin;
}

static uint8_t* scratch(size_t bytes) {
  const uint64_t pixels = (uint64_t)picture.width * picture.height * 4;
  return reserve((uintptr_t)picture.data + pixels, bytes);
}

/* Where the host writes, and a marked picture is afterwards; null where memory does not suffice. */
EXPORT(picture) void* module_picture(uint32_t width, uint32_t height) {
  picture.width = width;
  picture.height = height;
  picture.stride_bytes = (ptrdiff_t)(width * 4u);
  picture.data = reserve((uintptr_t)__heap_base, (uint64_t)width * height * 4);
  return picture.data;
}

EXPORT(key) uint8_t* module_key(void) { return key; }
EXPORT(keyBytes) size_t module_key_bytes(void) { return cmk_key_bytes(); }
EXPORT(defaultKey) const uint8_t* module_default_key(void) { return cmk_default_key(); }

EXPORT(embed) int module_embed(uint64_t payload, float strength) {
  size_t size;
  const cmk_status status = cmk_watermark_embed_scratch_size(&picture, &size);
  if (status != CMK_STATUS_OK) return status;
  void* memory = scratch(size);
  if (memory == NULL) return kOutOfMemory;
  return cmk_watermark_embed(&picture, &picture, payload, key, strength, memory, size);
}

EXPORT(detect) int module_detect(cmk_effort effort) {
  size_t size;
  const cmk_status status = cmk_watermark_detect_scratch_size(&picture, effort, &size);
  if (status != CMK_STATUS_OK) return status;
  void* memory = scratch(size);
  if (memory == NULL) return kOutOfMemory;
  return cmk_watermark_detect(&picture, key, effort, memory, size, &detection);
}

EXPORT(payload) uint64_t module_payload(void) { return detection.payload; }
EXPORT(score) float module_score(void) { return detection.score; }
EXPORT(falsePositiveRate) double module_rate(void) { return detection.false_positive_rate; }
EXPORT(geometry) const double* module_geometry(void) { return detection.geometry; }

EXPORT(fingerprint) int module_fingerprint(void) {
  size_t size;
  const cmk_status status = cmk_fingerprint_pdq_scratch_size(&picture, &size);
  if (status != CMK_STATUS_OK) return status;
  void* memory = scratch(size);
  if (memory == NULL) return kOutOfMemory;
  return cmk_fingerprint_pdq(&picture, memory, size, hash, &quality);
}

EXPORT(hash) const uint8_t* module_hash(void) { return hash; }
EXPORT(hashBytes) size_t module_hash_bytes(void) { return cmk_pdq_bytes(); }
EXPORT(quality) int32_t module_quality(void) { return quality; }

EXPORT(statusText) const char* module_status_text(int status) {
  return status == kOutOfMemory ? "there is not enough memory for this picture"
                                : cmk_status_string((cmk_status)status);
}
EXPORT(targetName) const char* module_target_name(void) { return cmk_target_name(); }
EXPORT(version) const char* module_version(void) { return cmk_version_string(); }

/* A module has no environment: without this, the C library would import one. */
char* getenv(const char* name) {
  (void)name;
  return NULL;
}
