package org.countermark;

import java.util.Objects;

/**
 * Marks the frames of one video, each of which is then a marked picture by itself. The pattern is
 * made once; the mask follows the picture over several frames. A frame costs little more than one
 * pass over its pixels, and {@code embed} allocates nothing, neither for Java nor beside it.
 *
 * <pre>{@code
 * try (WatermarkStream stream = new WatermarkStream(PixelFormat.GRAY8, 1280, 720, payload)) {
 *   stream.embed(luma);  // for each frame, in place
 * }
 * }</pre>
 *
 * <p>One thread uses a stream at a time; another gets {@link CountermarkException.Busy}.
 */
public final class WatermarkStream implements AutoCloseable {
  /** Over how many frames the mask is made anew: suits 30 frames a second. */
  public static final int DEFAULT_REFRESH_FRAMES = 8;

  private final NativeMemory memory;

  /**
   * A stream with the published key, at the default strength and refresh.
   *
   * @param format of all frames
   * @param width of all frames, in pixels, 128 to 65,535
   * @param height likewise
   * @param payload any 64 bits; as a number they are unsigned
   * @throws CountermarkException.InvalidArgument if a side is too small or too large
   * @throws OutOfMemoryError if there is no memory for it: at most 7 MiB
   */
  public WatermarkStream(PixelFormat format, int width, int height, long payload) {
    this(format, width, height, payload, Watermark.defaultKey(), Watermark.DEFAULT_STRENGTH,
        DEFAULT_REFRESH_FRAMES);
  }

  /**
   * A stream.
   *
   * @param format of all frames
   * @param width of all frames, in pixels, 128 to 65,535
   * @param height likewise
   * @param payload any 64 bits; as a number they are unsigned
   * @param key 16 bytes, copied; only who has them reads the mark
   * @param strength amplitude, above 0 and at most 4; 1 is the default
   * @param refreshFrames over how many frames the mask is made anew, a part with each: 1 to 64
   * @throws CountermarkException.InvalidArgument if a side, the key, the strength or the refresh is
   *     not as above
   * @throws OutOfMemoryError if there is no memory for it: at most 7 MiB
   */
  public WatermarkStream(PixelFormat format, int width, int height, long payload, byte[] key,
      float strength, int refreshFrames) {
    int[] shape = {Objects.requireNonNull(format, "format").ordinal(), width, height, 0, 0};
    long[] size = new long[1];
    CountermarkException.check(Native.streamSize(shape, size));
    memory = new NativeMemory(size[0]);
    CountermarkException.check(Native.streamInit(
        memory.open(), shape, payload, Watermark.checked(key), strength, refreshFrames));
  }

  /**
   * Marks the next frame in place.
   *
   * @param frame of the stream's format and size; the row stride may differ from frame to frame
   * @throws CountermarkException.InvalidArgument if the frame is read-only or not as above
   * @throws CountermarkException.Busy if another thread uses the stream
   * @throws CountermarkException.Closed if the stream was closed
   */
  public void embed(Picture frame) {
    embed(frame, frame);
  }

  /**
   * Writes the next frame with the payload in its pixels.
   *
   * @param in of the stream's format and size; the row stride may differ from frame to frame
   * @param out likewise; {@code in} itself, or memory that shares no byte with it
   * @throws CountermarkException.InvalidArgument if {@code out} is read-only, or a frame not as
   *     above
   * @throws CountermarkException.Busy if another thread uses the stream
   * @throws CountermarkException.Closed if the stream was closed
   */
  public void embed(Picture in, Picture out) {
    CountermarkException.check(
        Native.streamEmbed(memory.open(), in.readable(), in.shape(), out.writable(), out.shape()));
  }

  /**
   * The frames from now on carry another payload.
   *
   * @param payload any 64 bits; as a number they are unsigned
   * @throws CountermarkException.Busy if another thread uses the stream
   * @throws CountermarkException.Closed if the stream was closed
   */
  public void setPayload(long payload) {
    CountermarkException.check(Native.streamSetPayload(memory.open(), payload));
  }

  /** Lets go of the memory, at once or when the call that uses it returns. May be called again. */
  @Override
  public void close() {
    memory.close();
  }
}
