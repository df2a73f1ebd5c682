"""`countermark complaints`: what people complain about, and by when they get an answer."""

from __future__ import annotations

import json
import sys
from datetime import datetime, timezone
from typing import Annotated, Any

import typer

from countermark.cli import output
from countermark.cli.digests import digest_of
from countermark.cli.home import payload_number
from countermark.cli.retention import Address, opened
from countermark.errors import InvalidArgument
from countermark.registry.duties import About, Complaint, ComplaintKind, ComplaintState

app = typer.Typer(
    help="Take in complaints, appeals and reports, and answer them in time.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
Ticket = Annotated[str, typer.Argument(metavar="TICKET", help="As add and list print it.")]


@app.command()
def add(
    kind: Annotated[ComplaintKind, typer.Option(help="Which of these it is.")],
    payload: Annotated[
        str | None, typer.Option(help="Of the content's watermark, 16 hexadecimal digits.")
    ] = None,
    pdq: Annotated[str | None, typer.Option(help="Its fingerprint, 64 hexadecimal digits.")] = None,
    url: Annotated[str | None, typer.Option(help="The address where it is.")] = None,
    contact: Annotated[
        str | None, typer.Option(help="Of whoever complains; kept encrypted, not in the log.")
    ] = None,
    with_text: Annotated[
        bool, typer.Option("--text", help="Read their words from standard input.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, on one line.")] = False,
    address: Address = None,
) -> None:
    """Take in a complaint; its ticket and its deadline are printed.

    What it is about is named by --payload, --pdq, --url or several of them.

    For example:

        countermark complaints add --kind report --url https://example.org/a.jpg
        echo "This is me." | countermark complaints add --kind complaint \\
          --payload 0123456789abcdef --contact jana@example.org --text
    """
    about = About.of(
        payload=None if payload is None else payload_number(payload),
        pdq=None if pdq is None else _hexadecimal(pdq),
        url=url,
    )
    text = sys.stdin.read().strip() if with_text else None
    with opened(address) as registry:
        received = registry.complaints.receive(kind, about, contact=contact, text=text, url=url)
    complaint = received.complaint
    if as_json:
        typer.echo(json.dumps({**_members(complaint), "secret": received.secret}))
    else:
        typer.echo(complaint.ticket)
        output.complain(f"To be answered before {_shown(complaint.deadline)}.")


@app.command("list")
def list_complaints(
    state: Annotated[ComplaintState | None, typer.Option(help="Only those in this state.")] = None,
    overdue: Annotated[
        bool, typer.Option("--overdue", help="Only those whose time is over; exit code 1 if any.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON objects, one a line.")] = False,
    address: Address = None,
) -> None:
    """List the complaints, without who complains.

    For example:

        countermark complaints list --overdue || echo "Somebody waits for an answer."
    """
    with opened(address) as registry:
        found = registry.complaints.overdue() if overdue else registry.complaints.all(state)
    chosen = [one for one in found if state in (None, one.state)]
    for complaint in chosen:
        typer.echo(json.dumps(_members(complaint)) if as_json else _line(complaint))
    raise typer.Exit(output.NEGATIVE if overdue and chosen else output.GOOD)


@app.command()
def show(ticket: Ticket, address: Address = None) -> None:
    """Show one complaint with contact, words and address, as JSON.

    For example:

        countermark complaints show 0123456789abcdef
    """
    with opened(address) as registry:
        members = _members(registry.complaints.get(ticket))
        members["words"] = registry.complaints.words(ticket)
    typer.echo(json.dumps(members, ensure_ascii=False, indent=2))


@app.command()
def accept(ticket: Ticket, address: Address = None) -> None:
    """Say that a complaint is being handled.

    For example:

        countermark complaints accept 0123456789abcdef
    """
    with opened(address) as registry:
        registry.complaints.accept(ticket)
    typer.echo(f"The complaint {ticket} is accepted.")


@app.command()
def answer(
    ticket: Ticket,
    document: Annotated[
        str,
        typer.Option("--answer", metavar="FILE", help="What was answered; only its SHA-256 stays."),
    ],
    address: Address = None,
) -> None:
    """Say that a complaint was answered. The answer itself is sent by you.

    For example:

        countermark complaints answer 0123456789abcdef --answer letter.pdf
    """
    digest = digest_of(document)
    with opened(address) as registry:
        registry.complaints.answer(ticket, answer_sha256=digest)
    typer.echo(f"The complaint {ticket} is answered.")


@app.command()
def close(ticket: Ticket, address: Address = None) -> None:
    """End a complaint that is answered.

    For example:

        countermark complaints close 0123456789abcdef
    """
    with opened(address) as registry:
        registry.complaints.close(ticket)
    typer.echo(f"The complaint {ticket} is closed.")


def _hexadecimal(pdq: str) -> bytes:
    try:
        return bytes.fromhex(pdq)
    except ValueError as error:
        raise InvalidArgument(
            f"{pdq!r:.40} is no fingerprint.", remedy="Give 64 hexadecimal digits."
        ) from error


def _members(complaint: Complaint) -> dict[str, Any]:
    about, answer_sha256 = complaint.about, complaint.answer_sha256
    return {
        "ticket": complaint.ticket,
        "kind": complaint.kind.value,
        "state": complaint.state.value,
        "since": complaint.since.isoformat(),
        "received_at": complaint.received_at.isoformat(),
        "deadline": complaint.deadline.isoformat(),
        "overdue": complaint.is_overdue(),
        "payload": None if about.payload is None else f"{about.payload:016x}",
        "pdq": None if about.pdq is None else about.pdq.hex(),
        "url_sha256": None if about.url_sha256 is None else about.url_sha256.hex(),
        "answer_sha256": None if answer_sha256 is None else answer_sha256.hex(),
        "record": complaint.record,
    }


def _line(complaint: Complaint) -> str:
    about = complaint.about
    named = [
        name
        for name, value in (
            (f"payload {about.payload or 0:016x}", about.payload),
            ("fingerprint", about.pdq),
            ("address", about.url_sha256),
        )
        if value is not None
    ]
    late = "  OVERDUE" if complaint.is_overdue() else ""
    return (
        f"{complaint.ticket}  {complaint.state.value:<8}  {complaint.kind.value:<9}  "
        f"by {_shown(complaint.deadline)}  {', '.join(named)}{late}"
    )


def _shown(at: datetime) -> str:
    return f"{at.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC"
