"""The label in glTF scenes: written, read by a foreign reader, and refused where it must be."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from countermark.errors import LabelNotWritten
from countermark.labels import aigc
from countermark.labels.aigc import AigcLabel, Verdict

from .conftest import LABEL, RECORD, mesh_of, packed, unpacked

OTHER = AigcLabel.produced("001191310104MACE0YX63918020", "another-room-with-a-longer-name")
NAMESPACE = "http://www.tc260.org.cn/ns/AIGC/1.0/"


def written(glb: bytes, label: AigcLabel = LABEL, **options: Any) -> bytes:
    out = io.BytesIO()
    aigc.write(io.BytesIO(glb), out, label, **options)
    return out.getvalue()


def read(glb: bytes) -> aigc.Reading:
    return aigc.read(io.BytesIO(glb))


def with_packet(packet: dict[str, Any], **asset: Any) -> dict[str, Any]:
    """A scene that states this packet."""
    extension = {"KHR_xmp_json_ld": {"packet": 0}}
    return {
        "asset": {"version": "2.0", "extensions": extension, **asset},
        "extensionsUsed": ["KHR_xmp_json_ld"],
        "extensions": {"KHR_xmp_json_ld": {"packets": [packet]}},
    }


def test_label_stands_in_the_packet_of_the_asset(cube: bytes) -> None:
    assert read(cube).verdict is Verdict.NOT_FOUND
    after = written(cube, record=RECORD)
    members, binary = unpacked(after)
    former, former_binary = unpacked(cube)
    assert members["asset"].pop("extensions") == {"KHR_xmp_json_ld": {"packet": 0}}
    (packet,) = members.pop("extensions")["KHR_xmp_json_ld"]["packets"]
    assert members.pop("extensionsUsed") == ["KHR_xmp_json_ld"]
    assert (members, binary) == (former, former_binary)
    assert packet["@context"]["TC260"] == NAMESPACE
    assert packet["TC260:AIGC"] == LABEL.to_json()
    assert packet["Iptc4xmpExt:DigitalSourceType"] == RECORD.source.uri
    assert packet["Iptc4xmpExt:AISystemUsed"] == "Example Model"
    assert "extensionsRequired" not in members
    reading = read(after)
    assert (reading.verdict, reading.label) == (Verdict.COMPLIANT, LABEL)


def test_foreign_reader_finds_the_same_scene(cube: bytes) -> None:
    before, after = mesh_of(cube), mesh_of(written(cube, record=RECORD))
    assert np.array_equal(before.vertices, after.vertices)
    assert np.array_equal(before.faces, after.faces)
    assert np.array_equal(before.visual.uv, after.visual.uv)
    for name in ("baseColorTexture", "metallicRoughnessTexture"):
        pictures = [np.asarray(getattr(one.visual.material, name)) for one in (before, after)]
        assert np.array_equal(*pictures)


def test_written_again_it_takes_the_place_of_the_former(cube: bytes) -> None:
    once = written(cube, record=RECORD)
    assert written(once, record=RECORD) == once
    twice = written(once, OTHER)
    assert [one.label for one in read(twice).found] == [OTHER]
    assert b"room-7" not in unpacked_text(twice)


def unpacked_text(glb: bytes) -> bytes:
    return glb[20 : 20 + int.from_bytes(glb[12:16], "little")]


def test_other_text_keeps_every_byte() -> None:
    text = b'{ "asset": {"version":"2.0"},\n "scale" : [1.50, 1e-7],  "name":"\\u56fe" }'
    found = unpacked_text(written(packed(text)))
    assert found.startswith(b'{ "asset": {"version":"2.0","extensions"')
    assert b',\n "scale" : [1.50, 1e-7],  "name":"\\u56fe" ,"extensions":' in found


@pytest.mark.parametrize(
    "packet",
    [
        {"@context": {"TC260": NAMESPACE}, "TC260:AIGC": OTHER.to_json()},
        {"@context": {"x": NAMESPACE}, "x:AIGC": {"@value": OTHER.to_json()}},
        {"@context": [{"AIGC": NAMESPACE + "AIGC"}], "AIGC": [OTHER.to_json()]},
        {"@context": {"label": {"@id": NAMESPACE + "AIGC"}}, "label": OTHER.to_json()},
        {"@context": {"@vocab": NAMESPACE}, "AIGC": OTHER.to_json()},
        {NAMESPACE + "AIGC": OTHER.to_json()},
    ],
    ids=["prefix", "value", "term", "object", "vocabulary", "whole"],
)
def test_every_form_of_json_ld_is_read_and_replaced(packet: dict[str, Any]) -> None:
    kept = {**packet, "dc:title": "图"}
    before = packed(with_packet(kept))
    assert (read(before).verdict, read(before).label) == (Verdict.COMPLIANT, OTHER)
    after = written(before)
    assert [one.label for one in read(after).found] == [LABEL]
    (found,) = unpacked(after)[0]["extensions"]["KHR_xmp_json_ld"]["packets"]
    assert found["dc:title"] == "图"
    assert "another-room" not in json.dumps(found)


@pytest.mark.parametrize(
    "members",
    [
        {"asset": {"version": "2.0", "extras": {"AIGC": OTHER.members(), "mood": 1}}},
        {"asset": {"version": "2.0"}, "extras": {"aigc": OTHER.to_json(), "mood": 1}},
    ],
    ids=["asset", "scene"],
)
def test_label_in_extras_is_found_and_replaced(members: dict[str, Any]) -> None:
    reading = read(packed(members))
    assert (reading.verdict, reading.label) == (Verdict.NONCOMPLIANT, OTHER)
    assert not reading.found[0].carried.is_proper
    after = written(packed(members))
    assert [one.label for one in read(after).found] == [LABEL]
    found = unpacked(after)[0]
    assert {"mood": 1} in (found.get("extras"), found["asset"].get("extras"))


def test_two_labels_are_a_finding_and_become_one() -> None:
    packet = {"@context": {"TC260": NAMESPACE}, "TC260:AIGC": OTHER.to_json()}
    both = packed(with_packet(packet, extras={"AIGC": OTHER.to_json()}))
    assert read(both).verdict is Verdict.NONCOMPLIANT
    assert len(read(both).found) == 2
    assert [one.label for one in read(written(both)).found] == [LABEL]


def test_prefix_that_means_something_else_stays() -> None:
    packet = {"@context": {"TC260": "http://example.org/"}, "TC260:mood": "calm"}
    (found,) = unpacked(written(packed(with_packet(packet))))[0]["extensions"]["KHR_xmp_json_ld"][
        "packets"
    ]
    assert found["@context"] == {"TC260": "http://example.org/", "TC260_": NAMESPACE}
    assert (found["TC260:mood"], found["TC260_:AIGC"]) == ("calm", LABEL.to_json())


def test_gltf_in_json_is_known_by_its_name(file: Callable[..., Path]) -> None:
    path = file(b'{"asset":{"version":"2.0"},"buffers":[{"uri":"room.bin"}]}\n', "room.gltf")
    aigc.write(path, path, LABEL, record=RECORD)
    assert (aigc.read(path).verdict, aigc.read(path).label) == (Verdict.COMPLIANT, LABEL)
    members = json.loads(path.read_bytes())
    assert members["buffers"] == [{"uri": "room.bin"}]
    assert not path.read_bytes().endswith(b" ")


GOOD = packed({"asset": {"version": "2.0"}}, b"1234")
DEEP = b'{"asset":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
BAD = {
    "cut off": GOOD[:-1],
    "more behind": GOOD + b"more",
    "chunk too long": GOOD[:12] + struct.pack("<I", 1 << 31) + GOOD[16:],
    "chunk of 4 GiB": GOOD[:12] + b"\xff\xff\xff\xff" + GOOD[16:],
    "no JSON first": GOOD[:16] + b"BIN\0" + GOOD[20:],
    "header alone": struct.pack("<4sII", b"glTF", 2, 12),
    "no JSON": packed(b"<asset/>"),
    "no object": packed(b"[1]"),
    "no UTF-8": packed(b'{"asset":{"a":"\xff"}}'),
    "member twice": packed(b'{"asset":{"version":"2.0","version":"3.0"}}'),
    "no number": packed(b'{"asset":{"version":"2.0"},"a":NaN}'),
    "deep": packed(DEEP),
    "asset is a text": packed(b'{"asset":"2.0"}'),
    "no asset": packed(b"{}"),
    "packets are no array": packed(
        b'{"asset":{},"extensions":{"KHR_xmp_json_ld":{"packets":{"a":1}}}}'
    ),
    "packet that is not there": packed(
        b'{"asset":{"extensions":{"KHR_xmp_json_ld":{"packet":4}}}}'
    ),
    "extensionsUsed is a text": packed(b'{"asset":{},"extensionsUsed":"a"}'),
}


@pytest.mark.parametrize("name", BAD)
def test_hostile_file_is_refused_clearly(file: Callable[..., Path], name: str) -> None:
    path = file(BAD[name])
    with pytest.raises(LabelNotWritten, match="cannot be put into the file: "):
        aigc.write(path, path, LABEL)
    assert path.read_bytes() == BAD[name]
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    # Where one cannot look it is never said that there is no label.
    unharmed = ("no asset", "packet that is not there", "extensionsUsed is a text")
    expected = Verdict.NOT_FOUND if name in unharmed else Verdict.INCONCLUSIVE
    assert aigc.read(path).verdict is expected


def test_large_chunk_is_copied_in_pieces(file: Callable[..., Path], peak: Any) -> None:
    size = 96 << 20
    head = packed({"asset": {"version": "2.0"}})
    path = file(b"", "large.glb")
    with path.open("wb") as out:
        out.write(head[:8] + struct.pack("<I", len(head) + 8 + size) + head[12:])
        out.write(struct.pack("<I", size) + b"BIN\0")
        out.truncate(len(head) + 8 + size)
    assert peak(lambda: aigc.write(path, path, LABEL)) < 4 << 20
    assert aigc.read(path).label == LABEL
    assert path.stat().st_size > size
