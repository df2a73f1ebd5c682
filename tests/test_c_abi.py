"""The C header as a C program and as cffi see it: the same bits as through the extension module."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import skimage.data

from countermark import _core, fingerprint, frames, hamming, tokens, watermark
from countermark._native import ffi, library

REPOSITORY = Path(__file__).parents[1]
PACKAGE = Path(_core.__file__).parent


def check(status: int) -> None:
    assert ffi.string(library.cmk_status_string(status)) == b"done"


def rgb(pixels: np.ndarray):  # type: ignore[no-untyped-def]
    height, width, _ = pixels.shape
    size = ffi.sizeof("cmk_image")
    data = ffi.cast("void *", pixels.ctypes.data)
    return ffi.new(
        "cmk_image *", (size, width, height, library.CMK_FORMAT_RGB8, data, pixels.strides[0])
    )


def scratch_for(image, function, *arguments):  # type: ignore[no-untyped-def]
    size = ffi.new("size_t *")
    check(function(image, *arguments, size))
    return ffi.new("char[]", size[0]), size[0]


@pytest.fixture
def picture() -> np.ndarray:
    return skimage.data.chelsea()


def test_c_embed_gives_the_same_bits(picture: np.ndarray) -> None:
    out = np.zeros_like(picture)
    image, target = rgb(picture), rgb(out)
    scratch = scratch_for(image, library.cmk_watermark_embed_scratch_size)
    key = library.cmk_default_key()
    check(library.cmk_watermark_embed(image, target, 77, key, 1.0, *scratch))
    np.testing.assert_array_equal(out, watermark.embed(picture, 77))


def test_c_tells_the_same_pattern() -> None:
    components = ffi.new("cmk_component[]", 2 * library.cmk_band_coefficients())
    words = ffi.new("cmk_word[]", library.cmk_variants())
    key = library.cmk_default_key()
    check(library.cmk_watermark_layout(key, components))
    check(library.cmk_watermark_words(77, key, words))
    assert bytes(ffi.buffer(components)) == _core.layout(watermark.DEFAULT_KEY)
    told = _core.words([5, 77], watermark.DEFAULT_KEY)
    assert bytes(ffi.buffer(words)) == told[len(told) // 2 :]


def test_c_detect_gives_the_same_detection(picture: np.ndarray) -> None:
    marked = np.ascontiguousarray(watermark.embed(picture, 77)[::-1])
    image = rgb(marked)
    effort = library.CMK_EFFORT_FULL
    scratch = scratch_for(image, library.cmk_watermark_detect_scratch_size, effort)
    found = ffi.new("cmk_detection *", {"struct_size": ffi.sizeof("cmk_detection")})
    key = library.cmk_default_key()
    check(library.cmk_watermark_detect(image, key, effort, *scratch, found))
    assert watermark.detect(marked) == watermark.Detection(
        found.payload,
        found.score,
        found.false_positive_rate,
        watermark.Geometry(tuple(found.geometry)),
    )


def test_c_inspect_gives_the_same_inspection(picture: np.ndarray) -> None:
    marked = np.ascontiguousarray(watermark.embed(picture, 77)[40:, 30:])
    image = rgb(marked)
    effort = library.CMK_EFFORT_FULL
    scratch = scratch_for(image, library.cmk_watermark_inspect_scratch_size, effort)
    tiles = ffi.new("cmk_tile[]", library.cmk_tiles_max())
    margins = ffi.new("float[]", library.cmk_coded_bits())
    found = ffi.new("cmk_detection *", {"struct_size": ffi.sizeof("cmk_detection")})
    seen = ffi.new(
        "cmk_inspection *",
        {
            "struct_size": ffi.sizeof("cmk_inspection"),
            "tile_capacity": len(tiles),
            "tiles": tiles,
            "bit_margins": margins,
        },
    )
    key = library.cmk_default_key()
    check(library.cmk_watermark_inspect(image, key, effort, *scratch, found, seen))
    expected = watermark.inspect(marked)
    assert expected.detection is not None
    assert found.payload == expected.detection.payload == 77
    assert (found.score, seen.likeness) == (expected.score, expected.likeness)
    assert tuple(seen.geometry) == expected.geometry.matrix
    assert tuple(margins) == expected.bit_margins
    told = tuple(watermark.Tile(t.x, t.y, t.score) for t in tiles[0 : seen.tile_count])
    assert told == expected.tiles


def test_c_detect_tells_the_score_when_nothing_is_found(picture: np.ndarray) -> None:
    image = rgb(picture)
    effort = library.CMK_EFFORT_ALIGNED
    scratch = scratch_for(image, library.cmk_watermark_detect_scratch_size, effort)
    found = ffi.new("cmk_detection *", {"struct_size": ffi.sizeof("cmk_detection")})
    key = library.cmk_default_key()
    status = library.cmk_watermark_detect(image, key, effort, *scratch, found)
    assert status == library.CMK_STATUS_NOT_FOUND
    assert found.score == watermark.inspect(picture, effort="aligned").score > 0
    assert found.payload == 0


def test_c_accumulator_gives_the_same_detection(picture: np.ndarray) -> None:
    embedder = frames.FrameEmbedder(77)
    video = [embedder.embed(np.roll(picture, shift, 1)) for shift in (0, 90)]
    image, effort = rgb(video[0]), library.CMK_EFFORT_ALIGNED
    size = ffi.new("size_t *")
    check(library.cmk_watermark_accumulator_size(image, effort, size))
    memory = ffi.new("uint64_t[]", size[0] // 8 + 1)
    accumulator = ffi.cast("cmk_watermark_accumulator *", memory)
    key = library.cmk_default_key()
    check(library.cmk_watermark_accumulator_init(accumulator, size[0], image, key, effort))
    detector = frames.FrameDetector(effort="aligned")
    for frame in video:
        check(library.cmk_watermark_accumulator_add(accumulator, rgb(frame)))
        detector.add(frame)
    found = ffi.new("cmk_detection *", {"struct_size": ffi.sizeof("cmk_detection")})
    check(library.cmk_watermark_accumulator_detect(accumulator, found))
    assert detector.detect() == watermark.Detection(
        found.payload,
        found.score,
        found.false_positive_rate,
        watermark.Geometry(tuple(found.geometry)),
    )
    assert found.payload == 77


def test_c_pdq_gives_the_same_hashes(picture: np.ndarray) -> None:
    image = rgb(picture)
    scratch = scratch_for(image, library.cmk_fingerprint_pdq_scratch_size)
    hashes, quality = ffi.new("uint8_t[256]"), ffi.new("int32_t *")
    check(library.cmk_fingerprint_pdq_dihedral(image, *scratch, hashes, quality))
    expected = fingerprint.pdq_dihedral(picture)
    assert bytes(hashes) == b"".join(pdq.bits for pdq in expected)
    assert quality[0] == expected[0].quality


def test_c_hamming_finds_the_same() -> None:
    random = np.random.default_rng(1)
    hashes = random.integers(0, 256, (500, 32), np.uint8)
    labels = np.arange(500, dtype=np.uint64) * 3
    hashes[::9] = hashes[0]
    size = ffi.new("size_t *")
    check(library.cmk_hamming_index_size(len(hashes), size))
    block = ffi.new("uint64_t[]", size[0] // 8)
    pointers = ffi.from_buffer("uint8_t[]", hashes), ffi.from_buffer("uint64_t[]", labels)
    stamp = bytes(range(library.cmk_hamming_stamp_bytes()))
    check(library.cmk_hamming_index_build(*pointers, len(hashes), stamp, block, size[0]))
    count, told = ffi.new("size_t *"), ffi.new("uint8_t[]", len(stamp))
    check(library.cmk_hamming_index_check(block, size[0], count, told))
    assert (count[0], bytes(told)) == (len(hashes), stamp)

    matches = ffi.new("cmk_hamming_match[]", len(hashes))
    queries = [b"\x01" + hashes[0].tobytes()[1:], hashes[4].tobytes()]
    asked = b"".join(queries), len(queries), 31, matches, len(matches), count
    expected = hamming.Index.build(hashes.data, labels, stamp=stamp).search(queries, 31)
    assert len(expected) == 57
    check(library.cmk_hamming_index_search(block, size[0], *asked))
    assert sorted(told_matches(matches, count[0]), key=order) == expected
    check(library.cmk_hamming_scan(*pointers, len(hashes), *asked))
    assert sorted(told_matches(matches, count[0]), key=order) == expected


def told_matches(matches, count: int) -> list[hamming.Match]:  # type: ignore[no-untyped-def]
    return [hamming.Match(m.label, m.distance, m.query) for m in matches[0:count]]


def order(match: hamming.Match) -> tuple[int, int]:
    return match.distance, match.label


def test_c_text_functions_give_the_same() -> None:
    chance, key = np.random.default_rng(3), b"only for friends"
    seed, draws = ffi.new("uint32_t[4]"), ffi.new("uint32_t[]", 1000)
    contexts = np.array([[5, 6, 7]], np.uint32)
    check(library.cmk_text_seed(key, ffi.from_buffer("uint32_t[]", contexts), 2026, 3, seed))
    expected = _core.text_seeds(contexts, np.array([3], np.uint32), 2026, key)
    assert list(seed) == expected[0].tolist()
    check(library.cmk_text_draws(seed, len(draws), draws))
    assert list(draws) == _core.text_draws(expected, len(draws))[0].tolist()

    text = chance.integers(0, 1000, 90, np.uint32)
    found = ffi.new("cmk_text_detection *", {"struct_size": ffi.sizeof("cmk_text_detection")})
    size = ffi.new("size_t *")
    check(library.cmk_text_detect_scratch_size(len(text), size))
    scratch = ffi.new("char[]", size[0]), size[0]
    address = ffi.from_buffer("uint32_t[]", text)
    check(library.cmk_text_detect(address, len(text), key, *scratch, found))
    assert tokens.detect(text, key=key) == tokens.TextDetection(
        found.payload, found.false_positive_rate, found.tokens_used
    )


def test_c_example_compiles_as_c99_and_reads_its_mark(tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    assert compiler is not None
    strict = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-I", "include"]
    link = ["-L", ".", "-lcountermark", f"-Wl,-rpath,{PACKAGE}", "-o", tmp_path / "mark"]
    source = REPOSITORY / "examples/c/mark.c"
    subprocess.run([compiler, *strict, source, *link], cwd=PACKAGE, check=True)
    result = subprocess.run([tmp_path / "mark"], capture_output=True, text=True, check=True)
    assert result.stdout == f"{_core.target_name()}: done, payload 2026\n"


def test_the_contents_of_the_header_name_its_sections() -> None:
    text = (REPOSITORY / "cpp/include/countermark/countermark.h").read_text(encoding="utf-8")
    contents = re.search(r"Contents, a section each:\n((?: \*   .*\n)+)", text)
    assert contents is not None
    sections = re.findall(r"^/\* -{93}\n \* (.*)$", text, re.MULTILINE)
    assert re.findall(r"\*   (.*)", contents[1]) == sections
    assert len(sections) == text.count(93 * "-")
