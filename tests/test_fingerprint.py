"""The PDQ hash against its reference implementation, and what it refuses."""

import os
from pathlib import Path

import numpy as np
import pdqhash
import pytest
import skimage.data
from PIL import Image

from countermark import errors
from countermark.fingerprint import Pdq, distance, pdq, pdq_dihedral

REPOSITORY = Path(__file__).parents[1]
CORPUS = Path(os.environ.get("COUNTERMARK_CORPUS", REPOSITORY / "../shared/corpus"))
SAMPLES = ["astronaut", "camera", "chelsea", "coffee", "coins", "grass", "moon", "rocket"]


def sample(name: str) -> np.ndarray:
    """A photograph that scikit-image brings along, as RGB."""
    pixels = getattr(skimage.data, name)()
    return pixels if pixels.ndim == 3 else np.repeat(pixels[:, :, None], 3, axis=2)


def corpus() -> list[Path]:
    return sorted(path for path in CORPUS.glob("images/*") if path.suffix in {".jpg", ".png"})


def expect_reference(pixels: np.ndarray) -> None:
    vectors, quality = pdqhash.compute_dihedral(pixels)
    for ours, theirs in zip(pdq_dihedral(pixels), vectors, strict=True):
        assert abs(ours.quality - quality) <= 1
        if quality >= 80:
            assert distance(ours, np.packbits(theirs).tobytes()) <= 2


@pytest.mark.parametrize("name", SAMPLES)
def test_pdq_equals_reference_on_samples(name: str) -> None:
    expect_reference(sample(name))


def test_pdq_equals_reference_on_corpus() -> None:
    for path in corpus():
        with Image.open(path) as picture:
            expect_reference(np.asarray(picture.convert("RGB")))


@pytest.mark.parametrize("size", [(5, 5), (64, 64), (127, 129), (128, 200), (511, 65)])
def test_pdq_equals_reference_at_unusual_sizes(size: tuple[int, int]) -> None:
    expect_reference(np.ascontiguousarray(sample("coffee")[: size[0], : size[1]]))


def test_pdq_dihedral_gives_turned_and_mirrored_pictures() -> None:
    pixels = sample("chelsea")
    forms = [
        *(np.rot90(pixels, turns) for turns in range(4)),
        pixels[::-1],
        pixels[:, ::-1],
        pixels.swapaxes(0, 1),
        pixels[::-1, ::-1].swapaxes(0, 1),
    ]
    for hash_, form in zip(pdq_dihedral(pixels), forms, strict=True):
        assert distance(hash_, pdq(form)) <= 10


def test_pdq_gives_golden_hashes() -> None:
    lines = (REPOSITORY / "tests/vectors/pdq.txt").read_text(encoding="utf-8").splitlines()
    for line in lines:
        if line.startswith("#"):
            continue
        fields = line.split()
        width, height, channels, bits, quality = map(int, fields[:5])
        y, x, channel = np.mgrid[:height, :width, :channels]
        samples = (x * x + 3 * y * y + x * y * channel >> 16 - bits) & 2**bits - 1
        picture = samples.astype(np.uint8 if bits == 8 else np.uint16)
        hashes = pdq_dihedral(picture if channels > 1 else picture[:, :, 0])
        assert hashes == tuple(Pdq(bytes.fromhex(text), quality) for text in fields[5:])


def test_pdq_reads_any_layout() -> None:
    pixels = sample("astronaut")
    expected = pdq(pixels)
    wide = np.zeros((512, 1024, 3), np.uint8)
    wide[:, ::2] = pixels
    read_only = pixels.copy()
    read_only.flags.writeable = False
    alpha = np.dstack([pixels, np.full(pixels.shape[:2], 9, np.uint8)])
    layouts = [
        wide[:, ::2],
        np.asfortranarray(pixels),
        pixels[::-1].copy()[::-1],
        read_only,
        alpha,
        Image.fromarray(pixels),
        Image.fromarray(alpha),
        pixels.astype(np.uint16) * 257,
        (pixels.astype(np.uint16) * 257).astype(">u2"),
    ]
    for layout in layouts:
        assert distance(pdq(layout), expected) == 0


@pytest.mark.parametrize(
    ("picture", "error"),
    [
        (np.zeros((4, 100), np.uint8), errors.ImageTooSmall),
        (np.zeros((0, 100, 3), np.uint8), errors.ImageTooSmall),
        (np.broadcast_to(np.uint8(0), (70_000, 8)), errors.ImageTooLarge),
        (np.zeros((64, 64), np.float32), errors.InvalidPixels),
        (np.full((64, 64), np.nan), errors.InvalidPixels),
        (np.zeros((64, 64, 2), np.uint8), errors.InvalidPixels),
        (np.zeros(64, np.uint8), errors.InvalidPixels),
        ([[0] * 64] * 64, errors.InvalidPixels),
        (Image.new("CMYK", (64, 64)), errors.UnsupportedImage),
    ],
)
def test_pdq_refuses_what_is_not_a_picture(
    picture: object, error: type[errors.CountermarkError]
) -> None:
    with pytest.raises(error):
        pdq(picture)  # type: ignore[arg-type]


def test_distance_counts_bits() -> None:
    assert distance(bytes(32), b"\xff" * 32) == 256
    assert distance(Pdq(bytes(32), 100), b"\x80" + bytes(31)) == 1


@pytest.mark.parametrize("hash_", [b"short", "0" * 32, None])
def test_distance_refuses_what_is_not_a_hash(hash_: object) -> None:
    with pytest.raises(errors.InvalidArgument):
        distance(hash_, bytes(32))  # type: ignore[arg-type]
