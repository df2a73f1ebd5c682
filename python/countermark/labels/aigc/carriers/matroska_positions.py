"""Positions in Matroska files, which count from the beginning of the segment, put right.

Source: RFC 9559, sections 5.1.1 (seek head), 5.1.3 (clusters) and 5.1.5 (cues); RFC 8794, 11.3.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from countermark.containers import Content, Splice, ebml, moved
from countermark.containers.ebml import Element
from countermark.errors import LabelNotWritten

_SEEK_HEAD, _CUES = bytes.fromhex("114d9b74"), bytes.fromhex("1c53bb6b")
_CLUSTER, _TAGS = bytes.fromhex("1f43b675"), bytes.fromhex("1254c367")
_SEEK, _SEEK_ID, _SEEK_POSITION = (bytes.fromhex(kind) for kind in ("4dbb", "53ab", "53ac"))
_POSITION: Final = b"\xa7"
_BEFORE_POSITION: Final = (b"\xe7", b"\x58\x54", ebml.VOID)
"""Of a cluster: its time, silent tracks and nothing."""
_MASTERS: Final = frozenset((_SEEK, b"\xbb", b"\xb7", b"\xdb"))
"""Seeks, cue points, the positions of a track and its references."""
_POSITIONS: Final = frozenset((_SEEK_POSITION, b"\xf1", b"\xea", b"\x97"))
"""Of a part, a cluster, the state of a codec, the cluster of a reference."""
_MAX_INDEX: Final = 1 << 26
"""Bytes of an index that are taken into memory."""
_ROUNDS: Final = 8

_Place = Callable[[int], int]


def corrected(
    asset: Content, segment: Element, parts: list[Element], changes: list[Splice]
) -> list[Splice]:
    """These changes with those of voids, seek heads and cues that come with them.

    Positions may need more bytes, which moves more: until nothing moves any more.
    """
    tags = next(change for change in changes if change.content[:4] == _TAGS)
    indexes = [one for one in parts if one.kind in (_SEEK_HEAD, _CUES)]
    contents = {one: _loaded(asset, one) for one in indexes}
    lacks_tags = not any(_TAGS in _sought(contents[one]) for one in indexes)
    widths: dict[int, int] = {}
    whole = changes
    for _ in range(_ROUNDS):
        # As in the file: the length of the segment lies before where positions count from.
        def place(position: int, now: list[Splice] = whole) -> int:
            return moved(now, position + segment.body) - segment.body

        now = list(changes)
        for one in indexes:
            inner = _rewritten(contents[one], one.body, place, widths)
            if one.kind == _SEEK_HEAD and lacks_tags and one == indexes[0]:
                inner.append(_seek(_where(tags, place, segment.body), one.at, widths))
            width = one.body - one.at - len(one.kind)
            content = ebml.master(one.kind, inner, width)
            now.append(Splice(one.at, one.body + len(contents[one]), content))
        now = sorted([*now, *_void(parts, now)])
        if now == whole:
            return whole
        whole = now
    raise LabelNotWritten(
        "The positions in the file cannot be corrected.", remedy="Save it with another tool first."
    )


def patched_clusters(
    asset: Content, segment: Element, parts: list[Element], changes: list[Splice]
) -> list[Splice]:
    """The position that a cluster may state of itself; nothing instead where it has no room."""
    patches = []
    for cluster in parts:
        if cluster.kind != _CLUSTER or moved(changes, cluster.at) == cluster.at:
            continue
        one = ebml.read(asset, cluster.body)
        while one.kind in _BEFORE_POSITION and one.end is not None:
            one = ebml.read(asset, one.end)
        if one.kind != _POSITION or one.end is None:
            continue
        width = one.end - one.body
        if int.from_bytes(asset[one.body : one.end], "big") != cluster.at - segment.body:
            continue  # as in streams, where nobody knows it
        position = moved(changes, cluster.at) - segment.body
        if position < 1 << 8 * width:
            patches.append(Splice(one.body, one.end, position.to_bytes(width, "big")))
        else:
            patches.append(Splice(one.at, one.end, ebml.void(one.end - one.at)))
    return patches


def _loaded(asset: Content, one: Element) -> bytes:
    assert one.end is not None
    if one.end - one.body > _MAX_INDEX:
        raise ValueError("an index of the file is larger than 64 MB")
    return asset[one.body : one.end]


def _sought(index: bytes) -> list[bytes]:
    """The kinds of parts that a seek head leads to."""
    seeks = [index[one.body : one.end] for one in ebml.elements(index) if one.kind == _SEEK]
    return [
        seek[one.body : one.end]
        for seek in seeks
        for one in ebml.elements(seek)
        if one.kind == _SEEK_ID
    ]


def _rewritten(content: bytes, start: int, place: _Place, widths: dict[int, int]) -> list[bytes]:
    """The elements of an index, which lies at `start`, with positions as they are now."""
    inside = []
    for one in ebml.elements(content):
        value = content[one.body : one.end]
        if one.kind in _MASTERS:
            parts = _rewritten(value, start + one.body, place, widths)
            inside.append(ebml.master(one.kind, parts, one.body - one.at - len(one.kind)))
        elif one.kind in _POSITIONS:
            position = place(int.from_bytes(value, "big"))
            inside.append(_number(one.kind, position, start + one.at, len(value), widths))
        else:
            inside.append(content[one.at : one.end])
    return inside


def _number(kind: bytes, value: int, at: int, width: int, widths: dict[int, int]) -> bytes:
    """A number in as many bytes as it ever needed in any round."""
    needed = (value.bit_length() + 7) // 8
    widths[at] = max(widths.get(at, width), needed)
    return ebml.element(kind, value.to_bytes(widths[at], "big"))


def _seek(position: int, at: int, widths: dict[int, int]) -> bytes:
    """What a seek head, which lies at `at`, says of the tags."""
    where = _number(_SEEK_POSITION, position, at, 1, widths)
    return ebml.element(_SEEK, ebml.element(_SEEK_ID, _TAGS) + where)


def _where(tags: Splice, place: _Place, base: int) -> int:
    """The position of tags that are put into the file."""
    behind = place(tags.end - base)
    return behind - len(tags.content)


def _void(parts: list[Element], changes: list[Splice]) -> list[Splice]:
    """A void before the clusters, so much shorter or longer that these do not move."""
    first = next((one.at for one in parts if one.kind == _CLUSTER), None)
    if first is None:
        return []
    growth = moved(sorted(changes), first) - first
    for one in parts:
        if one.kind == ebml.VOID and one.end is not None and one.end <= first:
            room = one.end - one.at - growth
            if room == 0 or room >= 2:
                return [Splice(one.at, one.end, ebml.void(room) if room else b"")]
    return []
