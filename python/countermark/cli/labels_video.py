"""`countermark labels video`: a label in the picture of a movie."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from countermark.cli.labels_visible import FilingNumber, Language, Words
from countermark.cli.unsigned import demand_unsigned
from countermark.labels.moving import LEAST_SECONDS, label_video
from countermark.labels.visible import Corner, wording


def video(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A movie.")],
    out: Annotated[Path, typer.Option(help="The file to write; may be the same.")],
    jurisdiction: Words,
    language: Language = None,
    seconds: Annotated[
        float, typer.Option(help="Of play time, from the start; at least 2.")
    ] = LEAST_SECONDS,
    whole: Annotated[bool, typer.Option("--whole", help="Throughout, whatever --seconds.")] = False,
    corner: Annotated[Corner, typer.Option(help="As the movie is shown.")] = Corner.BOTTOM_RIGHT,
    height: Annotated[
        float, typer.Option(help="Of the smallest letter, as a part of the shortest side.")
    ] = 0.05,
    filing_number: FilingNumber = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, on one line.")] = False,
) -> None:
    """Write a copy of a movie with a label burned into its first seconds, or into all of it.

    Of H.264, VP8 and VP9 only what the label reaches into is encoded again; of H.265 and AV1 all
    is. Other tracks, chapters and metadata stay. A file that carries a manifest is refused,
    because the label would break it.

    For example:

        countermark labels video clip.mp4 --out labelled.mp4 --wording cn
        countermark labels video clip.webm --out labelled.webm --wording eu --whole
    """
    words = wording(jurisdiction, language, filing_number=filing_number)
    demand_unsigned(path)
    done = label_video(
        path,
        out,
        words,
        seconds=None if whole else seconds,
        corner=corner,
        height_fraction=height,
    )
    if as_json:
        members = {"file": str(path), "destination": str(out), **asdict(done)}
        typer.echo(json.dumps(members, ensure_ascii=False))
        return
    copied = done.copied_from_seconds
    rest = "all frames encoded again" if copied is None else f"copied as it is from {copied:.2f} s"
    typer.echo(
        f"{out}: {' | '.join(done.lines)} in {done.labelled_frames} frames, "
        f"letters of {done.ink_height} pixels; {rest}"
    )
