"""Values of Action Message Format 0, as far as the metadata of FLV need them.

>>> body = array([b"\\0\\x04name" + string(b"value")])
>>> [(pair.name, pair.text(body)) for pair in pairs(body, 0)]
[(b'name', 'value')]

Source: Action Message Format AMF 0, section 2.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

_NUMBER, _STRING, _OBJECT, _ARRAY, _LIST, _LONG_STRING = 0, 2, 3, 8, 10, 12
_FIXED: Final = {_NUMBER: 8, 1: 1, 5: 0, 6: 0, 7: 2, 11: 10}
"""Bytes of the values of one length: numbers, truth values, nothing twice, references, dates."""
_LENGTHS: Final = {_STRING: ">H", _LONG_STRING: ">I", 15: ">I"}
_END: Final = b"\0\0\x09"


class Pair(NamedTuple):
    """A name and where its value lies: from the byte of its kind to its end."""

    name: bytes
    at: int
    value: int
    end: int

    def whole(self, body: bytes) -> bytes:
        """Name and value as they stand there."""
        return body[self.at : self.end]

    def text(self, body: bytes) -> str:
        """The value as a text.

        Raises `ValueError` for one of another kind.
        """
        form = _LENGTHS.get(body[self.value])
        if form is None:
            raise ValueError("the value is not a text")
        start = self.value + 1 + struct.calcsize(form)
        return body[start : self.end].decode("utf-8", "replace")

    def numbers(self, body: bytes | bytearray) -> list[tuple[int, float]]:
        """Numbers and where they lie, of a value that is one or a list of them."""
        if body[self.value] == _NUMBER:
            places = [self.value]
        elif body[self.value] == _LIST:
            places = list(range(self.value + 5, self.end, 9))
        else:
            places = []
        return [
            (at + 1, struct.unpack_from(">d", body, at + 1)[0])
            for at in places
            if body[at] == _NUMBER and at + 9 <= self.end
        ]


def string(text: bytes) -> bytes:
    """A text as a value."""
    return struct.pack(">BH", _STRING, len(text)) + text


def array(whole_pairs: list[bytes]) -> bytes:
    """An array with these pairs."""
    return struct.pack(">BI", _ARRAY, len(whole_pairs)) + b"".join(whole_pairs) + _END


def pairs(body: bytes, at: int) -> Iterator[Pair]:
    """The pairs of the object or array at an offset; some writers leave out its end.

    Raises `struct.error` and `ValueError` where it is damaged.
    """
    if body[at] not in (_OBJECT, _ARRAY):
        raise ValueError("no object")
    at += 5 if body[at] == _ARRAY else 1
    while at < len(body) and body[at : at + 3] != _END:
        (length,) = struct.unpack_from(">H", body, at)
        value = at + 2 + length
        end = _end(body, value)
        yield Pair(body[at + 2 : value], at, value, end)
        at = end


def _end(body: bytes, at: int) -> int:
    """Offset behind a value."""
    kind = body[at]
    end = at + 1
    if kind in _FIXED:
        end += _FIXED[kind]
    elif kind in _LENGTHS:
        form = _LENGTHS[kind]
        end += struct.calcsize(form) + struct.unpack_from(form, body, end)[0]
    elif kind in (_OBJECT, _ARRAY):
        end += 4 if kind == _ARRAY else 0
        for pair in pairs(body, at):
            end = pair.end
        end += len(_END)
    elif kind == _LIST:
        (count,) = struct.unpack_from(">I", body, end)
        end += 4
        for _ in range(count):
            end = _end(body, end)
    else:
        raise ValueError(f"a value of unknown kind {kind}")
    if end > len(body):
        raise ValueError("a value is longer than the metadata")
    return end
