/*
 * countermark: invisible watermarks for pictures, sound and generated text, and perceptual
 * fingerprints of pictures, on the device.
 *
 * Contents, a section each:
 *   Version
 *   Status
 *   SIMD target
 *   Pictures
 *   Watermark of a picture
 *   Watermark of a picture, embedded elsewhere
 *   What the detector saw in a picture, for people to look at
 *   Watermark of a video, written frame by frame
 *   Watermark of a video, read from many frames
 *   Watermark of a video, read along its schedule
 *   Sounds
 *   Watermark of a sound, written
 *   Watermark of a sound, read
 *   Watermark of a text, in the choice of its tokens
 *   Fingerprint of a picture
 *   Exact search among fingerprints
 *
 * Conventions of the whole header:
 * - A function that can fail returns a cmk_status, which must be looked at. When it is not
 *   CMK_STATUS_OK (or CMK_STATUS_NOT_FOUND, where documented) no output has been written.
 * - The library neither allocates nor keeps anything: pictures, results and scratch memory are the
 *   caller's and are not used after the call. The size of the scratch memory is asked by the
 *   function whose name ends in _scratch_size; any alignment will do; its content means nothing
 *   before or after. It must not overlap a picture.
 * - What lasts from one frame of a video, or one part of a sound, to the next lies in one block of
 *   the caller's memory too, of the size that the function whose name ends in _size says. Nothing
 *   needs to be released: the caller frees the memory.
 * - Every function may be called from several threads at once, as long as they write to different
 *   memory. There is no state but the SIMD target, chosen at the first call. No function starts a
 *   thread, opens a file or heeds the locale.
 * - A library built for debugging (without NDEBUG) says on stderr which condition an argument that
 *   it refuses does not meet. Others write nothing.
 * - Structs that may grow begin with struct_size, which the caller sets to sizeof the struct.
 * - The results are the same bits on every processor.
 */
#ifndef COUNTERMARK_COUNTERMARK_H_
#define COUNTERMARK_COUNTERMARK_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#if defined(COUNTERMARK_BUILDING_LIBRARY)
#define CMK_API __declspec(dllexport)
#else
#define CMK_API __declspec(dllimport)
#endif
#elif defined(__GNUC__)
#define CMK_API __attribute__((visibility("default")))
#else
#define CMK_API
#endif

#if defined(__GNUC__)
#define CMK_MUST_USE __attribute__((warn_unused_result))
#else
#define CMK_MUST_USE
#endif

/* ---------------------------------------------------------------------------------------------
 * Version
 */

/* Raised when a program must be compiled anew. */
#define CMK_ABI_VERSION 1
CMK_API uint32_t cmk_abi_version(void);

/* "major.minor.patch" of the library that is running. Static storage. */
CMK_API const char* cmk_version_string(void);

/* ---------------------------------------------------------------------------------------------
 * Status
 */

/* The numbers are frozen; new ones are only added at the end. */
typedef enum cmk_status {
  CMK_STATUS_OK = 0,
  CMK_STATUS_NOT_FOUND = 1,          /* no watermark can be read; not an error */
  CMK_STATUS_NULL_POINTER = 2,       /* a pointer that must not be null is null */
  CMK_STATUS_STRUCT_SIZE = 3,        /* struct_size is not one that this version knows */
  CMK_STATUS_UNKNOWN_FORMAT = 4,     /* the format is not one of its enum */
  CMK_STATUS_IMAGE_TOO_SMALL = 5,    /* a side is under the minimum of the function */
  CMK_STATUS_IMAGE_TOO_LARGE = 6,    /* a side is over CMK_SIDE_MAX */
  CMK_STATUS_BAD_STRIDE = 7,         /* the stride is shorter than a row, or overflows */
  CMK_STATUS_MISALIGNED = 8,         /* an address is no multiple of what its content needs */
  CMK_STATUS_SHAPE_MISMATCH = 9,     /* input and output differ in size or format */
  CMK_STATUS_OVERLAP = 10,           /* two buffers share memory that they must not share */
  CMK_STATUS_BAD_STRENGTH = 11,      /* the strength is not in (0, CMK_STRENGTH_MAX] */
  CMK_STATUS_UNKNOWN_EFFORT = 12,    /* the effort is not one of cmk_effort */
  CMK_STATUS_SCRATCH_TOO_SMALL = 13, /* less memory than the function asked for */
  CMK_STATUS_UNKNOWN_TARGET = 14,    /* COUNTERMARK_TARGET names a target that is not here */
  CMK_STATUS_TOO_MANY_HASHES = 15,   /* over CMK_HAMMING_COUNT_MAX */
  CMK_STATUS_DAMAGED_INDEX = 16,     /* damaged, cut off, of another version, or no index */
  CMK_STATUS_BUSY = 17,              /* another thread is in a call with the same object */
  CMK_STATUS_NOT_INITIALISED = 18,   /* the memory holds no object, or one that was moved */
  CMK_STATUS_BAD_INTERVAL = 19,      /* a number of frames is not one that the function takes */
  CMK_STATUS_BAD_RATE = 20,          /* the rate is not from CMK_RATE_MIN to CMK_RATE_MAX */
  CMK_STATUS_BAD_CHANNELS = 21,      /* the channels are not from 1 to CMK_CHANNELS_MAX */
  CMK_STATUS_BAD_SAMPLE = 22,        /* a sample is infinite or not a number */
  CMK_STATUS_ENDED = 23              /* nothing can follow what was said to be the end */
} cmk_status;

/* One English sentence without a full stop. Static storage; never null. */
CMK_API const char* cmk_status_string(cmk_status status);

/* ---------------------------------------------------------------------------------------------
 * SIMD target
 */

/*
 * "scalar", "sse4", "avx2", "neon" or "simd128" (of WebAssembly): the best one that the library and
 * the processor have, or the one that the environment variable COUNTERMARK_TARGET named when the
 * process first called the library. Null when that one is not available; then every other function
 * that returns a status returns CMK_STATUS_UNKNOWN_TARGET rather than run another one. Static
 * storage.
 */
CMK_API const char* cmk_target_name(void);

/* ---------------------------------------------------------------------------------------------
 * Pictures
 */

/* Limits of both sides in pixels; the same as functions, for bindings. */
#define CMK_SIDE_MIN 128
#define CMK_SIDE_MAX 65535
CMK_API uint32_t cmk_side_min(void);
CMK_API uint32_t cmk_side_max(void);

