package org.countermark;

import java.util.Objects;
import java.util.Optional;

/** Marks pictures and reads their marks. Frames of a video: {@link WatermarkStream}. */
public final class Watermark {
  /** Amplitude that is invisible on photographs. */
  public static final float DEFAULT_STRENGTH = 1;

  private static final int KEY_BYTES = 16;

  private Watermark() {}

  /** The published key, which makes marks that everyone can read: 16 bytes, a copy. */
  public static byte[] defaultKey() {
    return Native.defaultKey();
  }

  /**
   * Writes a picture with the payload in its pixels, with the published key and at the default
   * strength.
   *
   * @param in the picture
   * @param out of the same size and format; {@code in} itself, or memory that shares no byte with
   *     it
   * @param payload any 64 bits; as a number they are unsigned
   * @throws CountermarkException.InvalidArgument if a picture is too small, too large, of a stride
   *     that cannot be, read-only, or does not match the other
   */
  public static void embed(Picture in, Picture out, long payload) {
    embed(in, out, payload, defaultKey(), DEFAULT_STRENGTH);
  }

  /**
   * Writes a picture with the payload in its pixels.
   *
   * @param in the picture
   * @param out of the same size and format; {@code in} itself, or memory that shares no byte with
   *     it
   * @param payload any 64 bits; as a number they are unsigned
   * @param key 16 bytes; only who has them reads the mark
   * @param strength amplitude, above 0 and at most 4; 1 is the default
   * @throws CountermarkException.InvalidArgument if a picture is too small, too large, of a stride
   *     that cannot be, read-only, or does not match the other, or key or strength are not as above
   * @throws OutOfMemoryError if there are not the 9 MiB to work in, which the call gives back
   */
  public static void embed(Picture in, Picture out, long payload, byte[] key, float strength) {
    CountermarkException.check(Native.embed(
        in.readable(), in.shape(), out.writable(), out.shape(), payload, checked(key), strength));
  }

  /**
   * Reads a mark of the published key, also of a cropped, rotated, mirrored or stretched copy.
   *
   * @param picture a picture, marked or not
   * @return empty when there is no mark that can be read
   * @throws CountermarkException.InvalidArgument if the picture is too small, too large, or of a
   *     stride that cannot be
   */
  public static Optional<Detection> detect(Picture picture) {
    return detect(picture, defaultKey(), Effort.FULL);
  }

  /**
   * Reads the payload of a marked picture, also of a damaged copy.
   *
   * @param picture a picture, marked or not
   * @param key 16 bytes, those of the embedding
   * @param effort how far to look
   * @return empty when there is no mark that can be read
   * @throws CountermarkException.InvalidArgument if the picture is too small, too large, or of a
   *     stride that cannot be, or the key has not 16 bytes
   * @throws OutOfMemoryError if there is no room to work in, 8 MiB for ALIGNED, 15 MiB for FULL,
   *     which the call gives back
   */
  public static Optional<Detection> detect(Picture picture, byte[] key, Effort effort) {
    Detection.Found found = new Detection.Found();
    return found.after(Native.detect(picture.readable(), picture.shape(), checked(key),
        effort.ordinal(), found.payload, found.numbers));
  }

  static byte[] checked(byte[] key) {
    Objects.requireNonNull(key, "key");
    CountermarkException.require(key.length == KEY_BYTES, "the key does not have 16 bytes");
    return key;
  }
}
