"""The pictures on a scene's surfaces, marked with the image watermark and read again.

Only pictures of colour that lie in the GLB file itself are touched. What measures something (bumps,
roughness, occlusion) stays, and so does every vertex.

Source: glTF 2.0 specification (ISO/IEC 12113:2022), sections 3.6.1, 3.8 and 3.9.
"""

from __future__ import annotations

import copy
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, Final

from countermark import image, watermark
from countermark.containers import Content, DamagedFile, Glb, Span, Splice, glb_parts, write_glb
from countermark.containers.gltf import GltfJson, expect_object
from countermark.containers.splicing import moved
from countermark.errors import ImageError
from countermark.image import Picture
from countermark.watermark import Strength

LEAST_SIDE: Final = 256
"""Pixels; the watermark is not put into smaller textures."""

_ALIGNMENT: Final = 4
_FORMATS: Final = ("JPEG", "PNG")


@dataclass(frozen=True, slots=True)
class Texture:
    """A picture of colour in a scene.

    `number`: of the image in the file. `name`: as the file has it. `reason`: why it holds no
    watermark, in a few words; None for one that does.
    """

    number: int
    name: str | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """A GLB file, and what its JSON says."""

    asset: Content
    parts: Glb
    json: GltfJson


def opened(asset: Content) -> Scene:
    """The scene in a GLB file; raises `DamagedFile`."""
    parts = glb_parts(asset)
    start, end = parts.json
    return Scene(asset, parts, GltfJson(asset[start:end]))


def mark_textures(
    scene: Scene, out: BinaryIO, payload: int, *, strength: Strength
) -> tuple[Texture, ...]:
    """Copy a scene with the payload in its textures, each in its own format; what became of them.

    Nothing is written when none of them can hold it.

    Raises `DamagedFile`, `InvalidPayload`, `InvalidStrength`.
    """
    views = _views(scene)
    found: list[Texture] = []
    changes: dict[int, tuple[Span, bytes]] = {}
    for number, one in _colours(scene.json):
        view = one.get("bufferView")
        name = one["name"] if isinstance(one.get("name"), str) else None
        if type(view) is not int or view not in views:
            found.append(Texture(number, name, "it does not lie in the file"))
            continue
        if view not in changes:
            span = views[view]
            _check_alone(scene, view, span)
            try:
                marked = _marked(scene.asset[slice(*span)], payload, strength)
            except _Unfit as unfit:
                found.append(Texture(number, name, str(unfit)))
                continue
            changes[view] = span, marked
        found.append(Texture(number, name))
    if changes:
        _write(scene, out, changes)
    return tuple(found)


def payloads(scene: Scene) -> Iterator[int]:
    """The payloads in the textures of a scene, one for each texture that holds one."""
    views = _views(scene)
    for _, one in _colours(scene.json):
        view = one.get("bufferView")
        if type(view) is int and view in views:
            try:
                picture = _picture(scene.asset[slice(*views[view])])
                found = watermark.detect(picture.pixels)
            except (_Unfit, ImageError):
                continue
            if found is not None:
                yield found.payload


def has_textures(scene: Scene) -> bool:
    """Whether there are pictures that could hold the watermark."""
    views = _views(scene)
    return any(one.get("bufferView") in views for _, one in _colours(scene.json))


class _Unfit(Exception):
    """Why a texture holds no watermark."""


def _picture(content: bytes) -> Picture:
    try:
        picture = image.read(io.BytesIO(content))
    except ImageError as error:
        raise _Unfit(f"it cannot be decoded: {error.problem}") from error
    if picture.format not in _FORMATS:
        raise _Unfit(f"it is {picture.format}")
    if min(picture.width, picture.height) < LEAST_SIDE:
        raise _Unfit(f"it has {picture.width} x {picture.height} pixels")
    return picture


