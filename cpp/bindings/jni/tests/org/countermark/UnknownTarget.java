package org.countermark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

/** Run by itself where COUNTERMARK_TARGET names a target that does not exist. */
class UnknownTarget {
  @Test
  void isRefused() {
    Picture picture = new Noise(PixelFormat.GRAY8, 160, 160, 1).picture();
    CountermarkException error =
        assertThrows(CountermarkException.UnknownTarget.class, () -> Watermark.detect(picture));
    assertEquals(14, error.status());
    assertEquals(
        "COUNTERMARK_TARGET names a SIMD target that is not available here", error.getMessage());
  }
}
