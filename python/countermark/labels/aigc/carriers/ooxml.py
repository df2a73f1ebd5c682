"""DOCX, XLSX, PPTX and their kin: a custom property named AIGC. By zipfile and lxml.

Entries that do not change keep every byte, compressed as they are, in their order. Signed files are
refused, as the signature may break.

Source: TC260 practice guides of August 2025; ECMA-376 part 1, 22.3 (custom properties) and annex A
(strict names), part 2, 8 to 10 (parts, relationships, content types).
"""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

from countermark.containers import StreamContent, zips
from countermark.errors import LabelNotWritten
from countermark.labels.aigc.carriers.extra import needing
from countermark.labels.aigc.label import AigcLabel
from countermark.labels.aigc.reading import Carried

if TYPE_CHECKING:
    from lxml.etree import _Element

_NAME: Final = "AIGC"
_FORMAT_ID: Final = "{D5CDD505-2E9C-101B-9397-08002B2CF9AE}"  # of properties that users define
_FIRST_ID: Final = 2

_TYPES_PART: Final = "[Content_Types].xml"
_RELATIONSHIPS_PART: Final = "_rels/.rels"
_USUAL_PART: Final = "docProps/custom.xml"

_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006/"
_TYPES: Final = f"{{{_PACKAGE}content-types}}"
_RELATIONSHIPS: Final = f"{{{_PACKAGE}relationships}}"
_SIGNATURE: Final = f"{_PACKAGE}relationships/digital-signature/origin"
_CONTENT_TYPE: Final = "application/vnd.openxmlformats-officedocument.custom-properties+xml"

_MAX_PART: Final = 1 << 22
"""Bytes of a part that is taken into memory."""


class _Names(NamedTuple):
    """Of the properties, of their values and of the relationship to them."""

    properties: str
    values: str
    relationship: str


_TRANSITIONAL: Final = _Names(
    "http://schemas.openxmlformats.org/officeDocument/2006/custom-properties",
    "http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes",
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships/custom-properties",
)
_STRICT: Final = _Names(
    "http://purl.oclc.org/ooxml/officeDocument/customProperties",
    "http://purl.oclc.org/ooxml/officeDocument/docPropsVTypes",
    "http://purl.oclc.org/ooxml/officeDocument/relationships/customProperties",
)
_BOTH: Final = (_TRANSITIONAL, _STRICT)


def find(file: BinaryIO) -> Iterator[Carried]:
    """The labels among the custom properties."""
    with zips.opened(StreamContent(file)) as archive:
        relationships = _parsed(_part(archive, _RELATIONSHIPS_PART))
        for part in sorted({_USUAL_PART, *_parts(relationships)}):
            content = zips.entry(archive, part, _MAX_PART)
            if content is not None:
                for text in map(_text, _labels(_parsed(content))):
                    yield Carried(text, f"{part} AIGC")


def put(file: BinaryIO, out: BinaryIO, label: AigcLabel) -> None:
    """Copy the file with the label as its custom property."""
    asset = StreamContent(file)
    with zips.opened(asset) as archive:
        contents = _contents(archive, label.to_json())
    zips.replace(asset, out, contents)


def _contents(archive: zipfile.ZipFile, text: str) -> dict[str, bytes]:
    """The parts that change."""
    relationships = _parsed(_part(archive, _RELATIONSHIPS_PART))
    types = _parsed(_part(archive, _TYPES_PART))
    kinds = [one.get("Type", "") for one in relationships.iter(f"{_RELATIONSHIPS}Relationship")]
    if _SIGNATURE in kinds:
        raise LabelNotWritten(
            "The file is signed, and the signature may break.",
            remedy="Label the file first, sign it then.",
        )
    names = _STRICT if any(kind.startswith("http://purl.oclc.org/") for kind in kinds) else None
    names = names or _TRANSITIONAL
    known = _parts(relationships)
    place = known[0] if known else _USUAL_PART
    contents: dict[str, bytes] = {}
    for part in {place, _USUAL_PART, *known}:
        former = zips.entry(archive, part, _MAX_PART)
        if part == place:
            contents[part] = _edited(former, names, text)
        elif former is not None and _labels(_parsed(former)):
            contents[part] = _edited(former, names, None)
    if not known:
        _relate(relationships, names.relationship, place)
        contents[_RELATIONSHIPS_PART] = _serialised(relationships)
    if not _is_typed(types, place):
        _type(types, place)
        contents[_TYPES_PART] = _serialised(types)
    return contents


