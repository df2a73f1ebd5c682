"""USD scenes: an entry of customLayerData, and the schema AuthorshipAPI on what the scene holds.

No guide names a place in them; this is the one that the format has for data of others. It takes the
library usd-core. Layers are opened by themselves: what they refer to is neither looked for nor
changed. A package, USDZ, is written anew by the library, which keeps the contents and lets each
begin at a multiple of 64 bytes.

Source: AOUSD Core Specification 1.0, "Layer metadata" and "USDZ File Format"; OpenUSD 26.11,
UsdMediaAuthorshipAPI.
"""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

from countermark import containers
from countermark.containers import DamagedFile
from countermark.labels.aigc.carriers.extra import needing
from countermark.labels.aigc.label import AigcLabel
from countermark.labels.aigc.reading import Carried
from countermark.labels.xmp.packet import Property

LAYERS: Final = {"model/vnd.usda": ".usda", "model/vnd.usdc": ".usdc"}
"""Media types of layers, as text and binary, and how the library knows their files."""

_NAME: Final = "AIGC"
_SCHEMA: Final = "AuthorshipAPI"
_INSTANCE: Final = "countermark"
_MEMBERS: Final = {
    "DigitalSourceType": "digitalSourceType",
    "AISystemUsed": "softwarePackage",
    "AISystemVersionUsed": "softwareVersion",
}
"""Members of the schema, by properties of IPTC that state the same."""


def find(file: BinaryIO) -> Iterator[Carried]:
    """The labels in a layer."""
    with _copied(file) as path:
        yield from _find(_opened(path))


def put(file: BinaryIO, out: BinaryIO, label: AigcLabel, beside: Sequence[Property] = ()) -> None:
    """Copy a layer with the label in it."""
    with _copied(file) as path:
        out.write(_labelled(path, label, beside))


def find_package(file: BinaryIO) -> Iterator[Carried]:
    """The labels in the first layer of a package."""
    with _copied(file) as path, _unpacked(path) as (layer, _):
        yield from _find(_opened(layer))


def put_package(
    file: BinaryIO, out: BinaryIO, label: AigcLabel, beside: Sequence[Property] = ()
) -> None:
    """Copy a package with the label in its first layer."""
    with _copied(file) as path, _unpacked(path) as (layer, names):
        from pxr import Sdf

        layer.write_bytes(_labelled(layer, label, beside))
        package = path.with_name("out.usdz")
        writer = Sdf.ZipFileWriter.CreateNew(str(package))
        folder = path.with_name("entries")
        for number, name in enumerate(names):
            content = layer if number == 0 else folder / str(number)
            if not writer.AddFile(str(content), name):
                raise ValueError(f"its entry {name!r:.80} cannot be packed again")
        writer.Save()
        with package.open("rb") as finished:
            shutil.copyfileobj(finished, out)


@contextmanager
def _copied(file: BinaryIO) -> Iterator[Path]:
    """The file in a folder of its own, by the name by which the library knows its kind."""
    shown = containers.media_type(containers.StreamContent(file))
    file.seek(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"in{LAYERS.get(shown or '', '.usdz')}"
        with path.open("wb") as copy:
            shutil.copyfileobj(file, copy)
        yield path


@contextmanager
def _unpacked(package: Path) -> Iterator[tuple[Path, list[str]]]:
    """The first layer of a package as a file, and the names of all entries.

    The contents of the others lie in the folder "entries" beside it, by their numbers.
    """
    folder = package.with_name("entries")
    folder.mkdir()
    with zipfile.ZipFile(package) as archive:
        entries = sorted(archive.infolist(), key=lambda one: one.header_offset)
        names = [one.filename for one in entries]
        if len(set(names)) < len(names):
            raise DamagedFile("the package has two entries of one name")
        if any(one.compress_type != zipfile.ZIP_STORED for one in entries):
            raise DamagedFile("the package has entries that are compressed")
        if sum(one.file_size for one in entries) > package.stat().st_size:
            raise DamagedFile("the entries of the package overlap")
        for number, entry in enumerate(entries):
            with archive.open(entry) as content, (folder / str(number)).open("wb") as copy:
                shutil.copyfileobj(content, copy)
    layer = folder / "0"
    with layer.open("rb") as head:
        shown = containers.media_type(head.read(16))
    suffix = LAYERS.get(shown or "")
    if suffix is None:
        raise DamagedFile("the first entry of the package is no layer")
    yield layer.rename(layer.with_suffix(suffix)), names


def _opened(path: Path) -> Any:
    """A layer by itself, so that nothing which it refers to is opened."""
    with needing("usd-core", extra="scenes"):
        from pxr import Sdf
    return Sdf.Layer.OpenAsAnonymous(str(path))


def _find(layer: Any) -> Iterator[Carried]:
    for key, value in layer.customLayerData.items():
        if key.upper() == _NAME:
            yield Carried(str(value), f"customLayerData.{key}", key == _NAME)


def _labelled(path: Path, label: AigcLabel, beside: Sequence[Property]) -> bytes:
    layer = _opened(path)
    data = {key: value for key, value in layer.customLayerData.items() if key.upper() != _NAME}
    layer.customLayerData = {**data, _NAME: label.to_json()}
    stated = [(_MEMBERS[one.name], one.value) for one in beside if one.name in _MEMBERS]
    for prim in layer.rootPrims if stated else ():
        _state(prim, stated)
    out = path.with_name(f"out{path.suffix}")
    if not layer.Export(str(out)):
        raise ValueError("the library does not write the layer")
    return out.read_bytes()


def _state(prim: Any, stated: Sequence[tuple[str, str]]) -> None:
    """What UsdMediaAuthorshipAPI.Apply does, without composing the scene."""
    from pxr import Sdf

    schemas = prim.GetInfo("apiSchemas")
    name = f"{_SCHEMA}:{_INSTANCE}"
    if name not in schemas.GetAppliedItems():
        schemas.prependedItems = [name, *schemas.prependedItems]
        if schemas.isExplicit:
            schemas.explicitItems = [name, *schemas.explicitItems]
        prim.SetInfo("apiSchemas", schemas)
    for member, value in stated:
        attribute_name = f"authorship:{_INSTANCE}:{member}"
        attribute = prim.attributes.get(attribute_name) or Sdf.AttributeSpec(
            prim, attribute_name, Sdf.ValueTypeNames.String, Sdf.VariabilityUniform
        )
        attribute.default = value
