"""`countermark features reviewer`: the people whose word is needed, by their keys."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Annotated

import typer

from countermark import keys, screening
from countermark.cli.home import reviewer_passphrase
from countermark.registry.features import Reviewer
from countermark.registry.features.signers import check_reviewer_name
from countermark.registry.log import NoteKey, NoteVerifier

app = typer.Typer(
    help="Keep the list of reviewers; whoever may write the home folder decides who is on it.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
Name = Annotated[str, typer.Argument(help="Of a reviewer, as in list.")]


@app.command()
def create(name: Annotated[str, typer.Argument(help="Such as ada@example.org.")]) -> None:
    """Make a key for a reviewer, put its public line on the list, and print that.

    The key stays in the home folder under the passphrase in COUNTERMARK_REVIEWER_PASSPHRASE, or
    typed: each reviewer has one of their own, which nobody else knows.

    For example:

        countermark features reviewer create ada@example.org
    """
    check_reviewer_name(name)
    home = keys.open_home()
    signers = screening.read_signers(home)
    if any(r.name == name and r.retired_at is None for r in signers.reviewers):
        signers.with_reviewer(signers.reviewer(name))  # refuses, before there is a key
    passphrase = reviewer_passphrase(is_new=True)
    key = NoteKey(name, keys.create_reviewer_key(home, name, passphrase))
    screening.write_signers(home, signers.with_reviewer(Reviewer(key.verifier)))
    typer.echo(key.verifier.encoded)


@app.command()
def add(
    line: Annotated[str, typer.Argument(metavar="LINE", help="What create printed elsewhere.")],
) -> None:
    """Put a reviewer on the list whose key is in another home folder.

    For example:

        countermark features reviewer add "ben@example.org+5a0d1c8f+AQ..."
    """
    home = keys.open_home()
    reviewer = Reviewer(NoteVerifier.parse(line))
    screening.write_signers(home, screening.read_signers(home).with_reviewer(reviewer))
    typer.echo(f"{reviewer.name} is a reviewer.")


@app.command()
def retire(name: Name) -> None:
    """Let a reviewer sign nothing more; what they have signed goes on counting.

    For example:

        countermark features reviewer retire ada@example.org
    """
    home = keys.open_home()
    now = datetime.now(timezone.utc)
    screening.write_signers(home, screening.read_signers(home).with_retired(name, now))
    typer.echo(f"{name} has retired.")


@app.command()
def remove(name: Name) -> None:
    """Take a reviewer off the list, as if they had never signed: for keys that were stolen.

    What rests on their word is void, until another reviewer approves it anew.

    For example:

        countermark features reviewer remove ada@example.org
    """
    home = keys.open_home()
    screening.write_signers(home, screening.read_signers(home).without_reviewer(name))
    typer.echo(f"{name} is no reviewer. Next: countermark features list")


@app.command("list")
def list_reviewers() -> None:
    """List the reviewers by their public lines, and when they retired.

    For example:

        countermark features reviewer list
    """
    for reviewer in screening.read_signers(keys.open_home()).reviewers:
        since = reviewer.retired_at
        retired = "" if since is None else f"  (retired {since.date()})"
        typer.echo(f"{reviewer.verifier.encoded}{retired}")
