"""`countermark sign`: put a signed manifest, and nothing else, into a file of any container."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from countermark import credentials, keys
from countermark.auditing import audited
from countermark.cli import output
from countermark.cli.init import passphrase
from countermark.record import DigitalSource, Record
from countermark.registry import Registry

_SOURCES = ", ".join(source.value for source in DigitalSource)


def sign(
    path: Annotated[
        Path, typer.Argument(metavar="FILE", help="A picture, movie, sound or document.")
    ],
    out: Annotated[Path, typer.Option(help="The file to write; may be the same.")],
    source: Annotated[
        DigitalSource, typer.Option(metavar="NAME", help=f"Where it comes from: {_SOURCES}.")
    ] = DigitalSource.CAPTURED,
    creator: Annotated[
        str | None, typer.Option(help="The person or organisation behind it.")
    ] = None,
    generator: Annotated[
        str | None, typer.Option(help="The software or model that made or edited it.")
    ] = None,
    title: Annotated[str | None, typer.Option(help="What it is called.")] = None,
    parent: Annotated[Path | None, typer.Option(help="The file that it was made from.")] = None,
    component: Annotated[
        list[Path] | None, typer.Option(help="A file that was placed in it; may be repeated.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, on one line.")] = False,
) -> None:
    """Put a signed manifest into a copy of a file, without a watermark.

    For files that cannot carry a watermark: movies, sounds, drawings, documents. Pictures are
    better served by countermark mark. The key is that of the home folder (countermark init). A
    file that carries a manifest is its own parent, so that the earlier manifest is kept.

    For example:

        countermark sign talk.mp4 --out talk.mp4 --creator "Ada Example"
        countermark sign song.flac --out signed.flac --source ai-generated
        countermark sign page.pdf --out signed.pdf --component photo.jpg
    """
    media_type = credentials.media_type_of(path)
    if parent is None and credentials.read(path, media_type, trust=credentials.Trust.nobody()):
        parent = path
    home = keys.open_home()
    with Registry.open(home.registry_path) as registry:
        store = credentials.sign_file(
            path,
            out,
            media_type,
            record=Record(source=source, creator=creator, generator=generator, title=title),
            signer=audited(home.signer(passphrase()), registry),
            parent=None if parent is None else (parent, credentials.media_type_of(parent)),
            components=[(one, credentials.media_type_of(one)) for one in component or ()],
        )
    label = credentials.read_detached(store, trust=credentials.Trust.nobody()).label
    if as_json:
        typer.echo(json.dumps({"file": str(path), "destination": str(out), "manifest": label}))
    else:
        typer.echo(f"{path} -> {out} ({label})")
    raise typer.Exit(output.GOOD)
