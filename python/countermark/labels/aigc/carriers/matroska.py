"""Matroska and WebM: a simple tag named AIGC, of the file as a whole.

No library edits these in place. Clusters keep every byte; voids before them are used up first, and
the positions in seek heads and cues are corrected where something moves.

Source: TC260-PG-20257A; RFC 9559, sections 5.1.1 (seek head), 5.1.5 (cues) and 5.1.8 (tags).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from countermark.containers import Content, Splice, StreamContent, counted, ebml, moved, splice
from countermark.containers.ebml import Element
from countermark.labels.aigc.carriers.matroska_positions import corrected, patched_clusters
from countermark.labels.aigc.label import AigcLabel
from countermark.labels.aigc.reading import Carried

_SEGMENT: Final = bytes.fromhex("18538067")
_CLUSTER: Final = bytes.fromhex("1f43b675")
_TAGS: Final = bytes.fromhex("1254c367")
_TAG, _TARGETS, _SIMPLE = (bytes.fromhex(kind) for kind in ("7373", "63c0", "67c8"))
_TAG_NAME, _TAG_STRING = bytes.fromhex("45a3"), bytes.fromhex("4487")
_LEVEL_1: Final = frozenset(
    bytes.fromhex(kind)
    for kind in (
        *("114d9b74", "1549a966", "1654ae6b", "1043a770"),
        *("1f43b675", "1c53bb6b", "1941a469", "1254c367"),
    )
)
_NAMES: Final = (b"AIGC", b"aigc")
_MAX_METADATA: Final = 1 << 26
"""Bytes of tags that are taken into memory."""


def find(file: BinaryIO) -> Iterator[Carried]:
    """The labels in tags, wherever they are."""
    asset = StreamContent(file)
    for one in _parts(asset, _segment(asset)):
        if one.kind == _TAGS:
            yield from _labels(_loaded(asset, one))


def put(file: BinaryIO, out: BinaryIO, label: AigcLabel) -> None:
    """Copy the file with the label among its tags: the first ones, or before the clusters."""
    asset = StreamContent(file)
    segment = _segment(asset)
    parts = list(_parts(asset, segment))
    changes = _tagged(asset, segment, parts, label.to_json().encode("ascii"))
    changes = corrected(asset, segment, parts, changes)
    end = len(asset) if segment.end is None else segment.end
    size = moved(changes, end) - segment.body
    patches = patched_clusters(asset, segment, parts, changes)
    if segment.end is not None:
        start = segment.at + len(_SEGMENT)
        length = ebml.number(size, segment.body - start)
        patches.append(Splice(start, segment.body, length))
    splice(asset, out, sorted([*changes, *patches]))


def _segment(asset: Content) -> Element:
    for one in ebml.elements(asset):
        if one.kind == _SEGMENT:
            return one
    raise ValueError("no segment")


def _parts(asset: Content, segment: Element) -> Iterator[Element]:
    """The elements of the segment; clusters of unknown length end where the next part begins."""
    at = segment.body
    end = len(asset) if segment.end is None else segment.end
    for _ in counted():
        if at >= end:
            return
        one = Element(b"", at, at, at)
        for one in ebml.elements(asset, at, end):
            if one.end is not None:
                yield one
        if one.end is None and one.kind != _CLUSTER:
            raise ValueError("an element without a length")
        if one.end is None:
            one = one._replace(end=_cluster_end(asset, one.body, end))
            yield one
        at = one.end or end


def _cluster_end(asset: Content, at: int, end: int) -> int:
    for one in ebml.elements(asset, at, end):
        if one.kind in _LEVEL_1:
            return one.at
    return end


def _loaded(asset: Content, one: Element) -> bytes:
    assert one.end is not None
    if one.end - one.body > _MAX_METADATA:
        raise ValueError("the tags are larger than 64 MB")
    return asset[one.body : one.end]


def _labels(content: bytes) -> Iterator[Carried]:
    for one in ebml.elements(content):
        inner = content[one.body : one.end]
        if one.kind == _TAG:
            yield from _labels(inner)
        elif one.kind == _SIMPLE:
            if _is_label(inner):
                yield Carried(_string(inner), "Tags.Tag.SimpleTag")
            yield from _labels(inner)


def _is_label(simple_tag: bytes) -> bool:
    return any(
        one.kind == _TAG_NAME and simple_tag[one.body : one.end].rstrip(b"\0") in _NAMES
        for one in ebml.elements(simple_tag)
    )


def _string(simple_tag: bytes) -> str:
    for one in ebml.elements(simple_tag):
        if one.kind == _TAG_STRING:
            return simple_tag[one.body : one.end].rstrip(b"\0").decode("utf-8", "replace")
    raise ValueError("a tag without a text")


def _unlabelled(content: bytes) -> list[bytes]:
    """The parts of tags, or of one, without labels; a tag is left out when it held nothing else."""
    kept = []
    for one in ebml.elements(content):
        whole = content[one.at : one.end]
        inner = content[one.body : one.end]
        if one.kind == _SIMPLE and _is_label(inner):
            continue
        if one.kind in (_TAG, _SIMPLE) and any(True for _ in _labels(inner)):
            parts = _unlabelled(inner)
            if one.kind == _TAG and not any(part[:2] == _SIMPLE for part in parts):
                continue
            whole = ebml.master(one.kind, parts)
        kept.append(whole)
    return kept


def _tagged(asset: Content, segment: Element, parts: list[Element], text: bytes) -> list[Splice]:
    """What becomes of the tags."""
    simple_tag = ebml.element(_TAG_NAME, _NAMES[0]) + ebml.element(_TAG_STRING, text)
    tag = ebml.element(_TAG, ebml.element(_TARGETS, b"") + ebml.element(_SIMPLE, simple_tag))
    changes = []
    own = [tag]
    for one in parts:
        if one.kind == _TAGS:
            assert one.end is not None
            content = _loaded(asset, one)
            width = one.body - one.at - len(_TAGS)
            changed = ebml.master(_TAGS, [*_unlabelled(content), *own], width)
            if own or any(True for _ in _labels(content)):
                changes.append(Splice(one.at, one.end, changed))
            own = []
    if own:
        end = len(asset) if segment.end is None else segment.end
        at = next((one.at for one in parts if one.kind == _CLUSTER), end)
        changes.append(Splice(at, at, ebml.master(_TAGS, own)))
    return changes
