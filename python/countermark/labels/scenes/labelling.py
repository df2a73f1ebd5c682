"""Scenes with all that a file can hold of labels: in the metadata, and in the textures."""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import BinaryIO, Final

from countermark import containers, files
from countermark.containers import DamagedFile, StreamContent, TooManyParts
from countermark.errors import (
    DestinationNotWritable,
    InvalidArgument,
    MarkLost,
    MarkNotReadable,
    SourceNotFound,
    UnreadableScene,
    UnsupportedContainer,
)
from countermark.labels import aigc
from countermark.labels.aigc import AigcLabel
from countermark.labels.scenes import textures
from countermark.labels.scenes.textures import Scene, Texture
from countermark.record import Record
from countermark.watermark import Strength

GLB: Final = "model/gltf-binary"


@dataclass(frozen=True, slots=True)
class LabelledScene:
    """What `label_scene` has done.

    `label`: in the metadata; None when none was asked for. `textures`: all pictures of colour in
    the scene, with the reason where one holds no watermark; empty when none was asked for.
    """

    label: AigcLabel | None
    textures: tuple[Texture, ...]


def label_scene(
    source: str | PathLike[str],
    destination: str | PathLike[str],
    *,
    label: AigcLabel | None = None,
    record: Record | None = None,
    payload: int | None = None,
    strength: Strength = Strength.BALANCED,
) -> LabelledScene:
    """Write a copy of a GLB file with the watermark in its textures and the label in its metadata.

    >>> from PIL import Image
    >>> import json, struct
    >>> text = b'{"asset":{"version":"2.0"}} '
    >>> chunk = struct.pack("<I", len(text)) + b"JSON" + text
    >>> scene = struct.pack("<4sII", b"glTF", 2, 12 + len(chunk)) + chunk
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "room.glb"
    ...     _ = path.write_bytes(scene)
    ...     label = AigcLabel.produced("001191110102MACQD9K64010000", "room-7")
    ...     done = label_scene(path, path, label=label)
    ...     aigc.read(path).label == done.label
    True

    `source`, `destination`: paths; they may be the same. `label`: by default that of the record,
    if it states what belongs there. `record`: what is stated beside it in the terms of IPTC.
    `payload`: of the watermark; without one the textures stay. `strength`: of the watermark.

    Textures are pictures of colour (base colour and emission), JPEG or PNG of 256 x 256 pixels or
    more, that lie in the file; they keep their format. Every other byte of the chunk BIN stays, if
    not in its place.

    Raises `SourceNotFound`, `UnsupportedContainer`, `InvalidArgument` without label and payload,
    `MarkNotReadable` when no texture can hold the payload, `MarkLost` when one holds another
    already, `UnreadableScene` for a damaged file,
    `LabelNotWritten` for one that does not take the label, `DestinationNotWritable`.
    """
    if label is None and record is not None and _has_codes(record):
        label = AigcLabel.of(record)
    if label is None and payload is None:
        raise InvalidArgument(
            "There is neither a label nor a payload for the scene.",
            remedy="State the label, a record with the producer's code and the number of the "
            "content, or a payload.",
        )
    place = files.target(destination)
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / "scene.glb"
        with _opened(source) as scene:
            found = () if payload is None else _mark(scene, draft, payload, strength)
        if payload is not None:
            shutil.copymode(source, draft)
        finished = source if payload is None else draft
        if label is not None:
            aigc.write(finished, place, label, record=record)
        else:
            _copy(draft, place)
    return LabelledScene(label, found)


def find_payloads(source: files.Source) -> tuple[int, ...]:
    """The payloads in the textures of a GLB file, each once.

    `source`: a path or a seekable binary stream.

    Raises `SourceNotFound`, `UnsupportedContainer`, `UnreadableScene`.
    """
    with _opened(source) as scene:
        return tuple(dict.fromkeys(textures.payloads(scene)))


def has_textures(source: files.Source) -> bool:
    """Whether a GLB file holds pictures that could hold the watermark.

    Raises as `find_payloads`.
    """
    with _opened(source) as scene:
        return textures.has_textures(scene)


def _mark(scene: Scene, draft: Path, payload: int, strength: Strength) -> tuple[Texture, ...]:
    """Write the scene with the payload in its textures, and read it again."""
    with draft.open("w+b") as out:
        _check_unmarked(scene, payload)
        try:
            found = textures.mark_textures(scene, out, payload, strength=strength)
        except OSError as error:
            raise DestinationNotWritable(
                f"The copy of the scene cannot be written ({error.strerror or error}).",
                remedy="Check the space on the disk, and that the source can be read.",
            ) from error
        if all(one.reason is not None for one in found):
            reasons = "; ".join(f"image {one.number}: {one.reason}" for one in found[:4])
            raise MarkNotReadable(
                f"No texture of the scene can hold the watermark ({reasons or 'there is none'}), "
                "so nothing was written.",
                remedy=f"Use a texture of {textures.LEAST_SIDE} pixels or more with some "
                "structure, as JPEG or PNG in the file; or mark no textures.",
            )
        if payload not in textures.payloads(textures.opened(StreamContent(out))):
            raise MarkNotReadable(
                "The watermark cannot be read back from the marked scene, so nothing was written.",
                remedy="Please report this with the kind of file.",
            )
    return found


def _check_unmarked(scene: Scene, payload: int) -> None:
    for other in textures.payloads(scene):
        if other != payload:
            raise MarkLost(
                f"The textures hold the watermark {other:016x}, which another one would replace, "
                "so nothing was written.",
                remedy="Keep that payload, or name none and leave the textures as they are.",
            )


def _copy(draft: Path, place: Path) -> None:
    with files.drafting(place, like=draft) as (out, put), draft.open("rb") as content:
        with files.writing(repr(str(place))):
            shutil.copyfileobj(content, out)
        put()


@contextmanager
def _opened(source: files.Source) -> Iterator[Scene]:
    """The scene in a file, with our own errors for what is wrong with it."""
    with ExitStack() as stack:
        try:
            if isinstance(source, (str, PathLike)):
                file: BinaryIO = stack.enter_context(Path(source).open("rb"))
            else:
                file = io.BytesIO(files.load(source))
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise SourceNotFound(
                f"The file {str(source)!r} cannot be read ({reason}).",
                remedy="Check the path and the rights.",
            ) from error
        asset = StreamContent(file)
        if containers.media_type(asset) != GLB:
            raise UnsupportedContainer(
                "The file is no GLB file of version 2.",
                remedy="Export the scene as binary glTF 2.0.",
            )
        try:
            yield textures.opened(asset)
        except (DamagedFile, TooManyParts) as error:
            raise UnreadableScene(
                f"The scene is truncated or damaged: {error}.", remedy="Obtain a whole copy."
            ) from error


def _has_codes(record: Record) -> bool:
    return (
        record.producer is not None
        and record.producer.code is not None
        and record.content_id is not None
    )
