package org.countermark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;

/** tests/vectors: the same bits from Java as from C++ and Python. */
class VectorsTest {
  private static final PixelFormat[] FORMATS = PixelFormat.values();

  private static List<String[]> vectors(String name) throws IOException {
    Path path = Path.of(System.getProperty("countermark.root"), "tests/vectors", name);
    List<String[]> lines = Files.readAllLines(path)
                               .stream()
                               .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                               .map(line -> line.split(" "))
                               .toList();
    assertTrue(lines.size() >= 4, name);
    return lines;
  }

  private static byte[] key(String first) {
    byte[] key = Watermark.defaultKey();
    key[0] = (byte) Integer.parseInt(first);
    return key;
  }

  private static float hundredths(String number) {
    return Integer.parseInt(number) / 100f;
  }

  @Test
  void marks() throws IOException {
    for (String[] line : vectors("watermark.txt")) {
      PixelFormat format = FORMATS[Integer.parseInt(line[2])];
      Noise noise = new Noise(format, Integer.parseInt(line[0]), Integer.parseInt(line[1]), 1);
      ByteBuffer samples = noise.samples(0, noise.width);
      Picture picture = noise.picture(samples, noise.width);
      long payload = Long.parseUnsignedLong(line[3]);
      Watermark.embed(picture, picture, payload, key(line[4]), hundredths(line[5]));
      CRC32 crc = new CRC32();
      crc.update(samples);
      assertEquals(line[6], Long.toHexString(crc.getValue()), String.join(" ", line));
    }
  }

  @Test
  void streams() throws IOException {
    for (String[] line : vectors("stream.txt")) {
      int width = Integer.parseInt(line[0]);
      int height = Integer.parseInt(line[1]);
      PixelFormat format = FORMATS[Integer.parseInt(line[2])];
      long payload = Long.parseUnsignedLong(line[3]);
      CRC32 crc = new CRC32();
      try (WatermarkStream stream = new WatermarkStream(format, width, height, payload,
               key(line[4]), hundredths(line[5]), Integer.parseInt(line[6]))) {
        for (int seed = 1; seed <= 2; ++seed) {
          Noise scene = new Noise(format, width + 48, height, seed);
          for (int i = 0; i < Integer.parseInt(line[7]) / 2; ++i) {
            ByteBuffer frame = scene.samples(3 * i, width);
            stream.embed(scene.picture(frame, width));
            crc.update(frame);
          }
        }
      }
      assertEquals(line[8], Long.toHexString(crc.getValue()), String.join(" ", line));
    }
  }

  @Test
  void addedFrames() throws IOException {
    for (String[] line : vectors("frames.txt")) {
      Effort effort = Effort.values()[Integer.parseInt(line[0])];
      int width = Integer.parseInt(line[1]);
      int height = Integer.parseInt(line[2]);
      int cut = Integer.parseInt(line[4]);
      long payload = Long.parseUnsignedLong(line[5]);
      byte[] key = Watermark.defaultKey();
      try (WatermarkStream stream = new WatermarkStream(
               PixelFormat.GRAY8, width, height, payload, key, hundredths(line[3]), 1);
          FrameAccumulator accumulator =
              new FrameAccumulator(PixelFormat.GRAY8, width - cut, height - cut, key, effort)) {
        for (int i = 0; i < 6; ++i) {
          Noise noise = new Noise(PixelFormat.GRAY8, width, height, 10 + i);
          ByteBuffer frame = noise.samples(0, width);
          stream.embed(noise.picture(frame, width));
          frame.position(cut * width + cut);
          accumulator.add(
              Picture.of(PixelFormat.GRAY8, frame, width - cut, height - cut, width, 1));
        }
        Detection found = accumulator.detect().orElseThrow();
        assertEquals(payload, found.payload());
        assertEquals(Double.parseDouble(line[6]), found.score() * 1000, 1, line[1]);
        for (int i = 0; i < 9; ++i) {
          assertEquals(Double.parseDouble(line[7 + i]), found.geometry().get(i), 1e-3);
        }
      }
    }
  }

  @Test
  void fingerprints() throws IOException {
    for (String[] line : vectors("pdq.txt")) {
      int[] number = Arrays.stream(line).limit(5).mapToInt(Integer::parseInt).toArray();
      Picture picture = rings(number[0], number[1], number[2], number[3]);
      List<Fingerprint> expected =
          Arrays.stream(line).skip(5).map(hash -> new Fingerprint(hash, number[4])).toList();
      assertEquals(expected, Fingerprint.pdqDihedral(picture), String.join(" ", line));
      assertEquals(expected.get(0), Fingerprint.pdq(picture));
    }
  }

  /** The picture by formula of pdq.txt. */
  private static Picture rings(int width, int height, int channels, int bits) {
    PixelFormat format = switch (channels * bits) {
      case 8 -> PixelFormat.GRAY8;
      case 24 -> PixelFormat.RGB8;
      case 32 -> PixelFormat.RGBA8;
      case 16 -> PixelFormat.GRAY16;
      case 48 -> PixelFormat.RGB16;
      default -> PixelFormat.RGBA16;
    };
    int row = width * format.pixelBytes();
    ByteBuffer samples = ByteBuffer.allocateDirect(row * height).order(ByteOrder.nativeOrder());
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        for (int channel = 0; channel < channels; ++channel) {
          int sample = x * x + 3 * y * y + x * y * channel >>> 16 - bits;
          if (bits == 8) {
            samples.put((byte) sample);
          } else {
            samples.putShort((short) sample);
          }
        }
      }
    }
    return Picture.of(format, samples.flip(), width, height, row, format.pixelBytes());
  }
}
