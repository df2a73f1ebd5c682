/*
 * The C functions of countermark behind the protocol of the conformance kit, and an example of
 * their use on whole files: pictures, sounds and texts.
 *
 *   cc -std=c99 conform.c -lcountermark -o conform
 *   python tests/conformance/kit.py -- ./conform
 *
 * One request a line on stdin, one answer a line on stdout; ../README.md has them all.
 */
#include <countermark/countermark.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = 4096, FIELDS_MAX = 16 };

/* A text is marked when chance is less likely to explain it. */
static const double kSure = 1e-6;

/* A request, cut into words where it lies. */
typedef struct request {
  const char* verb;
  const char* fields[FIELDS_MAX];
  size_t count;
} request;

static request Parse(char* line) {
  request asked = {strtok(line, " \r\n"), {0}, 0};
  for (char* word; asked.count < FIELDS_MAX && (word = strtok(NULL, " \r\n")) != NULL;) {
    asked.fields[asked.count++] = word;
  }
  return asked;
}

/* What stands behind "name="; empty when nothing does. */
static const char* Field(const request* asked, const char* name) {
  const size_t length = strlen(name);
  for (size_t i = 0; i < asked->count; ++i) {
    const char* field = asked->fields[i];
    if (strncmp(field, name, length) == 0 && field[length] == '=') {
      return field + length + 1;
    }
  }
  return "";
}

static void Refuse(const char* reason) { printf("refused %s\n", reason); }

/* Whether the function has done its work; refuses if not. */
static int Done(cmk_status status) {
  if (status != CMK_STATUS_OK) {
    Refuse(cmk_status_string(status));
  }
  return status == CMK_STATUS_OK;
}

static int ReadKey(const request* asked, uint8_t key[CMK_KEY_BYTES]) {
  const char* digits = Field(asked, "key");
  if (strlen(digits) != 2 * CMK_KEY_BYTES) {
    Refuse("the key does not have 16 bytes");
    return 0;
  }
  for (size_t i = 0; i < CMK_KEY_BYTES; ++i) {
    unsigned byte;
    if (sscanf(digits + 2 * i, "%2x", &byte) != 1) {
      Refuse("the key is not hexadecimal");
      return 0;
    }
    key[i] = (uint8_t)byte;
  }
  return 1;
}

/* A whole file in memory, with a zero behind it, or null. */
static uint8_t* Load(const char* path, size_t* size) {
  FILE* file = fopen(path, "rb");
  uint8_t* content = NULL;
  if (file != NULL && fseek(file, 0, SEEK_END) == 0) {
    const long end = ftell(file);
    rewind(file);
    content = end < 0 ? NULL : calloc((size_t)end + 1, 1);
    *size = content == NULL ? 0 : fread(content, 1, (size_t)end, file);
  }
  if (file != NULL) {
    fclose(file);
  }
  if (content == NULL) {
    Refuse("the file cannot be read");
  }
  return content;
}

static void Save(const char* path, const void* head, size_t head_size, const void* body,
                 size_t body_size) {
  FILE* file = fopen(path, "wb");
  const int written = file != NULL && fwrite(head, 1, head_size, file) == head_size &&
                      fwrite(body, 1, body_size, file) == body_size;
  if (file == NULL || fclose(file) != 0 || !written) {
    Refuse("the file cannot be written");
  } else {
    puts("ok");
  }
}

static size_t SampleBytes(const cmk_image* image) {
  return image->format == CMK_FORMAT_GRAY16 || image->format == CMK_FORMAT_RGB16 ? 2 : 1;
}

/* Between Netpbm, which has the highest byte first, and the machine. */
static void SwapIfLittle(const cmk_image* image) {
  const uint16_t one = 1;
  uint8_t* bytes = image->data;
  if (SampleBytes(image) == 1 || *(const uint8_t*)&one == 0) {
    return;
  }
  for (size_t i = 0; i < (size_t)image->stride_bytes * image->height; i += 2) {
    const uint8_t first = bytes[i];
    bytes[i] = bytes[i + 1];
    bytes[i + 1] = first;
  }
}

/* The picture in the bytes of a P5 or P6 file: `head` is where its pixels begin. */
static int ReadPicture(uint8_t* content, size_t size, cmk_image* image, size_t* head) {
  unsigned width, height, highest;
  char kind;
  int length = 0;
  const int read =
      sscanf((char*)content, "P%c %u %u %u%n", &kind, &width, &height, &highest, &length);
  if (read != 4 || (kind != '5' && kind != '6') || (highest != 255 && highest != 65535)) {
    Refuse("the file is not a picture");
    return 0;
  }
  const int deep = highest != 255, colour = kind == '6';
  memset(image, 0, sizeof *image);
  image->struct_size = sizeof *image;
  image->width = width;
  image->height = height;
  image->format = colour ? (deep ? CMK_FORMAT_RGB16 : CMK_FORMAT_RGB8)
                         : (deep ? CMK_FORMAT_GRAY16 : CMK_FORMAT_GRAY8);
  image->stride_bytes = (ptrdiff_t)width * (colour ? 3 : 1) * (deep ? 2 : 1);
  *head = (size_t)length + 1;
  if (size - *head != (size_t)image->stride_bytes * height) {
    Refuse("the file is not as long as its head says");
    return 0;
  }
  return 1;
}

