package org.countermark;

import java.nio.ByteBuffer;
import java.util.Objects;

/**
 * A picture in memory of the caller's, which is neither copied nor kept beyond the call that it is
 * passed to. It can be used for many calls; what they see is what the memory holds at that time.
 *
 * <p>The memory must stay while a call runs: do not close an Android {@code Image} before. After it
 * was closed, methods throw {@link CountermarkException.Closed}.
 */
public final class Picture {
  private final PixelFormat format;
  private final int width;
  private final int height;
  private final ByteBuffer data;
  private final int[] shape;

  private Picture(PixelFormat format, ByteBuffer buffer, int width, int height, int rowStride,
      int planeStride) {
    this.format = Objects.requireNonNull(format, "format");
    this.width = width;
    this.height = height;
    data = slice(Objects.requireNonNull(buffer, "buffer"));
    shape = new int[] {format.ordinal(), width, height, rowStride, planeStride};
    CountermarkException.require(
        data.isDirect(), "the buffer is not a direct one: use allocateDirect");
    CountermarkException.require(width > 0 && height > 0, "a side of the picture is not positive");
    CountermarkException.require(rowStride >= 0 && planeStride >= 0, "a stride is negative");
    // In 64 bits no product of two ints overflows.
    long bytes = (long) rowStride * (height - 1) + (long) width * format.pixelBytes()
        + (format.isPlanar() ? 2L * planeStride : 0);
    if (bytes > data.capacity()) {
      throw new CountermarkException.InvalidArgument(
          "the picture takes " + bytes + " bytes, the buffer has " + data.capacity() + " left");
    }
  }

  /**
   * A picture whose channels are interleaved, or a luma plane: what Android's {@code Image.Plane}
   * says of itself.
   *
   * @param format one without planes of red, green and blue
   * @param buffer direct; the first pixel is at its position, the last one before its limit. Both
   *     may change afterwards
   * @param width in pixels, 128 to 65,535 (5 to 65,535 for fingerprints)
   * @param height likewise
   * @param rowStride bytes from one row to the next; rows may be padded, the last one need not be
   * @param pixelStride bytes from one pixel to the next, which must be {@link
   *     PixelFormat#pixelBytes()}
   * @throws CountermarkException.InvalidArgument if the buffer is not direct or too short, or a
   *     number is not possible
   */
  public static Picture of(PixelFormat format, ByteBuffer buffer, int width, int height,
      int rowStride, int pixelStride) {
    CountermarkException.require(!format.isPlanar(), format + " has planes: use planar");
    if (pixelStride != format.pixelBytes()) {
      throw new CountermarkException.InvalidArgument(
          "the pixel stride is " + pixelStride + ", " + format + " has " + format.pixelBytes());
    }
    return new Picture(format, buffer, width, height, rowStride, 0);
  }

  /**
   * A picture in three planes of red, green and blue, in this order, in one buffer.
   *
   * @param format {@link PixelFormat#PLANAR_RGB8} or {@link PixelFormat#PLANAR_RGB16}
   * @param buffer direct; the first red sample is at its position, the last blue one before its
   *     limit
   * @param width in pixels, 128 to 65,535 (5 to 65,535 for fingerprints)
   * @param height likewise
   * @param rowStride bytes from one row to the next
   * @param planeStride bytes from red to green and from green to blue
   * @throws CountermarkException.InvalidArgument if the buffer is not direct or too short, or a
   *     number is not possible
   */
  public static Picture planar(PixelFormat format, ByteBuffer buffer, int width, int height,
      int rowStride, int planeStride) {
    CountermarkException.require(format.isPlanar(), format + " has no planes: use of");
    return new Picture(format, buffer, width, height, rowStride, planeStride);
  }

  /** What the pixels are. */
  public PixelFormat format() {
    return format;
  }

  /** In pixels. */
  public int width() {
    return width;
  }

  /** In pixels. */
  public int height() {
    return height;
  }

  /** As the native side takes them: format, width, height, row stride, plane stride. */
  int[] shape() {
    return shape;
  }

  /** The memory, known to be there. */
  ByteBuffer readable() {
    try {
      data.get(0);
    } catch (RuntimeException noAccess) {
      throw closed(noAccess);
    }
    return data;
  }

  ByteBuffer writable() {
    CountermarkException.require(!data.isReadOnly(), "the buffer to write to is read-only");
    return readable();
  }

  private static ByteBuffer slice(ByteBuffer buffer) {
    try {
      return buffer.slice();
    } catch (RuntimeException noAccess) {
      throw closed(noAccess);
    }
  }

  // Which exception it is differs between Android and the versions of Java.
  private static CountermarkException closed(RuntimeException noAccess) {
    return new CountermarkException.Closed(
        "the memory of the picture was given back, or belongs to another thread", noAccess);
  }
}
