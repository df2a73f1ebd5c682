// The functions of org.countermark.Native over the C header: takes Java's arguments apart, lends
// scratch memory, writes what was found back. Lengths and bounds were checked in Java.

#include <jni.h>

#include <cstdlib>
#include <iterator>

#include "countermark/countermark.h"

namespace {

// For what a pending Java exception is thrown instead of; nobody sees it.
constexpr jint kThrown = -1;

// Memory of one call.
class Scratch {
 public:
  Scratch(JNIEnv* env, size_t size) : size_(size), memory_(std::malloc(size)) {
    if (memory_ != nullptr) return;
    const jclass error = env->FindClass("java/lang/OutOfMemoryError");
    if (error != nullptr) env->ThrowNew(error, "no memory to look at the picture in");
  }
  ~Scratch() { std::free(memory_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  void* data() const { return memory_; }
  size_t size() const { return size_; }

 private:
  size_t size_;
  void* memory_;
};

// The picture in a buffer, or a frame without memory where that is null. False when Java throws.
bool ReadImage(JNIEnv* env, jobject buffer, jintArray shape, cmk_image* image) {
  jint numbers[5];  // format, width, height, row stride, plane stride
  env->GetIntArrayRegion(shape, 0, 5, numbers);
  if (env->ExceptionCheck()) return false;
  void* const data = buffer == nullptr ? nullptr : env->GetDirectBufferAddress(buffer);
  *image = {sizeof(*image),
            uint32_t(numbers[1]),
            uint32_t(numbers[2]),
            uint32_t(numbers[0]),
            data,
            numbers[3],
            numbers[4]};
  return true;
}

struct Key {
  bool Read(JNIEnv* env, jbyteArray array) {
    env->GetByteArrayRegion(array, 0, CMK_KEY_BYTES, reinterpret_cast<jbyte*>(bytes));
    return !env->ExceptionCheck();
  }
  uint8_t bytes[CMK_KEY_BYTES];
};

jint WriteSize(JNIEnv* env, cmk_status status, size_t size, jlongArray array) {
  const jlong number = static_cast<jlong>(size);
  env->SetLongArrayRegion(array, 0, 1, &number);
  return env->ExceptionCheck() ? kThrown : status;
}

jint WriteDetection(JNIEnv* env, cmk_status status, const cmk_detection& found,
                    jlongArray payload_array, jdoubleArray numbers_array) {
  if (status != CMK_STATUS_OK) return status;
  const jlong payload = static_cast<jlong>(found.payload);
  jdouble numbers[2 + std::size(decltype(found.geometry){})] = {found.score,
                                                                found.false_positive_rate};
  for (size_t i = 0; i < std::size(found.geometry); ++i) numbers[2 + i] = found.geometry[i];
  env->SetLongArrayRegion(payload_array, 0, 1, &payload);
  if (env->ExceptionCheck()) return kThrown;
  env->SetDoubleArrayRegion(numbers_array, 0, jsize(std::size(numbers)), numbers);
  return env->ExceptionCheck() ? kThrown : status;
}

template <typename T>
T* Block(JNIEnv* env, jobject buffer) {
  return static_cast<T*>(env->GetDirectBufferAddress(buffer));
}

size_t Size(JNIEnv* env, jobject buffer) {
  return static_cast<size_t>(env->GetDirectBufferCapacity(buffer));
}

// -----------------------------------------------------------------------------------------------
// Status, key

jstring StatusString(JNIEnv* env, jclass, jint status) {
  return env->NewStringUTF(cmk_status_string(static_cast<cmk_status>(status)));
}

jbyteArray DefaultKey(JNIEnv* env, jclass) {
  const jbyteArray array = env->NewByteArray(CMK_KEY_BYTES);
  if (array == nullptr) return nullptr;
  env->SetByteArrayRegion(array, 0, CMK_KEY_BYTES,
                          reinterpret_cast<const jbyte*>(cmk_default_key()));
  return array;
}

// -----------------------------------------------------------------------------------------------
// Watermark

jint Embed(JNIEnv* env, jclass, jobject in_buffer, jintArray in_shape, jobject out_buffer,
           jintArray out_shape, jlong payload, jbyteArray key_array, jfloat strength) {
  cmk_image in, out;
  Key key;
  if (!ReadImage(env, in_buffer, in_shape, &in) || !ReadImage(env, out_buffer, out_shape, &out) ||
      !key.Read(env, key_array)) {
    return kThrown;
  }
  size_t size = 0;
  const cmk_status status = cmk_watermark_embed_scratch_size(&in, &size);
  if (status != CMK_STATUS_OK) return status;
  const Scratch scratch(env, size);
  if (scratch.data() == nullptr) return kThrown;
  return cmk_watermark_embed(&in, &out, static_cast<uint64_t>(payload), key.bytes, strength,
                             scratch.data(), scratch.size());
}

jint Detect(JNIEnv* env, jclass, jobject buffer, jintArray shape, jbyteArray key_array, jint effort,
            jlongArray payload, jdoubleArray numbers) {
  cmk_image image;
  Key key;
  if (!ReadImage(env, buffer, shape, &image) || !key.Read(env, key_array)) return kThrown;
  size_t size = 0;
  cmk_status status =
      cmk_watermark_detect_scratch_size(&image, static_cast<cmk_effort>(effort), &size);
  if (status != CMK_STATUS_OK) return status;
  const Scratch scratch(env, size);
  if (scratch.data() == nullptr) return kThrown;
  cmk_detection found{};
  found.struct_size = sizeof(found);
  status = cmk_watermark_detect(&image, key.bytes, static_cast<cmk_effort>(effort), scratch.data(),
                                scratch.size(), &found);
  return WriteDetection(env, status, found, payload, numbers);
}

// -----------------------------------------------------------------------------------------------
// Fingerprint

jint Pdq(JNIEnv* env, jclass, jobject buffer, jintArray shape, jbyteArray hashes_array,
         jintArray quality_array) {
  cmk_image image;
  if (!ReadImage(env, buffer, shape, &image)) return kThrown;
  size_t size = 0;
  cmk_status status = cmk_fingerprint_pdq_scratch_size(&image, &size);
  if (status != CMK_STATUS_OK) return status;
  const Scratch scratch(env, size);
  if (scratch.data() == nullptr) return kThrown;
  uint8_t hashes[CMK_PDQ_DIHEDRAL_COUNT * CMK_PDQ_BYTES];
  int32_t quality = 0;
  const jsize room = env->GetArrayLength(hashes_array);
  const auto hash = room == CMK_PDQ_BYTES ? cmk_fingerprint_pdq : cmk_fingerprint_pdq_dihedral;
  status = hash(&image, scratch.data(), scratch.size(), hashes, &quality);
  if (status != CMK_STATUS_OK) return status;
  env->SetByteArrayRegion(hashes_array, 0, room, reinterpret_cast<const jbyte*>(hashes));
  if (env->ExceptionCheck()) return kThrown;
  env->SetIntArrayRegion(quality_array, 0, 1, &quality);
  return env->ExceptionCheck() ? kThrown : status;
}

// -----------------------------------------------------------------------------------------------
// Stream

jint StreamSize(JNIEnv* env, jclass, jintArray shape, jlongArray size_array) {
  cmk_image frame;
  if (!ReadImage(env, nullptr, shape, &frame)) return kThrown;
  size_t size = 0;
  const cmk_status status = cmk_watermark_stream_size(&frame, &size);
  return WriteSize(env, status, size, size_array);
}

jint StreamInit(JNIEnv* env, jclass, jobject stream, jintArray shape, jlong payload,
                jbyteArray key_array, jfloat strength, jint refresh_frames) {
  cmk_image frame;
  Key key;
  if (!ReadImage(env, nullptr, shape, &frame) || !key.Read(env, key_array)) return kThrown;
  return cmk_watermark_stream_init(Block<cmk_watermark_stream>(env, stream), Size(env, stream),
                                   &frame, static_cast<uint64_t>(payload), key.bytes, strength,
                                   static_cast<uint32_t>(refresh_frames));
}

jint StreamEmbed(JNIEnv* env, jclass, jobject stream, jobject in_buffer, jintArray in_shape,
                 jobject out_buffer, jintArray out_shape) {
  cmk_image in, out;
  if (!ReadImage(env, in_buffer, in_shape, &in) || !ReadImage(env, out_buffer, out_shape, &out)) {
    return kThrown;
  }
  return cmk_watermark_stream_embed(Block<cmk_watermark_stream>(env, stream), &in, &out);
}

jint StreamSetPayload(JNIEnv* env, jclass, jobject stream, jlong payload) {
  return cmk_watermark_stream_set_payload(Block<cmk_watermark_stream>(env, stream),
                                          static_cast<uint64_t>(payload));
}

// -----------------------------------------------------------------------------------------------
// Accumulator

jint AccumulatorSize(JNIEnv* env, jclass, jintArray shape, jint effort, jlongArray size_array) {
  cmk_image frame;
  if (!ReadImage(env, nullptr, shape, &frame)) return kThrown;
  size_t size = 0;
  const cmk_status status =
      cmk_watermark_accumulator_size(&frame, static_cast<cmk_effort>(effort), &size);
  return WriteSize(env, status, size, size_array);
}

jint AccumulatorInit(JNIEnv* env, jclass, jobject accumulator, jintArray shape,
                     jbyteArray key_array, jint effort) {
  cmk_image frame;
  Key key;
  if (!ReadImage(env, nullptr, shape, &frame) || !key.Read(env, key_array)) return kThrown;
  return cmk_watermark_accumulator_init(Block<cmk_watermark_accumulator>(env, accumulator),
                                        Size(env, accumulator), &frame, key.bytes,
                                        static_cast<cmk_effort>(effort));
}

jint AccumulatorAdd(JNIEnv* env, jclass, jobject accumulator, jobject buffer, jintArray shape) {
  cmk_image frame;
  if (!ReadImage(env, buffer, shape, &frame)) return kThrown;
  return cmk_watermark_accumulator_add(Block<cmk_watermark_accumulator>(env, accumulator), &frame);
}

jint AccumulatorDetect(JNIEnv* env, jclass, jobject accumulator, jlongArray payload,
                       jdoubleArray numbers) {
  cmk_detection found{};
  found.struct_size = sizeof(found);
  const cmk_status status =
      cmk_watermark_accumulator_detect(Block<cmk_watermark_accumulator>(env, accumulator), &found);
  return WriteDetection(env, status, found, payload, numbers);
}

jint AccumulatorReset(JNIEnv* env, jclass, jobject accumulator) {
  return cmk_watermark_accumulator_reset(Block<cmk_watermark_accumulator>(env, accumulator));
}

// -----------------------------------------------------------------------------------------------

template <typename Function>
JNINativeMethod Method(const char* name, const char* signature, Function* function) {
  return {const_cast<char*>(name), const_cast<char*>(signature), reinterpret_cast<void*>(function)};
}

#define BUFFER "Ljava/nio/ByteBuffer;"

const JNINativeMethod kMethods[] = {
    Method("statusString", "(I)Ljava/lang/String;", StatusString),
    Method("defaultKey", "()[B", DefaultKey),
    Method("embed", "(" BUFFER "[I" BUFFER "[IJ[BF)I", Embed),
    Method("detect", "(" BUFFER "[I[BI[J[D)I", Detect),
    Method("pdq", "(" BUFFER "[I[B[I)I", Pdq),
    Method("streamSize", "([I[J)I", StreamSize),
    Method("streamInit", "(" BUFFER "[IJ[BFI)I", StreamInit),
    Method("streamEmbed", "(" BUFFER BUFFER "[I" BUFFER "[I)I", StreamEmbed),
    Method("streamSetPayload", "(" BUFFER "J)I", StreamSetPayload),
    Method("accumulatorSize", "([II[J)I", AccumulatorSize),
    Method("accumulatorInit", "(" BUFFER "[I[BI)I", AccumulatorInit),
    Method("accumulatorAdd", "(" BUFFER BUFFER "[I)I", AccumulatorAdd),
    Method("accumulatorDetect", "(" BUFFER "[J[D)I", AccumulatorDetect),
    Method("accumulatorReset", "(" BUFFER ")I", AccumulatorReset),
};

}  // namespace

// Names and signatures are compared with those of the class when it is loaded: a wrong one is an
// error then, not a crash later.
extern "C" JNIEXPORT jint JNICALL JNI_OnLoad(JavaVM* machine, void*) {
  JNIEnv* env = nullptr;
  if (machine->GetEnv(reinterpret_cast<void**>(&env), JNI_VERSION_1_6) != JNI_OK) return JNI_ERR;
  const jclass native = env->FindClass("org/countermark/Native");
  if (native == nullptr) return JNI_ERR;
  if (env->RegisterNatives(native, kMethods, jint(std::size(kMethods))) != JNI_OK) return JNI_ERR;
  return JNI_VERSION_1_6;
}