def _part(archive: zipfile.ZipFile, name: str) -> bytes:
    content = zips.entry(archive, name, _MAX_PART)
    if content is None:
        raise ValueError(f"no part {name}")
    return content


def _parts(relationships: _Element) -> list[str]:
    """The parts of custom properties that the package leads to."""
    kinds = [names.relationship for names in _BOTH]
    return [
        posixpath.normpath("/" + one.get("Target", "")).lstrip("/")
        for one in relationships.iter(f"{_RELATIONSHIPS}Relationship")
        if one.get("Type") in kinds and one.get("TargetMode") != "External"
    ]


def _labels(properties: _Element) -> list[_Element]:
    kinds = [f"{{{names.properties}}}property" for names in _BOTH]
    return [one for one in properties.iter(*kinds) if one.get("name", "").upper() == _NAME]


def _text(one: _Element) -> str:
    return "".join(str(text) for text in one.itertext()).strip()


def _edited(former: bytes | None, names: _Names, text: str | None) -> bytes:
    """The properties without labels, or with this one."""
    with needing("lxml"):
        from lxml import etree
    if former is None:
        namespaces = f'xmlns="{names.properties}" xmlns:vt="{names.values}"'
        properties = _parsed(f"<Properties {namespaces} />".encode())
    else:
        properties = _parsed(former)
        own = etree.QName(properties).namespace
        names = next((known for known in _BOTH if known.properties == own), names)
        for one in _labels(properties):
            parent = one.getparent()
            if parent is not None:
                parent.remove(one)
    if text is not None:
        numbers = [int(one.get("pid", "0")) for one in properties.iter("{*}property")]
        number = max([_FIRST_ID - 1, *numbers]) + 1
        attributes = {"fmtid": _FORMAT_ID, "pid": str(number), "name": _NAME}
        one = etree.SubElement(properties, f"{{{names.properties}}}property", attributes)
        etree.SubElement(one, f"{{{names.values}}}lpwstr").text = text
    return _serialised(properties)


def _relate(relationships: _Element, kind: str, part: str) -> None:
    with needing("lxml"):
        from lxml import etree
    taken = {one.get("Id") for one in relationships}
    free = next(
        name for number in range(len(taken) + 1) if (name := f"rIdAIGC{number}") not in taken
    )
    attributes = {"Id": free, "Type": kind, "Target": part}
    etree.SubElement(relationships, f"{_RELATIONSHIPS}Relationship", attributes)


def _is_typed(types: _Element, part: str) -> bool:
    return any(
        one.get("PartName", "").lower() == f"/{part}".lower()
        for one in types.iter(f"{_TYPES}Override")
    )


def _type(types: _Element, part: str) -> None:
    with needing("lxml"):
        from lxml import etree
    attributes = {"PartName": f"/{part}", "ContentType": _CONTENT_TYPE}
    etree.SubElement(types, f"{_TYPES}Override", attributes)


def _parsed(content: bytes) -> _Element:
    """The root of a part, which may not define anything of its own.

    Source: ECMA-376 part 2, 8.1.4.
    """
    with needing("lxml"):
        from lxml import etree
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    root = etree.fromstring(content, parser)
    if root.getroottree().docinfo.internalDTD is not None:
        raise ValueError("a part with a document type")
    return root


def _serialised(root: _Element) -> bytes:
    with needing("lxml"):
        from lxml import etree
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