/*
 * Channels are interleaved unless the name says otherwise; 16-bit samples are in the byte order of
 * the machine. Alpha is never read as brightness and never changed.
 *
 * Of video only the luma plane is looked at and marked; chroma stays as it is. The luma of NV12,
 * NV21 and I420 is CMK_FORMAT_GRAY8 with the stride of that plane, of P010 it is CMK_FORMAT_P010:
 * 16-bit words with ten bits of brightness in the upper bits and, where the library wrote them,
 * zeros in the lower six.
 */
typedef enum cmk_format {
  CMK_FORMAT_GRAY8 = 0,
  CMK_FORMAT_RGB8 = 1,
  CMK_FORMAT_RGBA8 = 2,
  CMK_FORMAT_GRAY16 = 3,
  CMK_FORMAT_RGB16 = 4,
  CMK_FORMAT_RGBA16 = 5,
  CMK_FORMAT_BGR8 = 6,
  CMK_FORMAT_BGRA8 = 7,
  CMK_FORMAT_PLANAR_RGB8 = 8,
  CMK_FORMAT_PLANAR_RGB16 = 9,
  CMK_FORMAT_P010 = 10
} cmk_format;

/* Memory that the caller owns. Rows may be padded, or run upwards with a negative stride; `data`
 * points to the first pixel of the first row. An input is not written. Planes of red, green and
 * blue, in this order, share the stride and follow each other at one distance, forwards or
 * backwards, of at least what a plane takes. */
typedef struct cmk_image {
  uint32_t struct_size;
  uint32_t width;  /* pixels */
  uint32_t height; /* pixels */
  uint32_t format; /* cmk_format */
  void* data;
  ptrdiff_t stride_bytes;
  ptrdiff_t plane_stride_bytes; /* from red to green and from green to blue; 0 unless planar */
} cmk_image;

/* ---------------------------------------------------------------------------------------------
 * Watermark of a picture
 */

/* Bytes of a key. The published default key makes marks that everyone can read. */
#define CMK_KEY_BYTES 16
CMK_API size_t cmk_key_bytes(void);
CMK_API const uint8_t* cmk_default_key(void); /* CMK_KEY_BYTES bytes; static storage */

#define CMK_STRENGTH_MAX 4.0f
CMK_API float cmk_strength_max(void);

/*
 * Bytes of scratch memory for cmk_watermark_embed on a picture like this one (`data` may be null).
 *
 * Returns CMK_STATUS_OK, or NULL_POINTER, STRUCT_SIZE, UNKNOWN_FORMAT, IMAGE_TOO_SMALL (under
 * CMK_SIDE_MIN), IMAGE_TOO_LARGE, UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_watermark_embed_scratch_size(const cmk_image* image,
                                                    size_t* size) CMK_MUST_USE;

/*
 * Writes a picture with the payload in its pixels.
 *
 * in        the picture
 * out       same size and format; either the same memory as `in` or no byte of it
 * payload   any 64 bits
 * key       CMK_KEY_BYTES bytes; only who has them reads the mark
 * strength  amplitude, in (0, CMK_STRENGTH_MAX]; 1 is the default, invisible on photographs
 *
 * Returns CMK_STATUS_OK, or NULL_POINTER, STRUCT_SIZE, UNKNOWN_FORMAT, IMAGE_TOO_SMALL (under
 * CMK_SIDE_MIN), IMAGE_TOO_LARGE, BAD_STRIDE, MISALIGNED, SHAPE_MISMATCH, OVERLAP, BAD_STRENGTH,
 * SCRATCH_TOO_SMALL, UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_watermark_embed(const cmk_image* in, const cmk_image* out, uint64_t payload,
                                       const uint8_t* key, float strength, void* scratch,
                                       size_t scratch_size) CMK_MUST_USE;

typedef enum cmk_effort {
  CMK_EFFORT_ALIGNED = 0, /* pictures that were resized, re-compressed or recoloured */
  CMK_EFFORT_FULL = 1     /* also cropped, rotated, mirrored or stretched ones; slower */
} cmk_effort;

typedef struct cmk_detection {
  uint32_t struct_size;
  float score; /* height of the pilot's peak, in standard deviations of its surroundings */
  uint64_t payload;
  /* Upper bound of the probability that this call reads anything in an unmarked picture. */
  double false_positive_rate;
  /*
   * Three rows of a homography: the point (x, y) of the picture, in pixels from its top left
   * corner (the first pixel's centre is (0.5, 0.5)), was at (u / w, v / w) of the marked picture,
   * (u, v, w) being the rows times (x, y, 1), counted from its centre and scaled so that its area
   * is 512 x 512. u / w and v / w are known modulo 96 only. Without perspective w is 1; it is 1
   * where u and v are 0.
   */
  double geometry[9];
} cmk_detection;

/*
 * Bytes of scratch memory for cmk_watermark_detect on a picture like this one (`data` may be
 * null).
 *
 * Returns CMK_STATUS_OK, or NULL_POINTER, STRUCT_SIZE, UNKNOWN_FORMAT, IMAGE_TOO_SMALL (under
 * CMK_SIDE_MIN), IMAGE_TOO_LARGE, UNKNOWN_EFFORT, UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_watermark_detect_scratch_size(const cmk_image* image, uint32_t effort,
                                                     size_t* size) CMK_MUST_USE;

/*
 * Reads the payload of a marked picture, also of a damaged copy.
 *
 * key        CMK_KEY_BYTES bytes, those of the embedding
 * effort     a cmk_effort
 * detection  written when the result is CMK_STATUS_OK; struct_size is set by the caller. When it is
 *            CMK_STATUS_NOT_FOUND only the score is written: the highest of all places and turns
 *            that were looked at closely
 *
 * Returns CMK_STATUS_OK when a payload was read, CMK_STATUS_NOT_FOUND when there is none, or
 * NULL_POINTER, STRUCT_SIZE, UNKNOWN_FORMAT, IMAGE_TOO_SMALL (under CMK_SIDE_MIN),
 * IMAGE_TOO_LARGE, BAD_STRIDE, MISALIGNED, OVERLAP, UNKNOWN_EFFORT, SCRATCH_TOO_SMALL,
 * UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_watermark_detect(const cmk_image* image, const uint8_t* key, uint32_t effort,
                                        void* scratch, size_t scratch_size,
                                        cmk_detection* detection) CMK_MUST_USE;

/* ---------------------------------------------------------------------------------------------
 * Watermark of a picture, embedded elsewhere
 *
 * For an embedder on another processor, on a graphics card for example: what the key and the
 * payload decide. docs/watermark.md says what it is for: sections 2, 5 and 6.
 */

/* Coefficients of the band; coded bits that carry a payload; variants of a word. */
#define CMK_BAND_COEFFICIENTS 652
#define CMK_CODED_BITS 400
#define CMK_VARIANTS 16
CMK_API size_t cmk_band_coefficients(void);
CMK_API size_t cmk_coded_bits(void);
CMK_API size_t cmk_variants(void);

