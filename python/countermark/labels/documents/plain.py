"""Markdown and HTML: a paragraph at the start, as `label_text` has it."""

from __future__ import annotations

from typing import BinaryIO

from countermark.errors import LabelNotWritten
from countermark.labels.visible.text import Form, label_text
from countermark.labels.visible.wordings import Wording


def put_markdown(file: BinaryIO, out: BinaryIO, wording: Wording) -> str:
    """Copy the text with the label behind its front matter."""
    return _put(file, out, wording, "markdown")


def put_html(file: BinaryIO, out: BinaryIO, wording: Wording) -> str:
    """Copy the page with the label first in its body."""
    return _put(file, out, wording, "html")


def _put(file: BinaryIO, out: BinaryIO, wording: Wording, form: Form) -> str:
    try:
        text = file.read().decode()
    except UnicodeDecodeError as error:
        raise LabelNotWritten(
            "The text is not UTF-8.", remedy="Convert it to UTF-8 first."
        ) from error
    out.write(label_text(text, wording, form=form).encode())
    return "start"