/* Samples of 16 bits must lie at even addresses: the pixels are moved to the start of the memory,
 * and the head behind them. */
typedef struct picture {
  cmk_image image;
  char head[64];
  size_t head_size;
} picture;

static int LoadPicture(const request* asked, picture* loaded) {
  size_t size, head;
  uint8_t* content = Load(Field(asked, "picture"), &size);
  if (content == NULL) {
    return 0;
  }
  if (!ReadPicture(content, size, &loaded->image, &head) || head > sizeof loaded->head) {
    free(content);
    return 0;
  }
  memcpy(loaded->head, content, head);
  loaded->head_size = head;
  memmove(content, content + head, size - head);
  loaded->image.data = content;
  SwapIfLittle(&loaded->image);
  return 1;
}

static void Embed(const request* asked, picture* given, const uint8_t* key) {
  const uint64_t payload = strtoull(Field(asked, "payload"), NULL, 16);
  const float strength = strtof(Field(asked, "strength"), NULL);
  size_t size;
  if (!Done(cmk_watermark_embed_scratch_size(&given->image, &size))) {
    return;
  }
  void* scratch = malloc(size);
  if (Done(cmk_watermark_embed(&given->image, &given->image, payload, key, strength, scratch,
                               size))) {
    SwapIfLittle(&given->image);
    Save(Field(asked, "out"), given->head, given->head_size, given->image.data,
         (size_t)given->image.stride_bytes * given->image.height);
  }
  free(scratch);
}

static void Detect(const request* asked, picture* given, const uint8_t* key) {
  const int full = strcmp(Field(asked, "effort"), "full") == 0;
  const uint32_t effort = full ? CMK_EFFORT_FULL : CMK_EFFORT_ALIGNED;
  cmk_detection found = {.struct_size = sizeof found};
  size_t size;
  if (!Done(cmk_watermark_detect_scratch_size(&given->image, effort, &size))) {
    return;
  }
  void* scratch = malloc(size);
  const cmk_status status = cmk_watermark_detect(&given->image, key, effort, scratch, size, &found);
  free(scratch);
  if (status == CMK_STATUS_NOT_FOUND) {
    puts("none");
  } else if (Done(status)) {
    printf("ok payload=%016llx\n", (unsigned long long)found.payload);
  }
}

static void Pdq(const request* asked, picture* given, const uint8_t* key) {
  uint8_t hash[CMK_PDQ_BYTES];
  int32_t quality;
  size_t size;
  (void)asked, (void)key;
  if (!Done(cmk_fingerprint_pdq_scratch_size(&given->image, &size))) {
    return;
  }
  void* scratch = malloc(size);
  if (Done(cmk_fingerprint_pdq(&given->image, scratch, size, hash, &quality))) {
    printf("ok hash=");
    for (size_t i = 0; i < CMK_PDQ_BYTES; ++i) {
      printf("%02x", hash[i]);
    }
    printf(" quality=%d\n", (int)quality);
  }
  free(scratch);
}

/* A WAV file of which the head, as all vectors have it, takes so many bytes. */
enum { kHeadBytes = 44 };
typedef struct recording {
  cmk_sound sound;
  uint8_t* content; /* the whole file */
  uint8_t* samples; /* in it */
  size_t frames, size;
} recording;

static uint32_t Little(const uint8_t* bytes, int count) {
  uint32_t value = 0;
  for (int i = 0; i < count; ++i) {
    value |= (uint32_t)bytes[i] << 8 * i;
  }
  return value;
}

static int LoadSound(const request* asked, recording* loaded) {
  uint8_t* content = Load(Field(asked, "sound"), &loaded->size);
  if (content == NULL) {
    return 0;
  }
  if (loaded->size <= kHeadBytes) {
    Refuse("the file is not a sound");
    free(content);
    return 0;
  }
  const uint32_t bits = Little(content + 34, 2);
  const uint32_t format = bits == 16   ? CMK_SAMPLE_FORMAT_INT16
                          : bits == 24 ? CMK_SAMPLE_FORMAT_INT24
                                       : CMK_SAMPLE_FORMAT_FLOAT32;
  loaded->sound =
      (cmk_sound){sizeof loaded->sound, Little(content + 24, 4), Little(content + 22, 2), format};
  loaded->content = content;
  loaded->samples = content + kHeadBytes;
  loaded->frames = (loaded->size - kHeadBytes) / (loaded->sound.channels * bits / 8);
  return 1;
}

