package org.countermark;

/**
 * What a pixel's bytes mean. Samples of 16 bits are in the byte order of the machine. Alpha is
 * never read as brightness and never changed.
 */
public enum PixelFormat {
  /** Brightness of 8 bits; also the luma plane of NV12, NV21, I420 and Android's YUV_420_888. */
  GRAY8(1),
  /** Red, green, blue. */
  RGB8(3),
  /** Red, green, blue, alpha; Android's RGBA_8888. */
  RGBA8(4),
  /** Brightness of 16 bits. */
  GRAY16(2),
  /** Red, green, blue of 16 bits each. */
  RGB16(6),
  /** Red, green, blue, alpha of 16 bits each. */
  RGBA16(8),
  /** Blue, green, red. */
  BGR8(3),
  /** Blue, green, red, alpha. */
  BGRA8(4),
  /** A plane each of red, green and blue. */
  PLANAR_RGB8(1),
  /** A plane each of red, green and blue, of 16 bits. */
  PLANAR_RGB16(2),
  /** The luma plane of P010, Android's YCBCR_P010: ten bits in the upper bits of 16. */
  P010(2);

  private final int pixelBytes;

  PixelFormat(int pixelBytes) {
    this.pixelBytes = pixelBytes;
  }

  /** Bytes from one pixel to the next in a row, of one plane where there are three. */
  public int pixelBytes() {
    return pixelBytes;
  }

  boolean isPlanar() {
    return this == PLANAR_RGB8 || this == PLANAR_RGB16;
  }
}
