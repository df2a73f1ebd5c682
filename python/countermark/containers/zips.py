"""ZIP archives, of which some entries are replaced while all others keep every byte.

Source: APPNOTE.TXT, .ZIP File Format Specification 6.3.10, section 4.
"""

from __future__ import annotations

import copy
import io
import zipfile
from collections.abc import Mapping
from typing import BinaryIO, Final, cast

from countermark.containers.content import Content, pieces

_MOST_AT_ONCE: Final = 1 << 23
"""Bytes of a directory that is taken into memory: some hundred thousand entries."""

_LOCAL_HEADER: Final = b"PK\3\4"
_LOCAL_HEADER_BYTES: Final = 30
_UTF_8_FLAG: Final = 0x800


class _Stream(io.RawIOBase):
    """The content as a stream, which refuses to give all too much at once."""

    def __init__(self, asset: Content) -> None:
        self._asset = asset
        self._at = 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self._asset)}[whence]
        if start + offset < 0:
            # Where it looks for the end of a short file, zipfile expects an error of the system.
            raise OSError if whence == io.SEEK_END else ValueError("before the beginning")
        self._at = start + offset
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        rest = max(0, len(self._asset) - self._at)
        size = rest if size is None or size < 0 else min(size, rest)
        if size > _MOST_AT_ONCE:
            raise ValueError("the archive has too large a directory")
        content = self._asset[self._at : self._at + size]
        self._at += len(content)
        return content


def opened(asset: Content) -> zipfile.ZipFile:
    """The archive, to be read.

    Raises `zipfile.BadZipFile` and `ValueError` where it is damaged or not to be trusted.
    """
    return zipfile.ZipFile(cast("BinaryIO", _Stream(asset)))


def entry(archive: zipfile.ZipFile, name: str, most: int) -> bytes | None:
    """The content of an entry, None if there is none of that name.

    Raises `ValueError` for more than `most` bytes.
    """
    if name not in archive.NameToInfo:
        return None
    with archive.open(name) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"the entry {name!r} is too large")
    return content


def replace(asset: Content, out: BinaryIO, contents: Mapping[str, bytes]) -> None:
    """Copy the archive with these entries in the place of those of their names, or at the end.

    Raises `ValueError` where entries overlap, or have names that readers take differently.
    """
    missing = dict(contents)
    with opened(asset) as former, zipfile.ZipFile(out, "w") as archive:
        archive.comment = former.comment
        infos = sorted(former.infolist(), key=lambda info: info.header_offset)
        ends = [*(info.header_offset for info in infos[1:]), former.start_dir]
        for info, end in zip(infos, ends, strict=True):
            _check(asset, info, end)
            if info.filename not in contents:
                _copy(asset, archive, info, end)
            elif info.filename in missing:
                _write(archive, info.filename, missing.pop(info.filename), info.date_time)
        for name, content in missing.items():
            _write(archive, name, content, (1980, 1, 1, 0, 0, 0))


def _check(asset: Content, info: zipfile.ZipInfo, end: int) -> None:
    """That an entry is where the directory says, and ends before the next."""
    if not info.filename.isascii() and not info.flag_bits & _UTF_8_FLAG:
        raise ValueError("the archive has names that are not in Unicode")
    name = info.orig_filename.encode()
    start = info.header_offset
    body = start + _LOCAL_HEADER_BYTES + len(name)
    if asset[start : start + 4] != _LOCAL_HEADER or asset[body - len(name) : body] != name:
        raise ValueError(f"the archive holds {info.filename!r:.100} elsewhere")
    if body + info.compress_size > end:
        raise ValueError("the entries of the archive overlap")


def _copy(asset: Content, archive: zipfile.ZipFile, info: zipfile.ZipInfo, end: int) -> None:
    """An entry with its header, its bytes and what follows them, as they are."""
    assert archive.fp is not None
    moved = copy.copy(info)
    moved.header_offset = archive.start_dir
    archive.fp.seek(archive.start_dir)
    for piece in pieces(asset, info.header_offset, end):
        archive.fp.write(piece)
    archive.start_dir = archive.fp.tell()
    archive.filelist.append(moved)
    archive.NameToInfo[moved.filename] = moved


def _write(
    archive: zipfile.ZipFile, name: str, content: bytes, time: tuple[int, int, int, int, int, int]
) -> None:
    info = zipfile.ZipInfo(name, time)
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, content)