/* The real or the imaginary part of a coefficient. */
typedef struct cmk_component {
  uint16_t bit; /* the coded bit that it carries, or CMK_CODED_BITS: none, it is the pilot's */
  int16_t sign; /* of the component where the bit is 0, and of the pilot's: 1 or -1 */
} cmk_component;

/* A payload with one of its variants, from which an embedder chooses by the picture. */
typedef struct cmk_word {
  uint16_t origin_x, origin_y; /* where the tile begins, in canonical pixels: 0 to 95 */
  uint8_t coded[400];          /* CMK_CODED_BITS of 0 or 1 */
} cmk_word;

/*
 * What a key decides of every mark.
 *
 * key         CMK_KEY_BYTES bytes
 * components  2 CMK_BAND_COEFFICIENTS of them are written: of each coefficient, in the order of
 *             docs/watermark.md, section 2, the real and the imaginary part
 *
 * Returns CMK_STATUS_OK, or NULL_POINTER, UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_watermark_layout(const uint8_t* key, cmk_component* components) CMK_MUST_USE;

/*
 * What a payload decides.
 *
 * key    CMK_KEY_BYTES bytes
 * words  CMK_VARIANTS of them are written, by variant
 *
 * Returns CMK_STATUS_OK, or NULL_POINTER, UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_watermark_words(uint64_t payload, const uint8_t* key,
                                       cmk_word* words) CMK_MUST_USE;

/* ---------------------------------------------------------------------------------------------
 * What the detector saw in a picture, for people to look at
 */

/* The most tiles that are told apart. */
#define CMK_TILES_MAX 256
CMK_API size_t cmk_tiles_max(void);

/* One repetition of the watermark: the square of 96 x 96 units of the geometry with its corners at
 * multiples of 96. At an edge only a part of it is in the picture. */
typedef struct cmk_tile {
  float x, y;  /* of its centre, in pixels from the picture's top left corner; may lie outside */
  float score; /* of the pilot in this tile alone: about 0, give or take 1, where it is not */
} cmk_tile;

typedef struct cmk_inspection {
  uint32_t struct_size;   /* set by the caller */
  uint32_t tile_capacity; /* set by the caller: how many `tiles` has room for */
  cmk_tile* tiles;        /* the caller's, filled up to tile_capacity; null when that is 0 */
  float* bit_margins;     /* the caller's CMK_CODED_BITS values, or null */
  uint32_t tile_count;    /* how many there are, at most CMK_TILES_MAX */
  float least_score;      /* below this score of the whole picture nothing is decoded */
  double likeness;        /* how well the pattern read fits, in deviations of chance, or 0 */
  double geometry[9];     /* as in cmk_detection; where the tiles are */
} cmk_inspection;

/*
 * Bytes of scratch memory for cmk_watermark_inspect on a picture like this one (`data` may be
 * null).
 *
 * Returns what cmk_watermark_detect_scratch_size returns.
 */
CMK_API cmk_status cmk_watermark_inspect_scratch_size(const cmk_image* image, uint32_t effort,
                                                      size_t* size) CMK_MUST_USE;

/*
 * Detects, then looks once more at the whole picture where the mark was found.
 *
 * detection   as cmk_watermark_detect writes it
 * inspection  written when the result is CMK_STATUS_OK or CMK_STATUS_NOT_FOUND. bit_margins: by how
 *             much each coded bit speaks for the payload that was read, of mean square 1; negative
 *             ones had to be corrected. When nothing was read they are 0, and geometry and tiles
 *             are those of a picture that is as it was marked
 *
 * No two of the picture, scratch and the arrays may share memory.
 *
 * Returns what cmk_watermark_detect returns.
 */
CMK_API cmk_status cmk_watermark_inspect(const cmk_image* image, const uint8_t* key,
                                         uint32_t effort, void* scratch, size_t scratch_size,
                                         cmk_detection* detection,
                                         cmk_inspection* inspection) CMK_MUST_USE;

/* ---------------------------------------------------------------------------------------------
 * Watermark of a video, written frame by frame
 *
 * A stream keeps what the frames of one video have in common: the pattern, which stays the same,
 * and the mask, which says how much of it each place can hide. A frame costs little more than one
 * pass over its pixels. Every frame is a marked picture by itself, which cmk_watermark_detect
 * reads.
 *
 * A stream lies in memory of the caller's: it can be used as long as that memory stays, in that
 * place, and needs no end. One thread uses it at a time; another gets CMK_STATUS_BUSY.
 */
typedef struct cmk_watermark_stream cmk_watermark_stream;

/* The most frames over which the mask is made anew. */
#define CMK_REFRESH_FRAMES_MAX 64
CMK_API uint32_t cmk_refresh_frames_max(void);

/*
 * Bytes of a stream for frames like this one (`data` may be null).
 *
 * Returns CMK_STATUS_OK, or NULL_POINTER, STRUCT_SIZE, UNKNOWN_FORMAT, IMAGE_TOO_SMALL (under
 * CMK_SIDE_MIN), IMAGE_TOO_LARGE, UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_watermark_stream_size(const cmk_image* frame, size_t* size) CMK_MUST_USE;

/*
 * Makes a stream.
 *
 * stream          at an address that is a multiple of 8, as malloc gives it; what lies there is
 *                 lost, also a stream that is in use
 * stream_size     what cmk_watermark_stream_size said, or more
 * frame           has the width, height and format of all frames; its `data` may be null
 * payload         any 64 bits
 * key             CMK_KEY_BYTES bytes, copied
 * strength        amplitude, in (0, CMK_STRENGTH_MAX]; 1 is the default
 * refresh_frames  over how many frames the mask is made anew, a part with each of them: 1 to
 *                 CMK_REFRESH_FRAMES_MAX; 8 suits 30 frames a second
 *
 * Returns CMK_STATUS_OK, or NULL_POINTER, STRUCT_SIZE, UNKNOWN_FORMAT, IMAGE_TOO_SMALL (under
 * CMK_SIDE_MIN), IMAGE_TOO_LARGE, MISALIGNED, BAD_STRENGTH, BAD_INTERVAL, SCRATCH_TOO_SMALL,
 * UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_watermark_stream_init(cmk_watermark_stream* stream, size_t stream_size,
                                             const cmk_image* frame, uint64_t payload,
                                             const uint8_t* key, float strength,
                                             uint32_t refresh_frames) CMK_MUST_USE;

/*
 * Writes the next frame with the payload in its pixels. Allocates nothing.
 *
 * in   of the stream's width, height and format; the stride may differ from frame to frame
 * out  either the same memory as `in` or no byte of it
 *
 * Neither may overlap the stream.
 *
 * Returns CMK_STATUS_OK, or NULL_POINTER, STRUCT_SIZE, UNKNOWN_FORMAT, IMAGE_TOO_SMALL,
 * IMAGE_TOO_LARGE, BAD_STRIDE, MISALIGNED, SHAPE_MISMATCH, OVERLAP, BUSY, NOT_INITIALISED,
 * UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_watermark_stream_embed(cmk_watermark_stream* stream, const cmk_image* in,
                                              const cmk_image* out) CMK_MUST_USE;

/*
 * The same by the schedule, for a frame that is shown `microseconds` after the video's beginning:
 * the pattern keeps its place and sign for two seconds, then moves on, through 32 states of the
 * key's in 64 seconds, so that frames added up do not show it. Each frame differs from its original
 * by the same mean square, 44 dB at strength 1 (less where there is little to hide in), and is a
 * marked picture all the same. A cmk_watermark_clip reads what such frames have in common; an
 * accumulator does so within a state only.
 *
 * microseconds  of media time; frames may be left out, and come at any rate
 *
 * Returns what cmk_watermark_stream_embed returns.
 */
