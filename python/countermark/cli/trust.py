"""`countermark trust`: whose signatures count, for what, until when, by which list."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from cryptography import x509

from countermark import keys
from countermark.cli import output
from countermark.credentials import Kind, TrustList, TrustStore
from countermark.credentials.trust_store import STALE_DAYS, fingerprint
from countermark.verifying.trusted import find_home, trust_store

app = typer.Typer(
    help="Whose signatures count: list, update, add, remove. Nothing is fetched.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

KindOption = Annotated[
    Kind,
    typer.Option(
        "--kind",
        help="claim: authorities over claim signers. timestamp: over time-stamping authorities. "
        "identity: over those who add an identity (CAWG). signer: single claim signers.",
    ),
]
_PURPOSES = {
    Kind.CLAIM: "may vouch for claim signers",
    Kind.SIGNER: "are claim signers themselves",
    Kind.TIMESTAMP: "may vouch for time-stamping authorities",
    Kind.IDENTITY: "may vouch for identities (CAWG)",
}


@app.command("list")
def list_() -> None:
    """Say who is trusted, for which purpose, until when, and by which list of which date.

    Official lists older than 180 days are named on standard error.

    For example:

        countermark trust list
    """
    store = trust_store(find_home())
    for number, listed in enumerate(store.lists()):
        if number:
            typer.echo()
        _show(listed)
    crls = store.trust().crls
    if crls:
        typer.echo("\nRevocation lists:")
    for crl in crls:
        due = crl.next_update_utc
        until = "" if due is None else f", the next was due by {due:%Y-%m-%d}"
        typer.echo(f"  of {crl.last_update_utc:%Y-%m-%d}{until}: {crl.issuer.rfc4514_string()}")
    _warn(store)


@app.command()
def update(
    source: Annotated[Path, typer.Option("--from", help="The new list, PEM.", show_default=False)],
    kind: KindOption,
) -> None:
    """Take over a newer official list, in one step; the former one stays in the folder.

    The C2PA publishes its lists at github.com/c2pa-org/conformance-public, folder trust-list.

    For example:

        countermark trust update --from C2PA-TRUST-LIST.pem --kind claim
        countermark trust update --from C2PA-TSA-TRUST-LIST.pem --kind timestamp
    """
    change = _store().update(source, kind, today=date.today())
    for sign, certificates in (("+", change.added), ("-", change.removed)):
        for certificate in certificates:
            typer.echo(f"{sign} {_line(certificate)}")
    for certificate in change.kept_out:
        typer.echo(f"  {_line(certificate)} (removed by you before, and kept out)")
    typer.echo(f"{len(change.added)} added, {len(change.removed)} removed.")


@app.command()
def add(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="Certificates, PEM.")],
    kind: KindOption,
) -> None:
    """Trust more certificates, for one purpose.

    For example:

        countermark trust add partner-root.pem --kind claim
        countermark trust add one-camera.pem --kind signer
    """
    added = _store().add(path, kind)
    for certificate in added:
        typer.echo(f"+ {_line(certificate)}")
    typer.echo(f"{len(added)} added, which {_PURPOSES[kind]}.")


@app.command()
def remove(
    certificate: Annotated[
        str, typer.Argument(metavar="FINGERPRINT", help="SHA-256, or its first eight digits.")
    ],
) -> None:
    """Trust a certificate no longer, also when an official list holds it, now or later.

    For example:

        countermark trust remove 1f2e3d4c
    """
    for found, title in _store().remove(certificate):
        typer.echo(f"- {_line(found)} ({title})")


def _store() -> TrustStore:
    """Of the home folder, which must exist to be changed."""
    return trust_store(keys.open_home())


def _show(listed: TrustList) -> None:
    title = listed.title[:1].upper() + listed.title[1:]
    typer.echo(f"{title}: {_count(listed)} that {_PURPOSES[listed.kind]}")
    for certificate in listed.certificates:
        typer.echo(f"  {_line(certificate)}")


def _count(listed: TrustList) -> str:
    number = len(listed.certificates)
    return f"{number} certificate{'s' * (number != 1)}"


def _line(certificate: x509.Certificate) -> str:
    day = certificate.not_valid_after_utc.date()
    subject = certificate.subject.rfc4514_string()
    return f"{fingerprint(certificate)[:16]}  until {day}  {subject}"


def _warn(store: TrustStore) -> None:
    for official in store.official():
        age = official.age_days(date.today())
        if age > STALE_DAYS:
            output.complain(
                f"The {official.name} of {official.published} is {age} days old. "
                "Get the newest one and run countermark trust update."
            )
