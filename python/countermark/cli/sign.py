"""`countermark sign`: put a signed manifest, and nothing else, into a file of any container."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from countermark import credentials, duties, files, keys, stamping
from countermark.auditing import audited
from countermark.cli import output
from countermark.cli import record as options
from countermark.cli.home import secrets
from countermark.errors import InvalidArgument
from countermark.labels import aigc, scenes
from countermark.record import Record
from countermark.registry import Registry


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
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, on one line.")] = False,
) -> None:
    """Put a signed manifest into a copy of a file, without a watermark.

    For files that cannot carry a watermark: movies, sounds, drawings, documents. Pictures are
    better served by countermark mark. The key is that of the home folder (countermark init),
    unless its signer.toml names another one. A file that carries a manifest is its own parent, so
    that the earlier manifest is kept. Time stamps are asked of the home folder's servers
    (countermark keys timestamps), if it names some.

    Of files that have no place for a manifest, such as scenes, it is written to a file of its own:
    --out room.c2pa beside room.glb. It names the watermark in the textures of a scene.

    For example:

        countermark sign talk.mp4 --out talk.mp4 --creator "Ada Example"
        countermark sign song.flac --out signed.flac --source ai-generated
        countermark sign page.pdf --out signed.pdf --component photo.jpg
        countermark sign room.glb --out room.c2pa --source ai-generated
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
    if out.suffix.lower() == credentials.SIDECAR:
        if parent is not None or component:
            raise InvalidArgument(
                "A manifest beside a file names neither a parent nor components.",
                remedy="Leave --parent and --component out.",
            )
        _sign_beside(path, out, stated, as_json=as_json)
    media_type = credentials.media_type_of(path)
    if parent is None and credentials.read(path, media_type, trust=credentials.Trust.nobody()):
        parent = path
    home = keys.open_home()
    time_stamper = stamping.time_stamper(home)
    with Registry.open(home.registry_path) as registry:
        duties.check(stated, registry, modality=duties.modality_of(media_type))
        store = credentials.sign_file(
            path,
            out,
            media_type,
            record=stated,
            signer=audited(keys.open_signer(home, secrets())(), registry),
            parent=None if parent is None else (parent, credentials.media_type_of(parent)),
            components=[(one, credentials.media_type_of(one)) for one in component or ()],
            time_stamper=time_stamper,
        )
    missing = credentials.unstamped(store) if time_stamper else None
    if time_stamper is not None:
        stamping.settle(home, out, missing)
    label = credentials.read_detached(store, trust=credentials.Trust.nobody()).label
    if as_json:
        members = {"file": str(path), "destination": str(out), "manifest": label}
        typer.echo(json.dumps({**members, "waits_for_time_stamp": missing is not None}))
    else:
        typer.echo(f"{path} -> {out} ({label}{f'; {output.QUEUED}' if missing else ''})")
    raise typer.Exit(output.GOOD)


def _sign_beside(path: Path, out: Path, record: Record, *, as_json: bool) -> NoReturn:
    """Write a manifest to a file of its own, and remember it."""
    home = keys.open_home()
    shown = aigc.media_type(path)
    payloads = scenes.find_payloads(path) if shown == scenes.GLB else ()
    with Registry.open(home.registry_path) as registry:
        duties.check(record, registry, modality=duties.modality_of(shown or ""))
        store = credentials.sign_detached(
            path,
            record=record,
            signer=audited(keys.open_signer(home, secrets())(), registry),
            soft_binding=credentials.SoftBinding.of_payload(payloads[0]) if payloads else None,
            time_stamper=stamping.time_stamper(home),
        )
        with files.replacing(files.target(out), store) as put:
            put()
    label = credentials.active_label(store)
    if as_json:
        members = {"file": str(path), "destination": str(out), "manifest": label}
        typer.echo(json.dumps({**members, "waits_for_time_stamp": False}))
    else:
        typer.echo(f"{path} -> {out} ({label})")
    raise typer.Exit(output.GOOD)
