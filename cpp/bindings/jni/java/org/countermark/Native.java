package org.countermark;

import java.nio.ByteBuffer;

/**
 * The functions of module.cc, named as in the C header; each int is a {@code cmk_status}. Buffers
 * are direct and as long as {@link Picture} has made sure of; a shape is {@link Picture#shape()};
 * arrays have the lengths that the C header names. The found numbers are the score, the false
 * positive rate and the geometry.
 */
final class Native {
  static final int OK = 0;

  static {
    System.loadLibrary("countermark_jni");
  }

  private Native() {}

  static native String statusString(int status);

  static native byte[] defaultKey();

  static native int embed(ByteBuffer in, int[] inShape, ByteBuffer out, int[] outShape,
      long payload, byte[] key, float strength);

  static native int detect(
      ByteBuffer data, int[] shape, byte[] key, int effort, long[] payload, double[] numbers);

  /** One hash, or eight where there is room for them. */
  static native int pdq(ByteBuffer data, int[] shape, byte[] hashes, int[] quality);

  static native int streamSize(int[] shape, long[] size);

  static native int streamInit(
      ByteBuffer stream, int[] shape, long payload, byte[] key, float strength, int refreshFrames);

  static native int streamEmbed(
      ByteBuffer stream, ByteBuffer in, int[] inShape, ByteBuffer out, int[] outShape);

  static native int streamSetPayload(ByteBuffer stream, long payload);

  static native int accumulatorSize(int[] shape, int effort, long[] size);

  static native int accumulatorInit(ByteBuffer accumulator, int[] shape, byte[] key, int effort);

  static native int accumulatorAdd(ByteBuffer accumulator, ByteBuffer data, int[] shape);

  static native int accumulatorDetect(ByteBuffer accumulator, long[] payload, double[] numbers);

  static native int accumulatorReset(ByteBuffer accumulator);
}