CMK_API cmk_status cmk_watermark_stream_embed_at(cmk_watermark_stream* stream, int64_t microseconds,
                                                 const cmk_image* in,
                                                 const cmk_image* out) CMK_MUST_USE;

/*
 * The frames from now on carry another payload.
 *
 * Returns CMK_STATUS_OK, or NULL_POINTER, MISALIGNED, BUSY, NOT_INITIALISED, UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_watermark_stream_set_payload(cmk_watermark_stream* stream,
                                                    uint64_t payload) CMK_MUST_USE;

/* ---------------------------------------------------------------------------------------------
 * Watermark of a video, read from many frames
 *
 * Frames that one stream marked carry the same pattern in the same place. An accumulator adds them
 * up, so that a mark too weak to be read in any of them is read from their sum: after n frames it
 * stands out up to sqrt(n) times as much, the more of that the more the picture changes behind it.
 * Frames that were cropped, scaled or turned alike add up as well; and, once the mark was found,
 * also while what was done to them changes slowly, as when a picture zooms, pans or is filmed anew
 * from an unsteady hand. Frames that carry no mark do no harm.
 *
 * Pictures that cmk_watermark_embed marked one by one do not add up: each chose its own place. They
 * are read one by one.
 *
 * An accumulator lies in memory of the caller's: it can be used as long as that memory stays, in
 * that place, and needs no end. One thread uses it at a time; another gets CMK_STATUS_BUSY.
 */
typedef struct cmk_watermark_accumulator cmk_watermark_accumulator;

/*
 * Bytes of an accumulator for frames like this one (`data` may be null), however many they are: at
 * most 12 MiB with CMK_EFFORT_ALIGNED, 54 MiB with CMK_EFFORT_FULL (39 MiB for 1920 x 1080).
 *
 * Returns CMK_STATUS_OK, or NULL_POINTER, STRUCT_SIZE, UNKNOWN_FORMAT, IMAGE_TOO_SMALL (under
 * CMK_SIDE_MIN), IMAGE_TOO_LARGE, UNKNOWN_EFFORT, UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_watermark_accumulator_size(const cmk_image* frame, uint32_t effort,
                                                  size_t* size) CMK_MUST_USE;

/*
 * Makes an accumulator without frames.
 *
 * accumulator       at an address that is a multiple of 8, as malloc gives it; what lies there is
 *                   lost, also an accumulator that is in use
 * accumulator_size  what cmk_watermark_accumulator_size said, or more
 * frame             has the width, height and format of all frames; its `data` may be null
 * key               CMK_KEY_BYTES bytes, those of the embedding, copied
 * effort            CMK_EFFORT_ALIGNED for frames that show all that was marked, resized and
 *                   re-compressed at most
 *
 * Returns CMK_STATUS_OK, or NULL_POINTER, STRUCT_SIZE, UNKNOWN_FORMAT, IMAGE_TOO_SMALL (under
 * CMK_SIDE_MIN), IMAGE_TOO_LARGE, MISALIGNED, UNKNOWN_EFFORT, SCRATCH_TOO_SMALL, UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_watermark_accumulator_init(cmk_watermark_accumulator* accumulator,
                                                  size_t accumulator_size, const cmk_image* frame,
                                                  const uint8_t* key, uint32_t effort) CMK_MUST_USE;

/*
 * Adds the next frame. The time it takes does not depend on what the frame shows, nor on how many
 * there were. Allocates nothing.
 *
 * frame  of the accumulator's width, height and format; the stride may differ from frame to frame.
 *        Must not overlap the accumulator
 *
 * Returns CMK_STATUS_OK, or NULL_POINTER, STRUCT_SIZE, UNKNOWN_FORMAT, IMAGE_TOO_SMALL,
 * IMAGE_TOO_LARGE, BAD_STRIDE, MISALIGNED, SHAPE_MISMATCH, OVERLAP, BUSY, NOT_INITIALISED,
 * UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_watermark_accumulator_add(cmk_watermark_accumulator* accumulator,
                                                 const cmk_image* frame) CMK_MUST_USE;

/*
 * Reads the payload from all frames since the accumulator was made or reset. May be called after
 * any of them; takes as long as several calls of cmk_watermark_detect where nothing is found. With
 * CMK_EFFORT_FULL it finds marks that move in the last 24 frames only, so call it at least that
 * often; what it found is then followed.
 *
 * detection  written when the result is CMK_STATUS_OK; struct_size is set by the caller. When it is
 *            CMK_STATUS_NOT_FOUND only the score is written. The geometry is that of the last
 *            frame. false_positive_rate bounds the probability that this or any other call since
 *            the reset, however many, reads anything in a video that is not marked
 *
 * Returns CMK_STATUS_OK when a payload was read, CMK_STATUS_NOT_FOUND when there is none, or
 * NULL_POINTER, STRUCT_SIZE, MISALIGNED, BUSY, NOT_INITIALISED, UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_watermark_accumulator_detect(cmk_watermark_accumulator* accumulator,
                                                    cmk_detection* detection) CMK_MUST_USE;

/*
 * Forgets all frames, as at a cut to what another stream marked.
 *
 * Returns CMK_STATUS_OK, or NULL_POINTER, MISALIGNED, BUSY, NOT_INITIALISED, UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_watermark_accumulator_reset(cmk_watermark_accumulator* accumulator)
    CMK_MUST_USE;

/* ---------------------------------------------------------------------------------------------
 * Watermark of a video, read along its schedule
 *
 * A clip adds up what cmk_watermark_stream_embed_at marked, and finds out at which part of the
 * schedule it begins: any part of a video may be read, at another frame rate, with frames that are
 * missing or doubled. Frames may have been cropped, scaled or turned alike; where they were
 * changed differently, as by a zoom, only what lies alike for a second adds up.
 *
 * A clip lies in memory of the caller's: it can be used as long as that memory stays, in that
 * place, and needs no end. One thread uses it at a time; another gets CMK_STATUS_BUSY.
 */
