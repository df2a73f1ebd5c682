"""`countermark report`: what the log says, for those who may ask."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated

import typer

from countermark.cli.log import own_log
from countermark.disclosing import disclose, load_recipient
from countermark.errors import InvalidArgument
from countermark.registry import DisclosureReason
from countermark.registry.log import NoteVerifier

app = typer.Typer(
    help="Report what the log says to those who may ask.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


@app.callback()
def group() -> None:
    """Without this, a single command would take the name of the group."""


@app.command()
def authority(
    start: Annotated[str, typer.Option("--from", metavar="TIME", help="ISO 8601; else UTC.")],
    end: Annotated[str, typer.Option("--to", metavar="TIME", help="Not included itself.")],
    reason: Annotated[DisclosureReason, typer.Option(help="Public: it stands in the log.")],
    recipient: Annotated[
        Path, typer.Option(metavar="CERTIFICATE", help="RSA, PEM: who alone can open it.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Where to write it.")],
    include_personal: Annotated[
        bool, typer.Option("--include-personal", help="Personal records of that time too.")
    ] = False,
    witness: Annotated[
        list[str] | None,
        typer.Option(metavar="LINE", help="Who has cosigned the checkpoint; may be repeated."),
    ] = None,
) -> None:
    """Write an encrypted, signed bundle for an authority: what the log says of a time.

    In it are leaves and the proof of each, disposals, fingerprints, the list of keys, and a
    script that checks all of it with Python and openssl alone. That it was made is logged.

    For example:

        countermark report authority --from 2026-01-01 --to 2026-02-01 --reason inspection \\
            --recipient authority.pem -o report.p7m
        openssl cms -decrypt -binary -inform DER -in report.p7m -inkey key.pem -out report.zip
        python3 -m zipfile -e report.zip report && python3 report/check.py
    """
    times = _time(start), _time(end)
    certificate = load_recipient(recipient)
    with own_log() as (home, registry, key):
        disclosed = disclose(
            home,
            registry,
            out,
            key=key,
            recipient=certificate,
            reason=reason,
            start=times[0],
            end=times[1],
            include_personal=include_personal,
            witnesses=[NoteVerifier.parse(line) for line in witness or ()],
        )
    made = disclosed.disclosure
    typer.echo(
        f"{made.leaves} leaves and {made.personal} personal records are in {out}.\n"
        f"Its SHA-256: {made.bundle_sha256.hex()}"
    )


def _time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise InvalidArgument(
            f"{text!r:.40} is no time.", remedy="Write it as 2026-01-31 or 2026-01-31T12:00:00Z."
        ) from error
    return at if at.tzinfo else at.replace(tzinfo=timezone.utc)
