"""`countermark features`: what is known as illegal, refuted or protected, by whose word."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Annotated, Any

import typer

from countermark import containers, files, image, keys, screening
from countermark.cli import output
from countermark.cli.home import passphrase, payload_number, reviewer_passphrase
from countermark.cli.reviewers import app as reviewers
from countermark.containers import StreamContent
from countermark.credentials.assets import opened
from countermark.errors import InvalidArgument
from countermark.publishing import note_key
from countermark.registry import MIN_QUALITY, Registry
from countermark.registry.features import (
    REASONS,
    Feature,
    Kind,
    Signers,
    Standing,
    Statement,
    Stored,
    Text,
    snapshot,
    stored,
)
from countermark.registry.log import NoteKey, NoteVerifier
from countermark.verifying.clips import is_clip

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

app = typer.Typer(
    help="Keep what is known as illegal, refuted or protected, each by the word of two people.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
app.add_typer(reviewers, name="reviewer")
As = Annotated[str, typer.Option("--as", metavar="NAME", help="The reviewer who signs.")]
Identifier = Annotated[str, typer.Argument(metavar="ID", help="As in list; its start is enough.")]
Json = Annotated[bool, typer.Option("--json", help="JSON objects, one a line.")]


@app.command()
def propose(
    kind: Annotated[Kind, typer.Option(help="Why it is kept.")],
    reason: Annotated[
        str,
        typer.Option(
            metavar="CODE",
            help="; ".join(f"{kind}: {', '.join(codes)}" for kind, codes in REASONS.items())
            + "; or another of this form.",
        ),
    ],
    source: Annotated[str, typer.Option(metavar="TEXT", help="Who says so: a name or address.")],
    by: As,
    path: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="The picture, sound or movie, or a near copy."),
    ] = None,
    payload: Annotated[
        str | None, typer.Option(help="Of its watermark, 16 hexadecimal digits.")
    ] = None,
    statement: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What a refutation says to people, TOML."),
    ] = None,
    evidence: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What it rests on; only its SHA-256 is kept."),
    ] = None,
) -> None:
    """Propose a feature: a file by its fingerprint and watermark, or a payload alone.

    The file is a picture, a sound or a movie; of the latter two the first watermark is taken.

    It counts for nothing until another reviewer approves it. Its ID is printed. A statement is a
    file such as

        date = 2026-11-26
        link = "https://checkers.example/47"
        [en]
        title = "Not the flood of 2026"
        text = "The picture is of 2011 and shows another town."

    with a table for each language. For example:

        countermark features propose rumour.jpg --kind refuted --reason false-context \\
          --source "Checkers Example" --statement statement.toml --as ada
        countermark features propose --payload 0123456789abcdef --kind illegal \\
          --reason court-order --source court.example/1 --as ada
    """
    seen = {} if path is None else _seen(path)
    if payload is not None:
        seen["payload"] = payload_number(payload)
    feature = Feature(
        kind=kind,
        reason=reason,
        source=source,
        at=datetime.now(timezone.utc),
        evidence_sha256=None if evidence is None else hashlib.sha256(files.load(evidence)).digest(),
        statement=None if statement is None else _statement(statement),
        **seen,
    )
    with _signing(by) as (registry, key, signers):
        registry.features.propose(feature, key, signers)
    identifier = stored.shown(feature.id)
    typer.echo(identifier)
    output.complain(f"Next: another reviewer runs countermark features approve {identifier}")


@app.command()
def approve(identifier: Identifier, by: As) -> None:
    """Bring a feature into force that somebody else has proposed. Look at it with show before.

    For example:

        countermark features approve 0123456789abcdef --as ben
    """
    with _signing(by) as (registry, key, signers):
        found = registry.features.resolve(identifier)
        registry.features.approve(found, key, signers)
    typer.echo(f"The feature {stored.shown(found)} is in force.")


@app.command()
def revoke(
    identifier: Identifier,
    by: As,
    reason: Annotated[str, typer.Option(metavar="CODE", help="Why, such as mistake or expired.")],
) -> None:
    """Take a feature back for good; any reviewer may.

    For example:

        countermark features revoke 0123456789abcdef --reason mistake --as ben
    """
    with _signing(by) as (registry, key, signers):
        found = registry.features.resolve(identifier)
        registry.features.revoke(found, key, signers, reason=reason)
    typer.echo(f"The feature {stored.shown(found)} is revoked.")


@app.command("list")
def list_features(as_json: Json = False) -> None:
    """List the features, where they stand and whose they are. All signatures are checked.

    States: proposed, in force, revoked; void when the signatures are not those of two reviewers
    on the list. Exit code 1 when one is void.

    For example:

        countermark features list
        countermark features list --json | jq -r 'select(.state == "proposed").id'
    """
    with _opened() as (registry, signers):
        is_void = False
        for each, standing in registry.features.all(signers):
            is_void |= standing.problem is not None
            found = stored.members(each, standing)
            typer.echo(json.dumps(found, ensure_ascii=False) if as_json else _line(each, standing))
    raise typer.Exit(output.NEGATIVE if is_void else output.GOOD)


@app.command()
def show(identifier: Identifier) -> None:
    """Show one feature as it is signed, and where it stands, as JSON.

    For example:

        countermark features show 0123456789abcdef
    """
    with _opened() as (registry, signers):
        for each, standing in registry.features.find(identifier, signers):
            found = stored.members(each, standing)
            typer.echo(json.dumps(found, ensure_ascii=False, indent=2))


@app.command("export")
def export_list(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="JSON Lines; the first is signed.")],
) -> None:
    """Write the features of this house that are or were in force, signed by the log's key.

    Others take the list over by import, with the key that countermark log key shows.

    For example:

        countermark features export features.jsonl
    """
    home = keys.open_home()
    with _opened(home) as (registry, signers):
        content = registry.features.export(note_key(home, passphrase()), signers)
    with files.replacing(files.target(out), content) as put:
        put()
    count = len(content.splitlines()) - 1
    typer.echo(f"{count} features are in {out}; countermark log key shows the key for it.")


@app.command("import")
def import_list(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="What export wrote elsewhere.")],
    key: Annotated[str, typer.Option(metavar="LINE", help="The authority's public key.")],
) -> None:
    """Take over the list of an authority, whose features count by its key from now on.

    It takes the place of the list of that authority that was here before, and must be newer.

    For example:

        countermark features import features.jsonl --key "countermark/1c8f...+5a0d...+AQ..."
    """
    home, authority = keys.open_home(), NoteVerifier.parse(key)
    found = snapshot.read(files.load(path), authority)
    with _opened(home) as (registry, signers):
        is_new = registry.features.import_list(found, authority)
        screening.write_signers(home, signers.with_authority(authority))
    count = sum(each.revoked_at is None for each in found.listed)
    typer.echo(
        f"{count} features of {authority.name} count, {len(found.listed) - count} are revoked"
        f"{'' if is_new else ' (as before)'}."
    )


@app.command()
def authorities(
    remove: Annotated[
        str | None, typer.Option(metavar="NAME", help="Drop its list and heed it no more.")
    ] = None,
) -> None:
    """Show the public keys of the authorities whose lists were taken over.

    For example:

        countermark features authorities
        countermark features authorities --remove countermark/1c8f0a1b2c3d4e5f
    """
    home = keys.open_home()
    with _opened(home) as (registry, signers):
        if remove is not None:
            left = signers.without_authority(remove)
            for authority in set(signers.authorities) - set(left.authorities):
                registry.features.drop_list(authority)
            screening.write_signers(home, left)
            signers = left
    for authority in signers.authorities:
        typer.echo(authority.encoded)


@contextmanager
def _opened(home: keys.Home | None = None) -> Iterator[tuple[Registry, Signers]]:
    home = keys.open_home() if home is None else home
    with Registry.open(home.registry_path) as registry:
        yield registry, screening.read_signers(home)


@contextmanager
def _signing(by: str) -> Iterator[tuple[Registry, NoteKey, Signers]]:
    home = keys.open_home()
    with _opened(home) as (registry, signers):
        signers.reviewer(by)  # says so before a passphrase is asked for
        yield registry, NoteKey(by, keys.reviewer_key(home, by, reviewer_passphrase())), signers


def _seen(path: Path) -> dict[str, Any]:
    """What a picture, sound or movie is known by."""
    with opened(path) as stream:
        kind = containers.media_type(StreamContent(stream))
    if kind is not None and is_clip(kind):
        return _seen_in_clip(path, kind)
    picture = image.read(path)
    sight = screening.Sight(image.upright(picture.pixels, picture.orientation))
    seen: dict[str, Any] = {}
    if sight.detection is not None:
        seen["payload"] = sight.detection.payload
    hash_ = sight.hashes[0] if sight.hashes else None
    if hash_ is not None and (hash_.quality >= MIN_QUALITY or not seen):  # or it says why not
        seen |= {"pdq": hash_.bits, "pdq_quality": hash_.quality}
    return seen


def _seen_in_clip(path: Path, media_type: str) -> dict[str, Any]:
    # Here, so that whoever looks at features does not load what movies are read with.
    from countermark import clips
    from countermark.verifying.clips.sights import sight_of

    seen: dict[str, Any] = {}
    if payloads := sight_of(path, media_type).payloads:
        seen["payload"] = payloads[0]
    with path.open("rb") as file:
        found = clips.read(file, media_type)
    if found.sound is not None:
        seen["sound"] = found.sound.bits
    if found.video is not None and found.video.telling:
        seen["video"] = found.video.bits
    return seen


def _statement(path: Path) -> Statement:
    """The statement in a TOML file."""
    try:
        values = tomllib.loads(files.load(path).decode())
        dated, link = values.pop("date"), values.pop("link", None)
        if type(dated) is not date:
            raise ValueError("its date is no date such as 2026-11-26")
        texts = tuple(Text(language=name, **words) for name, words in values.items())
        return Statement(texts=texts, dated=dated, link=link)
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise InvalidArgument(
            f"{str(path)!r} is no statement ({error}).",
            remedy="Write date, perhaps link, and a table with title and text for each language.",
        ) from error


def _line(each: Stored, standing: Standing) -> str:
    feature = each.feature
    whose = " and ".join(standing.by) if each.authority is None else each.authority.name
    said = feature.statement.text("en").title if feature.statement else feature.source
    problem = "" if standing.problem is None else f"  ({standing.problem})"
    return (
        f"{stored.shown(feature.id)}  {standing.state.value:<8}  {feature.kind.value:<9}  "
        f"{feature.reason:<15}  {whose or '-'}  {said}{problem}"
    )
