"""The label in WAV and AVI: forms of others, padding, sizes, indexes."""

from __future__ import annotations

import io
import struct
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mutagen._riff
import mutagen.id3
import mutagen.wave
import pytest

from countermark.errors import LabelNotWritten
from countermark.labels import aigc

FORMAT = struct.pack("<HHIIHH", 1, 1, 8000, 8000, 1, 8)


def chunk(kind: bytes, *parts: bytes, pad: bool = True) -> bytes:
    content = b"".join(parts)
    padding = b"\0" * (len(content) % 2) if pad else b""
    return struct.pack("<4sI", kind, len(content)) + content + padding


def sound(*parts: bytes, data: bytes = b"SOUND!", behind: bytes = b"") -> bytes:
    return chunk(b"RIFF", b"WAVE", chunk(b"fmt ", FORMAT), *parts, chunk(b"data", data), behind)


def information(**items: bytes) -> bytes:
    inside = (chunk(name.encode(), text) for name, text in items.items())
    return chunk(b"LIST", b"INFO", *inside)


@pytest.fixture
def put(label: aigc.AigcLabel) -> Callable[[bytes], bytes]:
    """The content of a file with the label."""

    def put(content: bytes) -> bytes:
        out = io.BytesIO()
        aigc.write(io.BytesIO(content), out, label)
        assert aigc.read(io.BytesIO(out.getvalue())).label == label
        return out.getvalue()

    return put


def found(content: bytes) -> list[tuple[str, str]]:
    reading = aigc.read(io.BytesIO(content))
    return [(one.carried.place, one.carried.text) for one in reading.found]


def test_others_find_chunk_and_sound(
    labelled: Callable[[str], Any], label: aigc.AigcLabel, put: Callable[[bytes], bytes]
) -> None:
    before, after = labelled("sound.wav")
    with after.open("rb") as file:
        (own,) = [one for one in mutagen._riff.RiffFile(file).root.subchunks() if one.id == "AIGC"]
        assert own.read() == label.to_json().encode()
    with wave.open(str(before)) as former, wave.open(str(after)) as now:
        assert now.getparams() == former.getparams()
        assert now.readframes(1 << 20) == former.readframes(1 << 20)
    size = struct.unpack_from("<I", after.read_bytes(), 4)[0]
    assert size + 8 == after.stat().st_size


def tag() -> bytes:
    file = io.BytesIO()
    frames = mutagen.id3.ID3()
    frames.add(mutagen.id3.TXXX(encoding=0, desc="AIGC", text=["{}"]))
    frames.add(mutagen.id3.TIT2(encoding=0, text=["Sea"]))
    frames.save(file, v2_version=3)
    return file.getvalue()


XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-'
    b'syntax-ns#"><rdf:Description rdf:about="" xmlns:T="http://www.tc260.org.cn/ns/AIGC/1.0/" '
    b'title="Sea" T:AIGC="{}"/></rdf:RDF></x:xmpmeta>'
)
VARIANTS = {
    "_PMX, T:AIGC": chunk(b"_PMX", XMP),
    "LIST.INFO.AIGC": information(INAM=b"Sea\0", AIGC=b"{}\0"),
    "AIGC": chunk(b"AIGC", b"{ }"),
    "ID3 TXXX": chunk(b"id3 ", tag()),
}


@pytest.mark.parametrize("place", VARIANTS)
@pytest.mark.parametrize("is_behind", [False, True])
def test_forms_of_others_are_read_and_replaced(
    place: str, is_behind: bool, put: Callable[[bytes], bytes], label: aigc.AigcLabel
) -> None:
    part = VARIANTS[place]
    content = sound(behind=part) if is_behind else sound(part)
    ((where, text),) = found(content)
    assert (where, text.replace(" ", "")) == (place, "{}")
    now = put(content)
    assert found(now) == [("AIGC", label.to_json())]
    assert (b"Sea" in now) == (b"Sea" in content)
    assert struct.unpack_from("<I", now, 4)[0] + 8 == len(now)


def test_two_labels_are_a_finding() -> None:
    reading = aigc.read(io.BytesIO(sound(*VARIANTS.values())))
    assert len(reading.found) == 4
    assert any("6.1 c)" in finding.clause for finding in reading.findings)


def test_list_without_anything_else_goes(put: Callable[[bytes], bytes]) -> None:
    assert b"INFO" not in put(sound(information(AIGC=b"{}\0")))


@pytest.mark.parametrize("pad", [True, False])
def test_odd_chunks_with_and_without_padding(pad: bool, put: Callable[[bytes], bytes]) -> None:
    odd = chunk(b"odd ", b"123", pad=pad)
    content = sound(odd, chunk(b"AIGC", b"{}"), data=b"SOUND", behind=chunk(b"more", b"4"))
    assert found(content) == [("AIGC", "{}")]
    now = put(content)
    assert odd in now
    assert chunk(b"data", b"SOUND") + chunk(b"more", b"4") in now


def test_all_else_keeps_its_bytes(
    folder: Path, put: Callable[[bytes], bytes], label: aigc.AigcLabel
) -> None:
    content = (folder / "sound.wav").read_bytes()
    own = chunk(b"AIGC", label.to_json().encode())
    assert put(content)[8:] == content[8:].replace(b"data", own + b"data", 1)


