"""`countermark keys`: the keys of the home folder and their certificates."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated, Final

import typer

from countermark import certificates, files, keys
from countermark.auditing import audited_home
from countermark.certificates import Finding, Scope
from countermark.cli import output
from countermark.cli.init import passphrase
from countermark.errors import InvalidArgument, UnusableCertificate
from countermark.registry import KeyUse, Registry

app = typer.Typer(
    help="Keep the keys of the home folder: list, lint, request, import, rotate, revoke, log.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

_ALGORITHMS: Final = ", ".join(keys.ALGORITHMS)
_SCOPES: Final = {
    Scope.PROFILE: "C2PA certificate profile",
    Scope.LEVEL_1: "Assurance level 1",
    Scope.LEVEL_2: "Assurance level 2",
}
Json = Annotated[bool, typer.Option("--json", help="JSON objects, one a line.")]


@contextmanager
def _open_audited_home() -> Iterator[keys.Home]:
    """The home, each use of whose keys leaves a line in its log."""
    home = keys.open_home()
    with Registry.open(home.registry_path) as registry:
        yield audited_home(home, registry)


@app.command("list")
def list_keys(as_json: Json = False) -> None:
    """List the keys of the home: algorithm, state, end of the certificate, subject.

    States: signing, retired (what it signed stays trusted), revoked, expired; requested for a key
    that waits for its certificate. A certificate that ends within 30 days is marked; whatever
    uses its key then says so too.

    For example:

        countermark keys list
        countermark keys list --json | jq -r 'select(.state == "signing").expires'
    """
    home = keys.open_home()
    for entry in keys.list_keys(home):
        typer.echo(json.dumps(_members(entry)) if as_json else _line(entry))
    for request in keys.list_requests(home):
        members = {
            "id": request.id,
            "algorithm": request.algorithm,
            "state": "requested",
            "subject": request.csr.subject.rfc4514_string(),
        }
        typer.echo(json.dumps(members) if as_json else _row(**members))


@app.command()
def lint(
    path: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A chain in PEM, the leaf first.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say which fields keep a chain from the C2PA certificate profile and the assurance levels.

    Without FILE it is the chain of the signing key. Each finding names the field, the clause and
    what to do. Exit code 1 when there are findings; a chain outside the assurance levels still
    signs, but is on no public trust list.

    For example:

        countermark keys lint
        countermark keys lint chain.pem
        countermark keys lint chain.pem --json | jq -r '.findings[].problem'
    """
    path = path or keys.open_home().chain_path
    try:
        chain = certificates.load_pem(files.load(path))
    except ValueError as error:
        raise UnusableCertificate(
            f"{str(path)!r} holds no readable certificate.",
            remedy="Give the leaf and its issuers in PEM.",
        ) from error
    findings = certificates.lint(chain, at=datetime.now(timezone.utc))
    if as_json:
        found = [finding.as_dict() for finding in findings]
        typer.echo(json.dumps({"file": str(path), "findings": found}))
    else:
        for scope in Scope:
            _show(scope, [finding for finding in findings if finding.scope is scope])
    raise typer.Exit(output.NEGATIVE if findings else output.GOOD)


