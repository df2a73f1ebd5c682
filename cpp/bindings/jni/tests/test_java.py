"""Java beside Python: each reads what the other marked. Needs what `.ci/run java` builds."""

import os
import re
import subprocess
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from countermark import fingerprint, watermark

REPOSITORY = Path(__file__).parents[4]
BUILD = REPOSITORY / "build/core/cpp/bindings/jni"
CORPUS = Path(os.environ.get("COUNTERMARK_CORPUS", REPOSITORY / "../shared/corpus"))
PAYLOAD = 2**64 - 2026

# Marks NV12 from stdin with the class of docs/camera.md, in rows that a camera has padded.
MARK = """
final class Mark {
  public static void main(String[] arguments) throws java.io.IOException {
    int width = Integer.parseInt(arguments[0]);
    int height = Integer.parseInt(arguments[1]);
    int stride = width + 32;
    ByteBuffer plane = ByteBuffer.allocateDirect(stride * height);
    byte[] frame = new byte[width * height * 3 / 2];
    try (Marker marker = new Marker(width, height, Long.parseUnsignedLong(arguments[2]))) {
      while (System.in.readNBytes(frame, 0, frame.length) == frame.length) {
        for (int y = 0; y < height; ++y) plane.put(y * stride, frame, y * width, width);
        marker.mark(plane, stride, 1);
        for (int y = 0; y < height; ++y) plane.get(y * stride, frame, y * width, width);
        System.out.write(frame);
      }
    }
    System.out.flush();
  }
}
"""

# Reads RGB from stdin.
READ = """
import java.io.IOException;
import java.nio.ByteBuffer;
import org.countermark.*;

final class Read {
  public static void main(String[] arguments) throws IOException {
    int width = Integer.parseInt(arguments[0]);
    int height = Integer.parseInt(arguments[1]);
    ByteBuffer pixels = ByteBuffer.allocateDirect(width * height * 3).put(System.in.readAllBytes());
    Picture picture = Picture.of(PixelFormat.RGB8, pixels.flip(), width, height, width * 3, 3);
    System.out.println(Fingerprint.pdq(picture).hash());
    System.out.println(Long.toUnsignedString(Watermark.detect(picture).get().payload()));
  }
}
"""


def run(*command: object, given: bytes = b"") -> bytes:
    arguments = [str(part) for part in command]
    return subprocess.run(arguments, input=given, capture_output=True, check=True).stdout


class Java:
    """Compiled classes on the desktop's JVM, with its checks of native calls."""

    def __init__(self, folder: Path, name: str, source: str) -> None:
        (jar,) = BUILD.glob("countermark-*.jar")
        (folder / f"{name}.java").write_text(source, encoding="utf-8")
        run("javac", "-Xlint:all", "-Werror", "-cp", jar, "-d", folder, folder / f"{name}.java")
        path = f"{jar}{os.pathsep}{folder}"
        self.command = ("java", "-Xcheck:jni", f"-Djava.library.path={BUILD}", "-cp", path, name)

    def __call__(self, *arguments: object, given: bytes) -> bytes:
        return run(*self.command, *arguments, given=given)


@pytest.fixture(scope="module")
def mark(tmp_path_factory: pytest.TempPathFactory) -> Java:
    document = (REPOSITORY / "docs/camera.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```java\n(.*?)^```$", document, re.DOTALL | re.MULTILINE)
    return Java(tmp_path_factory.mktemp("mark"), "Mark", block + MARK)


def nv12(*source: object, frames: int) -> bytes:
    target = ("-frames:v", frames, "-f", "rawvideo", "-pix_fmt", "nv12", "-")
    return run("ffmpeg", "-v", "error", *source, *target)


def expect_marked(video: bytes, marked: bytes, width: int, height: int) -> None:
    shape = (-1, height * 3 // 2, width)
    before = np.frombuffer(video, np.uint8).reshape(shape)
    after = np.frombuffer(marked, np.uint8).reshape(shape)
    np.testing.assert_array_equal(after[:, height:], before[:, height:])  # chroma
    for frame in after[:, :height]:
        found = watermark.detect(frame, effort="aligned")
        assert found is not None
        assert found.payload == PAYLOAD


PHOTOGRAPH = resources.files("countermark") / "assets" / "coffee.jpg"


def test_python_reads_what_the_documented_class_marked(mark: Java) -> None:
    width, height = 640, 360
    pan = f"scale=800:-2,crop={width}:{height}:4*n:20"
    video = nv12("-loop", 1, "-i", PHOTOGRAPH, "-vf", pan, frames=6)
    expect_marked(video, mark(width, height, PAYLOAD, given=video), width, height)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus")
def test_python_reads_a_real_clip_that_java_marked(mark: Java) -> None:
    width, height = 1280, 720
    video = nv12("-i", CORPUS / "video/sam2_juggle.mp4", frames=6)
    expect_marked(video, mark(width, height, PAYLOAD, given=video), width, height)


def test_java_reads_what_python_marked(tmp_path: Path) -> None:
    with Image.open(str(PHOTOGRAPH)) as photograph:
        marked = watermark.embed(np.asarray(photograph.convert("RGB")), PAYLOAD)
    height, width, _ = marked.shape
    lines = Java(tmp_path, "Read", READ)(width, height, given=marked.tobytes()).split()
    assert lines == [fingerprint.pdq(marked).bits.hex().encode(), str(PAYLOAD).encode()]
