"""Hashes to search among, and queries: uniform ones, and those of crops of real pictures.

The real ones are PDQ hashes of crops of the corpus' photographs and drawings, a tenth to the whole
of a side, of any shape, anywhere, in all eight turned and mirrored forms; those of a quality that
the registry passes over are left out. Half of their queries are copies of crops among them, half as
large and compressed as JPEG of quality 40, the other half are crops that are not. Half of the
uniform queries are hashes among them with 4 to 31 bits changed.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from bench import corpus
from countermark.fingerprint import Pdq, pdq, pdq_dihedral
from countermark.registry import MIN_QUALITY

Hashes = npt.NDArray[np.uint8]

QUERIES = 200
CACHE = Path("build/bench")
_SIDE_MIN = 64
_SIDE_MAX = 512


def uniform(count: int) -> tuple[Hashes, Hashes]:
    """Independent bits."""
    random = np.random.default_rng(1)
    hashes = random.integers(0, 256, (count, 32), np.uint8)
    queries = random.integers(0, 256, (QUERIES, 32), np.uint8)
    for place in range(0, QUERIES, 2):
        bits = np.unpackbits(hashes[random.integers(count)])
        bits[random.choice(256, random.integers(4, 32), replace=False)] ^= 1
        queries[place] = np.packbits(bits)
    return hashes, queries


def real(count: int) -> tuple[Hashes, Hashes]:
    """Of crops; kept in build/bench, for a million take half a minute."""
    CACHE.mkdir(parents=True, exist_ok=True)
    file = CACHE / f"crops-{count}.npy"
    if not file.exists():
        found = bytearray()
        for _, forms in _crops(1):
            found += b"".join(form.bits for form in forms)
            if len(found) >= 32 * count:
                break
        np.save(file, np.frombuffer(found, np.uint8)[: 32 * count].reshape(-1, 32))
    queries = []
    for (crop, _), (_, others) in zip(_crops(1), _crops(2), strict=False):
        queries += [pdq(_copied(crop)).bits, others[0].bits]
        if len(queries) >= QUERIES:
            break
    return np.load(file), np.frombuffer(b"".join(queries), np.uint8).reshape(-1, 32)


def _crops(seed: int) -> Iterator[tuple[npt.NDArray[np.uint8], tuple[Pdq, ...]]]:
    random = np.random.default_rng(seed)
    files = [*corpus.files("images/*.*g"), *corpus.files("hard/*.png")]
    colour = (Image.fromarray(corpus.pixels(file, _SIDE_MAX)) for file in files)
    pictures = [np.asarray(picture.convert("L")) for picture in colour]
    while True:
        picture = pictures[random.integers(len(pictures))]
        share, shape = np.exp([random.uniform(np.log(0.1), 0), random.uniform(-0.3, 0.3)])
        wanted = np.multiply(picture.shape, [share * shape, share / shape])
        height, width = np.clip(wanted.astype(int), _SIDE_MIN, picture.shape)
        y = random.integers(picture.shape[0] - height + 1)
        x = random.integers(picture.shape[1] - width + 1)
        crop = np.ascontiguousarray(picture[y : y + height, x : x + width])
        forms = pdq_dihedral(crop)
        if forms[0].quality >= MIN_QUALITY:
            yield crop, forms


def _copied(crop: npt.NDArray[np.uint8]) -> Image.Image:
    picture = Image.fromarray(crop)
    file = io.BytesIO()
    picture.resize((max(8, picture.width // 2), max(8, picture.height // 2))).save(
        file, "JPEG", quality=40
    )
    return Image.open(file)
