package org.countermark;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/** A real photograph as a camera's frame, and frames through JPEG. */
final class Photograph {
  private Photograph() {}

  static BufferedImage read() throws IOException {
    Path path = Path.of(System.getProperty("countermark.root"));
    return ImageIO.read(path.resolve("python/countermark/assets/coffee.jpg").toFile());
  }

  /** NV12 with padded rows, as in Android's YUV_420_888: two rows of luma for one of chroma. */
  static ByteBuffer nv12(BufferedImage photograph, int width, int height, int stride) {
    ByteBuffer nv12 = ByteBuffer.allocateDirect(stride * height * 3 / 2);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        int rgb = photograph.getRGB(x, y);
        int red = rgb >> 16 & 255;
        int green = rgb >> 8 & 255;
        int blue = rgb & 255;
        // ITU-R BT.601, limited range, in 1/256.
        nv12.put(y * stride + x, (byte) (16 + (66 * red + 129 * green + 25 * blue >> 8)));
        int chroma = stride * (height + y / 2) + (x & ~1);
        nv12.put(chroma, (byte) (128 + (-38 * red - 74 * green + 112 * blue >> 8)));
        nv12.put(chroma + 1, (byte) (128 + (112 * red - 94 * green - 18 * blue >> 8)));
      }
    }
    return nv12;
  }

  /** A copy of a luma plane that was compressed as JPEG in Java's default quality. */
  static Picture throughJpeg(ByteBuffer luma, int width, int height, int stride)
      throws IOException {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_BYTE_GRAY);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        image.getRaster().setSample(x, y, 0, luma.get(y * stride + x) & 255);
      }
    }
    ByteArrayOutputStream jpeg = new ByteArrayOutputStream();
    ImageIO.write(image, "jpeg", jpeg);
    BufferedImage read = ImageIO.read(new ByteArrayInputStream(jpeg.toByteArray()));
    ByteBuffer copy = ByteBuffer.allocateDirect(width * height);
    for (int i = 0; i < width * height; ++i) {
      copy.put((byte) read.getRaster().getSample(i % width, i / width, 0));
    }
    return Picture.of(PixelFormat.GRAY8, copy.flip(), width, height, width, 1);
  }
}
