"""Word files: the label is the first paragraph.

Source: ECMA-376 part 1, 17.2 (body) and 17.3 (paragraphs).
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, BinaryIO, Final

from countermark.labels.aigc.carriers import opc
from countermark.labels.documents.office import Office, edited, namespace
from countermark.labels.visible.wordings import Wording

if TYPE_CHECKING:
    from lxml.etree import _Element

_PLACE: Final = "first paragraph"
_PARAGRAPH: Final = (
    '<w:p xmlns:w="{w}"><w:pPr><w:pBdr>{borders}</w:pBdr>'
    '<w:shd w:val="clear" w:color="auto" w:fill="FFFFFF"/><w:jc w:val="left"/></w:pPr>'
    '<w:r><w:rPr><w:b/><w:color w:val="111111"/><w:sz w:val="24"/></w:rPr>{text}</w:r></w:p>'
)
_BORDERS: Final = "".join(
    f'<w:{side} w:val="single" w:sz="4" w:space="4" w:color="6B6B6B"/>'
    for side in ("top", "left", "bottom", "right")
)


def put(file: BinaryIO, out: BinaryIO, wording: Wording) -> str:
    """Copy the file with the label as its first paragraph."""
    edited(file, out, lambda office: _label(office, wording))
    return _PLACE


def _label(office: Office, wording: Wording) -> None:
    document = office.read(office.main)
    body = document.find("{*}body")
    if body is None:
        raise ValueError("the document has no body")
    if len(body) and _text(body[0]) == "".join(wording.lines):
        return
    space = namespace(body)
    text = "<w:br/>".join(f"<w:t>{escape(line)}</w:t>" for line in wording.lines)
    paragraph = _PARAGRAPH.format(w=space, borders=_BORDERS, text=text)
    body.insert(0, opc.parsed(paragraph.encode()))
    office.write(office.main, document)


def _text(paragraph: _Element) -> str:
    return "".join(str(each) for each in paragraph.itertext()).strip()
