"""The C header as a camera uses it: what docs/camera.md shows, and both sides of the example."""

import os
import re
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from countermark import _core, watermark
from countermark._native import ffi, library

REPOSITORY = Path(__file__).parents[1]
PACKAGE = Path(_core.__file__).parent
CORPUS = Path(os.environ.get("COUNTERMARK_CORPUS", REPOSITORY / "../shared/corpus"))
PAYLOAD = 20260802

# Marks one frame of noise as docs/camera.md does, and reads it.
MAIN = """
#include <stdio.h>

int main(void) {
  enum { kWidth = 640, kHeight = 360 };
  static uint8_t frame[kWidth * kHeight];
  for (size_t i = 0; i < sizeof(frame); ++i) frame[i] = (uint8_t)(64 + rand() % 128);
  cmk_image luma = {sizeof(luma), kWidth, kHeight, CMK_FORMAT_GRAY8, frame, kWidth, 0};
  cmk_watermark_stream* stream = begin(&luma, 2026);
  if (stream == NULL || mark(stream, frame, kWidth, kHeight, kWidth)) return 1;
  size_t size;
  if (cmk_watermark_detect_scratch_size(&luma, CMK_EFFORT_ALIGNED, &size)) return 1;
  void* scratch = malloc(size);
  cmk_detection found = {.struct_size = sizeof(found)};
  if (cmk_watermark_detect(&luma, cmk_default_key(), CMK_EFFORT_ALIGNED, scratch, size, &found))
    return 1;
  printf("%llu", (unsigned long long)found.payload);
  free(scratch);
  free(stream);
  return 0;
}
"""


def compiled(source: Path, program: Path) -> Path:
    compiler = shutil.which("cc")
    assert compiler is not None
    strict = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-I", "include"]
    link = ["-L", ".", "-lcountermark", f"-Wl,-rpath,{PACKAGE}", "-o", program]
    subprocess.run([compiler, *strict, source, *link], cwd=PACKAGE, check=True)
    return program


def run(*command: object, given: bytes = b"") -> bytes:
    arguments = [str(part) for part in command]
    return subprocess.run(arguments, input=given, capture_output=True, check=True).stdout


def raw_nv12(*source: object, frames: int) -> bytes:
    target = ("-frames:v", frames, "-f", "rawvideo", "-pix_fmt", "nv12", "-")
    return run("ffmpeg", "-v", "error", *source, *target)


def test_documented_program_marks_a_frame(tmp_path: Path) -> None:
    document = (REPOSITORY / "docs/camera.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```c\n(.*?)^```$", document, re.DOTALL | re.MULTILINE)
    source = tmp_path / "camera.c"
    source.write_text("".join(blocks) + MAIN, encoding="utf-8")
    assert run(compiled(source, tmp_path / "camera")) == b"2026"


