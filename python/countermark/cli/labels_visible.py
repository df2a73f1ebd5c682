"""`countermark labels picture | text | interface | wordings`: labels that people see."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Annotated, Final

import typer

from countermark import files, image, watermark
from countermark.cli.unsigned import demand_unsigned
from countermark.errors import ImageTooSmall, InvalidArgument
from countermark.labels.visible import (
    Corner,
    Wording,
    find_text_label,
    interface_snippet,
    label_picture,
    label_text,
    packaged,
    wording,
)
from countermark.preserving import Marks, compare, labels_in

_FORMS: Final = {".md": "markdown", ".markdown": "markdown", ".html": "html", ".htm": "html"}


class TextPlace(str, Enum):
    """Where the label of a text stands."""

    START = "start"
    END = "end"
    BOTH = "both"
    CORNER = "corner"


class PagePlace(str, Enum):
    """Where the label on a page stands."""

    INLINE = "inline"
    TOP = "top"
    BOTTOM = "bottom"


Words = Annotated[
    str, typer.Option("--wording", metavar="PLACE", help="Whose: cn, eu, us-ca, in or kr.")
]
Language = Annotated[
    str | None, typer.Option(metavar="TAG", help="Such as en; by default the usual one there.")
]
FilingNumber = Annotated[
    str | None, typer.Option(metavar="TEXT", help="Of the service, shown with the label.")
]


def picture(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A picture.")],
    out: Annotated[Path, typer.Option(help="The file to write, of the same format.")],
    jurisdiction: Words,
    language: Language = None,
    corner: Annotated[
        Corner | None, typer.Option(help="By default the one with the least structure.")
    ] = None,
    height: Annotated[
        float, typer.Option(help="Of the smallest letter, as a part of the shortest side.")
    ] = 0.05,
    filing_number: FilingNumber = None,
    font: Annotated[
        Path | None, typer.Option(metavar="FILE", help="By default one that is found.")
    ] = None,
) -> None:
    """Write a copy of a picture with a label that people see in a corner.

    The picture is labelled first, then marked and signed: one that carries a manifest is refused,
    because the label would break it.

    For example:

        countermark labels picture art.png --out labelled.png --wording cn
        countermark labels picture art.jpg --out labelled.jpg --wording eu --language de
    """
    words = wording(jurisdiction, language, filing_number=filing_number)
    content = files.load(path)
    original = image.read(io.BytesIO(content))
    place = _place(out, original.format)
    demand_unsigned(path)
    drawn = original.pixels.copy()
    upright = image.upright(drawn, original.orientation)
    done = label_picture(
        upright, words, corner=corner, height_fraction=height, font=font, out=upright
    )
    labelled = image.encode(replace(original, pixels=drawn))
    compare(_marks(content), _marks(labelled))
    with files.replacing(place, labelled, like=path) as put:
        put()
    typer.echo(
        f"{out}: {' | '.join(done.lines)}, {done.corner.value}, "
        f"letters of {done.ink_height} pixels, contrast {done.contrast:g}"
    )


def text(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="UTF-8: .md, .html, or plain.")],
    out: Annotated[Path, typer.Option(help="The file to write.")],
    jurisdiction: Words,
    language: Language = None,
    where: Annotated[TextPlace, typer.Option(help="In the text.")] = TextPlace.START,
    filing_number: FilingNumber = None,
) -> None:
    """Write a copy of a text with its label. A text that has this label already stays as it is.

    For example:

        countermark labels text article.md --out labelled.md --wording cn --where both
    """
    words = wording(jurisdiction, language, filing_number=filing_number)
    form = _FORMS.get(path.suffix.lower(), "plain")
    demand_unsigned(path)
    try:
        content = files.load(path).decode()
    except UnicodeDecodeError as error:
        raise InvalidArgument(
            f"The text {str(path)!r} is not UTF-8.", remedy="Convert it to UTF-8 first."
        ) from error
    labelled = label_text(content, words, where=where.value, form=form)  # type: ignore[arg-type]
    with files.replacing(files.target(out), labelled.encode(), like=path) as put:
        put()
    found = find_text_label(labelled, form=form, wordings=[words])  # type: ignore[arg-type]
    typer.echo(f"{out}: {', '.join(f'{each.text} ({each.where})' for each in found)}")


def interface(
    jurisdiction: Words,
    language: Language = None,
    place: Annotated[PagePlace, typer.Option(help="On the page.")] = PagePlace.INLINE,
    filing_number: FilingNumber = None,
    filing_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Where the filing is published.")
    ] = None,
) -> None:
    """Print HTML that shows the label beside content on a page, with its icon.

    For example:

        countermark labels interface --wording cn --place top > label.html
    """
    words = wording(jurisdiction, language, filing_number=filing_number)
    typer.echo(interface_snippet(words, place=place.value, filing_url=filing_url))


def wordings(
    as_json: Annotated[bool, typer.Option("--json", help="JSON objects, one a line.")] = False,
) -> None:
    """List the packaged words of labels, what asks for them, and how well that is known.

    H: read in the rule, or quoted by several readers; M: by one good reader; L: our rendering.

    For example:

        countermark labels wordings
    """
    for each in packaged():
        typer.echo(_json(each) if as_json else _line(each))


def _marks(content: bytes) -> Marks:
    """What a picture without a manifest came in with, or goes out with."""
    picture = image.read(io.BytesIO(content))
    payload = None
    with contextlib.suppress(ImageTooSmall):
        found = watermark.detect(image.upright(picture.pixels, picture.orientation))
        payload = None if found is None else found.payload
    return Marks.of(None, labels_in(io.BytesIO(content)), payload=payload)


def _place(out: Path, format: str) -> Path:
    """The file to write, whose name must not belong to another format."""
    suffix = out.suffix.lower()
    if any(suffix in known for name, known in image.SUFFIXES.items() if name != format):
        raise InvalidArgument(
            f"The destination {str(out)!r} ends in {suffix}, but the picture is a {format} and "
            "stays one.",
            remedy=f"Name it {image.SUFFIXES[format][0]}, or convert the picture first.",
        )
    return files.target(out)


def _line(words: Wording) -> str:
    shown = " / ".join(words.choices)
    head = f"{words.jurisdiction:<6} {words.language:<8} {words.confidence}  {shown}"
    return f"{head}\n{'':<19}{words.clause}"


def _json(words: Wording) -> str:
    names = ("jurisdiction", "language", "text", "short", "corner", "sentence", "clause")
    found = {name: getattr(words, name) for name in (*names, "confidence")}
    return json.dumps(found, ensure_ascii=False)
