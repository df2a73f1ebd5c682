#include "countermark/countermark.h"

const char* cmk_status_string(cmk_status status) {
  switch (status) {
    case CMK_STATUS_OK:
      return "done";
    case CMK_STATUS_NOT_FOUND:
      return "no watermark can be read";
    case CMK_STATUS_NULL_POINTER:
      return "a pointer that must not be null is null";
    case CMK_STATUS_STRUCT_SIZE:
      return "struct_size is not one that this version of the library knows";
    case CMK_STATUS_UNKNOWN_FORMAT:
      return "the pixel format is unknown";
    case CMK_STATUS_IMAGE_TOO_SMALL:
      return "a side of the picture is too small";
    case CMK_STATUS_IMAGE_TOO_LARGE:
      return "a side of the picture is over 65,535 pixels";
    case CMK_STATUS_BAD_STRIDE:
      return "the stride is shorter than a row of pixels, or the picture exceeds memory";
    case CMK_STATUS_MISALIGNED:
      return "an address is not a multiple of what its content needs";
    case CMK_STATUS_SHAPE_MISMATCH:
      return "input and output differ in size or format";
    case CMK_STATUS_OVERLAP:
      return "buffers share memory without being the same picture";
    case CMK_STATUS_BAD_STRENGTH:
      return "the strength is not over 0 and at most 4";
    case CMK_STATUS_UNKNOWN_EFFORT:
      return "the effort is unknown";
    case CMK_STATUS_SCRATCH_TOO_SMALL:
      return "the memory is smaller than the function asks for";
    case CMK_STATUS_UNKNOWN_TARGET:
      return "COUNTERMARK_TARGET names a SIMD target that is not available here";
    case CMK_STATUS_TOO_MANY_HASHES:
      return "an index holds at most 16,777,216 hashes";
    case CMK_STATUS_DAMAGED_INDEX:
      return "the index is damaged or of another version";
    case CMK_STATUS_BUSY:
      return "another thread is in a call with the same stream";
    case CMK_STATUS_NOT_INITIALISED:
      return "the memory holds no stream, or one that was moved";
    case CMK_STATUS_BAD_INTERVAL:
      return "the number of frames is not one that the function takes";
    case CMK_STATUS_BAD_RATE:
      return "the sampling rate is not from 8,000 to 192,000 a second";
    case CMK_STATUS_BAD_CHANNELS:
      return "the number of channels is not from 1 to 8";
    case CMK_STATUS_BAD_SAMPLE:
      return "a sample is infinite or not a number";
    case CMK_STATUS_ENDED:
      return "the sound was said to be at its end";
  }
  return "unknown status";
}