@pytest.fixture(scope="module")
def mark_nv12(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("camera")
    return compiled(REPOSITORY / "examples/camera/mark_nv12.c", folder / "mark_nv12")


def received(
    marked: bytes, width: int, height: int, folder: Path, *, quantiser: int = 23
) -> list[str]:
    """What the receiver says of the video after H.264."""
    coded = folder / "marked.mp4"
    raw = ("-f", "rawvideo", "-pix_fmt", "nv12", "-s", f"{width}x{height}", "-i", "-")
    run("ffmpeg", "-v", "error", *raw, "-c:v", "libx264", "-crf", quantiser, coded, given=marked)
    video = raw_nv12("-i", coded, frames=100)
    receiver = REPOSITORY / "examples/camera/receive.py"
    return run(sys.executable, receiver, width, height, given=video).decode().splitlines()


def test_example_marks_what_its_receiver_reads(mark_nv12: Path, tmp_path: Path) -> None:
    width, height, frames = 640, 360, 8
    photograph = resources.files("countermark") / "assets" / "coffee.jpg"
    # A camera that moves over the photograph by four pixels with each frame.
    pan = f"scale=800:-2,crop={width}:{height}:4*n:20"
    video = raw_nv12("-loop", 1, "-i", photograph, "-vf", pan, frames=frames)
    marked = run(mark_nv12, width, height, PAYLOAD, given=video)
    shape = (frames, height * 3 // 2, width)
    before = np.frombuffer(video, np.uint8).reshape(shape)
    after = np.frombuffer(marked, np.uint8).reshape(shape)
    np.testing.assert_array_equal(after[:, height:], before[:, height:])  # chroma
    for frame in after[:, :height]:
        found = watermark.detect(frame, effort="aligned")
        assert found is not None
        assert found.payload == PAYLOAD
    lines = received(marked, width, height, tmp_path)
    assert lines[-1] == f"payload {PAYLOAD} in {frames} of {frames} frames"


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus")
def test_example_marks_a_real_clip(mark_nv12: Path, tmp_path: Path) -> None:
    width, height, frames = 1280, 720, 12
    video = raw_nv12("-i", CORPUS / "video/sam2_juggle.mp4", frames=frames)
    marked = run(mark_nv12, width, height, PAYLOAD, given=video)
    lines = received(marked, width, height, tmp_path)
    assert lines[-1] == f"payload {PAYLOAD} in {frames} of {frames} frames"


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus")
def test_receiver_adds_up_frames_that_cannot_be_read_alone(mark_nv12: Path, tmp_path: Path) -> None:
    width, height, frames = 960, 540, 20
    video = raw_nv12("-i", CORPUS / "video/sam2_bedroom.mp4", frames=frames)
    marked = run(mark_nv12, width, height, PAYLOAD, given=video)
    lines = received(marked, width, height, tmp_path, quantiser=35)
    assert lines[2] == "frame 2: no mark"
    assert lines[frames - 1] == f"frame {frames - 1}: {PAYLOAD}"


def test_example_says_what_is_wrong(mark_nv12: Path) -> None:
    refused = subprocess.run([mark_nv12, "64", "64", "1"], capture_output=True, text=True)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "mark_nv12: a side of the picture is too small\n"


def test_receiver_fails_without_a_mark() -> None:
    noise = np.random.default_rng(1).integers(60, 200, 360 * 640 * 3 // 2, dtype=np.uint8)
    receiver = REPOSITORY / "examples/camera/receive.py"
    command = [sys.executable, receiver, "640", "360"]
    result = subprocess.run(command, input=noise.tobytes(), capture_output=True)
    assert (result.returncode, result.stdout) == (1, b"frame 0: no mark\n")


def planes_of(pixels: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """One picture in each order of memory that Python has no array for."""
    sixteen = pixels.astype(np.uint16) * 257
    return [
        ("BGR8", np.ascontiguousarray(pixels[..., ::-1])),
        ("BGRA8", np.dstack([pixels[..., ::-1], pixels[..., :1]])),
        ("PLANAR_RGB8", np.ascontiguousarray(pixels.transpose(2, 0, 1))),
        ("PLANAR_RGB16", np.ascontiguousarray(sixteen.transpose(2, 0, 1))),
    ]


def test_every_order_of_memory_has_the_same_fingerprint_and_mark() -> None:
    pixels = np.random.default_rng(2).integers(60, 200, (200, 300, 3), dtype=np.uint8)
    marked = watermark.embed(pixels, PAYLOAD)
    hashes = set()
    orders = [("RGB8", marked), *planes_of(marked)]
    for name, samples in orders:
        planar = name.startswith("PLANAR")
        strides = samples.strides[1:2] + samples.strides[:1] if planar else (samples.strides[0], 0)
        image = ffi.new("cmk_image *", (ffi.sizeof("cmk_image"), 300, 200))
        image.format = getattr(library, f"CMK_FORMAT_{name}")
        image.data = ffi.cast("void *", samples.ctypes.data)
        image.stride_bytes, image.plane_stride_bytes = strides
        scratch, size = ffi.new("char[]", 16 << 20), 16 << 20
        hash_, quality = ffi.new("uint8_t[32]"), ffi.new("int32_t *")
        assert library.cmk_fingerprint_pdq(image, scratch, size, hash_, quality) == 0
        hashes.add(bytes(hash_))
        found = ffi.new("cmk_detection *", {"struct_size": ffi.sizeof("cmk_detection")})
        key, effort = library.cmk_default_key(), library.CMK_EFFORT_ALIGNED
        assert library.cmk_watermark_detect(image, key, effort, scratch, size, found) == 0
        assert found.payload == PAYLOAD
    assert len(hashes) == 1