@app.command()
def csr(
    organisation: Annotated[str, typer.Option(help="Your legal name.")],
    name: Annotated[str, typer.Option(help="The product that signs, shown to whoever verifies.")],
    country: Annotated[str, typer.Option(help="Two letters, such as SE.")],
    algorithm: Annotated[str, typer.Option(help=f"Of the new key: {_ALGORITHMS}.")] = "es256",
    level: Annotated[
        int | None, typer.Option(help="Assurance level to ask for, 1 or 2; with --product.")
    ] = None,
    product: Annotated[
        str | None,
        typer.Option(metavar="UUID", help="Your entry on the C2PA list of conforming products."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write the request.")
    ] = None,
) -> None:
    """Make a new key and a request (PKCS#10) for a certificate by a real authority.

    The key stays in the home folder, encrypted when COUNTERMARK_PASSPHRASE is set, and signs
    nothing until keys import has taken in the answer.

    For example:

        countermark keys csr --organisation "Example Ltd" --name "Camera App" --country SE --out request.pem
    """  # noqa: E501
    if (level is None) != (product is None):
        raise InvalidArgument(
            "--level and --product belong together.", remedy="Give both of them, or neither."
        )
    conforming = None
    if level is not None and product is not None:
        conforming = keys.ConformingProduct(level, product)
    place = None if out is None else files.target(out)
    with _open_audited_home() as home:
        request = keys.request_certificate(
            home,
            organisation=organisation,
            name=name,
            country=country,
            algorithm=algorithm,
            product=conforming,
            passphrase=passphrase(),
        )
    if place is None:
        typer.echo(request.pem.decode(), nl=False)
        return
    with files.replacing(place, request.pem) as put:
        put()
    typer.echo(f"The request {request.id} is in {out}; its key stays in the home folder.")
    typer.echo("Next: send it to the authority, then countermark keys import chain.pem")


@app.command("import")
def import_chain(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A chain in PEM, the leaf first.")],
    key: Annotated[
        Path | None,
        typer.Option(help="Private key (PKCS#8, PEM), if it is from elsewhere than keys csr."),
    ] = None,
) -> None:
    """Take in the certificate chain that an authority sent, and sign with its key from now on.

    Everything is checked first: key, order, issuers, validity, usages, the C2PA profile; a chain
    that fails leaves the home as it was. The key before is retired, and the trust list unchanged.

    For example:

        countermark keys import chain.pem
        countermark keys import chain.pem --key private.pem
    """
    entry = keys.import_chain(keys.open_home(), files.load(path), key=key, passphrase=passphrase())
    typer.echo(f"The key {entry.id} signs now, as {entry.subject}.")
    typer.echo("Next: countermark keys lint")


@app.command()
def rotate(
    algorithm: Annotated[
        str | None, typer.Option(help=f"Of the new key: {_ALGORITHMS}; by default as before.")
    ] = None,
) -> None:
    """Make a new development key and sign with it; the one before is retired, not revoked.

    What it signed stays trusted, because the root on the trust list stays the same. A home
    without a development authority gets one, whose root is added to its trust list.

    For example:

        countermark keys rotate
        countermark keys rotate --algorithm ed25519
    """
    with _open_audited_home() as home:
        before = files.load(home.trust_path)
        entry = keys.rotate(home, algorithm=algorithm, passphrase=passphrase())
    typer.echo(f"The key {entry.id} signs now ({entry.algorithm}, until {entry.expires.date()}).")
    if files.load(home.trust_path) != before:
        typer.echo(f"A new root was added to {home.trust_path}; give it to those who trust you.")


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="As in countermark keys list.")],
    reason: Annotated[keys.RevocationReason, typer.Option(help="Why it is taken back.")],
) -> None:
    """Revoke a certificate of the development authority; it cannot be undone.

    It goes onto the authority's revocation list (CRL). countermark verify with this home reads
    it; other verifiers have to be given it. The key never signs again. A real authority revokes
    what it issued itself.

    For example:

        countermark keys revoke 0123456789abcdef --reason key-compromise
    """
    with _open_audited_home() as home:
        entry = keys.revoke(home, key_id, reason=reason, passphrase=passphrase())
    typer.echo(f"The key {entry.id} is revoked ({entry.reason}).")
    for path in home.revocation_list_paths:
        typer.echo(f"Revocation list: {path}")
    if entry.is_chosen:
        typer.echo("It was the signing key. Next: countermark keys rotate")


@app.command()
def crl() -> None:
    """Sign the revocation lists of the home's development authorities anew.

    A list is good for 30 days.

    For example:

        countermark keys crl
    """
    with _open_audited_home() as home:
        for path in keys.renew_revocation_lists(home, passphrase=passphrase()):
            typer.echo(f"Revocation list: {path}")


@app.command()
def log(as_json: Json = False) -> None:
    """List what keys were used for, the oldest first: time, purpose, key, outcome, manifest.

    There is a line for each signature, also for those of which nothing came; a signature that
    cannot be recorded is not used. A key's ID is that of countermark keys list; signers from
    elsewhere and authorities have theirs in the same way, from the SHA-256 of their certificate.

    For example:

        countermark keys log
        countermark keys log --json | jq -r 'select(.outcome == "failed").at'
    """
    with Registry.open(keys.open_home().registry_path) as registry:
        for use in registry.key_uses():
            typer.echo(use.to_json() if as_json else _log_line(use))


def _log_line(use: KeyUse) -> str:
    at = use.at.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    key = use.key_sha256.hex()[:16]
    about = use.manifest or "-"
    return f"{at}  {use.purpose.value:<19}  {key}  {use.algorithm:<7}  {use.outcome.value}  {about}"


def _members(entry: keys.KeyEntry) -> dict[str, object]:
    members: dict[str, object] = {
        "id": entry.id,
        "algorithm": entry.algorithm,
        "state": entry.state.value,
        "subject": entry.subject,
        "expires": entry.expires.isoformat(),
        "ends_soon": entry.ends_soon,
        "is_chosen": entry.is_chosen,
    }
    if entry.revoked_at is not None:
        members |= {"revoked_at": entry.revoked_at.isoformat(), "reason": entry.reason}
    return members


def _line(entry: keys.KeyEntry) -> str:
    days = (entry.expires - datetime.now(timezone.utc)).days
    subject = entry.subject
    if entry.ends_soon and entry.state is not keys.KeyState.EXPIRED:
        subject += f"  (ends in {days} days: renew it)"
    if entry.is_chosen and entry.state is not keys.KeyState.SIGNING:
        subject += "  (chosen to sign, and cannot)"
    return _row(entry.id, entry.algorithm, entry.state.value, subject, str(entry.expires.date()))


def _row(id: str, algorithm: str, state: str, subject: str, expires: str = "-") -> str:
    return f"{id}  {algorithm:<7}  {state:<9}  {expires:<10}  {subject}"


def _show(scope: Scope, findings: list[Finding]) -> None:
    if not findings:
        typer.echo(f"{_SCOPES[scope]}: nothing to find.")
        return
    typer.echo(f"{_SCOPES[scope]}: {len(findings)} finding{'s' if len(findings) > 1 else ''}.")
    for finding in findings:
        typer.echo(f"- Certificate {finding.certificate}, {finding.field}: {finding}")
