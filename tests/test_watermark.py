"""The Python front of the watermark: types, layouts, refusals, threads, targets."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageFilter

from countermark import _core, errors
from countermark.labels.visible import label_picture, wording
from countermark.watermark import DEFAULT_KEY, Geometry, Strength, detect, embed, inspect

PAYLOAD = 0xFEED_5EED_0123_4567


def photograph() -> np.ndarray:
    return skimage.data.astronaut()


def as_gray(pixels: np.ndarray) -> np.ndarray:
    return pixels[:, :, 1].copy()


def as_rgba(pixels: np.ndarray) -> np.ndarray:
    alpha = np.arange(pixels[:, :, 0].size).reshape(pixels.shape[:2]) % 251
    return np.dstack([pixels, alpha.astype(np.uint8)])


def as_sixteen_bits(pixels: np.ndarray) -> np.ndarray:
    return pixels.astype(np.uint16) * 257


FORMS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "gray8": as_gray,
    "rgb8": np.copy,
    "rgba8": as_rgba,
    "gray16": lambda pixels: as_sixteen_bits(as_gray(pixels)),
    "rgb16": as_sixteen_bits,
    "rgba16": lambda pixels: as_sixteen_bits(as_rgba(pixels)),
}


@pytest.mark.parametrize("form", FORMS)
def test_detect_reads_what_embed_wrote(form: str) -> None:
    picture = FORMS[form](photograph())
    before = picture.copy()
    marked = embed(picture, PAYLOAD)
    assert (marked.dtype, marked.shape) == (picture.dtype, picture.shape)
    np.testing.assert_array_equal(picture, before)
    if picture.shape[2:] == (4,):
        np.testing.assert_array_equal(marked[:, :, 3], picture[:, :, 3])
    for effort in ("full", "aligned"):
        found = detect(marked, effort=effort)
        assert found is not None
        assert found.payload == PAYLOAD
        assert found.false_positive_rate < 1e-6


@pytest.mark.parametrize("payload", [0, 1, 2**63, 2**64 - 1])
def test_every_payload_survives(payload: int) -> None:
    found = detect(embed(photograph(), payload), effort="aligned")
    assert found is not None
    assert found.payload == payload


def test_detect_finds_nothing_in_an_unmarked_picture() -> None:
    assert detect(photograph()) is None


def test_detect_needs_the_key() -> None:
    marked = embed(photograph(), PAYLOAD, key=b"another key, 16.")
    assert detect(marked) is None
    found = detect(marked, key=b"another key, 16.")
    assert found is not None
    assert found.payload == PAYLOAD


def test_embed_reads_any_layout() -> None:
    pixels = photograph()
    expected = embed(pixels, PAYLOAD)
    wide = np.zeros((512, 1024, 3), np.uint8)
    wide[:, ::2] = pixels
    read_only = pixels.copy()
    read_only.flags.writeable = False
    for layout in (wide[:, ::2], np.asfortranarray(pixels), pixels[::-1].copy()[::-1], read_only):
        np.testing.assert_array_equal(embed(layout, PAYLOAD), expected)


def test_embed_keeps_the_byte_order() -> None:
    pixels = as_sixteen_bits(photograph())
    swapped = embed(pixels.astype(">u2"), PAYLOAD)
    assert swapped.dtype == np.dtype(">u2")
    np.testing.assert_array_equal(swapped, embed(pixels, PAYLOAD))


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_embed_keeps_the_mode_of_a_pil_image(mode: str) -> None:
    picture = Image.fromarray(photograph()).convert(mode)
    marked = embed(picture, PAYLOAD)
    assert isinstance(marked, Image.Image)
    assert (marked.mode, marked.size) == (picture.mode, picture.size)
    np.testing.assert_array_equal(np.asarray(marked), embed(np.asarray(picture), PAYLOAD))


def test_embed_writes_to_out_also_in_place() -> None:
    picture = photograph()
    expected = embed(picture, PAYLOAD)
    out = np.zeros_like(picture)
    assert np.shares_memory(embed(picture, PAYLOAD, out=out), out)
    np.testing.assert_array_equal(out, expected)
    embed(picture, PAYLOAD, out=picture)
    np.testing.assert_array_equal(picture, expected)


def read_only_output() -> np.ndarray:
    out = np.zeros_like(photograph())
    out.flags.writeable = False
    return out


@pytest.mark.parametrize(
    ("out", "error"),
    [
        (read_only_output(), errors.ReadOnlyBuffer),
        (np.zeros((512, 512), np.uint8), errors.InvalidPixels),
        (np.zeros((512, 512, 3), np.uint16), errors.InvalidPixels),
        (np.zeros((512, 1024, 3), np.uint8)[:, ::2], errors.InvalidPixels),
    ],
)
def test_embed_refuses_unusable_outputs(
    out: np.ndarray, error: type[errors.CountermarkError]
) -> None:
    with pytest.raises(error):
        embed(photograph(), PAYLOAD, out=out)


def test_embed_refuses_overlapping_buffers() -> None:
    memory = np.zeros((600, 512, 3), np.uint8)
    with pytest.raises(errors.OverlappingBuffers):
        embed(memory[:512], PAYLOAD, out=memory[1:513])


def test_embed_accepts_pictures_side_by_side() -> None:
    memory = np.zeros((512, 1024, 3), np.uint8)
    memory[:, :512] = photograph()
    embed(memory[:, :512], PAYLOAD, out=memory[:, 512:])
    np.testing.assert_array_equal(memory[:, 512:], embed(photograph(), PAYLOAD))


@pytest.mark.parametrize(
    ("picture", "error"),
    [
        (np.zeros((127, 300), np.uint8), errors.ImageTooSmall),
        (np.zeros((300, 0, 3), np.uint8), errors.ImageTooSmall),
        (np.broadcast_to(np.uint8(0), (65_536, 128)), errors.ImageTooLarge),
        (np.zeros((200, 200), np.float64), errors.InvalidPixels),
        (np.full((200, 200, 3), np.nan, np.float32), errors.InvalidPixels),
        (np.zeros((200, 200, 2), np.uint8), errors.InvalidPixels),
        (np.zeros((200, 200, 3), np.int16), errors.InvalidPixels),
        (np.zeros((1, 200, 200, 3), np.uint8), errors.InvalidPixels),
        ("photo.jpg", errors.InvalidPixels),
        (Image.new("CMYK", (200, 200)), errors.UnsupportedImage),
        (Image.new("P", (200, 200)), errors.UnsupportedImage),
    ],
)
def test_pictures_that_cannot_be_marked_are_refused(
    picture: object, error: type[errors.CountermarkError]
) -> None:
    with pytest.raises(error):
        embed(picture, PAYLOAD)  # type: ignore[type-var]
    with pytest.raises(error):
        detect(picture)  # type: ignore[arg-type]


@pytest.mark.parametrize("payload", [-1, 2**64, 1.0, "7", None])
def test_embed_refuses_payloads_out_of_range(payload: object) -> None:
    with pytest.raises(errors.InvalidPayload):
        embed(photograph(), payload)  # type: ignore[arg-type]


@pytest.mark.parametrize("key", [b"", b"too short", bytes(17), "countermark v1 .", None])
def test_keys_of_other_lengths_are_refused(key: object) -> None:
    with pytest.raises(errors.InvalidKey):
        embed(photograph(), PAYLOAD, key=key)  # type: ignore[arg-type]
    with pytest.raises(errors.InvalidKey):
        detect(photograph(), key=key)  # type: ignore[arg-type]


def test_stronger_levels_change_more() -> None:
    picture = photograph()
    errors_ = [
        np.mean((np.asarray(embed(picture, PAYLOAD, strength=level), float) - picture) ** 2)
        for level in Strength
    ]
    assert 0 < errors_[0] < 0.8 * errors_[1] < 0.4 * errors_[2]
    assert np.array_equal(
        np.asarray(embed(picture, PAYLOAD, strength="robust")),
        np.asarray(embed(picture, PAYLOAD, strength=Strength.ROBUST)),
    )


@pytest.mark.parametrize("strength", [0, -1, 4.1, float("nan"), float("inf"), None, "loud", "1.0"])
def test_embed_refuses_strengths_out_of_range(strength: object) -> None:
    with pytest.raises(errors.InvalidStrength):
        embed(photograph(), PAYLOAD, strength=strength)  # type: ignore[arg-type]


def test_detect_refuses_unknown_effort() -> None:
    with pytest.raises(errors.InvalidEffort):
        detect(photograph(), effort="maximal")  # type: ignore[arg-type]
    with pytest.raises(errors.InvalidEffort):
        inspect(photograph(), effort="maximal")  # type: ignore[arg-type]


def test_errors_end_with_a_remedy() -> None:
    with pytest.raises(errors.InvalidKey) as caught:
        detect(photograph(), key=b"")
    assert str(caught.value).endswith(caught.value.remedy)


@pytest.mark.parametrize("degrees", [-170, -90, 0, 5, 90, 133])
@pytest.mark.parametrize("mirrored", [False, True])
def test_geometry_names_rotation_scale_and_mirror(degrees: int, mirrored: bool) -> None:
    turn = np.deg2rad(degrees)
    unturn = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) / 2
    if mirrored:
        unturn = np.diag([-1, 1]) @ unturn
    (a, b), (d, e) = unturn.tolist()
    geometry = Geometry((a, b, 0.0, d, e, 0.0, 0.0, 0.0, 1.0))
    assert geometry.rotation_degrees == pytest.approx(degrees)
    assert geometry.scale == pytest.approx(2)
    assert geometry.mirrored is mirrored


def test_default_key_is_published() -> None:
    assert DEFAULT_KEY == b"countermark v1 ."


def test_geometry_of_a_picture_seen_in_perspective() -> None:
    picture = photograph()
    height, width = picture.shape[:2]
    marked = Image.fromarray(np.asarray(embed(picture, PAYLOAD)))
    # Where the pixels of the view were in the marked picture.
    back = np.array([[1.1, 0.06, -60.0], [-0.03, 1.2, -40.0], [2e-4, 1e-4, 1.0]])
    view = marked.transform(
        marked.size,
        Image.Transform.PERSPECTIVE,
        back.ravel()[:8].tolist(),
        Image.Resampling.BICUBIC,
    )
    found = detect(np.asarray(view))
    assert found is not None
    assert found.payload == PAYLOAD
    scale = 512 / np.sqrt(width * height)
    for share_x, share_y in ((0.5, 0.5), (0.2, 0.2), (0.8, 0.2), (0.2, 0.8), (0.8, 0.8)):
        point = np.array([share_x * width, share_y * height, 1.0])
        x, y, w = back @ point
        expected = scale * np.array([x / w - width / 2, y / w - height / 2])
        u, v, depth = np.reshape(found.geometry.matrix, (3, 3)) @ point
        off = np.array([u / depth, v / depth]) - expected
        assert np.abs(off - 96 * np.round(off / 96)).max() < 4


def test_detect_reads_what_a_box_filter_turned_round() -> None:
    """Beyond the first zero of a box of seven pixels, the mark's fine grain is inverted."""
    marked = embed(Image.fromarray(photograph()), PAYLOAD)
    found = detect(marked.filter(ImageFilter.BoxBlur(3)))
    assert found is not None
    assert found.payload == PAYLOAD


