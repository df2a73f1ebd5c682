"""DOCX, XLSX, PPTX and their kin: a custom property named AIGC. By zipfile and lxml.

Entries that do not change keep every byte, compressed as they are, in their order. Signed files are
refused, as the signature may break.

Source: TC260 practice guides of August 2025; ECMA-376 part 1, 22.3 (custom properties) and annex A
(strict names), part 2, 8 to 10 (parts, relationships, content types).
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

from countermark.containers import StreamContent, zips
from countermark.labels.aigc.carriers import opc
from countermark.labels.aigc.carriers.extra import needing
from countermark.labels.aigc.label import AigcLabel
from countermark.labels.aigc.reading import Carried

if TYPE_CHECKING:
    from lxml.etree import _Element

_NAME: Final = "AIGC"
_FORMAT_ID: Final = "{D5CDD505-2E9C-101B-9397-08002B2CF9AE}"  # of properties that users define
_FIRST_ID: Final = 2

_RELATIONSHIPS: Final = opc.relationships_of("")
_USUAL_PART: Final = "docProps/custom.xml"

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
        relationships = opc.parsed(opc.part(archive, _RELATIONSHIPS, _MAX_PART))
        for part in sorted({_USUAL_PART, *_parts(relationships)}):
            content = zips.entry(archive, part, _MAX_PART)
            if content is not None:
                for text in map(_text, _labels(opc.parsed(content))):
                    yield Carried(text, f"{part} AIGC")


def put(file: BinaryIO, out: BinaryIO, label: AigcLabel) -> None:
    """Copy the file with the label as its custom property."""
    asset = StreamContent(file)
    with zips.opened(asset) as archive:
        contents = _contents(archive, label.to_json())
    zips.replace(asset, out, contents)


def _contents(archive: zipfile.ZipFile, text: str) -> dict[str, bytes]:
    """The parts that change."""
    relationships = opc.parsed(opc.part(archive, _RELATIONSHIPS, _MAX_PART))
    types = opc.parsed(opc.part(archive, opc.TYPES_PART, _MAX_PART))
    opc.check_unsigned(relationships)
    names = _STRICT if opc.is_strict(relationships) else _TRANSITIONAL
    known = _parts(relationships)
    place = known[0] if known else _USUAL_PART
    contents: dict[str, bytes] = {}
    for part in {place, _USUAL_PART, *known}:
        former = zips.entry(archive, part, _MAX_PART)
        if part == place:
            contents[part] = _edited(former, names, text)
        elif former is not None and _labels(opc.parsed(former)):
            contents[part] = _edited(former, names, None)
    if not known:
        opc.relate(relationships, names.relationship, place)
        contents[_RELATIONSHIPS] = opc.serialised(relationships)
    if not opc.is_typed(types, place):
        opc.type_part(types, place, _CONTENT_TYPE)
        contents[opc.TYPES_PART] = opc.serialised(types)
    return contents


def _parts(relationships: _Element) -> list[str]:
    """The parts of custom properties that the package leads to."""
    kinds = [names.relationship for names in _BOTH]
    return [part for _, kind, part in opc.targets(relationships, "") if kind in kinds]


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
        properties = opc.parsed(f"<Properties {namespaces} />".encode())
    else:
        properties = opc.parsed(former)
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
    return opc.serialised(properties)