def test_length_of_long_files(
    folder: Path, put: Callable[[bytes], bytes], labelled: Callable[[str], Any]
) -> None:
    now = labelled("long.wav").after.read_bytes()
    assert now[:4] == b"RF64"
    assert now[4:8] == b"\xff\xff\xff\xff"
    assert struct.unpack_from("<Q", now, 20)[0] + 8 == len(now)


def test_streamed_sound_has_no_length_before_or_after(labelled: Callable[[str], Any]) -> None:
    before, after = (path.read_bytes() for path in labelled("streamed.wav"))
    assert before[4:8] == after[4:8] == b"\xff\xff\xff\xff"
    assert before[before.index(b"data") :] == after[after.index(b"data") :]


def test_broken_off_recording_takes_a_label(put: Callable[[bytes], bytes]) -> None:
    content = sound(data=bytes(1000))[:-100]
    assert put(content).endswith(content[content.index(b"data") :])


def test_full_file_is_refused(label: aigc.AigcLabel) -> None:
    content = sound()
    full = content[:4] + struct.pack("<I", (1 << 32) - 10) + content[8:]
    with pytest.raises(LabelNotWritten, match="4 GB"):
        aigc.write(io.BytesIO(full), io.BytesIO(), label)


def test_damaged_file_is_never_said_to_have_no_label(put: Callable[[bytes], bytes]) -> None:
    content = put(sound())
    for end in (60, 100):
        reading = aigc.read(io.BytesIO(content[:end]))
        assert reading.verdict is aigc.Verdict.INCONCLUSIVE


def film(content: bytes) -> tuple[int, int]:
    """Where the film is, and to where its index leads."""
    at = content.index(b"movi") - 8
    index = content.index(b"idx1")
    return at, struct.unpack_from("<I", content, index + 16)[0]


def test_padding_before_a_film_is_used(labelled: Callable[[str], Any]) -> None:
    before, after = (path.read_bytes() for path in labelled("film.avi"))
    assert len(before) == len(after)
    assert film(before) == film(after)
    assert before[film(before)[0] :] == after[film(after)[0] :]


def large_avi(padding: bytes = b"") -> bytes:
    """One with an index of indexes (OpenDML) that leads to the only index, in the film."""

    def index(base: int) -> bytes:
        return chunk(b"ix00", struct.pack("<HBBI4sQI", 2, 0, 1, 1, b"00dc", base, 0), bytes(8))

    def indexes(offset: int) -> bytes:
        head = struct.pack("<HBBI4s12x", 4, 0, 0, 1, b"00dc")
        return chunk(b"indx", head, struct.pack("<QII", offset, 48, 1))

    def header(offset: int) -> bytes:
        return chunk(b"LIST", b"hdrl", chunk(b"LIST", b"strl", indexes(offset)))

    start = 12 + len(header(0)) + len(padding)
    frame = chunk(b"00dc", b"FRAME!")
    at = start + 12 + len(frame)
    body = chunk(b"LIST", b"movi", frame, index(start + 8))
    return chunk(b"RIFF", b"AVI ", header(at), padding, body)


def frame(content: bytes) -> bytes:
    """What the index of indexes leads to."""
    at = content.index(b"indx")
    (offset,) = struct.unpack_from("<Q", content, at + 32)
    assert content[offset : offset + 4] == b"ix00"
    (base,) = struct.unpack_from("<Q", content, offset + 20)
    return content[base : base + 18]


@pytest.mark.parametrize("padding", [b"", chunk(b"JUNK", bytes(20)), chunk(b"JUNK", bytes(900))])
def test_indexes_of_large_films_lead_to_them(padding: bytes, put: Callable[[bytes], bytes]) -> None:
    content = large_avi(padding)
    assert frame(content) == b"movi00dc\6\0\0\0FRAME!"
    now = put(content)
    assert frame(now) == frame(content)
    assert (len(now) == len(content)) == (len(padding) > 900)
    assert struct.unpack_from("<I", now, 4)[0] + 8 == len(now)


def test_film_with_a_label_elsewhere_has_one_then(
    put: Callable[[bytes], bytes], label: aigc.AigcLabel
) -> None:
    parts = information(INAM=b"Sea\0", AIGC=b"{}\0") + chunk(b"AIGC", b"{}")
    content = large_avi(parts)
    assert [place for place, _ in found(content)] == ["LIST.INFO.AIGC", "AIGC"]
    now = put(content)
    assert found(now) == [("LIST.INFO.AIGC", label.to_json())]
    assert chunk(b"INAM", b"Sea\0") in now
    assert frame(now) == frame(content)


def test_film_whose_index_counts_from_the_file_is_refused(label: aigc.AigcLabel) -> None:
    content = large_avi()
    entry = chunk(b"idx1", b"00dc", struct.pack("<III", 0, len(content), 6))
    whole = chunk(b"RIFF", content[8:], entry)
    with pytest.raises(LabelNotWritten, match="index"):
        aigc.write(io.BytesIO(whole), io.BytesIO(), label)