typedef struct cmk_watermark_clip cmk_watermark_clip;

/*
 * Bytes of a clip for frames like this one (`data` may be null), however many they are: at most
 * 23 MiB with CMK_EFFORT_ALIGNED, 101 MiB with CMK_EFFORT_FULL (83 MiB for 1920 x 1080).
 *
 * Returns CMK_STATUS_OK, or NULL_POINTER, STRUCT_SIZE, UNKNOWN_FORMAT, IMAGE_TOO_SMALL (under
 * CMK_SIDE_MIN), IMAGE_TOO_LARGE, UNKNOWN_EFFORT, UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_watermark_clip_size(const cmk_image* frame, uint32_t effort,
                                           size_t* size) CMK_MUST_USE;

/*
 * Makes a clip without frames.
 *
 * clip       at an address that is a multiple of 8, as malloc gives it; what lies there is lost,
 *            also a clip that is in use
 * clip_size  what cmk_watermark_clip_size said, or more
 * frame      has the width, height and format of all frames; its `data` may be null
 * key        CMK_KEY_BYTES bytes, those of the embedding, copied
 * effort     CMK_EFFORT_ALIGNED for frames that show all that was marked, resized and re-compressed
 *            at most
 *
 * Returns CMK_STATUS_OK, or NULL_POINTER, STRUCT_SIZE, UNKNOWN_FORMAT, IMAGE_TOO_SMALL (under
 * CMK_SIDE_MIN), IMAGE_TOO_LARGE, MISALIGNED, UNKNOWN_EFFORT, SCRATCH_TOO_SMALL, UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_watermark_clip_init(cmk_watermark_clip* clip, size_t clip_size,
                                           const cmk_image* frame, const uint8_t* key,
                                           uint32_t effort) CMK_MUST_USE;

/*
 * Adds the next frame. Allocates nothing.
 *
 * microseconds  when it is shown, from any beginning; not before the frame before
 * frame         of the clip's width, height and format; the stride may differ from frame to frame.
 *               Must not overlap the clip
 *
 * Returns CMK_STATUS_OK, or NULL_POINTER, STRUCT_SIZE, UNKNOWN_FORMAT, IMAGE_TOO_SMALL,
 * IMAGE_TOO_LARGE, BAD_STRIDE, MISALIGNED, SHAPE_MISMATCH, OVERLAP, BUSY, NOT_INITIALISED,
 * UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_watermark_clip_add(cmk_watermark_clip* clip, int64_t microseconds,
                                          const cmk_image* frame) CMK_MUST_USE;

/*
 * Reads the payload from all frames since the clip was made or reset; what was cropped or turned,
 * from those of the last three seconds. May be called after any of them.
 *
 * detection  written when the result is CMK_STATUS_OK; struct_size is set by the caller. When it is
 *            CMK_STATUS_NOT_FOUND only the score is written. false_positive_rate bounds the
 *            probability that this or any other call since the reset, however many, reads anything
 *            in a video that is not marked. Of the geometry, u / w and v / w are where the mark of
 *            some state lies
 *
 * Returns CMK_STATUS_OK when a payload was read, CMK_STATUS_NOT_FOUND when there is none, or
 * NULL_POINTER, STRUCT_SIZE, MISALIGNED, BUSY, NOT_INITIALISED, UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_watermark_clip_detect(cmk_watermark_clip* clip,
                                             cmk_detection* detection) CMK_MUST_USE;

/*
 * Forgets all frames.
 *
 * Returns CMK_STATUS_OK, or NULL_POINTER, MISALIGNED, BUSY, NOT_INITIALISED, UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_watermark_clip_reset(cmk_watermark_clip* clip) CMK_MUST_USE;

/* ---------------------------------------------------------------------------------------------
 * Sounds
 */

/* Limits of the samples a second of each channel, and of the channels; the same as functions. */
#define CMK_RATE_MIN 8000
#define CMK_RATE_MAX 192000
#define CMK_CHANNELS_MAX 8
CMK_API uint32_t cmk_rate_min(void);
CMK_API uint32_t cmk_rate_max(void);
CMK_API uint32_t cmk_channels_max(void);

/*
 * Signed, in the byte order of the machine but for 24 bits, which take three bytes, the lowest
 * first. Full scale of floating-point samples is -1 to 1. Samples may lie at any address.
 */
typedef enum cmk_sample_format {
  CMK_SAMPLE_FORMAT_INT16 = 0,
  CMK_SAMPLE_FORMAT_INT24 = 1,
  CMK_SAMPLE_FORMAT_INT32 = 2,
  CMK_SAMPLE_FORMAT_FLOAT32 = 3
} cmk_sample_format;

/* What a sound consists of: frames, each of which has one sample of each channel. */
typedef struct cmk_sound {
  uint32_t struct_size;
  uint32_t rate;     /* frames a second */
  uint32_t channels; /* interleaved */
  uint32_t format;   /* cmk_sample_format */
} cmk_sound;

/* ---------------------------------------------------------------------------------------------
 * Watermark of a sound, written
 *
 * An embedder adds the mark to a sound as it comes in. Rate, channels, format and length stay as
 * they are; frames come out in the order in which they came in, later by a number of them that is
 * always the same. Samples that are digitally silent for half a millisecond stay so; where there is
 * no room for the mark below full scale it gives way, so that nothing is clipped.
 *
 * An embedder lies in memory of the caller's: it can be used as long as that memory stays, in that
 * place, and needs no end. One thread uses it at a time; another gets CMK_STATUS_BUSY.
 */
typedef struct cmk_audio_embedder cmk_audio_embedder;

/* How long frames are kept back. */
typedef enum cmk_audio_latency {
  /* At most 6.5 seconds: the mark leans against what the sound itself would say, and is read from
   * worse copies and from shorter pieces. For files. */
  CMK_AUDIO_LATENCY_BLOCK = 0,
  /* At most half a second. For what is heard while it comes in. */
  CMK_AUDIO_LATENCY_LOW = 1
} cmk_audio_latency;

