"""Files above 4 GB: sparse on the disk, in little memory."""

from __future__ import annotations

import io
import os
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from countermark.labels import aigc
from countermark.labels.aigc.carriers import CARRIERS

SIZE = 5 << 30
MEMORY = 32 << 20


class Sparse(io.RawIOBase):
    """A file that is written without its zeros."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w+b", buffering=0)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        if content.count(0) == len(content):
            self._file.seek(len(content), os.SEEK_CUR)
        else:
            self._file.write(content)
        return len(content)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def read(self, size: int | None = -1) -> bytes:
        return self._file.read(-1 if size is None else size)

    def close(self) -> None:
        self._file.close()
        super().close()


def movie(path: Path, *, first: bool) -> None:
    """The only chunk, a text, at the end of the media data."""

    def box(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I4s", 8 + len(content), kind) + content

    def header(offset: int) -> bytes:
        content = box(b"co64", struct.pack(">4xIQ", 1, offset))
        for kind in (b"stbl", b"minf", b"mdia", b"trak", b"moov"):
            content = box(kind, content)
        return content

    start = box(b"ftyp", b"isom" + bytes(4))
    before = len(header(0)) if first else 0
    offset = len(start) + before + SIZE - 6
    with path.open("wb") as file:
        file.write(start + (header(offset) if first else b""))
        file.write(struct.pack(">I4sQ", 1, b"mdat", SIZE))
        file.seek(offset)
        file.write(b"SAMPLE" + (b"" if first else header(offset)))


def sound(path: Path) -> None:
    """RF64, with a text at the end of the sound."""
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8000, 8000, 1, 8)
    head = struct.pack(
        "<4sI4s4sIQQQI", b"RF64", 0xFFFFFFFF, b"WAVE", b"ds64", 28, SIZE + 72, SIZE, 0, 0
    )
    whole = head + form + struct.pack("<4sI", b"data", 0xFFFFFFFF)
    with path.open("wb") as file:
        file.write(whole)
        file.seek(len(whole) + SIZE - 6)
        file.write(b"SAMPLE")


FILES = {
    "first.mp4": lambda path: movie(path, first=True),
    "last.mp4": lambda path: movie(path, first=False),
    "long.wav": sound,
}
KINDS = {".mp4": "video/mp4", ".wav": "audio/wav"}


@pytest.fixture(params=FILES)
def large(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A file of 5 GB, which takes a few KB of the disk."""
    path = tmp_path / str(request.param)
    FILES[request.param](path)
    if path.stat().st_blocks * 512 > 1 << 20:
        path.unlink()
        pytest.fail("the file system has no sparse files")
    return path


def test_large_file_is_searched_at_once(large: Path) -> None:
    tracemalloc.start()
    try:
        assert aigc.read(large).verdict is aigc.Verdict.NOT_FOUND
        assert tracemalloc.get_traced_memory()[1] < MEMORY
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_large_file_takes_a_label(large: Path, label: aigc.AigcLabel, tmp_path: Path) -> None:
    carrier = CARRIERS[KINDS[large.suffix]]
    target = tmp_path / f"labelled{large.suffix}"
    with large.open("rb") as file, Sparse(target) as out:
        carrier.put(file, out, label)  # type: ignore[arg-type]
    assert aigc.read(target).label == label
    with target.open("rb") as file:
        if large.suffix == ".mp4":
            start = file.read(1 << 12)
            file.seek(-(1 << 12), os.SEEK_END)
            end = file.read()
            tables = start if b"co64" in start else end
            (offset,) = struct.unpack_from(">Q", tables, tables.index(b"co64") + 12)
            assert offset > 1 << 32
            file.seek(offset)
            assert file.read(6) == b"SAMPLE"
        else:
            file.seek(-6, os.SEEK_END)
            assert file.read() == b"SAMPLE"
            file.seek(20)
            assert struct.unpack("<Q", file.read(8))[0] + 8 == target.stat().st_size
