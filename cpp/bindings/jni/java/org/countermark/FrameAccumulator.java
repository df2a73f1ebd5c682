package org.countermark;

import java.util.Objects;
import java.util.Optional;

/**
 * Adds up the frames of a video that one {@link WatermarkStream} marked, so that a mark too weak to
 * be read in any of them is read from their sum. Frames that were cropped, scaled or turned alike
 * add up as well. Pictures that {@link Watermark#embed} marked one by one do not: each chose its
 * own place.
 *
 * <p>One thread uses an accumulator at a time; another gets {@link CountermarkException.Busy}.
 */
public final class FrameAccumulator implements AutoCloseable {
  private final NativeMemory memory;

  /**
   * An accumulator without frames.
   *
   * @param format of all frames
   * @param width of all frames, in pixels, 128 to 65,535
   * @param height likewise
   * @param key 16 bytes, those of the embedding, copied
   * @param effort {@link Effort#ALIGNED} for frames that show all that was marked, resized and
   *     re-compressed at most
   * @throws CountermarkException.InvalidArgument if a side is too small or too large, or the key
   *     has not 16 bytes
   * @throws OutOfMemoryError if there is no memory for it: at most 12 MiB, 54 MiB for FULL
   */
  public FrameAccumulator(PixelFormat format, int width, int height, byte[] key, Effort effort) {
    int[] shape = {Objects.requireNonNull(format, "format").ordinal(), width, height, 0, 0};
    long[] size = new long[1];
    CountermarkException.check(Native.accumulatorSize(shape, effort.ordinal(), size));
    memory = new NativeMemory(size[0]);
    CountermarkException.check(
        Native.accumulatorInit(memory.open(), shape, Watermark.checked(key), effort.ordinal()));
  }

  /**
   * Adds the next frame.
   *
   * @param frame of the accumulator's format and size; the row stride may differ from frame to
   *     frame
   * @throws CountermarkException.InvalidArgument if the frame is not as above
   * @throws CountermarkException.Busy if another thread uses the accumulator
   * @throws CountermarkException.Closed if the accumulator was closed
   */
  public void add(Picture frame) {
    CountermarkException.check(
        Native.accumulatorAdd(memory.open(), frame.readable(), frame.shape()));
  }

  /**
   * Reads the payload from all frames so far. May be called after any of them. With {@link
   * Effort#FULL} it finds marks that move in the last 24 frames only, so call it at least that
   * often; what it found is then followed.
   *
   * @return the mark, with the geometry of the last frame; empty when none can be read yet
   * @throws CountermarkException.Busy if another thread uses the accumulator
   * @throws CountermarkException.Closed if the accumulator was closed
   */
  public Optional<Detection> detect() {
    Detection.Found found = new Detection.Found();
    return found.after(Native.accumulatorDetect(memory.open(), found.payload, found.numbers));
  }

  /**
   * Forgets all frames, as at a cut to what another stream marked.
   *
   * @throws CountermarkException.Busy if another thread uses the accumulator
   * @throws CountermarkException.Closed if the accumulator was closed
   */
  public void reset() {
    CountermarkException.check(Native.accumulatorReset(memory.open()));
  }

  /** Lets go of the memory, at once or when the call that uses it returns. May be called again. */
  @Override
  public void close() {
    memory.close();
  }
}