/*
 * Bytes of an embedder for sounds like this one.
 *
 * latency  cmk_audio_latency
 *
 * Returns CMK_STATUS_OK, or NULL_POINTER, STRUCT_SIZE, UNKNOWN_FORMAT, BAD_RATE, BAD_CHANNELS,
 * BAD_INTERVAL (the latency is unknown), UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_audio_embedder_size(const cmk_sound* sound, uint32_t latency,
                                           size_t* size) CMK_MUST_USE;

/*
 * Makes an embedder.
 *
 * embedder       at an address that is a multiple of 8, as malloc gives it; what lies there is
 *                lost, also an embedder that is in use
 * embedder_size  what cmk_audio_embedder_size said, or more
 * sound          of what will come in
 * latency        cmk_audio_latency
 * payload        any 64 bits
 * key            CMK_KEY_BYTES bytes, copied; only who has them reads the mark
 * strength       amplitude, in (0, CMK_STRENGTH_MAX]; 1 is the default
 *
 * Returns CMK_STATUS_OK, or NULL_POINTER, STRUCT_SIZE, UNKNOWN_FORMAT, BAD_RATE, BAD_CHANNELS,
 * BAD_INTERVAL (the latency is unknown), MISALIGNED, BAD_STRENGTH, SCRATCH_TOO_SMALL,
 * UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_audio_embedder_init(cmk_audio_embedder* embedder, size_t embedder_size,
                                           const cmk_sound* sound, uint32_t latency,
                                           uint64_t payload, const uint8_t* key,
                                           float strength) CMK_MUST_USE;

/*
 * By how many frames those that come out lag behind those that come in.
 *
 * Returns CMK_STATUS_OK, or NULL_POINTER, MISALIGNED, NOT_INITIALISED, UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_audio_embedder_latency(const cmk_audio_embedder* embedder,
                                              size_t* frames) CMK_MUST_USE;

/*
 * Takes the next frames of the sound and writes those that are due. What comes out does not depend
 * on how the sound is cut into calls. Allocates nothing.
 *
 * in           `frame_count` frames; may be null when that is 0
 * out          memory for as many frames: either the same as `in` or no byte of it
 * out_count    how many were written: of all frames taken so far, all but the last latency frames
 *              have been
 *
 * Neither may overlap the embedder.
 *
 * Returns CMK_STATUS_OK, or NULL_POINTER, MISALIGNED, BAD_INTERVAL (more frames than memory holds),
 * OVERLAP, BAD_SAMPLE (none of the frames was taken), ENDED (after cmk_audio_embedder_finish),
 * BUSY, NOT_INITIALISED, UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_audio_embedder_push(cmk_audio_embedder* embedder, const void* in,
                                           size_t frame_count, void* out,
                                           size_t* out_count) CMK_MUST_USE;

/*
 * The sound is at its end: writes frames that are still to come out, in as many calls as it takes.
 *
 * out        memory for `capacity` frames; may be null when that is 0. Must not overlap the
 *            embedder
 * out_count  how many were written: less than `capacity` when no more are left
 *
 * Returns CMK_STATUS_OK, or NULL_POINTER, MISALIGNED, BAD_INTERVAL (more frames than memory holds),
 * OVERLAP, BUSY, NOT_INITIALISED, UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_audio_embedder_finish(cmk_audio_embedder* embedder, void* out,
                                             size_t capacity, size_t* out_count) CMK_MUST_USE;

/* ---------------------------------------------------------------------------------------------
 * Watermark of a sound, read
 *
 * A detector takes a sound as it comes in, of any length: it looks at windows of 24.6 seconds, each
 * of which has half of the one before. The mark is read wherever it lies in time, from three
 * seconds of an unharmed copy, with any number of channels as their mean, from two channels also as
 * their difference. A file that was cut together bears the marks of all its sources: each of them
 * is told, and when it is there.
 *
 * A detector lies in memory of the caller's: it can be used as long as that memory stays, in that
 * place, and needs no end. One thread uses it at a time; another gets CMK_STATUS_BUSY.
 */
typedef struct cmk_audio_detector cmk_audio_detector;

/* Payloads that are told apart in one sound; stretches of each. */
#define CMK_AUDIO_DETECTIONS_MAX 8
#define CMK_AUDIO_STRETCHES_MAX 64
CMK_API uint32_t cmk_audio_detections_max(void);
CMK_API uint32_t cmk_audio_stretches_max(void);

/* A time in which the mark is there, in seconds from the sound's beginning; to about half a second,
 * in a copy of good quality to an eighth. */
typedef struct cmk_audio_stretch {
  double begin;
  double end;
} cmk_audio_stretch;

typedef struct cmk_audio_detection {
  uint32_t struct_size;      /* set by the caller */
  uint32_t stretch_capacity; /* set by the caller: how many `stretches` has room for */
  /* The caller's, filled up to stretch_capacity; null when that is 0. */
  cmk_audio_stretch* stretches;
  /* How many there are, at most CMK_AUDIO_STRETCHES_MAX: when there were more, near ones were
   * joined. */
  uint32_t stretch_count;
  float score; /* height of the pilot's peak, in deviations of chance */
  uint64_t payload;
  /* Upper bound of the probability that this detector, since it was made or reset, would have read
   * anything at all in an unmarked sound. */
  double false_positive_rate;
  /* When the mark's tile, of 0.512 / speed seconds, begins for the first time; 0 where tempo or
   * pitch were changed alone, so that there is no tile. */
  double offset_seconds;
  double speed; /* 1.02: the sound takes 2 % less time than it did when it was marked */
  double pitch; /* its frequencies, by what they were then; speed, unless only one was changed */
  int32_t polarity; /* -1 when the sound was inverted, else 1 */
  uint32_t variant; /* 0 to 15: most likely another one in another sound with this payload */
} cmk_audio_detection;

