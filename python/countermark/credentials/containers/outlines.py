"""Files that the library would load as a whole: it is shown an outline, and the rest is copied.

Source: C2PA 2.2, appendix A.3; ISO/IEC 10918-1, annex B (JPEG); PNG (W3C, third edition), 5.6.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator
from typing import Final

from countermark.containers import Content, chunks, jpeg_segments, pieces, png_chunks
from countermark.containers.opendml import moved

_END_OF_JPEG: Final = b"\xff\xd9"
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_END_OF_PNG: Final = bytes.fromhex("0000000049454e44ae426082")
_RIFF_BYTES: Final = 4 << 30


def outline(asset: Content) -> bytes | None:
    """A small file of the same kind, into which the library puts a store; None for others.

    >>> outline(b"RIFF____WAVEfmt ")
    b'RIFF\\x04\\x00\\x00\\x00WAVE'
    """
    if asset[:4] == b"RIFF":
        return b"RIFF\4\0\0\0" + asset[8:12]
    head = _head(asset)
    return None if head is None else asset[: head[0]] + head[1]


def completed(asset: Content, signed: bytes) -> Iterator[bytes]:
    """The whole file, a few bytes at a time, with the store that its outline was given.

    Raises `ValueError` for a file that is not whole, or grows beyond what its container can hold.
    """
    head = _head(asset)
    if head is None:
        yield from _completed_riff(asset, signed[12:])
    else:
        yield signed.removesuffix(head[1])
        yield from pieces(asset, head[0], len(asset))


def _head(asset: Content) -> tuple[int, bytes] | None:
    """Where the pixels of a JPEG or PNG file begin, and what ends such a file."""
    if asset[:2] == b"\xff\xd8":
        scans = (end for marker, _, end in jpeg_segments(asset) if marker == 0xDA)
        return next(((scan, _END_OF_JPEG) for scan in scans), None)
    if asset[:8] == _PNG:
        found = list(png_chunks(asset))
        kinds = [kind for kind, _ in found]
        pixels = kinds.index(b"IDAT") if b"IDAT" in kinds else len(kinds)
        # The library refuses what is cut off, and takes away a store behind the pixels.
        if b"IEND" in kinds[pixels:] and b"caBX" not in kinds[pixels:]:
            return found[pixels][1][0], _END_OF_PNG
    return None


def _completed_riff(asset: Content, added: bytes) -> Iterator[bytes]:
    """With the chunk `added` at the end of the first RIFF chunk, in place of a former one."""
    end = 8 + int.from_bytes(asset[4:8], "little")
    found = list(chunks(asset, 12, end))
    last = found[-1][1][1] if found else 12
    if end > len(asset) or last + last % 2 < end:
        raise ValueError("it is not made of whole chunks")
    kept = [span for kind, span in found if kind != b"C2PA"]
    sizes = [stop - at + (stop - at) % 2 for at, stop in kept]
    size = 4 + sum(sizes) + len(added)
    if size >= _RIFF_BYTES:
        raise ValueError("it would exceed 4 GiB")
    places = [*itertools.accumulate(sizes, initial=12)]
    places[-1] = 8 + size  # behind the last of them lies the store, then what follows
    starts = [*(at for at, _ in kept), end]
    patches = {}
    if asset[8:12] == b"AVI ":
        patches = moved(asset, lambda n: _place(n, starts, places))
    yield b"RIFF" + size.to_bytes(4, "little") + asset[8:12]
    for at, stop in kept:
        yield from _patched(asset, at, stop, patches)
        yield bytes((stop - at) % 2)
    yield added
    yield from _patched(asset, end, len(asset), patches)


def _place(offset: int, starts: list[int], places: list[int]) -> int:
    """Where a byte will lie, when the parts that begin at `starts` will begin at `places`."""
    part = bisect.bisect_right(starts, offset) - 1
    return offset if part < 0 else offset - starts[part] + places[part]


def _patched(asset: Content, start: int, end: int, patches: dict[int, bytes]) -> Iterator[bytes]:
    """The bytes of a range, some of them replaced."""
    for at in sorted(patches):
        if start <= at and at + len(patches[at]) <= end:
            yield from pieces(asset, start, at)
            yield patches[at]
            start = at + len(patches[at])
    yield from pieces(asset, start, end)
