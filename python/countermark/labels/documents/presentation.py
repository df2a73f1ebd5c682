"""Presentations: the label is a text box on the first slide that is shown, at the upper right.

Source: ECMA-376 part 1, 19.3 (presentations and slides), 20.1 (DrawingML).
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, BinaryIO, Final

from countermark.errors import LabelNotWritten
from countermark.labels.aigc.carriers import opc
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

_PLACE: Final = "first slide, top right"
_SHARE: Final = 0.03  # of the slide's shorter side, for the letters
_POINT: Final = 12_700  # English metric units
_USUAL_SIZE: Final = (9_144_000, 6_858_000)  # where the file does not say
_SHAPE: Final = (
    '<p:sp xmlns:p="{p}" xmlns:a="{a}"><p:nvSpPr>'
    '<p:cNvPr id="{number}" name="{name}" descr="{spoken}"/>'
    '<p:cNvSpPr txBox="1"/><p:nvPr/></p:nvSpPr>'
    '<p:spPr><a:xfrm><a:off x="{x}" y="{y}"/><a:ext cx="{width}" cy="{height}"/></a:xfrm>'
    "{plate}</p:spPr><p:txBody>{text}</p:txBody></p:sp>"
)


def put(file: BinaryIO, out: BinaryIO, wording: Wording) -> str:
    """Copy the file with the label on its first slide."""
    edited(file, out, lambda office: _label(office, wording))
    return _PLACE


def _label(office: Office, wording: Wording) -> None:
    part, slide = _first_slide(office)
    tree = slide.find("{*}cSld/{*}spTree")
    if tree is None:
        raise ValueError("the slide has no shapes")
    earlier = labels(tree)
    if any(says(one, wording) for one in earlier):
        return
    width, height = _slide_size(office)
    points = _SHARE * min(width, height) / _POINT
    across, down = box_size(wording, points)
    shrink = min(1.0, 0.9 * width / across)  # the text then breaks into lines or gets smaller
    numbers = [int(one.get("id", "0")) for one in slide.iter("{*}cNvPr")]
    shape = _SHAPE.format(
        p=namespace(tree),
        a=office.drawing,
        number=max([1, *numbers]) + 1,
        name=NAME,
        spoken=escape(wording.spoken),
        x=round(width - shrink * across - 0.02 * width),
        y=round(0.02 * height) + sum(_height(one) for one in earlier),  # which none may hide
        width=round(shrink * across),
        height=round(down / shrink),
        plate=PLATE,
        text=text_box(wording, points),
    )
    tree.append(opc.parsed(shape.encode()))
    office.write(part, slide)


def _first_slide(office: Office) -> tuple[str, _Element]:
    """The first one that is shown; the first of all where none is."""
    listed = office.read(office.main).findall("{*}sldIdLst/{*}sldId")
    parts = dict(office.related(office.main, "slide"))
    names = [parts[key] for one in listed if (key := relationship(one)) in parts]
    for name in names:
        slide = office.read(name)
        if slide.get("show", "1") in ("1", "true"):
            return name, slide
    if not names:
        raise LabelNotWritten("The presentation has no slides.", remedy="Add one for the label.")
    return names[0], office.read(names[0])


def _slide_size(office: Office) -> tuple[int, int]:
    size = office.read(office.main).find("{*}sldSz")
    if size is None:
        return _USUAL_SIZE
    return int(size.get("cx", _USUAL_SIZE[0])), int(size.get("cy", _USUAL_SIZE[1]))


def _height(shape: _Element) -> int:
    size = shape.find("{*}spPr/{*}xfrm/{*}ext")
    return 0 if size is None else int(size.get("cy", "0"))
