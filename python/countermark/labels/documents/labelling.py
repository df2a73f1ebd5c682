"""Label a document of any kind, from file to file.

>>> import tempfile
>>> from countermark.labels.visible import wording
>>> with tempfile.TemporaryDirectory() as folder:
...     page, labelled = Path(folder, "lake.html"), Path(folder, "labelled.html")
...     _ = page.write_text("<title>Lake</title><p>A lake lies still.</p>")
...     done = label_document(page, labelled, wording("cn"))
...     print(done.text, "|", done.place, "|", "AI生成" in labelled.read_text("utf-8"))
AI生成 | start | True
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from countermark import files
from countermark.containers.office import OFFICE_TYPES
from countermark.errors import (
    CountermarkError,
    LabelNotWritten,
    SourceNotFound,
    UnsupportedContainer,
)
from countermark.labels import aigc
from countermark.labels.documents import pdf, plain, presentation, spreadsheet, word
from countermark.labels.visible.wordings import Wording

_Put = Callable[[BinaryIO, BinaryIO, Wording], str]
"""Copies the file with the label, and says where that is."""

_OFFICE: Final[dict[str, _Put]] = {
    "word": word.put,
    "excel": spreadsheet.put,
    "spreadsheet": spreadsheet.put,
    "powerpoint": presentation.put,
    "presentation": presentation.put,
}
_BINARY: Final = ".binary."
_PUT: Final[dict[str, _Put]] = {
    "application/pdf": pdf.put,
    "text/markdown": plain.put_markdown,
    "text/html": plain.put_html,
    **{
        name: put
        for name in OFFICE_TYPES.values()
        for kind, put in _OFFICE.items()
        if kind in name and _BINARY not in name
    },
}


@dataclass(frozen=True, slots=True)
class LabelledDocument:
    """What `label_document` has written. `text`: the words. `place`: where they stand."""

    text: str
    place: str


def is_labelled(media_type: str) -> bool:
    """Whether documents of that type are labelled here.

    >>> is_labelled("application/pdf"), is_labelled("application/zip")
    (True, False)
    """
    return media_type in _PUT


def label_document(source: Path, destination: Path, wording: Wording) -> LabelledDocument:
    """Write a copy of a document with a label in its own text, where it begins.

    Example: see the module.

    `source`, `destination`: paths; they may be the same. Markdown and HTML are known by their
    names, and must be UTF-8. In a PDF the label is text in a font that is embedded, in the upper
    right corner of the first page; in Word files the first paragraph; in presentations a text box
    on the first slide that is shown; in spreadsheets a text box in the first row of the first sheet
    that is shown, right of its cells, and in the header of its printed pages: no cell is moved. A
    document that has this label there already gets no second one.

    A manifest that is in the file does not fit it any more: label first, sign then.

    Raises `SourceNotFound`, `UnsupportedContainer` for files of other kinds, `LabelNotWritten` for
    signed, encrypted or damaged documents, `LabelDoesNotFit`, `LabelNotShown`, `FontMissing`,
    `MissingExtra`, `DestinationNotWritable`.

    Source: GB 45438-2025, 5.1 (text: at the start, the end or a suitable place between).
    """
    shown = aigc.media_type(source)
    put = _PUT.get(shown or "")
    if put is None:
        kind = "this kind" if shown is None else f"type {shown}"
        raise UnsupportedContainer(
            f"Documents of {kind} are not labelled here.",
            remedy="Use PDF, DOCX, XLSX, PPTX, Markdown or HTML.",
        )
    try:
        file = source.open("rb")
    except OSError as error:
        raise SourceNotFound(
            f"The file {str(source)!r} cannot be read ({error.strerror}).",
            remedy="Check the path and the rights.",
        ) from error
    with file, files.drafting(files.target(destination), like=source) as (draft, put_draft):
        place = _put(put, file, draft, wording)
        put_draft()
    return LabelledDocument(wording.text, place)


def _put(put: _Put, file: BinaryIO, draft: BinaryIO, wording: Wording) -> str:
    try:
        return put(file, draft, wording)
    except (CountermarkError, OSError):
        raise
    except Exception as error:  # the libraries of so many formats raise nearly every class
        reason = str(error) if isinstance(error, ValueError) else repr(error)
        raise LabelNotWritten(
            f"The label cannot be put into the document: {reason:.200}.",
            remedy="The file may be damaged; obtain a whole copy, or let another program save it.",
        ) from error
