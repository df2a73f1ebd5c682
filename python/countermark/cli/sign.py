"""`countermark sign`: put a signed manifest into a file of any container."""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from countermark import credentials, keys, stamping
from countermark.cli import output
from countermark.cli import record as options
from countermark.cli.comply import profiles
from countermark.cli.home import secrets
from countermark.errors import InvalidArgument
from countermark.labels.profiles import NAMES
from countermark.registry import Registry
from countermark.signing import sign as sign_file
from countermark.signing import sign_beside


class Where(str, Enum):
    """Where the manifest of a text goes."""

    BESIDE = "beside"
    LINKED = "linked"
    UNSTRUCTURED = "unstructured"
    STRUCTURED = "structured"
    HTML = "html"


def sign(
    path: Annotated[
        Path, typer.Argument(metavar="FILE", help="A picture, movie, sound or document.")
    ],
    out: Annotated[Path, typer.Option(help="The file to write; may be the same.")],
    record: options.RecordFile = None,
    source: options.Source = None,
    creator: options.Creator = None,
    title: options.Title = None,
    producer: options.ProducerName = None,
    producer_code: options.ProducerCode = None,
    system: options.SystemName = None,
    system_version: options.SystemVersion = None,
    service_class: options.Service = None,
    parent: Annotated[Path | None, typer.Option(help="The file that it was made from.")] = None,
    component: Annotated[
        list[Path] | None, typer.Option(help="A file that was placed in it; may be repeated.")
    ] = None,
    profile: Annotated[
        list[str] | None,
        typer.Option(metavar="NAMES", help=f"Whose duties are to be met: {', '.join(NAMES)}."),
    ] = None,
    method: Annotated[
        Where | None,
        typer.Option(help="Where the manifest of a text goes; by default beside it."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, on one line.")] = False,
) -> None:
    """Put a signed manifest into a copy of a file, without a watermark.

    For files that cannot carry a watermark: movies, sounds, drawings, documents. Pictures are
    better served by countermark mark. The key is that of the home folder (countermark init),
    unless its signer.toml names another one. A file that carries a manifest, in it or beside it,
    is its own parent, so that the earlier manifest is kept. Time stamps are asked of the home
    folder's servers (countermark keys timestamps), if it names some. With --profile, movies, sounds
    and documents (PDF, Office, Markdown, HTML) get the labels that these jurisdictions demand, and
    any file is refused if it lacks something else.

    Of files that have no place for a manifest, such as Office files and scenes, it is written to a
    file of its own beside the destination: signed.c2pa beside signed.docx. With --out room.c2pa
    nothing else is written, and room.glb stays as it is; a manifest that lies there already becomes
    the parent. Of a scene it names the watermark in the textures.

    Pages of HTML with a head get the manifest in it, or, with --method linked, beside them and a
    link to it. Other texts have it beside them, or with
    --method in them: structured is a comment (Markdown, XML, YAML, source code), unstructured some
    14 kB of characters behind plain text that nobody sees.

    For example:

        countermark sign talk.mp4 --out talk.mp4 --creator "Ada Example"
        countermark sign song.flac --out signed.flac --source ai-generated
        countermark sign page.pdf --out signed.pdf --component photo.jpg
        countermark sign clip.mp4 --out clip.mp4 --record record.json --profile cn
        countermark sign letter.docx --out signed.docx --record record.json --profile cn
        countermark sign room.glb --out room.c2pa --source ai-generated
        countermark sign note.txt --out signed.txt --source ai-generated --method unstructured
    """
    stated = options.stated(
        record,
        source=source,
        creator=creator,
        title=title,
        producer=producer,
        producer_code=producer_code,
        system=system,
        system_version=system_version,
        service_class=service_class,
    )
    is_beside = out.suffix.lower() == credentials.SIDECAR
    if is_beside and component:
        raise InvalidArgument(
            "A manifest beside a file names no components.", remedy="Leave --component out."
        )
    if is_beside and method not in (None, Where.BESIDE):
        raise InvalidArgument(
            "With that --out the manifest lies beside the file.", remedy="Leave --method out."
        )
    demanded = profiles(profile)
    home = keys.open_home()
    time_stamper = stamping.time_stamper(home)
    with Registry.open(home.registry_path) as registry:
        if is_beside:
            done = sign_beside(
                path,
                out,
                record=stated,
                signer=keys.open_signer(home, secrets())(),
                registry=registry,
                parent=parent,
                time_stamper=time_stamper,
                profiles=demanded,
            )
        else:
            done = sign_file(
                path,
                out,
                record=stated,
                signer=keys.open_signer(home, secrets())(),
                registry=registry,
                parent=parent,
                components=component or (),
                time_stamper=time_stamper,
                profiles=demanded,
                method=None if method is None else method.value,
            )
    if time_stamper is not None:
        stamping.settle(home, done.sidecar or out, done.unstamped)
    if as_json:
        members = {
            "file": str(path),
            "destination": str(out),
            "manifest": done.manifest,
            "sidecar": None if done.sidecar is None else str(done.sidecar),
        }
        typer.echo(json.dumps({**members, "waits_for_time_stamp": done.unstamped is not None}))
    else:
        waits = f"; {output.QUEUED}" if done.unstamped else ""
        beside = done.sidecar is not None and not is_beside
        where = f" with {done.sidecar} beside it" if beside else ""
        typer.echo(f"{path} -> {out}{where} ({done.manifest}{waits})")
    raise typer.Exit(output.GOOD)
