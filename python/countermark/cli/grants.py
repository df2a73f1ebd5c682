"""`countermark grants`: to whom copies without the visible label were given."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from countermark.cli.digests import digest_of
from countermark.cli.home import payload_number
from countermark.cli.retention import Address, opened
from countermark.registry import DisposalReason
from countermark.registry.duties import UnlabelledGrant

app = typer.Typer(
    help="Record to whom copies without the visible label are given, and by which agreement.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
Identifier = Annotated[str, typer.Argument(metavar="ID", help="As add and list print it.")]


@app.command()
def add(
    content: Annotated[str, typer.Argument(metavar="CONTENT", help="The content id (ProduceID).")],
    recipient: Annotated[
        str, typer.Option(help="Who gets the copy; kept encrypted, not in the log.")
    ],
    agreement: Annotated[
        str, typer.Option(metavar="FILE", help="The agreement, or its SHA-256; only that is kept.")
    ],
    payload: Annotated[
        str | None, typer.Option(help="Of its watermark, 16 hexadecimal digits.")
    ] = None,
    address: Address = None,
) -> None:
    """Record that somebody is given a copy without the visible label; the grant's ID is printed.

    The implicit label, in the metadata, must be in that copy all the same.

    For example:

        countermark grants add content-47 --recipient "account 4711" --agreement agreement.pdf
    """
    digest = digest_of(agreement)
    with opened(address) as registry:
        grant = registry.grants.add(
            content,
            recipient=recipient,
            agreement_sha256=digest,
            payload=None if payload is None else payload_number(payload),
        )
    typer.echo(grant.id)


@app.command("list")
def list_grants(
    content: Annotated[str | None, typer.Option(help="Only those for this content id.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON objects, one a line.")] = False,
    address: Address = None,
) -> None:
    """List the grants, without their recipients.

    For example:

        countermark grants list
        countermark grants list --content content-47 --json
    """
    with opened(address) as registry:
        for grant in registry.grants.find(content=content):
            typer.echo(json.dumps(_members(grant)) if as_json else _line(grant))


@app.command()
def show(grant: Identifier, address: Address = None) -> None:
    """Show one grant with its recipient, as JSON.

    For example:

        countermark grants show 0123456789abcdef0123456789abcdef
    """
    with opened(address) as registry:
        members = _members(registry.grants.get(grant))
        members["recipient"] = registry.grants.recipient(grant)
    typer.echo(json.dumps(members, ensure_ascii=False, indent=2))


@app.command()
def purge(
    grant: Identifier,
    reason: Annotated[DisposalReason, typer.Option(help="Public: it stands in the log.")],
    order: Annotated[
        str | None, typer.Option(help="With --reason ordered: its reference, not public.")
    ] = None,
    address: Address = None,
) -> None:
    """Destroy a grant and who its recipient was; the log says that it was done.

    Refused for 184 days from the provision on, unless it is ordered; countermark registry dispose
    does it by itself after the maximum of the class unlabelled-grant.

    For example:

        countermark grants purge 0123456789abcdef0123456789abcdef --reason requested
    """
    with opened(address) as registry:
        registry.grants.purge(grant, reason=reason, order=order)
    typer.echo(f"The grant {grant} is purged.")


def _members(grant: UnlabelledGrant) -> dict[str, Any]:
    return {
        "id": grant.id,
        "content": grant.content,
        "payload": None if grant.payload is None else f"{grant.payload:016x}",
        "agreement_sha256": grant.agreement_sha256.hex(),
        "granted_at": grant.granted_at.isoformat(),
    }


def _line(grant: UnlabelledGrant) -> str:
    payload = "-" if grant.payload is None else f"{grant.payload:016x}"
    return f"{grant.id}  {grant.granted_at:%Y-%m-%d %H:%M}  {payload:<16}  {grant.content}"
