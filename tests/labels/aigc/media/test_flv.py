"""The label in FLV: the script tag, positions in it, damaged values."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import Any

import pytest

from countermark.errors import LabelNotWritten
from countermark.labels import aigc
from countermark.labels.aigc.carriers import amf

VIDEO = b"\x17\x01\0\0\0FRAME"


def tag(kind: int, body: bytes) -> bytes:
    whole = bytes((kind,)) + len(body).to_bytes(3, "big") + bytes(7) + body
    return whole + struct.pack(">I", len(whole))


def name(text: str) -> bytes:
    return struct.pack(">H", len(text)) + text.encode()


def number(value: float) -> bytes:
    return struct.pack(">Bd", 0, value)


def flv(*tags: bytes) -> bytes:
    return b"FLV\1\1\0\0\0\x09" + bytes(4) + b"".join(tags)


def script(*pairs: bytes) -> bytes:
    return tag(18, amf.string(b"onMetaData") + amf.array(list(pairs)))


@pytest.fixture
def put(label: aigc.AigcLabel) -> Callable[[bytes], bytes]:
    """The content of a film with the label."""

    def put(content: bytes) -> bytes:
        out = io.BytesIO()
        aigc.write(io.BytesIO(content), out, label)
        assert aigc.read(io.BytesIO(out.getvalue())).label == label
        return out.getvalue()

    return put


def test_film_without_metadata_gets_some(put: Callable[[bytes], bytes]) -> None:
    content = flv(tag(9, VIDEO))
    now = put(content)
    assert now[:13] == content[:13]
    assert now.endswith(content[13:])
    assert now[13] == 18


def test_positions_of_key_frames_lead_to_them(labelled: Callable[[str], Any]) -> None:
    content = labelled("index.flv").after.read_bytes()
    at = content.index(b"filepositions") + 13
    (count,) = struct.unpack_from(">I", content, at + 1)
    places = [int(struct.unpack_from(">d", content, at + 6 + 9 * n)[0]) for n in range(count)]
    assert count > 2
    for place in places:
        assert (content[place], content[place + 11] >> 4) == (9, 1)  # a key frame of the film
    size = struct.unpack_from(">d", content, content.index(b"filesize") + 9)[0]
    assert size == len(content)


def test_forms_of_others_are_read_and_replaced(
    put: Callable[[bytes], bytes], label: aigc.AigcLabel
) -> None:
    long = b"\x0c" + struct.pack(">I", 2) + b"{}"
    nested = name("more") + b"\3" + name("AIGC") + amf.string(b"inner") + b"\0\0\x09"
    first = script(name("width") + number(64), name("AIGC") + long, nested)
    second = script(name("AIGC") + amf.string(b"[]"))
    content = flv(first, tag(9, VIDEO), second, tag(9, VIDEO))
    reading = aigc.read(io.BytesIO(content))
    assert [one.carried.text for one in reading.found] == ["{}", "[]"]
    now = put(content)
    assert [one.label for one in aigc.read(io.BytesIO(now)).found] == [label]
    assert name("width") + number(64) + nested in now
    assert now.count(tag(9, VIDEO)) == 2


def test_array_without_an_end_is_read(put: Callable[[bytes], bytes]) -> None:
    body = amf.string(b"onMetaData") + amf.array([name("width") + number(64)])
    assert name("width") + number(64) in put(flv(tag(18, body[:-3])))


def test_label_that_is_no_text_is_replaced(put: Callable[[bytes], bytes]) -> None:
    content = flv(script(name("AIGC") + number(1)))
    assert aigc.read(io.BytesIO(content)).verdict is aigc.Verdict.INCONCLUSIVE
    put(content)


DAMAGED = {
    "an unknown kind": script(name("a") + b"\x11"),
    "a text beyond the end": tag(18, amf.string(b"onMetaData") + b"\3" + name("a") + b"\2\xff\xff"),
    "no object": tag(18, amf.string(b"onMetaData") + number(1)),
    "a list of billions": script(name("a") + b"\x0a\xff\xff\xff\xff"),
    "a tag beyond the end": tag(9, VIDEO)[:-6],
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_damaged_metadata_are_refused_and_never_said_to_hold_nothing(
    damage: str, label: aigc.AigcLabel
) -> None:
    content = flv(DAMAGED[damage])
    assert aigc.read(io.BytesIO(content)).verdict is aigc.Verdict.INCONCLUSIVE
    with pytest.raises(LabelNotWritten):
        aigc.write(io.BytesIO(content), io.BytesIO(), label)


def test_full_metadata_are_refused(label: aigc.AigcLabel) -> None:
    texts = (
        name(f"text {n}") + b"\x0c" + struct.pack(">I", 1 << 20) + bytes(1 << 20) for n in range(15)
    )
    last = name("last") + b"\x0c" + struct.pack(">I", (1 << 20) - 400) + bytes((1 << 20) - 400)
    content = flv(script(*texts, last))
    with pytest.raises(LabelNotWritten, match="full"):
        aigc.write(io.BytesIO(content), io.BytesIO(), label)
