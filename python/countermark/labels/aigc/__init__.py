"""The implicit label of generated content in files: read, and written in place of any other.

>>> label = AigcLabel.produced("001191110102MACQD9K64010000", "picture-7")
>>> label.status.value
'1'

A file holds exactly one. What is written is read back before the destination is there.

Source: GB 45438-2025, 6.1 and annex E; TC260 practice guides of August 2025 for the places.
"""

from __future__ import annotations

import io
import itertools
from os import PathLike
from pathlib import Path
from typing import BinaryIO, Final

from countermark import containers, files
from countermark.containers import StreamContent
from countermark.errors import (
    CountermarkError,
    DestinationNotWritable,
    LabelNotWritten,
    MissingExtra,
    SourceNotFound,
    UnsupportedContainer,
)
from countermark.labels import iptc
from countermark.labels.aigc.carriers import CARRIERS, Carrier
from countermark.labels.aigc.label import AigcLabel, Status, check_code, is_allowed
from countermark.labels.aigc.parsing import Finding
from countermark.labels.aigc.reading import Carried, Found, Reading, Verdict, judged
from countermark.labels.xmp import Property
from countermark.record import Record

__all__ = [
    "AigcLabel",
    "Carried",
    "Finding",
    "Found",
    "Reading",
    "Status",
    "Verdict",
    "is_allowed",
    "media_type",
    "read",
    "write",
]

_BY_SUFFIX = {
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".htm": "text/html",
    ".html": "text/html",
    ".gltf": "model/gltf+json",
}
"""Texts, which do not show by themselves what they are."""

_MAX_LABELS: Final = 64
"""Of one file that are looked at; two are a breach already."""


def read(source: files.Source) -> Reading:
    """All labels of a file, and whether they are as the standard has them.

    `source`: a path or a seekable binary stream; texts (Markdown, HTML, glTF in
    JSON) are known by their names.

    Raises `SourceNotFound`, and `UnsupportedContainer` for files of other kinds.
    """
    with _opened(source) as file:
        carrier = _carrier(file, source)
        try:
            return _read(file, carrier)
        except OSError as error:  # the medium fails
            raise _unreadable(source, error) from error


def write(
    source: files.Source,
    destination: files.Destination,
    label: AigcLabel,
    *,
    record: Record | None = None,
) -> None:
    """Copy a file with this label in it, in place of any other; the rest stays as it is.

    >>> import io
    >>> picture = io.BytesIO(b"<svg xmlns='http://www.w3.org/2000/svg'></svg>")
    >>> labelled = io.BytesIO()
    >>> label = AigcLabel.produced("001191110102MACQD9K64010000", "picture-7")
    >>> write(picture, labelled, label)
    >>> read(io.BytesIO(labelled.getvalue())).label == label
    True

    `source`, `destination`: paths or binary streams; the destination may be the source. The
    destination is written in one piece, after the label was read back from it.
    `record`: what pictures and scenes state beside the label in the terms of IPTC, see
    `labels.iptc`; files of other kinds hold the label alone.

    A C2PA manifest in the file does not fit it any more: label first, sign then.

    Raises `InvalidLabel` when the propagator, who writes, has a code that nobody can have (a
    producer before may have a wrong one), `SourceNotFound`, `UnsupportedContainer`,
    `LabelNotWritten` when the file does not take the label, `DestinationNotWritable`.
    """
    check_code(label.propagator)
    beside = () if record is None else iptc.statements(record)
    with _opened(source) as file:
        carrier = _carrier(file, source)
        if isinstance(destination, (str, PathLike)):
            like = Path(source) if isinstance(source, (str, PathLike)) else None
            with files.drafting(files.target(destination), like=like) as (draft, put):
                _put(file, draft, label, beside, carrier)
                put()
        else:
            whole = io.BytesIO()
            _put(file, whole, label, beside, carrier)
            with files.appending(destination, whole.getvalue()) as put:
                put()


def _put(
    file: BinaryIO,
    out: BinaryIO,
    label: AigcLabel,
    beside: tuple[Property, ...],
    carrier: Carrier,
) -> None:
    file.seek(0)
    try:
        if beside and carrier.put_beside is not None:
            carrier.put_beside(file, out, label, beside)
        else:
            carrier.put(file, out, label)
        out.flush()
    except CountermarkError:
        raise
    except OSError as error:
        raise DestinationNotWritable(
            f"The labelled file cannot be written ({error.strerror or error}).",
            remedy="Check the space on the disk, and that the source can be read.",
        ) from error
    except Exception as error:  # the libraries of so many formats raise nearly every class
        reason = str(error) if isinstance(error, ValueError) else repr(error)
        raise LabelNotWritten(
            f"The label cannot be put into the file: {reason:.200}.",
            remedy="The file may be damaged; obtain a whole copy, or let another program save it.",
        ) from error
    _check_written(_read(out, carrier), label)


def _check_written(reading: Reading, label: AigcLabel) -> None:
    """Refuse a file that lost the label, or holds more than this one."""
    if len(reading.found) > 1:
        raise LabelNotWritten(
            f"The file holds a label where it cannot be replaced: "
            f"{reading.found[1].carried.place}, beside {reading.found[0].carried.place}.",
            remedy="Let the program that wrote it take it out first.",
        )
    if reading.label != label or not reading.found[0].carried.is_proper or not reading.is_complete:
        raise LabelNotWritten(
            "The label cannot be read back from the finished file, so nothing was written.",
            remedy="Please report this with the kind of file.",
        )


def _read(file: BinaryIO, carrier: Carrier) -> Reading:
    found: list[Carried] = []
    file.seek(0)
    try:
        found.extend(itertools.islice(carrier.find(file), _MAX_LABELS))
    except (MissingExtra, OSError):
        raise
    except Exception:  # as above; what cannot be searched is never said to hold nothing
        return judged(tuple(found), is_complete=False)
    return judged(tuple(found))


def media_type(source: files.Source) -> str | None:
    """The media type of a file: by its content, for texts by its name; None for unknown kinds.

    Raises `SourceNotFound`.
    """
    with _opened(source) as file:
        return _media_type(file, source)


def _media_type(file: BinaryIO, source: files.Source) -> str | None:
    suffix = Path(source).suffix.lower() if isinstance(source, (str, PathLike)) else ""
    try:
        return containers.media_type(StreamContent(file)) or _BY_SUFFIX.get(suffix)
    except OSError as error:
        raise _unreadable(source, error) from error


def _carrier(file: BinaryIO, source: files.Source) -> Carrier:
    shown = _media_type(file, source)
    if shown not in CARRIERS:
        kind = "Files of this kind" if shown is None else f"Files of type {shown}"
        raise UnsupportedContainer(
            f"{kind} have no place for the label that readers know.",
            remedy="Use another format, or a label that people see.",
        )
    return CARRIERS[shown]


def _opened(source: files.Source) -> BinaryIO:
    if not isinstance(source, (str, PathLike)):
        return io.BytesIO(files.load(source))
    try:
        return Path(source).open("rb")
    except (OSError, ValueError) as error:  # ValueError: NUL in a path
        raise _unreadable(source, error) from error


def _unreadable(source: object, error: Exception) -> SourceNotFound:
    name = f"file {str(source)!r}" if isinstance(source, (str, PathLike)) else "stream"
    return SourceNotFound(
        f"The {name} cannot be read ({getattr(error, 'strerror', None) or error}).",
        remedy="Check the path and the rights.",
    )
