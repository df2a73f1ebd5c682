"""An Office file, of which some parts are read and changed. By zipfile and lxml.

Entries that do not change keep every byte, as they do when a label is written into the metadata.

Source: ECMA-376 part 1, 11 to 13 (word processing, spreadsheets, presentations), annex A (strict).
"""

from __future__ import annotations

import posixpath
import unicodedata
import zipfile
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, BinaryIO, Final

from countermark.containers import StreamContent, zips
from countermark.labels.aigc.carriers import opc
from countermark.labels.visible.wordings import Wording

if TYPE_CHECKING:
    from lxml.etree import _Element

NAME: Final = "countermark label"
"""Of the shape that holds a label, by which it is known."""

DRAWING: Final = "http://schemas.openxmlformats.org/drawingml/2006/main"
_STRICT_DRAWING: Final = "http://purl.oclc.org/ooxml/drawingml/main"
_RELATIONSHIPS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_STRICT_RELATIONSHIPS: Final = "http://purl.oclc.org/ooxml/officeDocument/relationships"

_MAX_PART: Final = 1 << 26
"""Bytes of a part that is taken into memory."""


class Office:
    """The parts of one file. `main`: the document, workbook or presentation itself."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._changed: dict[str, bytes] = {}
        package = self.read(opc.relationships_of(""))
        opc.check_unsigned(package)
        self.is_strict = opc.is_strict(package)
        self.main = self.related("", "officeDocument")[0][1]

    @property
    def drawing(self) -> str:
        """The namespace of drawings."""
        return _STRICT_DRAWING if self.is_strict else DRAWING

    @property
    def relationships(self) -> str:
        """The namespace of identifiers of relationships, and the beginning of their types."""
        return _STRICT_RELATIONSHIPS if self.is_strict else _RELATIONSHIPS

    def read(self, part: str) -> _Element:
        """The root of a part, as it is now; raises `ValueError` where there is none."""
        content = self._changed.get(part) or opc.part(self._archive, part, _MAX_PART)
        return opc.parsed(content)

    def write(self, part: str, root: _Element) -> None:
        """Put another content in the place of a part's, or a new part into the file."""
        self._changed[part] = opc.serialised(root)

    def related(self, part: str, kind: str) -> list[tuple[str, str]]:
        """Identifier and name of the parts to which a part leads; `kind`: the type's last word."""
        place = opc.relationships_of(part)
        if place not in self._changed and place not in self._archive.NameToInfo:
            return []
        found = opc.targets(self.read(place), part)
        return [(one, target) for one, type_, target in found if type_.endswith(f"/{kind}")]

    def add(self, source: str, kind: str, part: str, content_type: str, root: _Element) -> str:
        """Put in a new part to which `source` leads; the identifier of the relationship.

        `part`: its name, with `{}` for a number that is free.
        """
        taken = {name.lower() for name in (*self._archive.NameToInfo, *self._changed)}
        name = next(
            free
            for number in range(1, len(taken) + 2)
            if (free := part.format(number)).lower() not in taken
        )
        self.write(name, root)
        types = self.read(opc.TYPES_PART)
        opc.type_part(types, name, content_type)
        self.write(opc.TYPES_PART, types)
        place = opc.relationships_of(source)
        has_any = place in self._changed or place in self._archive.NameToInfo
        relationships = self.read(place) if has_any else opc.no_relationships()
        target = posixpath.relpath(name, posixpath.dirname(source) or ".")
        found = opc.relate(relationships, f"{self.relationships}/{kind}", target)
        self.write(place, relationships)
        return found

    @property
    def changed(self) -> dict[str, bytes]:
        """The content of the parts that were written."""
        return self._changed


def edited(file: BinaryIO, out: BinaryIO, edit: Callable[[Office], None]) -> None:
    """Copy the file as `edit` leaves it; raises `LabelNotWritten` for a signed one."""
    asset = StreamContent(file)
    with zips.opened(asset) as archive:
        office = Office(archive)
        edit(office)
    zips.replace(asset, out, office.changed)


def text_box(wording: Wording, points: float) -> str:
    """The text of a label, as the members of a text body in DrawingML, whose prefix is `a`.

    `points`: of the letters.
    """
    paragraphs = "".join(
        f'<a:p><a:pPr algn="ctr"/><a:r><a:rPr sz="{round(points * 100)}" b="1">'
        f'<a:solidFill><a:srgbClr val="111111"/></a:solidFill></a:rPr><a:t>{escape(line)}</a:t>'
        "</a:r></a:p>"
        for line in wording.lines
    )
    return (
        '<a:bodyPr wrap="square" lIns="36000" tIns="18000" rIns="36000" bIns="18000" anchor="ctr">'
        f"<a:normAutofit/></a:bodyPr><a:lstStyle/>{paragraphs}"
    )


PLATE: Final = (
    '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom>'
    '<a:solidFill><a:srgbClr val="FFFFFF"/></a:solidFill>'
    '<a:ln w="9525"><a:solidFill><a:srgbClr val="6B6B6B"/></a:solidFill></a:ln>'
)
"""What a label stands on, as members of a shape's properties in DrawingML."""


def box_size(wording: Wording, points: float) -> tuple[int, int]:
    """Width and height that the text takes, in English metric units: 12,700 a point.

    The font is whatever the reader has, so it is an estimate with room to spare.
    """
    widths = [
        sum(1.1 if unicodedata.east_asian_width(each) in "WF" else 0.68 for each in line)
        for line in wording.lines
    ]
    em = points * 12_700
    return round((max(widths) + 1.5) * em), round((1.5 * len(widths) + 0.5) * em)


def labels(root: _Element) -> list[_Element]:
    """The shapes that are labels of ours."""
    named = ((one, one.find("{*}nvSpPr/{*}cNvPr")) for one in root.iter("{*}sp"))
    return [one for one, name in named if name is not None and name.get("name") == NAME]


def says(shape: _Element, wording: Wording) -> bool:
    """Whether it has these words."""
    return [str(one.text) for one in shape.iter("{*}t")] == list(wording.lines)


def relationship(one: _Element) -> str:
    """The identifier of the relationship that an element names; "" for none."""
    return next((str(value) for key, value in one.items() if str(key).endswith("}id")), "")


def namespace(one: _Element) -> str:
    """Of an element's name."""
    return str(one.tag).rpartition("}")[0].lstrip("{")
