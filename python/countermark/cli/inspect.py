"""`countermark inspect`: show what the detector sees in a picture."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Annotated

import typer

from countermark import files
from countermark.cli import output
from countermark.errors import DestinationNotWritable
from countermark.inspection import Findings
from countermark.inspection import inspect as inspect_file


def inspect(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A picture.")],
    out: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Where to draw what was seen.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, on one line.")] = False,
) -> None:
    """Show what the watermark's detector sees: where the mark lies, how clearly, how many bits.

    With --out it is drawn: the tiles of the mark over the picture, how clearly each of them shows
    the pilot, and what each coded bit said. A picture of which the registry of the home folder
    holds the thumbnail is drawn in its place. Exit code 1 when nothing is read.

    For example:

        countermark inspect copy.jpg
        countermark inspect copy.jpg --out seen.png
        countermark inspect copy.jpg --json | jq .wrong_bits
    """
    place = None if out is None else _place(out, path)
    findings = inspect_file(path)
    if place is not None:
        _write(place, findings)
    if as_json:
        typer.echo(json.dumps({"file": str(path), **findings.as_dict()}))
    else:
        typer.echo(str(findings))
        if out is not None:
            typer.echo(f"Drawn in {out}")
    raise typer.Exit(output.NEGATIVE if findings.seen.detection is None else output.GOOD)


def _place(out: Path, path: Path) -> Path:
    place = files.target(out)
    if place == Path(os.path.realpath(path)):
        raise DestinationNotWritable(
            f"{str(out)!r} is the picture itself.", remedy="Name another file with --out."
        )
    return place


def _write(place: Path, findings: Findings) -> None:
    content = io.BytesIO()
    findings.sheet().save(content, "PNG")
    with files.replacing(place, content.getvalue()) as put:
        put()
