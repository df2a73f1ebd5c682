package org.countermark;

import static org.countermark.PixelFormat.GRAY16;
import static org.countermark.PixelFormat.GRAY8;
import static org.countermark.PixelFormat.PLANAR_RGB8;
import static org.countermark.PixelFormat.RGBA8;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Wrong arguments: a sentence, never a crash, and nothing is written. */
class RefusalsTest {
  private static final int SIDE = 160;
  private static final byte[] KEY = Watermark.defaultKey();

  private static ByteBuffer memory(int bytes) {
    return ByteBuffer.allocateDirect(bytes);
  }

  private static Picture gray(int width, int height) {
    return Picture.of(GRAY8, memory(width * height), width, height, width, 1);
  }

  /** Status 0: refused in Java. */
  private static void refused(int status, String sentence, Executable act) {
    CountermarkException error = assertThrows(CountermarkException.InvalidArgument.class, act);
    assertEquals(sentence, error.getMessage());
    assertEquals(status, error.status());
  }

  @Test
  void buffersAreDirectAndLongEnough() {
    refused(0, "the buffer is not a direct one: use allocateDirect",
        () -> Picture.of(GRAY8, ByteBuffer.allocate(SIDE * SIDE), SIDE, SIDE, SIDE, 1));
    refused(0, "the picture takes 25600 bytes, the buffer has 25599 left",
        () -> Picture.of(GRAY8, memory(SIDE * SIDE - 1), SIDE, SIDE, SIDE, 1));
    refused(0, "the picture takes 25600 bytes, the buffer has 25599 left",
        () -> Picture.of(GRAY8, memory(SIDE * SIDE).position(1), SIDE, SIDE, SIDE, 1));
    refused(0, "the picture takes 25600 bytes, the buffer has 25599 left",
        () -> Picture.of(GRAY8, memory(SIDE * SIDE).limit(SIDE * SIDE - 1), SIDE, SIDE, SIDE, 1));
    refused(0, "the picture takes 25600 bytes, the buffer has 0 left",
        () -> Picture.of(GRAY8, memory(0), SIDE, SIDE, SIDE, 1));
    refused(0, "the picture takes 76800 bytes, the buffer has 76799 left",
        () -> Picture.planar(PLANAR_RGB8, memory(76799), SIDE, SIDE, SIDE, SIDE * SIDE));
    int most = Integer.MAX_VALUE;
    refused(0, "the picture takes 4611686020574871550 bytes, the buffer has 8 left",
        () -> Picture.of(RGBA8, memory(8), most, most, most, 4));
    refused(0, "the picture takes 4611686018427387903 bytes, the buffer has 8 left",
        () -> Picture.planar(PLANAR_RGB8, memory(8), most, most, most, most));
  }

  @Test
  void stridesFitTheFormat() {
    refused(0, "the pixel stride is 2, GRAY8 has 1",
        () -> Picture.of(GRAY8, memory(2 * SIDE * SIDE), SIDE, SIDE, 2 * SIDE, 2));
    refused(0, "a stride is negative",
        () -> Picture.of(GRAY8, memory(SIDE * SIDE), SIDE, SIDE, -SIDE, 1));
    refused(0, "a stride is negative",
        () -> Picture.planar(PLANAR_RGB8, memory(3 * SIDE * SIDE), SIDE, SIDE, SIDE, -1));
    refused(0, "PLANAR_RGB8 has planes: use planar",
        () -> Picture.of(PLANAR_RGB8, memory(3 * SIDE * SIDE), SIDE, SIDE, SIDE, 1));
    refused(0, "GRAY8 has no planes: use of",
        () -> Picture.planar(GRAY8, memory(SIDE * SIDE), SIDE, SIDE, SIDE, 0));
    Picture shorter = Picture.of(GRAY8, memory(SIDE * SIDE), SIDE, SIDE, SIDE - 1, 1);
    String sentence = "the stride is shorter than a row of pixels, or the picture exceeds memory";
    refused(7, sentence, () -> Watermark.embed(shorter, shorter, 1));
    refused(7, sentence, () -> Watermark.detect(shorter));
    refused(7, sentence, () -> Fingerprint.pdq(shorter));
    Picture together = Picture.planar(PLANAR_RGB8, memory(3 * SIDE * SIDE), SIDE, SIDE, SIDE, 1);
    refused(7, sentence, () -> Watermark.detect(together));
    Picture odd =
        Picture.of(GRAY16, memory(2 * SIDE * SIDE + 1).position(1), SIDE, SIDE, 2 * SIDE, 2);
    assertEquals(8, assertThrows(CountermarkException.class, () -> Watermark.detect(odd)).status());
  }

