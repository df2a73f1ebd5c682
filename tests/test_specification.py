"""docs/watermark.md is enough to read a mark: this reader uses nothing else.

It reads pictures that are not cropped, by a whitening and a search of its own.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import skimage.data
from PIL import Image

from countermark.watermark import DEFAULT_KEY, embed

DOCUMENT = (Path(__file__).parents[1] / "docs" / "watermark.md").read_text(encoding="utf-8")
PAYLOAD = 0x0123456789ABCDEF

TILE = 96
WORD_BITS = 100
CODED_BITS = 4 * WORD_BITS
GENERATORS = (0o11145, 0o12477, 0o15573, 0o16727)
STATES = 1 << 12
MASK = 0xFFFFFFFF

Reals = npt.NDArray[np.float64]
Complexes = npt.NDArray[np.complex128]
Integers = npt.NDArray[np.int64]

# Band: one row (kx, ky) for each coefficient.
BAND: Integers = np.array(
    [
        (kx, ky)
        for ky in range(-21, 22)
        for kx in range(22)
        if 34 <= kx * kx + ky * ky <= 446 and (kx > 0 or ky > 0)
    ]
)
PILOT_SIZE = len(BAND) // 4


def threefry(counter: list[int], key: list[int]) -> list[int]:
    rotations = ((10, 26), (11, 21), (13, 27), (23, 5), (6, 20), (17, 11), (25, 10), (18, 20))
    schedule = [*key, 0x1BD11BDA ^ key[0] ^ key[1] ^ key[2] ^ key[3]]
    x = [(c + k) & MASK for c, k in zip(counter, key, strict=True)]
    for r in range(20):
        pairs = ((0, 1), (2, 3)) if r % 2 == 0 else ((0, 3), (2, 1))
        for (a, b), turn in zip(pairs, rotations[r % 8], strict=True):
            x[a] = (x[a] + x[b]) & MASK
            x[b] = ((x[b] << turn | x[b] >> (32 - turn)) & MASK) ^ x[a]
        if r % 4 == 3:
            n = (r + 1) // 4
            x = [(v + schedule[(n + i) % 5]) & MASK for i, v in enumerate(x)]
            x[3] = (x[3] + n) & MASK
    return x


def numbers(key: bytes, stream: int, branch: int = 0) -> Iterator[int]:
    words = np.frombuffer(key, "<u4").tolist()
    for block in range(1 << 32):
        yield from threefry([block, branch & MASK, branch >> 32, stream], words)


def below(limit: int, source: Iterator[int]) -> int:
    return next(number for number in source if number < (1 << 32) // limit * limit) % limit


def shuffled(count: int, source: Iterator[int]) -> list[int]:
    items = list(range(count))
    for i in range(count, 1, -1):
        j = below(i, source)
        items[i - 1], items[j] = items[j], items[i - 1]
    return items


@dataclass(frozen=True)
class Layout:
    """What the key decides."""

    pilot: Integers  # index into BAND
    payload: Integers
    phases: Complexes  # of the pilot
    bits: Integers  # coded bit of each payload component: real, imaginary, real, ...
    signs: Integers


def layout_of(key: bytes) -> Layout:
    order = np.array(shuffled(len(BAND), numbers(key, 1)))
    pilot, payload = order[:PILOT_SIZE], order[PILOT_SIZE:]
    drawn = numbers(key, 2)
    phases = [(1 - 2 * (n & 1)) + 1j * (1 - (n & 2)) for n, _ in zip(drawn, pilot, strict=False)]
    components = 2 * len(payload)
    places = numbers(key, 3)
    bits = [b for _ in range(0, components, CODED_BITS) for b in shuffled(CODED_BITS, places)][
        :components
    ]
    drawn = numbers(key, 4)
    signs = [1 - 2 * (next(drawn) & 1) for _ in range(components)]
    return Layout(pilot, payload, np.array(phases), np.array(bits), np.array(signs))


def outputs() -> Reals:
    """+1 for a 0, -1 for a 1: [generator][register of 13 bits, the newest on top]."""
    register = np.arange(2 * STATES)
    parity = [[bin(r & g).count("1") % 2 for r in register.tolist()] for g in GENERATORS]
    return 1.0 - 2.0 * np.array(parity)


def origin_of(key: bytes, payload: int, variant: int) -> tuple[int, int]:
    places = numbers(key, 16 + variant, payload)
    return below(TILE, places), below(TILE, places)


def check_bits(payload: int, variant: int) -> int:
    return zlib.crc32(payload.to_bytes(8, "big") + bytes([variant]))


def encoded(payload: int, variant: int) -> str:
    """The coded bits as hexadecimal digits."""
    word = payload << 36 | variant << 32 | check_bits(payload, variant)
    circle = f"{word:0100b}"
    table = outputs() < 0
    digits = []
    for i in range(WORD_BITS):
        register = int("".join(circle[i - age] for age in range(13)), 2)
        digits.append(f"{int(''.join(str(int(bit)) for bit in table[:, register]), 2):x}")
    return "".join(digits)


def decoded(soft: Reals) -> tuple[int, int] | None:
    """Payload and variant, by Viterbi three times round the circle; the middle one counts."""
    state = np.arange(STATES)
    even, odd = (state << 1) % STATES, (state << 1) % STATES + 1  # the states before
    newest = state >> 11 << 12
    table = outputs()
    metric = np.zeros(STATES)
    came_from_odd = []
    for step in range(3 * WORD_BITS):
        branch = soft[step % WORD_BITS] @ table
        from_even = metric[even] + branch[newest | even]
        from_odd = metric[odd] + branch[newest | odd]
        came_from_odd.append(from_odd > from_even)
        metric = np.maximum(from_even, from_odd)
    at = int(metric.argmax())
    bits = []
    for choice in reversed(came_from_odd):
        bits.append(str(at >> 11))
        at = (at << 1) % STATES + int(choice[at])
    word = int("".join(reversed(bits))[WORD_BITS : 2 * WORD_BITS], 2)
    payload, variant = word >> 36, word >> 32 & 15
    return (payload, variant) if check_bits(payload, variant) == word & MASK else None


def canonical_plane(pixels: npt.NDArray[np.uint8]) -> Reals:
    height, width = pixels.shape[:2]
    luma = pixels @ np.array([77, 150, 29]) / 256
    scale = 512 / np.sqrt(width * height)
    size = int(width * scale + 0.5), int(height * scale + 0.5)
    how = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(luma.astype(np.float32)).resize(size, how), np.float64)


def whitened(plane: Reals) -> Reals:
    """Blocks of 16 x 16 under a window, every Fourier coefficient divided by its magnitude."""
    window = np.outer(np.hanning(17)[:16], np.hanning(17)[:16])
    padded = np.pad(plane, 16, mode="reflect")
    blocks = np.lib.stride_tricks.sliding_window_view(padded, (16, 16))[::4, ::4]
    spectra = np.fft.rfft2((blocks - blocks.mean(axis=(2, 3), keepdims=True)) * window)
    spectra /= np.abs(spectra) + 20
    white = np.fft.irfft2(spectra) * window
    result = np.zeros_like(padded)
    rows, columns = white.shape[:2]
    for y, x in np.ndindex(16, 16):
        result[y : y + 4 * rows : 4, x : x + 4 * columns : 4] += white[:, :, y, x]
    return result[16:-16, 16:-16]


def folded(plane: Reals) -> Complexes:
    """The band's coefficients of the sum of the tiles, the origin in the plane's centre."""
    tile = np.zeros((TILE, TILE))
    rows, columns = ((np.arange(n) - n // 2) % TILE for n in plane.shape)
    np.add.at(tile, (rows[:, None], columns[None, :]), plane)
    # Of an even number of pixels none has its centre at the origin.
    offset = [0.5 * (n % 2 == 0) for n in plane.shape[::-1]]
    spectrum = np.fft.fft2(tile)[BAND[:, 1], BAND[:, 0]]
    return np.asarray(spectrum * np.exp(-2j * np.pi / TILE * (BAND @ offset)))


def pilot_peak(fold: Complexes, layout: Layout) -> tuple[float, Complexes, tuple[int, int]]:
    """The height of the pilot, the fold with the pilot at the origin, and where it was."""
    product = np.zeros((TILE, TILE), np.complex128)
    kx, ky = BAND[layout.pilot].T
    product[ky, kx] = fold[layout.pilot] * layout.phases.conj()
    correlation = np.fft.ifft2(product, norm="forward").real
    y, x = np.unravel_index(np.abs(correlation).argmax(), correlation.shape)
    height = float(correlation[y, x])
    moved = fold * np.exp(2j * np.pi / TILE * (BAND @ [x, y])) * np.sign(height)
    return abs(height) / float(np.linalg.norm(product)) * 2**0.5, moved, (int(x), int(y))


def read(pixels: npt.NDArray[np.uint8], key: bytes = DEFAULT_KEY) -> int | None:
    """The payload; the tile must be where the word says."""
    layout = layout_of(key)
    plane = whitened(canonical_plane(pixels))
    turned = [np.rot90(p, turns) for p in (plane, plane[:, ::-1]) for turns in range(4)]
    peaks = (pilot_peak(folded(p), layout) for p in turned)
    _, fold, origin = max(peaks, key=lambda peak: peak[0])
    values = fold[layout.payload].view(np.float64) * layout.signs
    soft = np.zeros(4 * WORD_BITS)
    np.add.at(soft, layout.bits, values)
    word = decoded(soft.reshape(WORD_BITS, 4))
    if word is None:
        return None
    assert origin == origin_of(key, *word)
    return word[0]


PICTURES: dict[str, Callable[[], npt.NDArray[np.uint8]]] = {
    "512x512": skimage.data.astronaut,
    "451x300, enlarged": skimage.data.chelsea,
    "1411x1411, made smaller": skimage.data.retina,
}


@pytest.mark.parametrize("size", PICTURES)
def test_the_document_suffices_to_read_a_mark(size: str) -> None:
    marked = np.asarray(embed(PICTURES[size](), PAYLOAD))
    assert read(marked) == PAYLOAD
    assert read(255 - np.rot90(marked[:, ::-1])) == PAYLOAD


def test_the_document_suffices_for_every_key() -> None:
    key = b"another key, 16."
    marked = np.asarray(embed(PICTURES["512x512"](), 2**64 - 1, key=key))
    assert read(marked, key) == 2**64 - 1
    assert read(marked) is None


def block(caption: str) -> list[str]:
    """Lines of the block that follows a caption in the document."""
    return DOCUMENT.partition(f"\n{caption}\n\n```\n")[2].partition("\n```\n")[0].splitlines()


def test_the_document_states_the_numbers_of_its_streams() -> None:
    streams = [islice(numbers(DEFAULT_KEY, stream), 5) for stream in range(1, 5)]
    lines = [" ".join(f"{number:08x}" for number in stream) for stream in streams]
    assert block("First numbers of streams 1 to 4, hexadecimal:") == lines


def test_the_document_states_the_layout_of_the_default_key() -> None:
    layout = layout_of(DEFAULT_KEY)
    pilot = [
        f"{k} ({BAND[k, 0]}, {BAND[k, 1]}) {p.real:+.0f} {p.imag:+.0f}"
        for k, p in zip(layout.pilot[:6], layout.phases, strict=False)
    ]
    assert block("First pilot coefficients, number, frequency and phase:") == pilot
    bits, signs = layout.bits.reshape(-1, 2), layout.signs.reshape(-1, 2)
    payload = [
        f"{k} ({BAND[k, 0]}, {BAND[k, 1]}) {b[0]} {b[1]} {s[0]:+d} {s[1]:+d}"
        for k, b, s in zip(layout.payload[:6], bits, signs, strict=False)
    ]
    caption = (
        "First payload coefficients, number, frequency, coded bits and signs of both components:"
    )
    assert block(caption) == payload


def test_the_document_states_the_coded_bits() -> None:
    lines = []
    for payload, variant in ((PAYLOAD, 5), (0, 0), (2**64 - 1, 15)):
        coded = encoded(payload, variant)
        x, y = origin_of(DEFAULT_KEY, payload, variant)
        lines += [
            f"{payload:016x} {variant:x} {check_bits(payload, variant):08x} ({x}, {y})",
            coded[:50],
            coded[50:],
        ]
    caption = (
        "Payload, variant, CRC-32 and origin; coded bits, four (`g` = 0 to 3) to a hexadecimal "
        "digit:"
    )
    assert block(caption) == lines
