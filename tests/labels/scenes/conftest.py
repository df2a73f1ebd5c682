"""Scenes by a foreign writer, trimesh, and others laid out by hand; a foreign reader."""

from __future__ import annotations

import io
import json
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from PIL import Image

from countermark.labels.aigc import AigcLabel
from countermark.record import DigitalSource, Record, System

PAYLOAD = 0x0011223344556677
LABEL = AigcLabel.produced("001191110102MACQD9K64010000", "room-7")
RECORD = Record(source=DigitalSource.AI_GENERATED, system=System(name="Example Model", version="3"))
SIDE = 320


def packed(members: dict[str, Any] | bytes, binary: bytes | None = None) -> bytes:
    """A GLB file with this JSON, as text or as members, and this chunk BIN."""
    text = members if isinstance(members, bytes) else json.dumps(members).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I", len(text)) + b"JSON" + text
    if binary is not None:
        binary += bytes(-len(binary) % 4)
        chunks += struct.pack("<I", len(binary)) + b"BIN\0" + binary
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def unpacked(glb: bytes) -> tuple[dict[str, Any], bytes]:
    """JSON and chunk BIN of a file, whose chunks are whole and aligned."""
    magic, version, length = struct.unpack_from("<4sII", glb)
    assert (magic, version, length) == (b"glTF", 2, len(glb))
    size, kind = struct.unpack_from("<I4s", glb, 12)
    assert (kind, size % 4) == (b"JSON", 0)
    text, rest = glb[20 : 20 + size], glb[20 + size :]
    if not rest:
        return json.loads(text), b""
    size, kind = struct.unpack_from("<I4s", rest)
    assert (kind, size % 4, len(rest)) == (b"BIN\0", 0, 8 + size)
    return json.loads(text), rest[8:]


def content(glb: bytes, view: int) -> bytes:
    """The bytes of a buffer view."""
    members, binary = unpacked(glb)
    stated = members["bufferViews"][view]
    at = stated.get("byteOffset", 0)
    assert at + stated["byteLength"] <= members["buffers"][0]["byteLength"] <= len(binary)
    return binary[at : at + stated["byteLength"]]


@pytest.fixture(scope="session")
def texture(photograph: Callable[..., Image.Image]) -> Image.Image:
    """A square of a photograph."""
    return photograph("coffee", 600).crop((60, 20, 60 + SIDE, 20 + SIDE))


@pytest.fixture(scope="session")
def cube(texture: Image.Image) -> bytes:
    """A cube by trimesh, with a base colour and a texture of what it measures."""
    mesh = trimesh.creation.box()
    surface = trimesh.visual.material.PBRMaterial(
        baseColorTexture=texture, metallicRoughnessTexture=texture.rotate(90)
    )
    places = np.random.default_rng(1).random((len(mesh.vertices), 2))
    mesh.visual = trimesh.visual.TextureVisuals(uv=places, material=surface)
    return bytes(mesh.export(file_type="glb"))


@pytest.fixture(scope="session")
def room(texture: Image.Image, as_file: Callable[..., bytes]) -> bytes:
    """By hand: pictures before, between and behind the numbers, of lengths that are not aligned."""
    jpeg, png = as_file(texture), as_file(texture.rotate(180), "PNG")
    small, gif = as_file(texture.resize((64, 64)), "PNG"), as_file(texture, "GIF")
    parts = [jpeg, b"numbers 1234", png, b"packed form!", small, gif, jpeg, b"more numbers"]
    views, binary = [], b""
    for part in parts:
        views.append({"buffer": 0, "byteOffset": len(binary), "byteLength": len(part)})
        binary += part + bytes(-len(part) % 4)
    packed_view = views.pop(3)
    views.append(
        {"buffer": 1, "byteLength": 96, "extensions": {"EXT_meshopt_compression": packed_view}}
    )
    # Views: 0 JPEG, 1 numbers, 2 PNG, 3 small, 4 GIF, 5 JPEG of bumps, 6 numbers, 7 packed
    members = {
        "asset": {"version": "2.0"},
        "buffers": [{"byteLength": len(binary)}, {"byteLength": 96}],
        "bufferViews": views,
        "images": [
            {"bufferView": 0, "mimeType": "image/jpeg", "name": "墙"},
            {"bufferView": 2, "mimeType": "image/png"},
            {"bufferView": 3, "mimeType": "image/png"},
            {"bufferView": 4, "mimeType": "image/gif"},
            {"bufferView": 5, "mimeType": "image/jpeg"},
            {"uri": "elsewhere.png"},
        ],
        "textures": [{"source": number} for number in range(6)],
        "materials": [
            {
                "pbrMetallicRoughness": {"baseColorTexture": {"index": 0}},
                "emissiveTexture": {"index": 1},
                "normalTexture": {"index": 4},
            },
            {
                "pbrMetallicRoughness": {"baseColorTexture": {"index": 2}},
                "emissiveTexture": {"index": 3},
            },
            {"pbrMetallicRoughness": {"baseColorTexture": {"index": 5}}},
            {"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}},
        ],
    }
    return packed(members, binary)


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    """A file with some content."""

    def file(content: bytes, name: str = "room.glb") -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return file


def mesh_of(glb: bytes) -> Any:
    """What trimesh reads."""
    return trimesh.load(io.BytesIO(glb), file_type="glb", force="mesh", process=False)


@pytest.fixture
def peak() -> Callable[[Callable[[], object]], int]:
    """The most memory that Python had in use at once while something ran."""

    def peak(run: Callable[[], object]) -> int:
        tracemalloc.start()
        try:
            run()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    return peak
