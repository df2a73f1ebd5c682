package org.countermark;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The pictures of the golden vectors: Picture::Noise of cpp/tests/watermark/pictures.h. */
final class Noise {
  private static final int OCTAVES = 6;

  final PixelFormat format;
  final int width;
  final int height;
  private final int[] value;

  Noise(PixelFormat format, int width, int height, int seed) {
    this.format = format;
    this.width = width;
    this.height = height;
    value = new int[width * height];
    for (int octave = 0; octave < OCTAVES; ++octave) {
      add(octave, seed);
    }
  }

  private void add(int octave, int seed) {
    int cell = 64 >> octave;
    int across = width / cell + 2;
    int[] grid = new int[across * (height / cell + 2)];
    Threefry generator = new Threefry(seed, octave);
    for (int i = 0; i < grid.length; ++i) {
      grid[i] = generator.next() & 255; // 256 divides 2^32: no number is passed over
    }
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        int corner = y / cell * across + x / cell;
        int right = x % cell;
        int low = y % cell;
        int above = grid[corner] * (cell - right) + grid[corner + 1] * right;
        int below = grid[corner + across] * (cell - right) + grid[corner + across + 1] * right;
        int sum = above * (cell - low) + below * low;
        value[y * width + x] += sum * 256 / (cell * cell) >> (octave + 1);
      }
    }
  }

  /** The columns from `left` on, in a buffer without padding. */
  ByteBuffer samples(int left, int columns) {
    int channels = channels();
    int planes = format.isPlanar() ? 3 : 1;
    boolean sixteen = format.pixelBytes() / channels == 2;
    int depth = sixteen ? 2 : 1;
    ByteBuffer samples = ByteBuffer.allocateDirect(columns * height * channels * planes * depth)
                             .order(ByteOrder.nativeOrder());
    for (int plane = 0; plane < planes; ++plane) {
      for (int y = 0; y < height; ++y) {
        for (int x = 0; x < columns; ++x) {
          for (int channel = 0; channel < channels; ++channel) {
            int sample = value[y * width + left + x] + (channel + plane) * 3000;
            if (sixteen) {
              samples.putShort((short) (format == PixelFormat.P010 ? sample & 0xFFC0 : sample));
            } else {
              samples.put((byte) (sample >> 8));
            }
          }
        }
      }
    }
    return samples.flip();
  }

  /** The picture in a buffer that this makes. */
  Picture picture() {
    return picture(samples(0, width), width);
  }

  Picture picture(ByteBuffer samples, int columns) {
    int row = columns * format.pixelBytes();
    return format.isPlanar()
        ? Picture.planar(format, samples, columns, height, row, row * height)
        : Picture.of(format, samples, columns, height, row, format.pixelBytes());
  }

  private int channels() {
    return switch (format) {
      case RGB8, RGB16, BGR8 -> 3;
      case RGBA8, RGBA16, BGRA8 -> 4;
      default -> 1;
    };
  }

  /** Threefry-4x32 with 20 rounds, as cpp/src/base/generator.h has it. */
  private static final class Threefry {
    private static final int[][] ROTATION = {
        {10, 26}, {11, 21}, {13, 27}, {23, 5}, {6, 20}, {17, 11}, {25, 10}, {18, 20}};

    private final int[] schedule;
    private final int[] counter;
    private int[] block = {};
    private int left;

    Threefry(int key, int stream) {
      schedule = new int[] {key, 0, 0, 0, 0x1BD11BDA ^ key};
      counter = new int[] {0, 0, 0, stream};
    }

    int next() {
      if (left == 0) {
        block = mixed();
        ++counter[0];
        left = 4;
      }
      return block[4 - left--];
    }

    private int[] mixed() {
      int[] x = new int[4];
      for (int i = 0; i < 4; ++i) {
        x[i] = counter[i] + schedule[i];
      }
      for (int round = 0; round < 20; ++round) {
        int first = round % 2 == 0 ? 1 : 3;
        int second = 4 - first;
        x[0] += x[first];
        x[first] = Integer.rotateLeft(x[first], ROTATION[round % 8][0]) ^ x[0];
        x[2] += x[second];
        x[second] = Integer.rotateLeft(x[second], ROTATION[round % 8][1]) ^ x[2];
        if (round % 4 == 3) {
          int injection = round / 4 + 1;
          for (int i = 0; i < 4; ++i) {
            x[i] += schedule[(injection + i) % 5];
          }
          x[3] += injection;
        }
      }
      return x;
    }
  }
}