def test_a_small_picture_after_a_median_is_read_where_it_is() -> None:
    """Most of the band is inverted, so that the whole pilot cancels itself."""
    small = Image.fromarray(photograph()).resize((512, 512))
    found = detect(embed(small, PAYLOAD).filter(ImageFilter.MedianFilter(7)), effort="aligned")
    assert found is not None
    assert found.payload == PAYLOAD


@pytest.mark.parametrize("same_payload", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_the_average_of_marked_pictures_is_no_mark(same_payload: bool) -> None:
    chance = np.random.default_rng(5)
    pictures = [chance.integers(40, 215, (256, 256), np.uint8) for _ in range(1000)]

    def residual(picture: np.ndarray, payload: int) -> np.ndarray:
        return np.subtract(embed(picture, payload), picture, dtype=np.float64)

    def with_added(plane: np.ndarray) -> np.ndarray:
        scaled = 4 * plane / np.sqrt(np.mean(plane**2))
        return np.clip(np.rint(photograph_in_gray + scaled), 0, 255).astype(np.uint8)

    photograph_in_gray = as_gray(photograph())[:256, :256]
    residuals = [residual(p, PAYLOAD if same_payload else i) for i, p in enumerate(pictures)]
    assert detect(with_added(np.mean(residuals, axis=0))) is None
    assert detect(with_added(residuals[0])) is not None  # one alone is


def test_inspect_tells_what_detect_tells_and_more() -> None:
    marked = np.rot90(np.asarray(embed(photograph(), PAYLOAD)))[40:, 30:]
    seen = inspect(marked)
    assert seen.detection == detect(marked)
    assert seen.detection is not None
    assert seen.detection.payload == PAYLOAD
    assert (seen.score, seen.geometry) == (seen.detection.score, seen.detection.geometry)
    assert seen.wrong_bits < 0.1 * len(seen.bit_margins)
    assert seen.likeness > 13
    assert np.median([tile.score for tile in seen.tiles]) > 2
    assert all(-200 < tile.x < 700 and -200 < tile.y < 700 for tile in seen.tiles)


def test_inspect_tells_the_score_of_an_unmarked_picture() -> None:
    aligned = inspect(photograph(), effort="aligned")
    full = inspect(photograph())
    for seen in (aligned, full):
        assert seen.detection is None
        assert (seen.bit_margins, seen.wrong_bits, seen.likeness) == ((), 0, 0)
        assert seen.least_score == 5
        assert np.mean([tile.score for tile in seen.tiles]) < 2
    assert 3 < aligned.score <= full.score < 7
    assert full.geometry.scale == pytest.approx(1)
    assert full.geometry.rotation_degrees == 0


def test_inspect_needs_the_key() -> None:
    marked = embed(photograph(), PAYLOAD, key=b"another key, 16.")
    assert inspect(marked, effort="aligned").detection is None
    seen = inspect(marked, key=b"another key, 16.", effort="aligned")
    assert seen.detection is not None
    assert seen.detection.payload == PAYLOAD


def longest_pause_while(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of the longest stop of this thread, and of the work in another one."""
    seconds = 0.0

    def run() -> None:
        nonlocal seconds
        start = time.perf_counter()
        work()
        seconds = time.perf_counter() - start

    thread = threading.Thread(target=run)
    longest = 0.0
    last = time.perf_counter()
    thread.start()
    while thread.is_alive():
        now = time.perf_counter()
        longest = max(longest, now - last)
        last = now
    thread.join()
    return longest, seconds


def test_other_threads_run_during_embed() -> None:
    large = np.tile(photograph(), (10, 10, 1))
    pauses = [longest_pause_while(lambda: embed(large, PAYLOAD, out=large)) for _ in range(5)]
    assert any(longest < seconds / 2 for longest, seconds in pauses)


PROGRAM = """
import hashlib, sys
import numpy as np
from countermark import _core, fingerprint, watermark

picture = (np.add.outer(np.arange(300) ** 2, 3 * np.arange(411) ** 2) >> 6).astype(np.uint8)
picture = np.dstack([picture, picture[::-1], picture[:, ::-1]])
marked = watermark.embed(picture, 0x1234)
found = watermark.detect(np.ascontiguousarray(np.rot90(marked)[20:]))
results = [marked.tobytes(), fingerprint.pdq(marked), found]
assert _core.target_name() == sys.argv[1]
print(hashlib.sha256(repr(results).encode()).hexdigest())
"""


def run_on(target: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, target],
        env={**os.environ, "COUNTERMARK_TARGET": target},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_target_gives_the_same_bits() -> None:
    results = {target: run_on(target) for target in ("scalar", "sse4", "avx2", "neon")}
    digests = {
        target: result.stdout
        for target, result in results.items()
        if "UnknownTarget" not in result.stderr
    }
    assert _core.target_name() in digests
    assert all(results[target].returncode == 0 for target in digests)
    assert len(set(digests.values())) == 1


def test_unknown_target_is_refused() -> None:
    result = run_on("abacus")
    assert result.returncode != 0
    assert "UnknownTarget" in result.stderr


def test_flat_picture_with_a_label_is_searched() -> None:
    """Its spectrum led to a placement that was no number, and that out of the plane of bins."""
    flat = np.full((341, 512, 3), 200, np.uint8)
    assert detect(label_picture(flat, wording("cn")).pixels) is None


EXHAUSTED = """
import resource
import numpy as np
from countermark.frames import FrameDetector
from countermark.watermark import detect, embed, inspect

pixels = np.random.default_rng(1).integers(0, 256, (1200, 1600, 3), np.uint8)
with open("/proc/self/statm") as file:
    taken = int(file.read().split()[0]) * resource.getpagesize()
_, hard = resource.getrlimit(resource.RLIMIT_AS)
resource.setrlimit(resource.RLIMIT_AS, (taken + (4 << 20), hard))
uses = (
    lambda: detect(pixels),
    lambda: embed(pixels, 1),
    lambda: inspect(pixels),
    lambda: FrameDetector().add(pixels),
)
for use in uses:
    try:
        use()
    except MemoryError:
        print("refused")
resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
print(detect(embed(pixels, 2026)).payload)
"""


def test_exhausted_memory_is_an_error_and_leaves_all_usable() -> None:
    done = subprocess.run([sys.executable, "-c", EXHAUSTED], capture_output=True, text=True)
    assert done.stdout.split() == ["refused"] * 4 + ["2026"], done.stderr
