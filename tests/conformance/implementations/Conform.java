import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.countermark.CountermarkException;
import org.countermark.Detection;
import org.countermark.Effort;
import org.countermark.Fingerprint;
import org.countermark.Picture;
import org.countermark.PixelFormat;
import org.countermark.Watermark;

/**
 * countermark's Java classes behind the protocol of the conformance kit.
 *
 * <pre>python tests/conformance/kit.py -- java -cp countermark.jar -Djava.library.path=...
 * Conform.java
 * </pre>
 */
public final class Conform {
  private static final Pattern HEAD = Pattern.compile("(P[56])\\s+(\\d+)\\s+(\\d+)\\s+(\\d+)\\s");
  private static final int HEAD_BYTES = 64;

  private Conform() {}

  /** Netpbm: what stands before the pixels, and these in memory that the native side can read. */
  private record File(byte[] head, ByteBuffer pixels, Picture picture) {
    static File read(String path) throws IOException {
      byte[] content = Files.readAllBytes(Path.of(path));
      int start = Math.min(content.length, HEAD_BYTES);
      Matcher head = HEAD.matcher(new String(content, 0, start, StandardCharsets.ISO_8859_1));
      if (!head.lookingAt()) {
        throw new IOException("the file is not a picture");
      }
      boolean colour = head.group(1).equals("P6");
      boolean deep = head.group(4).equals("65535");
      int width = Integer.parseInt(head.group(2));
      int height = Integer.parseInt(head.group(3));
      PixelFormat format = colour ? (deep ? PixelFormat.RGB16 : PixelFormat.RGB8)
                                  : (deep ? PixelFormat.GRAY16 : PixelFormat.GRAY8);
      ByteBuffer pixels = ByteBuffer.allocateDirect(content.length - head.end());
      pixels.put(content, head.end(), pixels.capacity()).flip();
      if (deep) {
        swapIfLittle(pixels);
      }
      int bytes = format.pixelBytes();
      Picture picture = Picture.of(format, pixels, width, height, width * bytes, bytes);
      return new File(head.group().getBytes(StandardCharsets.ISO_8859_1), pixels, picture);
    }

    void write(String path) throws IOException {
      if (picture.format() == PixelFormat.GRAY16 || picture.format() == PixelFormat.RGB16) {
        swapIfLittle(pixels);
      }
      byte[] content = new byte[head.length + pixels.capacity()];
      System.arraycopy(head, 0, content, 0, head.length);
      pixels.get(0, content, head.length, pixels.capacity());
      Files.write(Path.of(path), content);
    }

    /** Between Netpbm, which has the highest byte first, and the machine. */
    private static void swapIfLittle(ByteBuffer samples) {
      if (ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN) {
        for (int i = 0; i < samples.capacity(); i += 2) {
          samples.putShort(i, Short.reverseBytes(samples.getShort(i)));
        }
      }
    }
  }

  private static byte[] key(Map<String, String> asked) {
    return HexFormat.of().parseHex(asked.get("key"));
  }

  /** Java writes what is no number in another way than others do. */
  private static float strength(String number) {
    return number.equals("nan") ? Float.NaN : Float.parseFloat(number);
  }

  private static String embed(Map<String, String> asked) throws IOException {
    File file = File.read(asked.get("picture"));
    long payload = Long.parseUnsignedLong(asked.get("payload"), 16);
    float strength =
        "nan".equals(asked.get("strength")) ? Float.NaN : Float.parseFloat(asked.get("strength"));
    Watermark.embed(file.picture(), file.picture(), payload, key(asked), strength);
    file.write(asked.get("out"));
    return "ok";
  }

  private static String detect(Map<String, String> asked) throws IOException {
    File file = File.read(asked.get("picture"));
    Effort effort = Effort.valueOf(asked.get("effort").toUpperCase(Locale.ROOT));
    Optional<Detection> found = Watermark.detect(file.picture(), key(asked), effort);
    return found.map(mark -> String.format("ok payload=%016x", mark.payload())).orElse("none");
  }

  private static String pdq(Map<String, String> asked) throws IOException {
    Fingerprint found = Fingerprint.pdq(File.read(asked.get("picture")).picture());
    return "ok hash=" + found.hash() + " quality=" + found.quality();
  }

  private static String answer(String line) throws IOException {
    String[] parts = line.split(" ");
    Map<String, String> asked = new HashMap<>();
    for (int i = 1; i < parts.length; ++i) {
      String[] field = parts[i].split("=", 2);
      asked.put(field[0], field[1]);
    }
    try {
      return switch (parts[0]) {
        case "capabilities" ->
          "ok capabilities=embed,embed-16,detect,detect-keyed,detect-16,pdq,pdq-16";
        case "embed" -> embed(asked);
        case "detect" -> detect(asked);
        case "pdq" -> pdq(asked);
        default -> "unsupported";
      };
    } catch (CountermarkException | NoSuchFileException refused) {
      return "refused " + refused.getMessage();
    }
  }

  public static void main(String[] arguments) throws IOException {
    BufferedReader requests =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line; (line = requests.readLine()) != null;) {
      System.out.println(answer(line));
    }
  }
}