/*
 * Bytes of a detector for sounds like this one, however long: 29 MB, 18 MB with CMK_EFFORT_ALIGNED.
 *
 * effort  CMK_EFFORT_ALIGNED for sounds that run as fast as when they were marked; CMK_EFFORT_FULL
 *         also for others, from 7 % slower to 7 % faster, and for those whose tempo or pitch was
 *         changed alone, by up to 6 or 7 %
 *
 * Returns CMK_STATUS_OK, or NULL_POINTER, STRUCT_SIZE, UNKNOWN_FORMAT, BAD_RATE, BAD_CHANNELS,
 * UNKNOWN_EFFORT, UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_audio_detector_size(const cmk_sound* sound, uint32_t effort,
                                           size_t* size) CMK_MUST_USE;

/*
 * Makes a detector that has heard nothing.
 *
 * detector       at an address that is a multiple of 8, as malloc gives it; what lies there is
 *                lost, also a detector that is in use
 * detector_size  what cmk_audio_detector_size said, or more
 * sound          of what will come in
 * key            CMK_KEY_BYTES bytes, those of the embedding, copied
 * effort         cmk_effort
 *
 * Returns CMK_STATUS_OK, or NULL_POINTER, STRUCT_SIZE, UNKNOWN_FORMAT, BAD_RATE, BAD_CHANNELS,
 * UNKNOWN_EFFORT, MISALIGNED, SCRATCH_TOO_SMALL, UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_audio_detector_init(cmk_audio_detector* detector, size_t detector_size,
                                           const cmk_sound* sound, const uint8_t* key,
                                           uint32_t effort) CMK_MUST_USE;

/*
 * Takes the next frames. Every 12.3 seconds of sound it looks for marks, which takes most of the
 * time. Allocates nothing.
 *
 * frames  `frame_count` frames, which must not overlap the detector; may be null when that is 0
 *
 * Returns CMK_STATUS_OK, or NULL_POINTER, MISALIGNED, BAD_INTERVAL (more frames than memory holds),
 * OVERLAP, BAD_SAMPLE (none of the frames was taken), BUSY, NOT_INITIALISED, UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_audio_detector_push(cmk_audio_detector* detector, const void* frames,
                                           size_t frame_count) CMK_MUST_USE;

/*
 * Tells what was read in all frames since the detector was made or reset. May be called at any
 * time, and more frames may follow.
 *
 * detections  the caller's, filled up to `capacity`, the mark that is there longest first; null
 *             when that is 0. When nothing was read, only the score of the first one is written:
 *             the highest of all places that were looked at
 * count       how many there are, at most CMK_AUDIO_DETECTIONS_MAX; written also when it is 0
 *
 * Returns CMK_STATUS_OK when a payload was read, CMK_STATUS_NOT_FOUND when there is none, or
 * NULL_POINTER, STRUCT_SIZE, MISALIGNED, BUSY, NOT_INITIALISED, UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_audio_detector_detect(cmk_audio_detector* detector,
                                             cmk_audio_detection* detections, size_t capacity,
                                             size_t* count) CMK_MUST_USE;

/*
 * Forgets all frames, and what was read in them.
 *
 * Returns CMK_STATUS_OK, or NULL_POINTER, MISALIGNED, BUSY, NOT_INITIALISED, UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_audio_detector_reset(cmk_audio_detector* detector) CMK_MUST_USE;

/* ---------------------------------------------------------------------------------------------
 * Watermark of a text, in the choice of its tokens
 *
 * A language model gives a probability to each token of its vocabulary, and one of them is drawn.
 * Here what draws is no other chance than that of the key: to the logarithm of the probability of
 * every token -log(-log(1 - u)) is added, u being its number of cmk_text_draws as a fraction of
 * 2^32, (number + 0.5) / 2^32, and the token with the largest sum is taken (Gumbel's trick). Over
 * all keys each token is as likely as the model says. Who has the key and the tokens sees that the
 * numbers of those that were taken are small.
 *
 * Rules for who generates: the first CMK_TEXT_CONTEXT tokens of a text, and every token whose
 * context was in the text before, are drawn by other chance. The model's probabilities are those
 * after temperature, top-k and the like.
 */

/* Tokens before one that decide, with the key, what is drawn for it; words of a seed; tokens of a
 * text that are looked at. */
#define CMK_TEXT_CONTEXT 3
#define CMK_TEXT_SEED_WORDS 4
#define CMK_TEXT_TOKENS_MAX 65536
CMK_API size_t cmk_text_context(void);
CMK_API size_t cmk_text_seed_words(void);
CMK_API size_t cmk_text_tokens_max(void);

/*
 * Makes the seed for the token that follows a context.
 *
 * key      CMK_KEY_BYTES bytes
 * context  the CMK_TEXT_CONTEXT tokens before, the oldest first
 * payload  any 16 bits
 * variant  its lower four bits: texts of the same payload that begin alike differ by it
 * seed     CMK_TEXT_SEED_WORDS words, as secret as the choice of this one token
 *
 * Returns CMK_STATUS_OK, or NULL_POINTER, MISALIGNED.
 */
CMK_API cmk_status cmk_text_seed(const uint8_t* key, const uint32_t* context, uint16_t payload,
                                 uint8_t variant, uint32_t* seed) CMK_MUST_USE;

/*
 * Writes the numbers of the tokens 0 to count - 1, uniform over all 32 bits.
 *
 * Returns CMK_STATUS_OK, or NULL_POINTER, MISALIGNED, UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_text_draws(const uint32_t* seed, size_t count, uint32_t* draws) CMK_MUST_USE;

typedef struct cmk_text_detection {
  uint32_t struct_size;
  uint32_t tokens_used; /* those that count: each context once, the first tokens not */
  uint32_t payload;     /* the likeliest; says nothing unless false_positive_rate is small */
  uint32_t variant;
  /* Upper bound of the probability that any payload fits so well a text made without the key. */
  double false_positive_rate;
} cmk_text_detection;

/*
 * Bytes of scratch memory for cmk_text_detect on so many tokens.
 *
 * Returns CMK_STATUS_OK, or NULL_POINTER.
 */
CMK_API cmk_status cmk_text_detect_scratch_size(size_t count, size_t* size) CMK_MUST_USE;

/*
 * Reads a text, or any part of it; takes about a tenth of a second for 400 tokens.
 *
 * tokens     `count` of them, as the tokenizer of the model gives them; of more than
 *            CMK_TEXT_TOKENS_MAX the first are looked at
 * key        CMK_KEY_BYTES bytes
 * detection  written when the result is CMK_STATUS_OK; struct_size is set by the caller
 *
 * Returns CMK_STATUS_OK, also where nothing is found, or NULL_POINTER, STRUCT_SIZE, MISALIGNED,
 * SCRATCH_TOO_SMALL, UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_text_detect(const uint32_t* tokens, size_t count, const uint8_t* key,
                                   void* scratch, size_t scratch_size,
                                   cmk_text_detection* detection) CMK_MUST_USE;

/* ---------------------------------------------------------------------------------------------
 * Fingerprint of a picture
 */

/* PDQ (Meta, 2017): bytes of a hash; hashes of the eight turned and mirrored pictures; the
 * smallest side; the highest quality. */
#define CMK_PDQ_BYTES 32
#define CMK_PDQ_DIHEDRAL_COUNT 8
#define CMK_PDQ_SIDE_MIN 5
#define CMK_PDQ_QUALITY_MAX 100
CMK_API size_t cmk_pdq_bytes(void);
CMK_API size_t cmk_pdq_dihedral_count(void);
CMK_API uint32_t cmk_pdq_side_min(void);
CMK_API int32_t cmk_pdq_quality_max(void);

