"""`countermark registry keep | recall | erase | dispose | classes`: what may have to be erased."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from countermark import keys
from countermark.cli import output
from countermark.cli.home import payload_number
from countermark.errors import InvalidArgument, RetentionNotOver
from countermark.registry import DisposalReason, PersonalRecord, Registry
from countermark.registry.retention import SETTINGS

Address = Annotated[
    str | None,
    typer.Option("--registry", metavar="ADDRESS", help="Another one: a path, or postgresql://..."),
]
Record = Annotated[str | None, typer.Argument(metavar="[RECORD]", help="The ID of one record.")]
Payload = Annotated[str | None, typer.Option(help="Of a picture, 16 hexadecimal digits.")]
Subject = Annotated[str | None, typer.Option(help="Whom it is about, in your own words.")]


def classes(
    as_json: Annotated[bool, typer.Option("--json", help="JSON objects, one a line.")] = False,
    address: Address = None,
) -> None:
    """Show the retention classes: for how many days what is of them must and may be kept.

    For example:

        countermark registry classes
    """
    with opened(address) as registry:
        for kind in registry.personal.retention().values():
            most = kind.maximum_days
            if as_json:
                members = {"name": kind.name, "minimum_days": kind.minimum_days}
                typer.echo(json.dumps({**members, "maximum_days": most}))
            else:
                ends = "no end" if most is None else f"at most {most}"
                typer.echo(f"{kind.name:<18} at least {kind.minimum_days:>5} days, {ends}")


def keep(
    retention_class: Annotated[str, typer.Option("--class", help="How long it is kept.")],
    payload: Payload = None,
    subject: Subject = None,
    address: Address = None,
) -> None:
    """Keep a personal record, a JSON object from standard input, encrypted; shows its ID.

    For example:

        echo '{"prompt": "a cup"}' | countermark registry keep --class personal --subject 4711
    """
    try:
        values = json.load(sys.stdin)
    except (ValueError, RecursionError):  # which could show what is in it
        raise InvalidArgument(
            "Standard input holds no JSON.", remedy='Give an object such as {"prompt": "a cup"}.'
        ) from None
    with opened(address) as registry:
        record = registry.personal.keep(
            values,
            retention_class=retention_class,
            payload=None if payload is None else payload_number(payload),
            subject=subject,
        )
    typer.echo(record)


def recall(
    record: Record = None,
    payload: Payload = None,
    subject: Subject = None,
    address: Address = None,
) -> None:
    """Show a personal record, or all about a picture or a subject, as lines of JSON.

    For example:

        countermark registry recall --payload 0123456789abcdef
        countermark registry recall --subject 4711 | jq .values
    """
    with opened(address) as registry:
        for found in _chosen(registry, record, payload, subject):
            typer.echo(json.dumps(_members(registry.personal.recall(found)), ensure_ascii=False))


def erase(
    reason: Annotated[DisposalReason, typer.Option(help="Public: it stands in the log.")],
    record: Record = None,
    payload: Payload = None,
    subject: Subject = None,
    order: Annotated[
        str | None, typer.Option(help="With --reason ordered: its reference, not public.")
    ] = None,
    address: Address = None,
) -> None:
    """Erase a personal record, or all about a picture or a subject; the log says that.

    What must stay for some time yet is named, and the exit code is 1 then.

    For example:

        countermark registry erase --subject 4711 --reason requested
        countermark registry erase --payload 0123456789abcdef --reason ordered --order "12 O 34/26"
    """
    erased, kept = 0, False
    with opened(address) as registry:
        for found in _chosen(registry, record, payload, subject):
            try:
                registry.personal.erase(found, reason=reason, order=order)
                erased += 1
            except RetentionNotOver as error:
                kept = True
                output.complain(f"{found}: {error}")
    typer.echo(f"{erased} records were erased.")
    raise typer.Exit(output.NEGATIVE if kept else output.GOOD)


def dispose(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only count what would be erased.")
    ] = False,
    address: Address = None,
) -> None:
    """Erase what is past the maximum of its class; run it daily.

    For example:

        countermark registry dispose --dry-run
        countermark registry dispose
    """
    with opened(address) as registry:
        disposed = registry.dispose(dry_run=dry_run)
    done = "would be erased" if dry_run else "erased"
    for name, count in disposed.items():
        if count:
            typer.echo(f"{name}: {count} {done}")
    if not any(disposed.values()):
        typer.echo(f"Nothing is past its maximum; {SETTINGS} in the home folder sets them.")


@contextmanager
def opened(address: str | None) -> Iterator[Registry]:
    """A registry, with the classes and the keys of the home folder."""
    place = address or keys.open_home().registry_path
    with Registry.open(place, folder=keys.home_folder()) as registry:
        yield registry


def _chosen(
    registry: Registry, record: str | None, payload: str | None, subject: str | None
) -> list[str]:
    if (record is None) == (payload is None and subject is None):
        raise InvalidArgument(
            "It is not said which records.", remedy="Name one, or --payload, --subject or both."
        )
    if record is not None:
        return [record]
    return registry.personal.find(
        payload=None if payload is None else payload_number(payload), subject=subject
    )


def _members(record: PersonalRecord) -> dict[str, Any]:
    members: dict[str, Any] = {
        "record": record.id,
        "class": record.retention_class,
        "since": record.since.isoformat(),
    }
    if record.payload is not None:
        members["payload"] = f"{record.payload:016x}"
    return {**members, "values": record.values}