  @Test
  void sidesHaveLimits() {
    for (int side : new int[] {0, -1, Integer.MIN_VALUE}) {
      refused(0, "a side of the picture is not positive",
          () -> Picture.of(GRAY8, memory(SIDE * SIDE), side, SIDE, SIDE, 1));
      refused(0, "a side of the picture is not positive",
          () -> Picture.of(GRAY8, memory(SIDE * SIDE), SIDE, side, SIDE, 1));
    }
    String small = "a side of the picture is too small";
    refused(5, small, () -> Watermark.embed(gray(127, SIDE), gray(127, SIDE), 1));
    refused(5, small, () -> Watermark.detect(gray(SIDE, 127)));
    refused(5, small, () -> Fingerprint.pdq(gray(4, 9)));
    assertDoesNotThrow(() -> Fingerprint.pdq(gray(5, 5)));
    String large = "a side of the picture is over 65,535 pixels";
    refused(6, large, () -> Fingerprint.pdq(gray(65536, 5)));
    for (int side : new int[] {0, -1, 127, Integer.MIN_VALUE}) {
      // A negative one is a large one for C.
      int status = side < 0 ? 6 : 5;
      String sentence = side < 0 ? large : small;
      refused(status, sentence, () -> new WatermarkStream(GRAY8, SIDE, side, 1));
      refused(status, sentence, () -> new FrameAccumulator(GRAY8, SIDE, side, KEY, Effort.ALIGNED));
    }
  }

  @Test
  void outputsAreWritableAndMatch() {
    Picture in = gray(SIDE, SIDE);
    ByteBuffer locked = memory(SIDE * SIDE).asReadOnlyBuffer();
    Picture sealed = Picture.of(GRAY8, locked, SIDE, SIDE, SIDE, 1);
    String readOnly = "the buffer to write to is read-only";
    refused(0, readOnly, () -> Watermark.embed(in, sealed, 1));
    assertDoesNotThrow(() -> Watermark.detect(sealed, KEY, Effort.ALIGNED));
    refused(9, "input and output differ in size or format",
        () -> Watermark.embed(in, gray(SIDE, SIDE + 1), 1));
    ByteBuffer shared = memory(SIDE * SIDE + 8);
    Picture first = Picture.of(GRAY8, shared, SIDE, SIDE, SIDE, 1);
    Picture second = Picture.of(GRAY8, shared.position(8), SIDE, SIDE, SIDE, 1);
    assertEquals(10,
        assertThrows(CountermarkException.class, () -> Watermark.embed(first, second, 1)).status());
    assertEquals(ByteBuffer.allocate(SIDE * SIDE + 8), shared.clear()); // nothing was written
    try (WatermarkStream stream = new WatermarkStream(GRAY8, SIDE, SIDE, 1)) {
      refused(0, readOnly, () -> stream.embed(sealed));
      refused(
          9, "input and output differ in size or format", () -> stream.embed(gray(SIDE, SIDE + 1)));
    }
    try (FrameAccumulator frames = new FrameAccumulator(GRAY8, SIDE, SIDE, KEY, Effort.ALIGNED)) {
      refused(
          9, "input and output differ in size or format", () -> frames.add(gray(SIDE, SIDE + 1)));
      assertDoesNotThrow(() -> frames.add(sealed));
    }
  }