static void EmbedSound(const request* asked, recording* given, const uint8_t* key) {
  const int low = strcmp(Field(asked, "latency"), "low") == 0;
  const uint32_t latency = low ? CMK_AUDIO_LATENCY_LOW : CMK_AUDIO_LATENCY_BLOCK;
  const uint64_t payload = strtoull(Field(asked, "payload"), NULL, 16);
  const float strength = strtof(Field(asked, "strength"), NULL);
  size_t size, written, rest;
  if (!Done(cmk_audio_embedder_size(&given->sound, latency, &size))) {
    return;
  }
  cmk_audio_embedder* embedder = malloc(size);
  const size_t frame = (given->size - kHeadBytes) / given->frames;
  if (Done(cmk_audio_embedder_init(embedder, size, &given->sound, latency, payload, key,
                                   strength)) &&
      Done(cmk_audio_embedder_push(embedder, given->samples, given->frames, given->samples,
                                   &written)) &&
      Done(cmk_audio_embedder_finish(embedder, given->samples + written * frame,
                                     given->frames - written, &rest))) {
    Save(Field(asked, "out"), given->content, kHeadBytes, given->samples, given->size - kHeadBytes);
  }
  free(embedder);
}

static void DetectSound(const request* asked, recording* given, const uint8_t* key) {
  const int full = strcmp(Field(asked, "effort"), "full") == 0;
  const uint32_t effort = full ? CMK_EFFORT_FULL : CMK_EFFORT_ALIGNED;
  cmk_audio_detection found = {.struct_size = sizeof found};
  size_t size, count;
  if (!Done(cmk_audio_detector_size(&given->sound, effort, &size))) {
    return;
  }
  cmk_audio_detector* detector = malloc(size);
  if (Done(cmk_audio_detector_init(detector, size, &given->sound, key, effort)) &&
      Done(cmk_audio_detector_push(detector, given->samples, given->frames))) {
    const cmk_status status = cmk_audio_detector_detect(detector, &found, 1, &count);
    if (status == CMK_STATUS_NOT_FOUND) {
      puts("none");
    } else if (Done(status)) {
      printf("ok payload=%016llx\n", (unsigned long long)found.payload);
    }
  }
  free(detector);
}

static void DetectText(const request* asked, const uint8_t* key) {
  cmk_text_detection found = {.struct_size = sizeof found};
  size_t bytes, size, count = 0;
  uint8_t* content = Load(Field(asked, "tokens"), &bytes);
  if (content == NULL) {
    return;
  }
  uint32_t* tokens = malloc((bytes + 1) / 2 * sizeof *tokens + sizeof *tokens);
  for (char *at = (char*)content, *end; tokens != NULL; at = end) {
    const unsigned long token = strtoul(at, &end, 10);
    if (end == at) {
      break;
    }
    tokens[count++] = (uint32_t)token;
  }
  if (Done(cmk_text_detect_scratch_size(count, &size))) {
    void* scratch = malloc(size);
    if (Done(cmk_text_detect(tokens, count, key, scratch, size, &found))) {
      if (found.false_positive_rate <= kSure) {
        printf("ok payload=%04x\n", (unsigned)found.payload);
      } else {
        puts("none");
      }
    }
    free(scratch);
  }
  free(tokens);
  free(content);
}

static void OnPicture(const request* asked, const uint8_t* key,
                      void (*verb)(const request*, picture*, const uint8_t*)) {
  picture given;
  if (LoadPicture(asked, &given)) {
    verb(asked, &given, key);
    free(given.image.data);
  }
}

static void OnSound(const request* asked, const uint8_t* key,
                    void (*verb)(const request*, recording*, const uint8_t*)) {
  recording given;
  if (LoadSound(asked, &given)) {
    verb(asked, &given, key);
    free(given.content);
  }
}

static void Answer(const request* asked) {
  uint8_t key[CMK_KEY_BYTES];
  if (strcmp(asked->verb, "capabilities") == 0) {
    puts(
        "ok capabilities=embed,embed-16,detect,detect-16,detect-keyed,pdq,pdq-16,embed-sound,"
        "detect-sound,detect-sound-keyed,detect-text");
  } else if (strcmp(asked->verb, "pdq") == 0) {
    OnPicture(asked, NULL, Pdq);
  } else if (!ReadKey(asked, key)) {
    return;
  } else if (strcmp(asked->verb, "embed") == 0) {
    OnPicture(asked, key, Embed);
  } else if (strcmp(asked->verb, "detect") == 0) {
    OnPicture(asked, key, Detect);
  } else if (strcmp(asked->verb, "embed-sound") == 0) {
    OnSound(asked, key, EmbedSound);
  } else if (strcmp(asked->verb, "detect-sound") == 0) {
    OnSound(asked, key, DetectSound);
  } else if (strcmp(asked->verb, "detect-text") == 0) {
    DetectText(asked, key);
  } else {
    puts("unsupported");
  }
}

int main(void) {
  char line[LINE_BYTES];
  while (fgets(line, sizeof line, stdin) != NULL) {
    const request asked = Parse(line);
    if (asked.verb != NULL) {
      Answer(&asked);
      fflush(stdout);
    }
  }
  return 0;
}
