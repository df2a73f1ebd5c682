"""Labels in Exif: the comment of the user, which a guide names, and texts that others use.

A label is blanked where it lies, so that nothing that Exif leads to has to move.

Source: Exif 3.0 (CIPA DC-008), 4.6.5; TC260-PG-20259A, annex B.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from countermark.containers import Content, tiff
from countermark.containers.tiff import Directory, Entry
from countermark.labels.aigc.carriers.strays import Stray
from countermark.labels.aigc.parsing import MAX_LENGTH, looks_like_label

_ASCII: Final = 2
_USER_COMMENT: Final = 0x9286
_WINDOWS_TEXTS: Final = (0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F)  # in UTF-16
_DIRECTORIES: Final = (0x8769, 0x8825)  # of Exif and GPS
_NAMES: Final = {0x010E: "ImageDescription", _USER_COMMENT: "UserComment"}
_CODE_BYTES: Final = 8
_SHORTEST: Final = 8
_MAX_BYTES: Final = 1 << 24
"""Of all values that are looked at; they may overlap."""


def strays(asset: Content, base: int, end: int, what: str) -> Iterator[Stray]:
    """The labels in the Exif, or the TIFF file, whose header is at `base`.

    `end`: where it ends. `what`: how to call it. Raises `struct.error` and `ValueError` where it is
    damaged.
    """
    form = tiff.layout(asset, base)
    left = _MAX_BYTES
    for page in tiff.pages(asset, form, base):
        for directory in _with_inner(asset, page, base):
            for entry in directory.entries:
                length = entry.end - entry.start
                if _SHORTEST <= length <= MAX_LENGTH and entry.end <= end:
                    left -= length
                    if left < 0:
                        raise ValueError("more texts than countermark goes through")
                    text = _text(entry, asset[entry.start : entry.end])
                    if text is not None and looks_like_label(text):
                        yield _stray(entry, text, what)


def _with_inner(asset: Content, page: Directory, base: int) -> Iterator[Directory]:
    yield page
    form = tiff.layout(asset, base)
    for entry in page.entries:
        if entry.tag in _DIRECTORIES and entry.end - entry.start == 4:
            (offset,) = struct.unpack(f"{form.offset[0]}I", asset[entry.start : entry.end])
            yield tiff.directory(asset, form, offset, base)


def _text(entry: Entry, value: bytes) -> str | None:
    """The text of a value; None for what is none."""
    if entry.tag in _WINDOWS_TEXTS:
        return value.decode("utf-16-le", "replace")
    if entry.tag == _USER_COMMENT:  # of whatever kind: some writers do not know the right one
        code, text = value[:_CODE_BYTES], value[_CODE_BYTES:]
        if code == b"UNICODE\0":  # in the order of the file, by right
            is_big = text[:1] == b"\0"
            return text.decode("utf-16-be" if is_big else "utf-16-le", "replace").strip("\0 ")
        return (
            (text if not code.strip(b"ACIJS\0") else value).decode("utf-8", "replace").strip("\0 ")
        )
    return value.decode("utf-8", "replace").strip("\0 ") if entry.kind == _ASCII else None


def _stray(entry: Entry, text: str, what: str) -> Stray:
    length = entry.end - entry.start
    if entry.tag == _USER_COMMENT:
        blank = b"ASCII\0\0\0" + b" " * (length - _CODE_BYTES)
    elif entry.tag in _WINDOWS_TEXTS:
        blank = bytes(length)
    else:
        blank = b" " * (length - 1) + b"\0"
    place = f"{what}, {_NAMES.get(entry.tag, f'tag 0x{entry.tag:04X}')}"
    is_proper = entry.tag == _USER_COMMENT
    return Stray(text, place, is_proper, ((entry.start, entry.end, blank),))
