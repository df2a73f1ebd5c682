"""`countermark labels ingest`: what a platform does with a file that somebody publishes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from countermark import ingesting, keys, stamping
from countermark.auditing import audited
from countermark.cli import output
from countermark.cli.home import secrets
from countermark.record import DigitalSource, ProviderCode
from countermark.registry import Registry
from countermark.verifying.trusted import trust_store


def ingest(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="What somebody publishes.")],
    out: Annotated[Path, typer.Option(help="The file to write; may be the same.")],
    propagator: Annotated[
        str, typer.Option("--as", metavar="CODE", help="The provider code of the platform.")
    ],
    id: Annotated[str, typer.Option(help="The platform's number of the content.")],
    declared: Annotated[
        bool, typer.Option(help="Whoever publishes it says that it was generated.")
    ] = False,
    suspected: Annotated[bool, typer.Option(help="A detector of yours thinks so.")] = False,
    source: Annotated[
        DigitalSource | None,
        typer.Option(metavar="NAME", help="Where it comes from, if its manifest does not say."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, on one line.")] = False,
) -> None:
    """Decide what to say of a file, and write a copy that says so in its metadata.

    A label in the metadata: it is generated. None, but it is declared: possibly. Neither, but there
    are traces, such as a manifest, a watermark that leads to one, or your detector: suspected. Only
    the members of the propagator are written; what the producer stated stays. A manifest in the
    file becomes the parent of a new one. Nothing that came in is lost, or nothing is written.

    For example:

        countermark labels ingest upload.jpg --out published.jpg \\
            --as 001191110102MACQD9K64028705 --id post-42 --declared
    """
    home = keys.open_home()
    with Registry.open(home.registry_path) as registry:
        done = ingesting.ingest(
            path,
            out,
            propagator=ProviderCode(propagator),
            propagate_id=id,
            is_declared=declared,
            is_suspected=suspected,
            origin=source,
            signer=audited(keys.open_signer(home, secrets())(), registry),
            trust=trust_store(home).trust(),
            registry=registry,
            time_stamper=stamping.time_stamper(home),
        )
    if as_json:
        members = {
            "file": str(path),
            "destination": str(out),
            "decision": done.decision.value,
            "notice": done.decision.notice,
            "notice_zh": done.decision.notice_zh,
            "label": None if done.label is None else done.label.members(),
            "manifest": done.manifest,
        }
        typer.echo(json.dumps(members, ensure_ascii=False))
    else:
        said = done.decision.notice or "Nothing is to be said of it."
        typer.echo(f"{path} -> {out}: {said}")
    raise typer.Exit(output.GOOD)