def _marked(content: bytes, payload: int, strength: Strength) -> bytes:
    """A picture as stored, whatever its EXIF says of turns: glTF does not look at that."""
    picture = _picture(content)
    pixels = watermark.embed(picture.pixels, payload, strength=strength)
    encoded = image.encode(replace(picture, pixels=pixels))
    found = watermark.detect(image.read(io.BytesIO(encoded)).pixels, effort="aligned")
    if found is None or found.payload != payload:
        raise _Unfit("the watermark cannot be read back from it")
    return encoded


def _colours(scene: GltfJson) -> Iterator[tuple[int, dict[str, Any]]]:
    """The images that give colour or light to materials, and nothing else."""
    images, textures = scene.array("images"), scene.array("textures")
    colours: set[int] = set()
    measures: set[int] = set()
    for material in scene.array("materials"):
        surface = expect_object(material, "pbrMetallicRoughness")
        for holder, name, numbers in (
            (surface, "baseColorTexture", colours),
            (material, "emissiveTexture", colours),
            (surface, "metallicRoughnessTexture", measures),
            (material, "normalTexture", measures),
            (material, "occlusionTexture", measures),
        ):
            index = expect_object(holder, name).get("index")
            if type(index) is int and 0 <= index < len(textures):
                source = textures[index].get("source")
                if type(source) is int and 0 <= source < len(images):
                    numbers.add(source)
    return ((number, images[number]) for number in sorted(colours - measures))


def _views(scene: Scene) -> dict[int, Span]:
    """Where in the file those buffer views lie that are in its chunk BIN."""
    found = _ranges(scene, scene.json.array("bufferViews"))
    return {number: span for number, span, _ in found if number is not None}


def _ranges(
    scene: Scene, views: list[dict[str, Any]]
) -> Iterator[tuple[int | None, Span, dict[str, Any]]]:
    """What of the chunk BIN is in use: the number of a view, its range, the object that states it.

    The number is None for what extensions state, such as the packed form of a view.
    """
    buffers = scene.json.array("buffers")
    if scene.parts.binary is None or not buffers or "uri" in buffers[0]:
        return
    start, end = scene.parts.binary
    for number, view in enumerate(views):
        extensions = expect_object(view, "extensions").values()
        packed = [one for one in extensions if isinstance(one, dict) and "buffer" in one]
        for which, one in [(number, view), *((None, inner) for inner in packed)]:
            if one.get("buffer") != 0:
                continue
            at, length = one.get("byteOffset", 0), one.get("byteLength")
            if type(at) is not int or type(length) is not int or at < 0 or length < 1:
                raise DamagedFile(f"the buffer view {number} has no place")
            if start + at + length > end:
                raise DamagedFile(f"the buffer view {number} ends behind its buffer")
            yield which, (start + at, start + at + length), one


def _check_alone(scene: Scene, view: int, span: Span) -> None:
    for number, other, _ in _ranges(scene, scene.json.array("bufferViews")):
        if number != view and other[0] < span[1] and span[0] < other[1]:
            raise DamagedFile(f"the buffer view {view} of a texture overlaps another")


def _write(scene: Scene, out: BinaryIO, changes: dict[int, tuple[Span, bytes]]) -> None:
    """Put pictures in the places of others, so that all that follows keeps its alignment."""
    parts = scene.parts
    assert parts.binary is not None
    splices = [
        Splice(*span, content + bytes(-(len(content) - (span[1] - span[0])) % _ALIGNMENT))
        for span, content in sorted(changes.values())
    ]
    start, end = parts.binary
    views, buffers = copy.deepcopy((scene.json.array("bufferViews"), scene.json.array("buffers")))
    for number, (at, _), stated in list(_ranges(scene, views)):
        stated["byteOffset"] = moved(splices, at) - start
        if number in changes:
            stated["byteLength"] = len(changes[number][1])
    length = buffers[0].get("byteLength")
    if type(length) is not int or not 0 < length <= end - start:
        raise DamagedFile("its buffer is not as long as it states")
    buffers[0]["byteLength"] = moved(splices, start + length) - start
    json = scene.json.changed({"bufferViews": views, "buffers": buffers})
    write_glb(scene.asset, out, parts, json, splices)
