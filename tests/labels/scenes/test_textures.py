"""The watermark in the textures of scenes: all else stays, and it is read again."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from countermark.errors import (
    InvalidArgument,
    InvalidPayload,
    MarkNotReadable,
    SourceNotFound,
    UnreadableScene,
    UnsupportedContainer,
)
from countermark.labels import aigc
from countermark.labels.scenes import Texture, find_payloads, has_textures, label_scene

from .conftest import LABEL, PAYLOAD, RECORD, content, mesh_of, packed, unpacked

File = Callable[..., Path]


def test_scene_has_watermark_and_label_at_once(cube: bytes, file: File) -> None:
    path = file(cube)
    done = label_scene(path, path, label=LABEL, record=RECORD, payload=PAYLOAD)
    assert (done.label, done.textures) == (LABEL, (Texture(0, None),))
    assert find_payloads(path) == (PAYLOAD,)
    assert find_payloads(io.BytesIO(path.read_bytes())) == (PAYLOAD,)
    assert aigc.read(path).label == LABEL
    assert find_payloads(io.BytesIO(cube)) == ()


def test_foreign_reader_finds_geometry_and_measures_as_they_were(cube: bytes, file: File) -> None:
    path = file(cube)
    label_scene(path, path, payload=PAYLOAD)
    before, after = mesh_of(cube), mesh_of(path.read_bytes())
    assert np.array_equal(before.vertices, after.vertices)
    assert np.array_equal(before.faces, after.faces)
    assert np.array_equal(before.visual.uv, after.visual.uv)
    materials = [one.visual.material for one in (before, after)]
    rough = [np.asarray(one.metallicRoughnessTexture) for one in materials]
    assert np.array_equal(*rough)
    colours = [np.asarray(one.baseColorTexture).astype(int) for one in materials]
    changes = np.abs(colours[0] - colours[1])
    assert 0 < changes.max() < 32
    assert changes.mean() < 3


@pytest.fixture
def marked(room: bytes, file: File) -> tuple[bytes, tuple[Texture, ...]]:
    path = file(room)
    done = label_scene(path, path, payload=PAYLOAD)
    assert done.label is None
    return path.read_bytes(), done.textures


def test_each_texture_is_marked_in_its_format_or_said_not_to_be(
    room: bytes, marked: tuple[bytes, tuple[Texture, ...]]
) -> None:
    after, textures = marked
    assert [(one.number, one.name, one.reason) for one in textures] == [
        (0, "墙", None),
        (1, None, None),
        (2, None, "it has 64 x 64 pixels"),
        (3, None, "it cannot be decoded: The file is a GIF file."),
        (5, None, "it does not lie in the file"),
    ]
    for view, form in ((0, "JPEG"), (2, "PNG")):
        pictures = [Image.open(io.BytesIO(content(glb, view))) for glb in (room, after)]
        assert [one.format for one in pictures] == [form, form]
        assert pictures[0].size == pictures[1].size
        assert content(room, view) != content(after, view)
    assert find_payloads(io.BytesIO(after)) == (PAYLOAD,)


def test_all_else_keeps_every_byte_and_its_alignment(
    room: bytes, marked: tuple[bytes, tuple[Texture, ...]]
) -> None:
    after, _ = marked
    for view in (1, 3, 4, 5, 6):
        assert content(room, view) == content(after, view)
    members, binary = unpacked(after)
    former, former_binary = unpacked(room)
    assert len(binary) != len(former_binary)
    for stated in members["bufferViews"][:7]:
        assert stated["byteOffset"] % 4 == 0
    place = members["bufferViews"][7]["extensions"]["EXT_meshopt_compression"]
    at = place["byteOffset"]
    assert binary[at : at + place["byteLength"]] == b"packed form!"
    assert members["bufferViews"][7]["buffer"] == 1
    assert members["buffers"] == [{"byteLength": len(binary)}, {"byteLength": 96}]
    for name in ("asset", "images", "textures", "materials"):
        assert members[name] == former[name]


def test_texture_that_shares_its_bytes_is_refused(room: bytes, file: File) -> None:
    members, binary = unpacked(room)
    members["bufferViews"][1]["byteOffset"] -= 40
    path = file(packed(members, binary))
    before = path.read_bytes()
    with pytest.raises(UnreadableScene, match="buffer view 0 of a texture overlaps another"):
        label_scene(path, path, payload=PAYLOAD)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"byteOffset": 1 << 40}, "the buffer view 0 ends behind its buffer"),
        ({"byteLength": 1 << 40}, "the buffer view 0 ends behind its buffer"),
        ({"byteLength": -4}, "the buffer view 0 has no place"),
        ({"byteOffset": -4}, "the buffer view 0 has no place"),
        ({"byteOffset": "0"}, "the buffer view 0 has no place"),
        ({"byteLength": None}, "the buffer view 0 has no place"),
        ({"extensions": []}, "its extensions is no object"),
    ],
)
def test_views_that_lie_nowhere_are_refused(
    room: bytes, file: File, change: dict[str, Any], problem: str
) -> None:
    members, binary = unpacked(room)
    members["bufferViews"][0].update(change)
    path = file(packed(members, binary))
    for use in (lambda: label_scene(path, path, payload=PAYLOAD), lambda: find_payloads(path)):
        with pytest.raises(UnreadableScene, match=problem):
            use()


def test_scene_without_a_texture_for_it_is_refused(file: File) -> None:
    path = file(packed({"asset": {"version": "2.0"}}, b"1234"))
    assert not has_textures(path)
    assert find_payloads(path) == ()
    with pytest.raises(MarkNotReadable, match="there is none"):
        label_scene(path, path, label=LABEL, payload=PAYLOAD)
    assert aigc.read(path).verdict is aigc.Verdict.NOT_FOUND


def test_texture_that_loses_the_mark_is_refused_with_the_reason(
    room: bytes, file: File, as_file: Callable[..., bytes]
) -> None:
    flat = as_file(Image.new("RGB", (300, 300), "gray"))
    members, _ = unpacked(room)
    members["bufferViews"] = [{"buffer": 0, "byteLength": len(flat)}]
    members["buffers"] = [{"byteLength": len(flat)}]
    members["images"], members["textures"] = [{"bufferView": 0}], [{"source": 0}]
    members["materials"] = members["materials"][-1:]
    path = file(packed(members, flat))
    assert has_textures(path)
    with pytest.raises(MarkNotReadable, match=r"image 0: the watermark cannot be read back"):
        label_scene(path, path, payload=PAYLOAD, strength=0.001)  # type: ignore[arg-type]


def test_arguments_are_checked(room: bytes, file: File, tmp_path: Path) -> None:
    path, out = file(room), tmp_path / "out.glb"
    with pytest.raises(InvalidArgument, match="neither a label nor a payload"):
        label_scene(path, out, record=RECORD)
    with pytest.raises(InvalidPayload):
        label_scene(path, out, payload=1 << 64)
    with pytest.raises(SourceNotFound):
        label_scene(tmp_path / "none.glb", out, payload=PAYLOAD)
    for other in (b"\x89PNG\r\n\x1a\n", json.dumps({}).encode(), b"glTF\1\0\0\0" + bytes(99)):
        with pytest.raises(UnsupportedContainer):
            find_payloads(io.BytesIO(other))
    assert not out.exists()


def test_copy_has_no_more_rights_than_its_source(room: bytes, file: File, tmp_path: Path) -> None:
    path, out = file(room), tmp_path / "out.glb"
    path.chmod(0o600)
    label_scene(path, out, label=LABEL, payload=PAYLOAD)
    assert out.stat().st_mode & 0o777 == 0o600
