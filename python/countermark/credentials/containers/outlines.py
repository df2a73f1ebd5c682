"""Files that the library would load as a whole: it is shown an outline, and the rest is copied.

Source: C2PA 2.2, appendix A.3; ISO/IEC 10918-1, annex B (JPEG).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from countermark.credentials.containers.boxes import chunks
from countermark.credentials.containers.location import Content, pieces
from countermark.credentials.containers.pictures import jpeg_segments

_END_OF_IMAGE: Final = b"\xff\xd9"
_RIFF_BYTES: Final = 4 << 30


def outline(asset: Content) -> bytes | None:
    """A small file of the same kind, into which the library puts a store; None for others.

    >>> outline(b"RIFF____WAVEfmt ")
    b'RIFF\\x04\\x00\\x00\\x00WAVE'
    """
    if asset[:4] == b"RIFF":
        return b"RIFF\4\0\0\0" + asset[8:12]
    scan = _scan(asset)
    return None if scan is None else asset[:scan] + _END_OF_IMAGE


def completed(asset: Content, signed: bytes) -> Iterator[bytes]:
    """The whole file, a few bytes at a time, with the store that its outline was given.

    Raises `ValueError` for a file that is not whole, or grows beyond what its container can hold.
    """
    scan = _scan(asset)
    if scan is None:
        yield from _completed_riff(asset, signed[12:])
    else:
        yield signed.removesuffix(_END_OF_IMAGE)
        yield from pieces(asset, scan, len(asset))


def _scan(asset: Content) -> int | None:
    """Where the data of the first scan of a JPEG file begins."""
    if asset[:2] != b"\xff\xd8":
        return None
    return next((end for marker, _, end in jpeg_segments(asset) if marker == 0xDA), None)


def _completed_riff(asset: Content, added: bytes) -> Iterator[bytes]:
    """With the chunk `added` at the end of the first RIFF chunk, in place of a former one."""
    end = 8 + int.from_bytes(asset[4:8], "little")
    found = [(kind, span) for kind, span in chunks(asset) if span[1] <= end]
    last = found[-1][1][1] if found else 12
    if end > len(asset) or last + last % 2 < end:
        raise ValueError("it is not made of whole chunks")
    kept = [span for kind, span in found if kind != b"C2PA"]
    size = 4 + sum(stop - at + (stop - at) % 2 for at, stop in kept) + len(added)
    if size >= _RIFF_BYTES:
        raise ValueError("it would exceed 4 GiB")
    yield b"RIFF" + size.to_bytes(4, "little") + asset[8:12]
    for at, stop in kept:
        yield from pieces(asset, at, stop)
        yield bytes((stop - at) % 2)
    yield added
    yield from pieces(asset, end, len(asset))
