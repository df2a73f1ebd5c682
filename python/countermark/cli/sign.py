"""`countermark sign`: put a signed manifest, and nothing else, into a file of any container."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from countermark import credentials, keys, stamping
from countermark.auditing import audited
from countermark.cli import output
from countermark.cli import record as options
from countermark.cli.home import secrets
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

    For example:

        countermark sign talk.mp4 --out talk.mp4 --creator "Ada Example"
        countermark sign song.flac --out signed.flac --source ai-generated
        countermark sign page.pdf --out signed.pdf --component photo.jpg
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
    media_type = credentials.media_type_of(path)
    if parent is None and credentials.read(path, media_type, trust=credentials.Trust.nobody()):
        parent = path
    home = keys.open_home()
    time_stamper = stamping.time_stamper(home)
    with Registry.open(home.registry_path) as registry:
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
