package org.countermark;

import java.util.ArrayList;
import java.util.List;

/**
 * A perceptual hash: PDQ (Meta, 2017). Two pictures whose hashes differ in 31 bits or fewer are
 * probably the same one.
 *
 * @param hash 64 hexadecimal digits in lower case, as the reference implementation prints them
 * @param quality 0 to 100; under 50 the picture has too little structure for its hash to mean much
 */
public record Fingerprint(String hash, int quality) {
  private static final int HASH_BYTES = 32;
  private static final int DIHEDRAL_COUNT = 8;

  /**
   * The hash of a picture.
   *
   * @param picture with sides of 5 to 65,535 pixels
   * @throws CountermarkException.InvalidArgument if the picture is too small, too large, or of a
   *     stride that cannot be
   * @throws OutOfMemoryError if there is no room to work in, which the call gives back
   */
  public static Fingerprint pdq(Picture picture) {
    return hashes(picture, 1).get(0);
  }

  /**
   * The hashes of a picture and of its seven turned and mirrored forms, at hardly more cost than
   * one: as it is; turned anticlockwise by 90, 180, 270 degrees; upside down; left to right;
   * mirrored at the main diagonal; at the other diagonal.
   *
   * @param picture with sides of 5 to 65,535 pixels
   * @return eight, all of one quality
   * @throws CountermarkException.InvalidArgument as {@link #pdq}
   * @throws OutOfMemoryError as {@link #pdq}
   */
  public static List<Fingerprint> pdqDihedral(Picture picture) {
    return hashes(picture, DIHEDRAL_COUNT);
  }

  private static List<Fingerprint> hashes(Picture picture, int count) {
    byte[] bytes = new byte[count * HASH_BYTES];
    int[] quality = new int[1];
    CountermarkException.check(Native.pdq(picture.readable(), picture.shape(), bytes, quality));
    List<Fingerprint> fingerprints = new ArrayList<>();
    for (int i = 0; i < count; ++i) {
      fingerprints.add(new Fingerprint(hex(bytes, i * HASH_BYTES), quality[0]));
    }
    return List.copyOf(fingerprints);
  }

  // HexFormat is not in every Android that this class runs on.
  private static String hex(byte[] bytes, int start) {
    StringBuilder text = new StringBuilder(2 * HASH_BYTES);
    for (int i = start; i < start + HASH_BYTES; ++i) {
      text.append(Character.forDigit(bytes[i] >> 4 & 15, 16));
      text.append(Character.forDigit(bytes[i] & 15, 16));
    }
    return text.toString();
  }
}
