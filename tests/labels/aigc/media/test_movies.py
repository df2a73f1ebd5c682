"""The label in MP4, MOV and M4A: forms of others, what moves, what is refused."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mutagen.mp4
import pytest

from countermark.containers import boxes
from countermark.errors import LabelNotWritten
from countermark.labels import aigc


def box(kind: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I4s", 8 + len(content), kind) + content


def value(text: str) -> bytes:
    return box(b"data", struct.pack(">II", 1, 0), text.encode())


def handler(kind: bytes) -> bytes:
    return box(b"hdlr", bytes(8), kind, bytes(13))


def metadata(kind: bytes, *items: bytes, keys: tuple[bytes, ...] = (), full: bool = True) -> bytes:
    named = box(b"keys", struct.pack(">II", 0, len(keys)), *(box(b"mdta", key) for key in keys))
    parts = (handler(kind), *([named] if keys else []), box(b"ilst", *items))
    return box(b"meta", bytes(4) if full else b"", *parts)


def movie(*parts: bytes, chunk: int = 0, table: bytes = b"stco", last: bool = False) -> bytes:
    """One whose only chunk is the text SAMPLE, 8 bytes into the media data."""
    form = ">4xII" if table == b"stco" else ">4xIQ"
    media = box(b"mdat", b"12345678SAMPLE")
    head = box(b"ftyp", b"isom", bytes(4), b"isom")

    def header(offset: int) -> bytes:
        tables = box(b"stbl", box(table, struct.pack(form, 1, offset)))
        return box(b"moov", box(b"trak", box(b"mdia", box(b"minf", tables))), *parts)

    offset = len(head) + (0 if last else len(header(0))) + 16
    whole = (media, header(chunk or offset)) if last else (header(chunk or offset), media)
    return head + b"".join(whole)


def inside(content: bytes, *path: bytes) -> bytes:
    """The content of the box at a path."""
    for kind in path:
        body, end = next((b, e) for k, (_, b, e) in boxes(content) if k == kind)
        content = content[body:end]
    return content


def sample(content: bytes) -> bytes:
    path = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
    tables = inside(content, *path)
    kind, (_, body, _) = next(iter(boxes(tables)))
    form = ">I" if kind == b"stco" else ">Q"
    (offset,) = struct.unpack_from(form, tables, body + 8)
    return content[offset : offset + 6]


@pytest.fixture
def put(label: aigc.AigcLabel) -> Callable[[bytes], bytes]:
    """The content of a movie with the label."""

    def put(content: bytes) -> bytes:
        out = io.BytesIO()
        aigc.write(io.BytesIO(content), out, label)
        assert aigc.read(io.BytesIO(out.getvalue())).label == label
        return out.getvalue()

    return put


def texts(content: bytes) -> list[str]:
    return [found.carried.text for found in aigc.read(io.BytesIO(content)).found]


def test_it_is_written_as_ffmpeg_writes_it(
    folder: Path, label: aigc.AigcLabel, make: Callable[..., bytes], tmp_path: Path
) -> None:
    """Byte for byte."""
    told = ("-c", "copy", "-map_metadata", "-1", "-fflags", "+bitexact")
    source = ("-i", folder / "last.mp4")
    make(*source, *told, tmp_path / "bare.mp4")
    tagged = ("-movflags", "use_metadata_tags", "-metadata", f"AIGC={label.to_json()}")
    make(*source, *told, *tagged, tmp_path / "tagged.mp4")
    aigc.write(tmp_path / "bare.mp4", tmp_path / "ours.mp4", label)
    theirs = inside((tmp_path / "tagged.mp4").read_bytes(), b"moov", b"udta")
    ours = inside((tmp_path / "ours.mp4").read_bytes(), b"moov", b"udta")
    assert ours.endswith(theirs)  # behind the empty list of tags of iTunes that FFmpeg leaves


XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-'
    b'syntax-ns#"><rdf:Description rdf:about="" xmlns:T="http://www.tc260.org.cn/ns/AIGC/1.0/" '
    b'xmlns:dc="http://purl.org/dc/elements/1.1/" dc:source="Sea" T:AIGC="{}"/></rdf:RDF>'
    b"</x:xmpmeta>"
)
VARIANTS = {
    "XMP in user data": box(b"udta", box(b"XMP_", XMP)),
    "moov.meta by kind, as of an app for phones": metadata(b"mdir", box(b"AIGC", value("{}"))),
    "moov.meta without version": metadata(b"mdir", box(b"AIGC", value("{}")), full=False),
    "moov.meta by key": metadata(b"mdta", box(b"\0\0\0\1", value("{}")), keys=(b"AIGC",)),
    "of iTunes": box(
        b"udta",
        metadata(
            b"mdir",
            box(
                b"----",
                box(b"mean", bytes(4), b"com.apple.iTunes"),
                box(b"name", bytes(4), b"AIGC"),
                value("{}"),
            ),
        ),
    ),
    "of user data": box(b"udta", box(b"AIGC", b"{}")),
    "of user data in QuickTime": box(b"udta", box(b"AIGC", b"\0\2\x15\xc7{}"), bytes(4)),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_forms_of_others_are_read_and_replaced(
    variant: str, put: Callable[[bytes], bytes], label: aigc.AigcLabel
) -> None:
    content = movie(VARIANTS[variant])
    reading = aigc.read(io.BytesIO(content))
    assert [found.carried.text for found in reading.found] == ["{}"]
    assert any("place" in finding.problem for finding in reading.findings)
    now = put(content)
    assert texts(now) == [label.to_json()]
    assert sample(now) == b"SAMPLE"
    assert b"{}" not in now


@pytest.mark.parametrize("variant", VARIANTS)
def test_label_in_a_track_is_read_and_replaced(variant: str, put: Callable[[bytes], bytes]) -> None:
    """The same in a track, which stays as long as it was, and else as it was."""
    kept = box(b"udta", box(b"name", b"kept"))
    whole = movie(box(b"trak", kept, VARIANTS[variant]))
    assert texts(whole) == ["{}"]
    reading = aigc.read(io.BytesIO(whole))
    assert reading.found[0].carried.place.startswith("moov.trak.")
    assert not reading.found[0].carried.is_proper
    labelled = put(whole)
    tracks = [found for found in _boxes(inside(labelled, b"moov")) if found[0] == b"trak"]
    assert len(tracks[1][1]) == len(kept) + len(VARIANTS[variant])
    assert tracks[1][1].startswith(kept)
    assert b"{}" not in tracks[1][1]


def _boxes(content: bytes) -> list[tuple[bytes, bytes]]:
    return [(kind, content[body:end]) for kind, (_, body, end) in boxes(content)]


def test_labels_of_movie_and_track_are_two(put: Callable[[bytes], bytes]) -> None:
    udta = box(b"udta", box(b"AIGC", b"{}"))
    whole = movie(udta, box(b"trak", udta))
    assert len(texts(whole)) == 2
    assert len(texts(put(whole))) == 1


@pytest.mark.parametrize("is_first", [False, True])
def test_label_in_xmp_beside_the_header_is_replaced(
    is_first: bool, put: Callable[[bytes], bytes], label: aigc.AigcLabel
) -> None:
    own = box(b"uuid", bytes.fromhex("be7acfcb97a942e89c71999491e3afac"), XMP)
    content = movie(last=True)
    start = content.index(b"ftyp") + 16
    if is_first:
        table = content.index(b"stco") + 12
        (at,) = struct.unpack_from(">I", content, table)
        content = content[:table] + struct.pack(">I", at + len(own)) + content[table + 4 :]
        content = content[:start] + own + content[start:]
    else:
        content += own
    assert texts(content) == ["{}"]
    now = put(content)
    assert texts(now) == [label.to_json()]
    assert sample(now) == b"SAMPLE"
    assert b'dc:source="Sea"' in now


def test_several_are_a_finding_and_become_one(
    put: Callable[[bytes], bytes], label: aigc.AigcLabel
) -> None:
    content = movie(*VARIANTS.values())
    reading = aigc.read(io.BytesIO(content))
    assert len(reading.found) == len(VARIANTS)
    assert any("6.1 c)" in finding.clause for finding in reading.findings)
    assert texts(put(content)) == [label.to_json()]


def test_other_keys_keep_their_values(put: Callable[[bytes], bytes]) -> None:
    keys = (b"one", b"AIGC", b"two")
    items = (box(struct.pack(">I", n), value(f"text {n}")) for n in (1, 2, 3))
    now = put(movie(box(b"udta", metadata(b"mdta", *items, keys=keys), box(b"name", b"kept"))))
    udta = inside(now, b"moov", b"udta")
    assert udta.endswith(box(b"name", b"kept"))
    meta = inside(udta, b"meta")[4:]
    names = inside(meta, b"keys")[8:]
    assert [kind + names[b:e] for kind, (_, b, e) in boxes(names)] == [
        *(b"mdtaone", b"mdtatwo", b"mdtaAIGC"),
    ]
    items_now = inside(meta, b"ilst")
    assert items_now.startswith(
        box(b"\0\0\0\1", value("text 1")) + box(b"\0\0\0\2", value("text 3"))
    )


def test_tags_of_itunes_stay_byte_for_byte(
    folder: Path, label: aigc.AigcLabel, tmp_path: Path
) -> None:
    path = tmp_path / "sound.m4a"
    path.write_bytes((folder / "sound.m4a").read_bytes())
    sound = mutagen.mp4.MP4(path)
    cover = mutagen.mp4.MP4Cover(b"\xff\xd8\xff" + bytes(5000), mutagen.mp4.MP4Cover.FORMAT_JPEG)
    sound["covr"] = [cover]
    sound["----:com.apple.iTunes:MOOD"] = [b"calm"]
    sound.save()
    before = inside(inside(path.read_bytes(), b"moov", b"udta"), b"meta")
    former = dict(mutagen.mp4.MP4(path))
    aigc.write(path, path, label)
    assert inside(inside(path.read_bytes(), b"moov", b"udta"), b"meta") == before
    assert dict(mutagen.mp4.MP4(path)) == former


@pytest.mark.parametrize("table", [b"stco", b"co64"])
@pytest.mark.parametrize("last", [False, True])
def test_chunks_are_found_wherever_the_header_is(
    table: bytes, last: bool, put: Callable[[bytes], bytes]
) -> None:
    assert sample(put(movie(table=table, last=last))) == b"SAMPLE"


@pytest.mark.parametrize("room", [8, 16, 1000])
def test_padding_behind_the_header_is_used(
    room: int, put: Callable[[bytes], bytes], label: aigc.AigcLabel
) -> None:
    content = movie()
    needed = len(put(content)) - len(content)
    at = content.index(b"mdat") - 4
    (stated,) = struct.unpack(">I", inside(content, *b"moov trak mdia minf stbl stco".split())[8:])
    size = {8: needed, 16: needed + 8, 1000: 1000}[room]
    padded = content[:at] + box(b"free", bytes(size - 8)) + content[at:]
    where = inside(content, *b"moov trak mdia minf stbl".split())
    moved = where[:-4] + struct.pack(">I", stated + size)
    padded = padded.replace(where, moved, 1)
    now = put(padded)
    assert len(now) == len(padded)
    assert now.index(b"mdat") == padded.index(b"mdat")
    assert sample(now) == b"SAMPLE"


def test_random_access_to_fragments_leads_to_them(
    labelled: Callable[[str], Any],
) -> None:
    content = labelled("fragments.mp4").after.read_bytes()
    whole = inside(content, b"mfra")
    led = 0
    for kind, (_, body, _) in boxes(whole):
        if kind == b"tfra":
            version, sizes, count = struct.unpack_from(">B3x4xII", whole, body)
            assert (version, sizes & 0x3F) == (1, 0)
            for number in range(count):
                _, offset = struct.unpack_from(">QQ", whole, body + 16 + number * 19)
                assert content[offset + 4 : offset + 8] == b"moof"
                led += 1
    assert led > 2


EXTERNAL = box(b"dinf", box(b"dref", struct.pack(">4xI", 1), box(b"url ", bytes(4), b"a.mov\0")))
REFUSED = {
    "no movie headers": box(b"ftyp", b"isom", bytes(4)) + box(b"mdat", b"1"),
    "2 movie headers": movie() + box(b"moov", box(b"mvhd")),
    "compressed": movie(box(b"cmov", b"1")),
    "other files": movie(box(b"trak", box(b"mdia", box(b"minf", EXTERNAL)))),
    "items beside": movie(box(b"meta", bytes(4), handler(b"pict"), box(b"iloc", bytes(8)))),
    "32 bits": movie(chunk=(1 << 32) - 100),
    "no box at": movie() + b"and more of something",
    "an item of the metadata": movie(metadata(b"mdir", box(b"AIGC"))),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_cannot_be_done_right_is_refused(
    reason: str, label: aigc.AigcLabel, tmp_path: Path
) -> None:
    source = tmp_path / "film.mp4"
    source.write_bytes(REFUSED[reason])
    with pytest.raises(LabelNotWritten, match=reason):
        aigc.write(source, source, label)
    assert source.read_bytes() == REFUSED[reason]


def test_header_up_to_the_end_of_the_file(put: Callable[[bytes], bytes]) -> None:
    content = movie(last=True)
    at = content.index(b"moov") - 4
    assert sample(put(content[:at] + bytes(4) + content[at + 4 :])) == b"SAMPLE"


def test_header_with_a_long_length(put: Callable[[bytes], bytes]) -> None:
    content = movie(last=True)
    at = content.index(b"moov") - 4
    length = struct.pack(">I4sQ", 1, b"moov", len(content) - at + 8)
    assert sample(put(content[:at] + length + content[at + 8 :])) == b"SAMPLE"


def test_truncated_movie_is_never_said_to_have_no_label() -> None:
    content = movie(last=True)
    for end in range(len(content) - 40, len(content)):
        verdict = aigc.read(io.BytesIO(content[:end])).verdict
        assert verdict is aigc.Verdict.INCONCLUSIVE, end
