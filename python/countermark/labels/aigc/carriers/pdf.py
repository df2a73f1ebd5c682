"""PDF: the entry AIGC of the information dictionary. By pikepdf.

The file is written anew: objects keep their content and streams their bytes, whether it is
linearised stays as it is, former revisions are left out. Signed and encrypted files are refused,
as both would break, and so are damaged ones, of which parts might get lost.

Source: TC260 practice guides of August 2025; ISO 32000-2, 12.8 (signatures) and 14.3.3.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, Final

from countermark.errors import LabelNotWritten
from countermark.labels.aigc.carriers.extra import needing
from countermark.labels.aigc.label import AigcLabel
from countermark.labels.aigc.reading import Carried

if TYPE_CHECKING:
    from pikepdf import Object, Pdf

_NAME: Final = "/AIGC"
_XMP_NAME: Final = "{http://www.tc260.org.cn/ns/AIGC/1.0/}AIGC"
_MAX_FIELDS: Final = 1 << 16


def find(file: BinaryIO) -> Iterator[Carried]:
    """The labels in the information dictionary and in the XMP metadata."""
    with needing("pikepdf"):
        from pikepdf import Pdf
    with Pdf.open(file, attempt_recovery=False) as pdf:
        if "/Info" in pdf.trailer and _NAME in pdf.docinfo:
            yield Carried(str(pdf.docinfo[_NAME]), "Info.AIGC")
        if "/Metadata" in pdf.Root:
            text = pdf.open_metadata(strict=True).get(_XMP_NAME)
            if text is not None:
                yield Carried(str(text), "XMP TC260:AIGC", is_proper=False)


def put(file: BinaryIO, out: BinaryIO, label: AigcLabel) -> None:
    """Copy the document with the label in its information dictionary."""
    with needing("pikepdf"):
        from pikepdf import String
    with opened(file) as pdf:
        if "/Metadata" in pdf.Root and _XMP_NAME in pdf.open_metadata(strict=True):
            with pdf.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False) as metadata:
                del metadata[_XMP_NAME]
        pdf.docinfo[_NAME] = String(label.to_json())
        save(pdf, out)


@contextlib.contextmanager
def opened(file: BinaryIO) -> Iterator[Pdf]:
    """The document, to be changed; raises `LabelNotWritten` if it is encrypted or signed."""
    with needing("pikepdf"):
        from pikepdf import PasswordError, Pdf
    try:
        pdf = Pdf.open(file, attempt_recovery=False)
    except PasswordError as error:
        raise _encrypted() from error
    with pdf:
        if pdf.is_encrypted:
            raise _encrypted()
        if _is_signed(pdf):
            raise LabelNotWritten(
                "The document is signed, and the signature would break.",
                remedy="Label the document first, sign it then.",
            )
        yield pdf


def save(pdf: Pdf, out: BinaryIO) -> None:
    """Write the document anew, with all that was not changed as it was."""
    with needing("pikepdf"):
        from pikepdf import ObjectStreamMode, StreamDecodeLevel
    pdf.save(
        out,
        compress_streams=False,
        fix_metadata_version=False,
        linearize=pdf.is_linearized,
        object_stream_mode=ObjectStreamMode.preserve,
        stream_decode_level=StreamDecodeLevel.none,
    )


def _encrypted() -> LabelNotWritten:
    return LabelNotWritten(
        "The document is encrypted.", remedy="Label it before it is encrypted, or decrypt it first."
    )


def _is_signed(pdf: Pdf) -> bool:
    """Whether it holds a signature: rights that one gives, or a signed field of its form."""
    if "/Perms" in pdf.Root:
        return True
    form = pdf.Root.get("/AcroForm")
    fields = list(form.get("/Fields", [])) if form is not None else []
    seen: set[tuple[int, int]] = set()
    while fields:
        field = fields.pop()
        if field.is_indirect:
            if field.objgen in seen:
                continue
            seen.add(field.objgen)
        if _is_signature(field):
            return True
        fields += list(field.get("/Kids", []))
        if len(seen) > _MAX_FIELDS:
            raise LabelNotWritten("The form has too many fields.", remedy="Use another document.")
    return False


def _is_signature(field: Object) -> bool:
    value = field.get("/V")
    # The kind of a field may be that of its parent; what a signature is made of tells.
    return (field.get("/FT") == "/Sig" and value is not None) or _has_byte_range(value)


def _has_byte_range(value: Object | None) -> bool:
    with needing("pikepdf"):
        from pikepdf import Dictionary
    return isinstance(value, Dictionary) and "/ByteRange" in value