/*
 * Bytes of scratch memory for both PDQ functions on a picture like this one (`data` may be null).
 *
 * Returns CMK_STATUS_OK, or NULL_POINTER, STRUCT_SIZE, UNKNOWN_FORMAT, IMAGE_TOO_SMALL (under
 * CMK_PDQ_SIDE_MIN), IMAGE_TOO_LARGE, UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_fingerprint_pdq_scratch_size(const cmk_image* image,
                                                    size_t* size) CMK_MUST_USE;

/*
 * The perceptual hash of a picture. Two pictures whose hashes differ in 31 bits or fewer are
 * probably the same one; a quality under 50 says that the hash means little.
 *
 * hash     CMK_PDQ_BYTES bytes, in the order in which the reference implementation prints them
 * quality  0 .. CMK_PDQ_QUALITY_MAX
 *
 * Returns CMK_STATUS_OK, or NULL_POINTER, STRUCT_SIZE, UNKNOWN_FORMAT, IMAGE_TOO_SMALL (under
 * CMK_PDQ_SIDE_MIN), IMAGE_TOO_LARGE, BAD_STRIDE, MISALIGNED, OVERLAP, SCRATCH_TOO_SMALL,
 * UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_fingerprint_pdq(const cmk_image* image, void* scratch, size_t scratch_size,
                                       uint8_t* hash, int32_t* quality) CMK_MUST_USE;

/*
 * The hashes of the picture and of its seven turned and mirrored forms, at hardly more cost than
 * one: as it is; turned anticlockwise by 90, 180, 270 degrees; upside down; left to right;
 * mirrored at the main diagonal; at the other diagonal.
 *
 * hashes   CMK_PDQ_DIHEDRAL_COUNT times CMK_PDQ_BYTES bytes
 *
 * Otherwise as cmk_fingerprint_pdq.
 */
CMK_API cmk_status cmk_fingerprint_pdq_dihedral(const cmk_image* image, void* scratch,
                                                size_t scratch_size, uint8_t* hashes,
                                                int32_t* quality) CMK_MUST_USE;

/* ---------------------------------------------------------------------------------------------
 * Exact search among fingerprints
 *
 * Finds every hash that differs from a query in at most `radius` bits, and no other. A few thousand
 * hashes are scanned where they lie; more of them are searched in an index, one block of memory
 * without pointers that the caller keeps, also in a file that is mapped into memory. An index is
 * built from all of its hashes at once and not changed afterwards; it fits machines of the same
 * byte order and version and is easily built anew.
 */

/* The most hashes in one index; more take several. Bytes of a stamp. Bits of a hash: the radius
 * at which, or beyond, everything is found. */
#define CMK_HAMMING_COUNT_MAX 16777216
#define CMK_HAMMING_STAMP_BYTES 32
#define CMK_HAMMING_RADIUS_MAX 256
CMK_API size_t cmk_hamming_count_max(void);
CMK_API size_t cmk_hamming_stamp_bytes(void);
CMK_API uint32_t cmk_hamming_radius_max(void);

typedef struct cmk_hamming_match {
  uint64_t label;    /* what the caller calls the hash */
  uint32_t distance; /* bits in which it differs from the nearest query */
  uint32_t query;    /* which query that is, from 0; the first one of several */
} cmk_hamming_match;

/*
 * Bytes of an index of so many hashes: 88 a hash, and 4 MiB.
 *
 * Returns CMK_STATUS_OK, or NULL_POINTER, TOO_MANY_HASHES, UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_hamming_index_size(size_t count, size_t* size) CMK_MUST_USE;

/*
 * Writes an index; takes about a second for 2,000,000 hashes.
 *
 * hashes      `count` times CMK_PDQ_BYTES bytes; may be null when count is 0, as may be labels
 * labels      `count` numbers, in any order, repeated or not
 * stamp       CMK_HAMMING_STAMP_BYTES bytes that cmk_hamming_index_check gives back
 * index       at an address that is a multiple of 8
 * index_size  what cmk_hamming_index_size said, or more; the rest is not written
 *
 * Returns CMK_STATUS_OK, or NULL_POINTER, MISALIGNED, OVERLAP, SCRATCH_TOO_SMALL, TOO_MANY_HASHES,
 * UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_hamming_index_build(const uint8_t* hashes, const uint64_t* labels,
                                           size_t count, const uint8_t* stamp, void* index,
                                           size_t index_size) CMK_MUST_USE;

/*
 * Looks whether an index is, byte by byte, as it was built. Reads all of it; once is enough as long
 * as nobody writes to it. The check is against accidents: whoever may write the index may also
 * forge it. Nothing outside the block is ever read, whatever is in it.
 *
 * index_size  exactly what cmk_hamming_index_size said
 * count       how many hashes it holds
 * stamp       CMK_HAMMING_STAMP_BYTES bytes, as they were given
 *
 * Returns CMK_STATUS_OK, or NULL_POINTER, MISALIGNED, DAMAGED_INDEX, UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_hamming_index_check(const void* index, size_t index_size, size_t* count,
                                           uint8_t* stamp) CMK_MUST_USE;

/*
 * Finds the hashes of an index that lie within the radius of any of the queries: each of them once,
 * in no particular order. Up to a radius of 47 it looks up what may be near; beyond, or where too
 * many hashes resemble a query, it scans all.
 *
 * index_size   exactly what cmk_hamming_index_size said
 * queries      `query_count` times CMK_PDQ_BYTES bytes, such as the eight that
 *              cmk_fingerprint_pdq_dihedral gives
 * matches      the caller's, filled up to `capacity`; null when that is 0
 * match_count  how many there are, at most the number of hashes
 *
 * Returns CMK_STATUS_OK, or NULL_POINTER, MISALIGNED, DAMAGED_INDEX (only where the header says
 * so: see cmk_hamming_index_check), UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_hamming_index_search(const void* index, size_t index_size,
                                            const uint8_t* queries, size_t query_count,
                                            uint32_t radius, cmk_hamming_match* matches,
                                            size_t capacity, size_t* match_count) CMK_MUST_USE;

/*
 * The same among hashes that lie one behind the other, however many, without an index.
 *
 * labels  `count` numbers, or null: then a hash is called by its place, from 0
 *
 * Returns CMK_STATUS_OK, or NULL_POINTER, MISALIGNED, UNKNOWN_TARGET.
 */
CMK_API cmk_status cmk_hamming_scan(const uint8_t* hashes, const uint64_t* labels, size_t count,
                                    const uint8_t* queries, size_t query_count, uint32_t radius,
                                    cmk_hamming_match* matches, size_t capacity,
                                    size_t* match_count) CMK_MUST_USE;

#ifdef __cplusplus
}
#endif

#endif /* COUNTERMARK_COUNTERMARK_H_ */
