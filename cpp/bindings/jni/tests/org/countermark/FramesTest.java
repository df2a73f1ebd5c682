package org.countermark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Real frames: a photograph as NV12 with padded rows, somewhere in a larger buffer. */
class FramesTest {
  private static final int WIDTH = 600;
  private static final int HEIGHT = 400;
  private static final int STRIDE = 640;
  private static final long PAYLOAD = 0x8123456789abcdefL; // negative for Java, any 64 bits for us

  private static Picture luma(ByteBuffer nv12) {
    return Picture.of(PixelFormat.GRAY8, nv12, WIDTH, HEIGHT, STRIDE, 1);
  }

  private static ByteBuffer photograph() throws IOException {
    return Photograph.nv12(Photograph.read(), WIDTH, HEIGHT, STRIDE);
  }

  private static long payload(Picture picture) {
    Detection found = Watermark.detect(picture).orElseThrow();
    assertTrue(found.score() > 8 && found.falsePositiveRate() < 1e-6, found.toString());
    assertEquals(9, found.geometry().size());
    return found.payload();
  }

  /** Bytes of the second buffer that differ; all of them must be pixels of its luma plane. */
  private static int changed(ByteBuffer before, ByteBuffer after) {
    assertEquals(before.capacity(), after.capacity());
    int changed = 0;
    for (int i = 0; i < before.capacity(); ++i) {
      if (before.get(i) != after.get(i)) {
        assertTrue(i < STRIDE * HEIGHT && i % STRIDE < WIDTH, "byte " + i + " is no pixel");
        ++changed;
      }
    }
    return changed;
  }

  @Test
  void marksLumaInPlaceAndNothingElse() throws IOException {
    ByteBuffer before = photograph();
    ByteBuffer nv12 = photograph();
    Picture frame = luma(nv12);
    assertEquals(Optional.empty(), Watermark.detect(frame));
    Watermark.embed(frame, frame, PAYLOAD);
    assertTrue(changed(before, nv12) > WIDTH * HEIGHT / 4);
    assertEquals(PAYLOAD, payload(frame));
    assertEquals(PAYLOAD, payload(Photograph.throughJpeg(nv12, WIDTH, HEIGHT, STRIDE)));
    assertEquals(WIDTH + " x " + HEIGHT + " GRAY8",
        frame.width() + " x " + frame.height() + " " + frame.format());
  }

  @Test
  void marksIntoAnotherBufferOfAnotherStride() throws IOException {
    ByteBuffer before = photograph();
    ByteBuffer nv12 = photograph();
    ByteBuffer tight = ByteBuffer.allocateDirect(WIDTH * HEIGHT);
    Picture out = Picture.of(PixelFormat.GRAY8, tight, WIDTH, HEIGHT, WIDTH, 1);
    Watermark.embed(luma(nv12.asReadOnlyBuffer()), out, PAYLOAD);
    assertEquals(0, changed(before, nv12));
    Watermark.embed(luma(nv12), luma(nv12), PAYLOAD);
    for (int y = 0; y < HEIGHT; ++y) {
      assertEquals(nv12.slice(y * STRIDE, WIDTH), tight.slice(y * WIDTH, WIDTH));
    }
  }

  @Test
  void aPictureBeginsAtThePositionAndMayEndWithItsLastPixel() throws IOException {
    ByteBuffer nv12 = photograph();
    int offset = 4096 + 3;
    int length = STRIDE * (HEIGHT - 1) + WIDTH; // as Android's planes: no padding behind the end
    ByteBuffer large = ByteBuffer.allocateDirect(offset + length + 64);
    large.position(offset).limit(offset + length);
    large.duplicate().put(nv12.slice(0, length));
    Picture frame = luma(large);
    large.clear(); // does not move the picture
    Watermark.embed(frame, frame, PAYLOAD);
    Watermark.embed(luma(nv12), luma(nv12), PAYLOAD);
    assertEquals(nv12.slice(0, length), large.slice(offset, length));
    assertEquals(ByteBuffer.allocate(offset), large.slice(0, offset));
    assertEquals(ByteBuffer.allocate(64), large.slice(offset + length, 64));
  }

