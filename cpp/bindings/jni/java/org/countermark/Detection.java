package org.countermark;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A watermark that was read.
 *
 * @param payload the 64 bits. As a number they are unsigned: {@link Long#toUnsignedString}, {@code
 *     toULong()} in Kotlin
 * @param score height of the pilot's peak, in standard deviations of its surroundings
 * @param falsePositiveRate upper bound of the probability that the call reads anything in a
 *     picture, or video, that is not marked
 * @param geometry nine numbers, three rows of a homography: where the pixels lay when the picture
 *     was marked, as {@code cmk_detection} in the C header describes it
 */
public record
    Detection(long payload, float score, double falsePositiveRate, List<Double> geometry) {
  private static final int NOT_FOUND = 1;

  /** Keeps a copy of the geometry. */
  public Detection {
    geometry = List.copyOf(geometry);
  }

  /** Room for what the native side finds. */
  static final class Found {
    final long[] payload = new long[1];
    final double[] numbers = new double[11];

    /** What was found; nothing where the status says so; an exception for other statuses. */
    Optional<Detection> after(int status) {
      if (status == NOT_FOUND) {
        return Optional.empty();
      }
      CountermarkException.check(status);
      List<Double> geometry = new ArrayList<>();
      for (int i = 2; i < numbers.length; ++i) {
        geometry.add(numbers[i]);
      }
      return Optional.of(new Detection(payload[0], (float) numbers[0], numbers[1], geometry));
    }
  }
}
