"""`countermark labels audio`: a label that is heard."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from countermark.cli.unsigned import demand_unsigned
from countermark.labels.audible import Cue, Rhythm, Spoken, label_audio, speak


class Place(str, Enum):
    """Where the cue goes."""

    START = "start"
    END = "end"
    MIDDLE = "middle"


class Voice(str, Enum):
    """Who speaks, where espeak-ng is installed."""

    ZH = "zh"
    EN = "en"


def audio(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A sound.")],
    out: Annotated[Path, typer.Option(help="The file to write; may be the same.")],
    where: Annotated[
        Place, typer.Option(help="In the middle: at the quietest place there.")
    ] = Place.START,
    clip: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Recorded words, instead of the rhythm.")
    ] = None,
    voice: Annotated[
        Voice | None, typer.Option(help="Have espeak-ng say it, instead of the rhythm.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, on one line.")] = False,
) -> None:
    """Write a copy of a sound in which it is heard that the content is generated.

    Heard is the rhythm "short long, short short" (GB 45438-2025, 5.3), or spoken words, about as
    loud as the content. Labelled are WAV, AIFF, FLAC, MP3, M4A (AAC, ALAC) and Ogg Opus; in WAV
    and AIFF the content stays byte for byte. A file that carries a manifest is refused, because
    the label would break it.

    For example:

        countermark labels audio talk.wav --out labelled.wav
        countermark labels audio song.mp3 --out labelled.mp3 --where end --voice zh
    """
    if clip is not None and voice is not None:
        raise typer.BadParameter("Use either --clip or --voice.")
    demand_unsigned(path)
    with tempfile.TemporaryDirectory() as folder:
        cue: Cue = Rhythm() if clip is None else Spoken(clip)
        if voice is not None:
            speak(Path(folder, "words.wav"), language=voice.value)
            cue = Spoken(Path(folder, "words.wav"))
        done = label_audio(path, out, cue=cue, where=where.value)
    if as_json:
        typer.echo(json.dumps({"file": str(path), "destination": str(out), **asdict(done)}))
    else:
        typer.echo(
            f"{out}: heard from {done.start_seconds:.2f} to {done.end_seconds:.2f} s "
            f"at {done.level_db:.0f} dB; the content is {done.content}"
        )