  @Test
  void everyFrameOfAStreamIsReadAlone() throws IOException {
    ByteBuffer before = photograph();
    try (WatermarkStream stream = new WatermarkStream(PixelFormat.GRAY8, WIDTH, HEIGHT, PAYLOAD)) {
      for (int i = 0; i < 4; ++i) {
        if (i == 2) {
          stream.setPayload(7);
        }
        ByteBuffer nv12 = photograph();
        stream.embed(luma(nv12));
        assertTrue(changed(before, nv12) > WIDTH * HEIGHT / 4);
        assertEquals(i < 2 ? PAYLOAD : 7, payload(luma(nv12)));
      }
    }
  }

  /** A camera that moves over the photograph; a mark too weak for any of its frames. */
  @Test
  void weakFramesAddUp() throws IOException {
    int width = 512;
    int height = 384;
    byte[] key = Watermark.defaultKey();
    try (WatermarkStream stream =
             new WatermarkStream(PixelFormat.GRAY8, width, height, PAYLOAD, key, 0.2f, 1);
        FrameAccumulator accumulator =
            new FrameAccumulator(PixelFormat.GRAY8, width, height, key, Effort.ALIGNED)) {
      assertTrue(accumulator.detect().isEmpty());
      ByteBuffer scene = photograph();
      for (int i = 0; i < 16; ++i) {
        ByteBuffer frame = ByteBuffer.allocateDirect(STRIDE * HEIGHT);
        frame.put(scene.slice(STRIDE * (i % 8) + 5 * i, STRIDE * height)).flip();
        Picture luma = Picture.of(PixelFormat.GRAY8, frame, width, height, STRIDE, 1);
        stream.embed(luma);
        accumulator.add(luma);
        assertTrue(Watermark.detect(luma, key, Effort.ALIGNED).isEmpty(), "frame " + i);
      }
      Detection found = accumulator.detect().orElseThrow();
      assertEquals(PAYLOAD, found.payload());
      assertTrue(found.falsePositiveRate() < 1e-6, found.toString());
      accumulator.reset();
      assertTrue(accumulator.detect().isEmpty());
    }
  }

  @Test
  void onlyWhoHasTheKeyReads() throws IOException {
    Picture frame = luma(photograph());
    byte[] key = "sixteen bytes ok".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    Watermark.embed(frame, frame, PAYLOAD, key, 2);
    assertTrue(Watermark.detect(frame).isEmpty());
    Optional<Detection> found = Watermark.detect(frame, key, Effort.ALIGNED);
    assertEquals(PAYLOAD, found.orElseThrow().payload());
    byte[] published = Watermark.defaultKey();
    published[0] ^= 1; // a copy: the key itself stays
    assertNotEquals(published[0], Watermark.defaultKey()[0]);
  }

  @Test
  void fingerprintsOfAMarkedPhotographAreNear() throws IOException {
    ByteBuffer nv12 = photograph();
    Fingerprint before = Fingerprint.pdq(luma(nv12));
    Watermark.embed(luma(nv12), luma(nv12), PAYLOAD);
    Fingerprint after = Fingerprint.pdq(luma(nv12));
    assertEquals(100, before.quality());
    assertTrue(before.hash().matches("[0-9a-f]{64}"));
    assertTrue(distance(before, after) <= 31, before + " " + after);
    assertFalse(Fingerprint.pdqDihedral(luma(nv12)).subList(1, 8).contains(after));
  }

  private static int distance(Fingerprint a, Fingerprint b) {
    return new java.math.BigInteger(a.hash(), 16)
        .xor(new java.math.BigInteger(b.hash(), 16))
        .bitCount();
  }
}
