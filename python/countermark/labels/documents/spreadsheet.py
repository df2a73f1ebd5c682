"""Spreadsheets: a text box in the first row, right of the cells, and the header of printed pages.

No cell is written or moved, so that formulas and programs find everything where it was.

Source: ECMA-376 part 1, 18.3.1 (worksheets), 18.3.1.46 (headers), 20.5 (drawings of spreadsheets).
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, BinaryIO, Final

from countermark.errors import LabelNotWritten
from countermark.labels.aigc.carriers import opc
from countermark.labels.aigc.carriers.extra import needing
from countermark.labels.documents.office import (
    NAME,
    PLATE,
    Office,
    box_size,
    edited,
    labels,
    namespace,
    relationship,
    says,
    text_box,
)
from countermark.labels.visible.wordings import Wording

if TYPE_CHECKING:
    from lxml.etree import _Element

_PLACE: Final = "first sheet: first row, right of the cells; header of printed pages"
_POINTS: Final = 12.0
_ROWS: Final = 4  # of usual height, that a label takes at most
_COLUMNS: Final = 16_384
_DRAWINGS: Final = "http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"
_STRICT_DRAWINGS: Final = "http://purl.oclc.org/ooxml/drawingml/spreadsheetDrawing"
_DRAWING_TYPE: Final = "application/vnd.openxmlformats-officedocument.drawing+xml"
# What may come behind a header, and behind a drawing, in a worksheet.
_BEHIND_DRAWING: Final = (
    *("legacyDrawing", "legacyDrawingHF", "drawingHF", "picture", "oleObjects", "controls"),
    *("webPublishItems", "tableParts", "extLst"),
)
_BEHIND_HEADER: Final = (
    *("rowBreaks", "colBreaks", "customProperties", "cellWatches", "ignoredErrors", "smartTags"),
    *("drawing", *_BEHIND_DRAWING),
)
_HEADERS: Final = ("oddHeader", "oddFooter", "evenHeader", "evenFooter", "firstHeader")
_REFERENCE: Final = re.compile("([A-Z]{1,3})[0-9]+")
_SHAPE: Final = (
    '<xdr:oneCellAnchor xmlns:xdr="{xdr}" xmlns:a="{a}">'
    "<xdr:from><xdr:col>{column}</xdr:col><xdr:colOff>36000</xdr:colOff>"
    "<xdr:row>{row}</xdr:row><xdr:rowOff>18000</xdr:rowOff></xdr:from>"
    '<xdr:ext cx="{width}" cy="{height}"/>'
    '<xdr:sp macro="" textlink=""><xdr:nvSpPr>'
    '<xdr:cNvPr id="{number}" name="{name}" descr="{spoken}"/>'
    '<xdr:cNvSpPr txBox="1"/></xdr:nvSpPr>'
    '<xdr:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="{width}" cy="{height}"/></a:xfrm>'
    "{plate}</xdr:spPr><xdr:txBody>{text}</xdr:txBody></xdr:sp>"
    '<xdr:clientData fPrintsWithSheet="0"/>'  # the header is on every printed page
    "</xdr:oneCellAnchor>"
)


def put(file: BinaryIO, out: BinaryIO, wording: Wording) -> str:
    """Copy the file with the label on its first sheet."""
    edited(file, out, lambda office: _label(office, wording))
    return _PLACE


def _label(office: Office, wording: Wording) -> None:
    part, sheet = _first_sheet(office)
    is_headed = _put_header(sheet, " · ".join(wording.lines))
    found = office.related(part, "drawing")
    drawing = office.read(found[0][1]) if found else _no_drawing(office)
    earlier = labels(drawing)
    is_drawn = not any(says(one, wording) for one in earlier)
    if is_drawn:
        place = (_free_column(sheet), _ROWS * len(earlier))  # none may hide another
        _draw(office, drawing, place, wording)
    if is_drawn and found:
        office.write(found[0][1], drawing)
    elif is_drawn:
        name = "xl/drawings/drawing{}.xml"
        reference = office.add(part, "drawing", name, _DRAWING_TYPE, drawing)
        one = _inserted(sheet, "drawing", _BEHIND_DRAWING)
        one.set(f"{{{office.relationships}}}id", reference)
    if is_drawn or is_headed:
        office.write(part, sheet)


def _first_sheet(office: Office) -> tuple[str, _Element]:
    """The first worksheet that is shown."""
    listed = office.read(office.main).findall("{*}sheets/{*}sheet")
    parts = dict(office.related(office.main, "worksheet"))
    for one in listed:
        name = parts.get(relationship(one))
        if name is not None and one.get("state", "visible") == "visible":
            return name, office.read(name)
    raise LabelNotWritten(
        "The workbook shows no sheet with cells.", remedy="Add one for the label, or show one."
    )


def _put_header(sheet: _Element, text: str) -> bool:
    """Put the words at the right of every kind of header that the sheet has; whether they are new.

    In headers & begins a code, and && stands for itself.
    """
    shown = text.replace("&", "&&")
    with needing("lxml"):
        from lxml import etree
    header = sheet.find("{*}headerFooter")
    if header is None:
        header = _inserted(sheet, "headerFooter", _BEHIND_HEADER)
    kinds = ["oddHeader"]
    kinds += ["evenHeader"] if header.get("differentOddEven") in ("1", "true") else []
    kinds += ["firstHeader"] if header.get("differentFirst") in ("1", "true") else []
    is_new = False
    for kind in kinds:
        one = header.find(f"{{*}}{kind}")
        if one is None:
            one = etree.Element(f"{{{namespace(sheet)}}}{kind}")
            before = _HEADERS[: _HEADERS.index(kind)]
            header.insert(sum(_name(each) in before for each in header), one)
        if shown in (one.text or ""):
            continue
        left, right, rest = (one.text or "").partition("&R")
        one.text = f"{left}&R{shown}{' ' if rest else ''}{rest}" if right else f"{left}&R{shown}"
        is_new = True
    return is_new


def _draw(office: Office, drawing: _Element, place: tuple[int, int], wording: Wording) -> None:
    """`place`: column and row, from 0."""
    width, height = box_size(wording, _POINTS)
    numbers = [int(one.get("id", "0")) for one in drawing.iter("{*}cNvPr")]
    shape = _SHAPE.format(
        xdr=namespace(drawing),
        a=office.drawing,
        column=place[0],
        row=place[1],
        width=width,
        height=height,
        number=max([1, *numbers]) + 1,
        name=NAME,
        spoken=escape(wording.spoken),
        plate=PLATE,
        text=text_box(wording, _POINTS),
    )
    drawing.append(opc.parsed(shape.encode()))


def _no_drawing(office: Office) -> _Element:
    space = _STRICT_DRAWINGS if office.is_strict else _DRAWINGS
    return opc.parsed(f'<xdr:wsDr xmlns:xdr="{space}" xmlns:a="{office.drawing}"/>'.encode())


def _free_column(sheet: _Element) -> int:
    """The number of the first column without cells, from 0."""
    last = 0
    for row in sheet.iterfind("{*}sheetData/{*}row"):
        at = 0
        for cell in row.iterfind("{*}c"):
            match = _REFERENCE.fullmatch(cell.get("r", ""))
            at = at + 1 if match is None else _number(match[1])
        last = max(last, at)
    return last if last < _COLUMNS else 0


def _number(letters: str) -> int:
    """Of a column, from 1.

    >>> _number("A"), _number("AB")
    (1, 28)
    """
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number


def _inserted(sheet: _Element, name: str, behind: tuple[str, ...]) -> _Element:
    """A new member of the sheet, before those that have to come behind it."""
    with needing("lxml"):
        from lxml import etree
    one = etree.Element(f"{{{namespace(sheet)}}}{name}")
    place = next((at for at, each in enumerate(sheet) if _name(each) in behind), len(sheet))
    sheet.insert(place, one)
    return one


def _name(one: _Element) -> str:
    return str(one.tag).rpartition("}")[2]
