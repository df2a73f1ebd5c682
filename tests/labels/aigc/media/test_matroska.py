"""The label in Matroska and WebM: positions, checksums, voids, forms of others."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from countermark.containers import ebml
from countermark.labels import aigc

SEEK_HEAD, TRACKS, CLUSTER, CUES, TAGS, SEGMENT = (
    bytes.fromhex(kind)
    for kind in ("114d9b74", "1654ae6b", "1f43b675", "1c53bb6b", "1254c367", "18538067")
)
SEEK, SEEK_ID, SEEK_POSITION = (bytes.fromhex(kind) for kind in ("4dbb", "53ab", "53ac"))
TAG, SIMPLE, NAME, STRING = (bytes.fromhex(kind) for kind in ("7373", "67c8", "45a3", "4487"))
POINT, POSITIONS, CLUSTER_POSITION = b"\xbb", b"\xb7", b"\xf1"
NESTED = {SEGMENT, SEEK_HEAD, SEEK, CUES, POINT, POSITIONS}
HEADER = ebml.element(b"\x1a\x45\xdf\xa3", ebml.element(b"\x42\x82", b"matroska"))
element = ebml.element


def parts(content: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[Any, ...]]:
    """Kind, offset and content of each element, those in indexes too."""
    for one in ebml.elements(content, start, end):
        stop = len(content) if one.end is None else one.end
        yield one.kind, one.at, content[one.body : stop]
        if one.kind in NESTED:
            yield from parts(content, one.body, stop)


def base(content: bytes) -> int:
    return next(one.body for one in ebml.elements(content) if one.kind == SEGMENT)


def check_positions(content: bytes) -> tuple[int, int]:
    """That seek heads lead to what they say, and cues to clusters; how many there are."""
    start = base(content)
    sought = cued = 0
    wanted = b""
    for kind, _, value in parts(content):
        if kind == SEEK_ID:
            wanted = value
        elif kind == SEEK_POSITION:
            at = start + int.from_bytes(value, "big")
            assert content[at : at + len(wanted)] == wanted
            sought += 1
        elif kind == CLUSTER_POSITION:
            at = start + int.from_bytes(value, "big")
            assert content[at : at + 4] == CLUSTER
            cued += 1
    return sought, cued


def check_checksums(content: bytes) -> int:
    count = 0
    for kind, _, value in parts(content):
        if kind in (SEEK_HEAD, CUES, TAGS, TRACKS) and value[:1] == ebml.CRC_32:
            assert int.from_bytes(value[2:6], "little") == zlib.crc32(value[6:])
            count += 1
    return count


@pytest.fixture
def put(label: aigc.AigcLabel) -> Callable[[bytes], bytes]:
    """The content of a file with the label."""

    def put(content: bytes) -> bytes:
        out = io.BytesIO()
        aigc.write(io.BytesIO(content), out, label)
        assert aigc.read(io.BytesIO(out.getvalue())).label == label
        return out.getvalue()

    return put


@pytest.mark.parametrize("film", ["film.mkv", "cues-first.mkv", "film.webm"])
def test_positions_and_checksums_are_right(labelled: Callable[[str], Any], film: str) -> None:
    before, after = (path.read_bytes() for path in labelled(film))
    assert check_positions(after) == check_positions(before)
    assert min(check_positions(after)) > 0
    assert check_checksums(after) == check_checksums(before)
    (segment,) = [one for one in ebml.elements(after) if one.kind == SEGMENT]
    assert segment.end == len(after)


def test_stream_stays_without_a_length(labelled: Callable[[str], Any]) -> None:
    before, after = (path.read_bytes() for path in labelled("live.webm"))
    segment = next(one for one in ebml.elements(after) if one.kind == SEGMENT)
    assert segment.end is None
    assert before[before.index(CLUSTER) :] == after[after.index(CLUSTER) :]


def uint(kind: bytes, value: int, width: int = 1) -> bytes:
    return element(kind, value.to_bytes(width, "big"))


def tags(*pairs: tuple[str, str]) -> bytes:
    simple = (
        element(SIMPLE, element(NAME, name.encode()) + element(STRING, text.encode()))
        for name, text in pairs
    )
    return element(TAGS, element(TAG, element(bytes.fromhex("63c0"), b"") + b"".join(simple)))


def film(
    *inside: bytes,
    cues_first: bool = False,
    seek: bool = True,
    frame: bytes = bytes(40),
    width: int = 1,
) -> bytes:
    """Three clusters, which state where they are, with cues, in positions of `width` bytes each."""
    tracks = element(TRACKS, b"\xec\x80")

    def assemble(places: dict[str, int]) -> dict[str, bytes]:
        wanted = {"tracks": TRACKS, "cues": CUES}
        seeks = (
            element(SEEK, element(SEEK_ID, kind) + uint(SEEK_POSITION, places[name], width))
            for name, kind in wanted.items()
        )
        points = (
            element(
                POINT, element(POSITIONS, uint(CLUSTER_POSITION, places[f"cluster {n}"], width))
            )
            for n in range(3)
        )
        whole = {"seek": element(SEEK_HEAD, b"".join(seeks)) if seek else b"", "tracks": tracks}
        whole["others"] = b"".join(inside)
        cues = {"cues": element(CUES, b"".join(points))}
        clusters = {
            f"cluster {n}": element(
                CLUSTER,
                uint(b"\xe7", n)
                + uint(b"\xa7", places[f"cluster {n}"], width)
                + element(b"\xa3", frame),
            )
            for n in range(3)
        }
        return {**whole, **cues, **clusters} if cues_first else {**whole, **clusters, **cues}

    sizes = assemble(dict.fromkeys(("tracks", "cues", "cluster 0", "cluster 1", "cluster 2"), 0))
    places, at = {}, 0
    for name, part in sizes.items():
        places[name] = at
        at += len(part)
    return HEADER + element(SEGMENT, b"".join(assemble(places).values()))


@pytest.mark.parametrize("cues_first", [False, True])
@pytest.mark.parametrize("seek", [False, True])
def test_positions_get_more_bytes_where_they_need_them(
    cues_first: bool, seek: bool, put: Callable[[bytes], bytes]
) -> None:
    content = film(cues_first=cues_first, seek=seek)
    now = put(content)
    assert check_positions(content) == (2 if seek else 0, 3)
    assert check_positions(now) == (3 if seek else 0, 3)  # the tags are new
    assert now.count(bytes(40)) == 3
    (segment,) = [one for one in ebml.elements(now) if one.kind == SEGMENT]
    assert segment.end == len(now)
    # Where they have no room, clusters do not state where they are.
    far = [at for kind, at, _ in parts(now) if kind == CLUSTER and at - base(now) > 255]
    assert now.count(ebml.void(3)) == len(far) > 0


def test_clusters_state_where_they_are(put: Callable[[bytes], bytes]) -> None:
    content = film(ebml.void(200), tags(("AIGC", "{}")), element(b"\xec", bytes(300)), width=2)
    now = put(content)
    start = base(now)
    stated = 0
    for kind, at, value in parts(now):
        if kind == CLUSTER:
            assert value[3:5] == b"\xa7\x82"
            assert int.from_bytes(value[5:7], "big") == at - start
            stated += 1
    assert stated == 3


@pytest.mark.parametrize("size", [9, 40, 400])
def test_voids_are_used(size: int, put: Callable[[bytes], bytes], label: aigc.AigcLabel) -> None:
    former = "x" * 60
    content = film(tags(("AIGC", former)), ebml.void(size), seek=False, width=2)
    now = put(content)
    check_positions(now)
    assert (len(now) == len(content)) == (size == 400)
    if size == 400:
        assert now.index(CLUSTER) == content.index(CLUSTER)


def test_labels_of_others_are_replaced_and_other_tags_stay(
    put: Callable[[bytes], bytes], label: aigc.AigcLabel
) -> None:
    nested = element(NAME, b"OUTER") + element(STRING, b"text")
    nested += element(SIMPLE, element(NAME, b"AIGC") + element(STRING, b"{}"))
    first = tags(("TITLE", "Sea"), ("AIGC", '{"Label":"1"}'))
    second = element(TAGS, element(TAG, element(SIMPLE, nested)))
    content = film(first, seek=False)
    content = HEADER + element(SEGMENT, content[base(content) :] + second + tags(("AIGC", "{}")))
    reading = aigc.read(io.BytesIO(content))
    assert [one.carried.text for one in reading.found] == ['{"Label":"1"}', "{}", "{}"]
    now = put(content)
    assert [one.label for one in aigc.read(io.BytesIO(now)).found] == [label]
    assert element(NAME, b"TITLE") + element(STRING, b"Sea") in now
    assert element(NAME, b"OUTER") + element(STRING, b"text") in now
    check_positions(now)


def test_length_of_the_segment_gets_more_bytes(put: Callable[[bytes], bytes]) -> None:
    content = film(seek=False, frame=bytes(10))
    assert content[len(HEADER) + 4] & 0x80 or content[len(HEADER) + 4] & 0x40
    now = put(content)
    (segment,) = [one for one in ebml.elements(now) if one.kind == SEGMENT]
    assert segment.end == len(now)
    check_positions(now)


def test_damaged_file_is_never_said_to_have_no_label(put: Callable[[bytes], bytes]) -> None:
    now = put(film())
    for end in range(len(HEADER) + 20, len(now) - 1, 40):
        assert aigc.read(io.BytesIO(now[:end])).verdict is aigc.Verdict.INCONCLUSIVE
