"""PDF: text in the upper right corner of the first page. By pikepdf.

The label lies on the page's content, on a plate, in a font that is embedded; it stands upright as
the page is shown. All else stays as writing `aigc` labels leaves it: objects, streams, whether it
is linearised.

Source: ISO 32000-2, 8.10 (form XObjects), 14.11.2 (page boundaries).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final

from countermark.errors import LabelDoesNotFit, LabelNotWritten
from countermark.labels.aigc.carriers.extra import needing
from countermark.labels.aigc.carriers.pdf import opened, save
from countermark.labels.documents import fonts
from countermark.labels.documents.fonts import Subset
from countermark.labels.visible.wordings import Wording

if TYPE_CHECKING:
    from pikepdf import Object, Page, Pdf, Rectangle

_PLACE: Final = "first page, top right"
_KEY: Final = "/CountermarkLabel"
"""Of the form that draws the label: its words, by which it is known when it is there already."""

_SHARE: Final = 0.02  # of the page's shorter side, for the em
_USUAL_POINTS: Final = 10  # of the em, at least, where the page has room
_LEAST_POINTS: Final = 5  # smaller letters are not drawn
_LEADING: Final = 1.5  # in ems, as are those below
_PADDING: Final = 0.6
_MARGIN: Final = 1.2
_MAX_DEPTH: Final = 64  # of the tree of pages


def put(file: BinaryIO, out: BinaryIO, wording: Wording) -> str:
    """Copy the document with the label; raises `LabelNotWritten`, `LabelDoesNotFit`."""
    with opened(file) as pdf:
        if not pdf.pages:
            raise LabelNotWritten("The document has no pages.", remedy="Use another document.")
        page = pdf.pages[0]
        earlier = _labels(page)
        if "\n".join(wording.lines) not in [str(one[_KEY]) for one in earlier]:
            _draw(pdf, page, wording, below=sum(float(one.BBox[3]) for one in earlier))
        save(pdf, out)
    return _PLACE


def _labels(page: Page) -> list[Object]:
    """The labels of ours that the page has already."""
    resources = page.obj.get("/Resources")
    forms = None if resources is None else resources.get("/XObject")
    return [] if forms is None else [one for _, one in forms.items() if _KEY in one]


def _draw(pdf: Pdf, page: Page, wording: Wording, *, below: float) -> None:
    """`below`: how much room earlier labels take, which none may hide."""
    glyphs = fonts.subset("".join(wording.lines), wording.language)
    box = _visible(page)
    em = _em(wording, glyphs, min(box[2] - box[0], box[3] - box[1]), _unit(page))
    form = _form(pdf, wording, glyphs, em)
    width, height = float(form.BBox[2]), float(form.BBox[3])
    _balance(pdf, page)
    margins = (_MARGIN * em, _MARGIN * em + below)
    page.add_overlay(form, _upper_right(box, (width, height), margins, _turn(page)))


def _visible(page: Page) -> tuple[float, float, float, float]:
    """What is shown of the page: left, bottom, right, top."""
    crop, media = ([float(each) for each in box] for box in (page.cropbox, page.mediabox))
    sides = [(sorted(box[0::2]), sorted(box[1::2])) for box in (crop, media)]
    (across, down), (most_across, most_down) = sides
    return (
        max(across[0], most_across[0]),
        max(down[0], most_down[0]),
        min(across[1], most_across[1]),
        min(down[1], most_down[1]),
    )


def _unit(page: Page) -> float:
    """Points in a unit of the page."""
    return float(page.obj.get("/UserUnit", 1))


def _turn(page: Page) -> int:
    """By how much the page is turned clockwise when it is shown, in degrees."""
    node: Object = page.obj
    for _ in range(_MAX_DEPTH):
        if "/Rotate" in node:
            return int(node["/Rotate"]) % 360
        if "/Parent" not in node:
            break
        node = node["/Parent"]
    return 0


def _em(wording: Wording, glyphs: Subset, side: float, unit: float) -> float:
    """Of the letters, in units of the page: smaller where the page is narrow."""
    widest = max(glyphs.width(line) for line in wording.lines)
    tallest = _LEADING * len(wording.lines)
    most = side / (max(widest, tallest) + 2 * (_PADDING + _MARGIN))
    em = min(most, max(_SHARE * side, _USUAL_POINTS / unit))
    if em * unit < _LEAST_POINTS:
        raise LabelDoesNotFit(
            f"A page of {side * unit:.0f} points has no room for the label {wording.text!r}.",
            remedy="Use shorter words, or a larger first page.",
        )
    return em


def _form(pdf: Pdf, wording: Wording, glyphs: Subset, em: float) -> Object:
    """What draws the label: dark letters on a plate with a border."""
    with needing("pikepdf"):
        from pikepdf import Array, Dictionary, Name, String
    lines = wording.lines
    width = (max(glyphs.width(line) for line in lines) + 2 * _PADDING) * em
    height = (_LEADING * len(lines) + _PADDING) * em
    line = 0.06 * em
    drawing = [
        b"q 1 g 0.42 G %.3f w %.3f %.3f %.3f %.3f re B Q"
        % (line, line / 2, line / 2, width - line, height - line),
        b"BT 0.07 g /F %.3f Tf" % em,
    ]
    for number, text in enumerate(lines):
        baseline = height - (_PADDING / 2 + _LEADING * number + 1.12) * em
        drawing.append(b"1 0 0 1 %.3f %.3f Tm " % (_PADDING * em, baseline))
        drawing.append(glyphs.encoded(text) + b" Tj")
    form = pdf.make_stream(b"\n".join([*drawing, b"ET"]))
    form.Type, form.Subtype = Name.XObject, Name.Form
    form.BBox = Array([0, 0, round(width, 3), round(height, 3)])
    form.Resources = Dictionary(Font=Dictionary(F=fonts.embedded(pdf, glyphs)))
    form[_KEY] = String("\n".join(lines))
    return form


def _upper_right(
    box: tuple[float, float, float, float],
    size: tuple[float, float],
    margins: tuple[float, float],
    turn: int,
) -> Rectangle:
    """Where that corner of the page, as it is shown, lies on the page as it is stored.

    `margins`: to the right and at the top, as it is shown.
    """
    with needing("pikepdf"):
        from pikepdf import Rectangle
    left, bottom, right, top = box
    is_upright = turn % 180 == 0
    across, up = size if is_upright else size[::-1]
    aside, down = margins if is_upright else margins[::-1]
    x = left + aside if turn in (90, 180) else right - aside - across
    y = bottom + down if turn in (180, 270) else top - down - up
    return Rectangle(x, y, x + across, y + up)


def _balance(pdf: Pdf, page: Page) -> None:
    """End what the page's content leaves open, which would move or hide the label."""
    with needing("pikepdf"):
        from pikepdf import parse_content_stream
    depth = 0
    for one in parse_content_stream(page, operators="q Q"):
        depth = max(0, depth + (1 if str(one.operator) == "q" else -1))
    if depth:
        page.contents_add(b"\n" + b"Q " * depth)
