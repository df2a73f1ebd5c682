/*
 * The layout of every struct of the C header, as programs that were compiled against it have it: 64
 * and 32 bits. Compiled as C99 and as C++11, by every compiler that is here, with all warnings as
 * errors; where a number changes, it does not compile, and CMK_ABI_VERSION has to be raised.
 */
#include <countermark/countermark.h>

#define IS_64 (sizeof(void*) == 8)
/* A negative size of an array does not compile; C99 has no assertion for it. */
#define EXPECT(name, condition) typedef char expect_##name[(condition) ? 1 : -1]
#define EXPECT_SIZE(type, on_64, on_32) \
  EXPECT(size_of_##type, sizeof(type) == (IS_64 ? (on_64) : (on_32)))
#define EXPECT_OFFSET(type, member, on_64, on_32) \
  EXPECT(type##_##member, offsetof(type, member) == (IS_64 ? (on_64) : (on_32)))

EXPECT_SIZE(cmk_status, 4, 4);
EXPECT_SIZE(cmk_format, 4, 4);
EXPECT_SIZE(cmk_effort, 4, 4);

EXPECT_SIZE(cmk_image, 40, 28);
EXPECT_OFFSET(cmk_image, struct_size, 0, 0);
EXPECT_OFFSET(cmk_image, width, 4, 4);
EXPECT_OFFSET(cmk_image, height, 8, 8);
EXPECT_OFFSET(cmk_image, format, 12, 12);
EXPECT_OFFSET(cmk_image, data, 16, 16);
EXPECT_OFFSET(cmk_image, stride_bytes, 24, 20);
EXPECT_OFFSET(cmk_image, plane_stride_bytes, 32, 24);

EXPECT_SIZE(cmk_detection, 96, 96);
EXPECT_OFFSET(cmk_detection, struct_size, 0, 0);
EXPECT_OFFSET(cmk_detection, score, 4, 4);
EXPECT_OFFSET(cmk_detection, payload, 8, 8);
EXPECT_OFFSET(cmk_detection, false_positive_rate, 16, 16);
EXPECT_OFFSET(cmk_detection, geometry, 24, 24);

EXPECT_SIZE(cmk_component, 4, 4);
EXPECT_OFFSET(cmk_component, bit, 0, 0);
EXPECT_OFFSET(cmk_component, sign, 2, 2);

EXPECT_SIZE(cmk_word, 404, 404);
EXPECT_OFFSET(cmk_word, origin_x, 0, 0);
EXPECT_OFFSET(cmk_word, origin_y, 2, 2);
EXPECT_OFFSET(cmk_word, coded, 4, 4);

EXPECT_SIZE(cmk_tile, 12, 12);
EXPECT_OFFSET(cmk_tile, x, 0, 0);
EXPECT_OFFSET(cmk_tile, y, 4, 4);
EXPECT_OFFSET(cmk_tile, score, 8, 8);

EXPECT_SIZE(cmk_inspection, 112, 104);
EXPECT_OFFSET(cmk_inspection, struct_size, 0, 0);
EXPECT_OFFSET(cmk_inspection, tile_capacity, 4, 4);
EXPECT_OFFSET(cmk_inspection, tiles, 8, 8);
EXPECT_OFFSET(cmk_inspection, bit_margins, 16, 12);
EXPECT_OFFSET(cmk_inspection, tile_count, 24, 16);
EXPECT_OFFSET(cmk_inspection, least_score, 28, 20);
EXPECT_OFFSET(cmk_inspection, likeness, 32, 24);
EXPECT_OFFSET(cmk_inspection, geometry, 40, 32);

EXPECT_SIZE(cmk_sample_format, 4, 4);
EXPECT_SIZE(cmk_audio_latency, 4, 4);

EXPECT_SIZE(cmk_sound, 16, 16);
EXPECT_OFFSET(cmk_sound, struct_size, 0, 0);
EXPECT_OFFSET(cmk_sound, rate, 4, 4);
EXPECT_OFFSET(cmk_sound, channels, 8, 8);
EXPECT_OFFSET(cmk_sound, format, 12, 12);

EXPECT_SIZE(cmk_audio_stretch, 16, 16);
EXPECT_OFFSET(cmk_audio_stretch, begin, 0, 0);
EXPECT_OFFSET(cmk_audio_stretch, end, 8, 8);

EXPECT_SIZE(cmk_audio_detection, 72, 72);
EXPECT_OFFSET(cmk_audio_detection, struct_size, 0, 0);
EXPECT_OFFSET(cmk_audio_detection, stretch_capacity, 4, 4);
EXPECT_OFFSET(cmk_audio_detection, stretches, 8, 8);
EXPECT_OFFSET(cmk_audio_detection, stretch_count, 16, 12);
EXPECT_OFFSET(cmk_audio_detection, score, 20, 16);
EXPECT_OFFSET(cmk_audio_detection, payload, 24, 24);
EXPECT_OFFSET(cmk_audio_detection, false_positive_rate, 32, 32);
EXPECT_OFFSET(cmk_audio_detection, offset_seconds, 40, 40);
EXPECT_OFFSET(cmk_audio_detection, speed, 48, 48);
EXPECT_OFFSET(cmk_audio_detection, pitch, 56, 56);
EXPECT_OFFSET(cmk_audio_detection, polarity, 64, 64);
EXPECT_OFFSET(cmk_audio_detection, variant, 68, 68);

EXPECT_SIZE(cmk_text_detection, 24, 24);
EXPECT_OFFSET(cmk_text_detection, struct_size, 0, 0);
EXPECT_OFFSET(cmk_text_detection, tokens_used, 4, 4);
EXPECT_OFFSET(cmk_text_detection, payload, 8, 8);
EXPECT_OFFSET(cmk_text_detection, variant, 12, 12);
EXPECT_OFFSET(cmk_text_detection, false_positive_rate, 16, 16);

EXPECT_SIZE(cmk_hamming_match, 16, 16);
EXPECT_OFFSET(cmk_hamming_match, label, 0, 0);
EXPECT_OFFSET(cmk_hamming_match, distance, 8, 8);
EXPECT_OFFSET(cmk_hamming_match, query, 12, 12);

EXPECT(statuses, CMK_STATUS_ENDED == 23);
EXPECT(formats, CMK_FORMAT_P010 == 10);
EXPECT(abi_version, CMK_ABI_VERSION == 1);
EXPECT(key_bytes, CMK_KEY_BYTES == 16);
EXPECT(pdq_bytes, CMK_PDQ_BYTES == 32);
EXPECT(coded_bits, CMK_CODED_BITS == 400);
EXPECT(tiles_max, CMK_TILES_MAX == 256);
EXPECT(text, CMK_TEXT_CONTEXT == 3 && CMK_TEXT_SEED_WORDS == 4 && CMK_TEXT_TOKENS_MAX == 65536);
EXPECT(sides, CMK_SIDE_MIN == 128 && CMK_SIDE_MAX == 65535);

int main(void) { return cmk_abi_version() == CMK_ABI_VERSION ? 0 : 1; }