  @Test
  void keysStrengthsAndIntervalsHaveLimits() {
    Picture picture = gray(SIDE, SIDE);
    for (byte[] key : List.of(new byte[0], new byte[15], new byte[17])) {
      String sentence = "the key does not have 16 bytes";
      refused(0, sentence, () -> Watermark.embed(picture, picture, 1, key, 1));
      refused(0, sentence, () -> Watermark.detect(picture, key, Effort.FULL));
      refused(0, sentence, () -> new WatermarkStream(GRAY8, SIDE, SIDE, 1, key, 1, 8));
      refused(0, sentence, () -> new FrameAccumulator(GRAY8, SIDE, SIDE, key, Effort.ALIGNED));
    }
    for (float strength : new float[] {0, -1, 4.01f, Float.NaN, Float.POSITIVE_INFINITY}) {
      int status = assertThrows(CountermarkException.InvalidArgument.class,
          () -> Watermark.embed(picture, picture, 1, KEY, strength))
                       .status();
      assertEquals(11, status);
      assertThrows(CountermarkException.InvalidArgument.class,
          () -> new WatermarkStream(GRAY8, SIDE, SIDE, 1, KEY, strength, 8));
    }
    for (int frames : new int[] {0, -1, 65, Integer.MIN_VALUE}) {
      int status = assertThrows(CountermarkException.InvalidArgument.class,
          () -> new WatermarkStream(GRAY8, SIDE, SIDE, 1, KEY, 1, frames))
                       .status();
      assertEquals(19, status);
    }
  }

  @Test
  void nullIsANullPointerException() {
    Picture picture = gray(SIDE, SIDE);
    for (Executable act : List.<Executable>of(()
                                                  -> Picture.of(null, memory(9), 3, 3, 3, 1),
             ()
                 -> Picture.of(GRAY8, null, 3, 3, 3, 1),
             ()
                 -> Picture.planar(null, memory(9), 3, 3, 3, 1),
             ()
                 -> Watermark.embed(null, picture, 1),
             ()
                 -> Watermark.embed(picture, null, 1),
             ()
                 -> Watermark.embed(picture, picture, 1, null, 1),
             ()
                 -> Watermark.detect(null),
             ()
                 -> Watermark.detect(picture, null, Effort.FULL),
             ()
                 -> Watermark.detect(picture, KEY, null),
             ()
                 -> Fingerprint.pdq(null),
             ()
                 -> new WatermarkStream(null, SIDE, SIDE, 1),
             ()
                 -> new WatermarkStream(GRAY8, SIDE, SIDE, 1, null, 1, 8),
             ()
                 -> new FrameAccumulator(null, SIDE, SIDE, KEY, Effort.FULL),
             ()
                 -> new FrameAccumulator(GRAY8, SIDE, SIDE, null, Effort.FULL),
             () -> new FrameAccumulator(GRAY8, SIDE, SIDE, KEY, null))) {
      assertThrows(NullPointerException.class, act);
    }
  }

  /** Shapes of all kinds, possible or not: refused, or nothing outside of the buffer is written. */
  @Test
  void noShapeLeavesItsBuffer() {
    Random random = new Random(1);
    int marked = 0;
    for (int i = 0; i < 600; ++i) {
      PixelFormat format = PixelFormat.values()[random.nextInt(PixelFormat.values().length)];
      int width = 120 + random.nextInt(60);
      int height = 120 + random.nextInt(60);
      int row = width * format.pixelBytes() + 2 * random.nextInt(8) - 3 * random.nextInt(2);
      int plane = row * height + random.nextInt(32) - 4;
      int guard = 64;
      int length = (format.isPlanar() ? 2 * plane : 0) + row * height + random.nextInt(64) - 32;
      ByteBuffer memory = memory(guard + length + guard);
      ByteBuffer inside = memory.slice(guard, length);
      try {
        Picture picture = format.isPlanar()
            ? Picture.planar(format, inside, width, height, row, plane)
            : Picture.of(format, inside, width, height, row, format.pixelBytes());
        Watermark.embed(picture, picture, i, KEY, 4);
        ++marked;
      } catch (CountermarkException.InvalidArgument refused) {
        assertEquals(-1, inside.mismatch(memory(length)), refused.getMessage());
      }
      assertEquals(ByteBuffer.allocate(guard), memory.slice(0, guard), "before, " + i);
      assertEquals(ByteBuffer.allocate(guard), memory.slice(guard + length, guard), "behind, " + i);
    }
    assertTrue(marked > 100 && marked < 500, marked + " of 600 marked");
  }
}
