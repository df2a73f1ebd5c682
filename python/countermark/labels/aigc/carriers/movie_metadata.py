"""The metadata box of MP4 and MOV: items in a list, named by keys or by themselves.

Source: QuickTime File Format, "Metadata"; ISO/IEC 14496-12, clause 8.11; the tags of iTunes are
items of the handler `mdir`, as MP4v2 and FFmpeg read them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from countermark.containers import Content, boxes

NAMES: Final = (b"AIGC", b"aigc")
_BY_KEY: Final = b"mdta"
_ITUNES_OWN: Final = b"----"
_UTF8: Final = 1


class Box(NamedTuple):
    """Where a box lies: its beginning, that of its content, its end."""

    kind: bytes
    at: int
    body: int
    end: int


def children(asset: Content, start: int, end: int) -> Iterator[Box]:
    """The boxes in a range, which holds nothing else but up to seven bytes of nothing.

    Raises `ValueError` where it does: what is there cannot be searched.
    """
    at = start
    for kind, (begin, body, at) in boxes(asset, start, end):
        yield Box(kind, begin, body, at)
    if end - at >= 8 or asset[at:end].strip(b"\0"):
        raise ValueError(f"no box at {at}")


def boxed(kind: bytes, content: bytes) -> bytes:
    """A box of that kind."""
    return struct.pack(">I4s", 8 + len(content), kind) + content


class Metadata(NamedTuple):
    """A metadata box, taken apart.

    `head`: version and flags, which QuickTime does not have. `parts`: kind and bytes of the boxes
    in it, but for the keys and the list of items. `keys`, `items`: each as it stands there.
    """

    head: bytes
    parts: tuple[tuple[bytes, bytes], ...]
    keys: tuple[bytes, ...]
    items: tuple[bytes, ...]

    @classmethod
    def of(cls, content: bytes) -> Metadata:
        """That in the content of the box."""
        start = 0 if content[4:8] == b"hdlr" else 4
        keys: tuple[bytes, ...] = ()
        items: tuple[bytes, ...] = ()
        parts = []
        for kind, at, body, end in children(content, start, len(content)):
            if kind == b"keys":
                keys += tuple(_split(content[body + 8 : end]))
            elif kind == b"ilst":
                items += tuple(_split(content[body:end]))
            else:
                parts.append((kind, content[at:end]))
        return cls(content[:start], tuple(parts), keys, items)

    @classmethod
    def empty(cls) -> Metadata:
        """One for items named by keys."""
        handler = boxed(b"hdlr", bytes(8) + _BY_KEY + bytes(13))
        return cls(bytes(4), ((b"hdlr", handler),), (), ())

    @property
    def handler(self) -> bytes:
        """What the items are named by: `mdta` says keys, `mdir` the tags of iTunes."""
        return next((box[16:20] for kind, box in self.parts if kind == b"hdlr"), b"")

    @property
    def is_by_key(self) -> bool:
        """Whether items are named by keys."""
        return self.handler == _BY_KEY

    def labels(self) -> Iterator[str]:
        """The texts of the items named AIGC."""
        return (_text(item) for item in self.items if self._is_label(item))

    def without_labels(self) -> Metadata:
        """The same without the items and keys named AIGC; other items have new numbers then."""
        kept = [number for number, key in enumerate(self.keys, 1) if key[8:] not in NAMES]
        new_kinds = {_kind(old): _kind(new) for new, old in enumerate(kept, 1)}
        items = [item for item in self.items if not self._is_label(item)]
        if self.is_by_key:
            items = [item[:4] + new_kinds.get(item[4:8], item[4:8]) + item[8:] for item in items]
        keys = tuple(self.keys[number - 1] for number in kept)
        return self._replace(keys=keys, items=tuple(items))

    def with_label(self, text: str) -> Metadata:
        """The same with an item of the key AIGC."""
        key = boxed(_BY_KEY, NAMES[0])
        value = boxed(b"data", struct.pack(">II", _UTF8, 0) + text.encode("ascii"))
        item = boxed(_kind(len(self.keys) + 1), value)
        return self._replace(keys=(*self.keys, key), items=(*self.items, item))

    def to_box(self) -> bytes:
        """The box; nothing when no item and nothing else of worth is left in it."""
        if not self.items and {kind for kind, _ in self.parts} <= {b"hdlr", b"free", b"skip"}:
            return b""
        whole = [self.head]
        for kind, part in self.parts:
            whole.append(part)
            if kind == b"hdlr":
                if self.keys:
                    count = struct.pack(">II", 0, len(self.keys))
                    whole.append(boxed(b"keys", count + b"".join(self.keys)))
                whole.append(boxed(b"ilst", b"".join(self.items)))
        return boxed(b"meta", b"".join(whole))

    def _is_label(self, item: bytes) -> bool:
        """Whether an item is named so: by its kind, its key, or its own name as in iTunes."""
        kind = item[4:8]
        if kind in NAMES:
            return True
        if kind == _ITUNES_OWN:
            return any(box[4:8] == b"name" and box[12:] in NAMES for box in _split(item[8:]))
        number = int.from_bytes(kind, "big")
        return (
            self.is_by_key and 0 < number <= len(self.keys) and self.keys[number - 1][8:] in NAMES
        )


def _split(content: bytes) -> Iterator[bytes]:
    """The boxes that content is made of; keys look the same."""
    for box in children(content, 0, len(content)):
        yield content[box.at : box.end]


def _kind(number: int) -> bytes:
    return struct.pack(">I", number)


def _text(item: bytes) -> str:
    for box in _split(item[8:]):
        if box[4:8] == b"data":
            return box[16:].decode("utf-8", "replace")
    raise ValueError("an item of the metadata has no value")
