"""`countermark registry`: copies, entries from and to other registries, personal records."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from countermark import files, keys
from countermark.cli import retention
from countermark.errors import InvalidArgument, SourceNotFound
from countermark.registry import Entry, Registry, lines, restoring

app = typer.Typer(
    help="Copy the registry, exchange its entries with others, and erase what must not stay.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
for command in (retention.classes, retention.keep, retention.recall, retention.erase):
    app.command()(command)
app.command()(retention.dispose)


@app.command()
def backup(
    out: Annotated[Path, typer.Argument(help="The file to write; it must not exist.")],
) -> None:
    """Copy the registry of the home folder, with its log, while others may go on using it.

    The copy is a registry too; restore puts it back. A registry in PostgreSQL is copied by pg_dump.

    For example:

        countermark registry backup /media/safe/registry-2026-11-26.sqlite3
    """
    with Registry.open(keys.open_home().registry_path) as registry:
        registry.back_up(out)
    typer.echo(f"The registry is copied to {out}.")


@app.command()
def restore(
    copy: Annotated[Path, typer.Argument(help="What backup has written.")],
) -> None:
    """Put a backup in the place of the registry of the home folder, after checking all of it.

    What was there is kept as registry.sqlite3.former. No other program may use the registry
    meanwhile. Leaves of the log that came after the backup are gone with it: countermark log check
    says how many were signed for, and no checkpoint is signed that would contradict them.

    For example:

        countermark registry restore /media/safe/registry-2026-11-26.sqlite3
    """
    home = keys.open_home()
    done = restoring.restore(copy, home.registry_path)
    typer.echo(f"{done.entries} entries and {done.leaves} leaves of the log are restored.")
    if done.former is not None:
        typer.echo(f"What was there is {done.former}.")


@app.command("export")
def export_entries(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="JSON Lines: an entry a line.")],
    address: retention.Address = None,
) -> None:
    """Write all entries as lines of JSON, for another registry or a program of yours.

    The log is not among them: it belongs to this registry. It is copied by backup and published
    by countermark log export.

    For example:

        countermark registry export entries.jsonl
    """
    count = 0
    with retention.opened(address) as registry, files.drafting(files.target(out)) as (draft, put):
        for entry in registry.all_entries():
            with files.writing(repr(str(out))):
                for line in _lines_of(registry, entry):
                    draft.write(line.encode() + b"\n")
            count += 1
        put()
    typer.echo(f"{count} entries are in {out}.")


@app.command("import")
def import_entries(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="What export wrote.")],
    address: retention.Address = None,
) -> None:
    """Add the entries in a file; those that are there already are passed over.

    So the command can be repeated after a failure. Each entry that is added gets a leaf in the
    log. A payload that another entry has stops it, with the number of the line.

    For example:

        countermark registry import entries.jsonl --registry postgresql://db.example/marks
    """
    added = known = 0
    with retention.opened(address) as registry:
        for number, line in enumerate(_lines(path), 1):
            try:
                found = lines.from_line(line)
                if isinstance(found, lines.LaterManifest):
                    registry.manifests.add(found.payload, found.manifest)
                    continue
                is_new = registry.put(found)
            except InvalidArgument as error:
                raise InvalidArgument(
                    f"Line {number}: {error.problem}", remedy=error.remedy
                ) from error
            added, known = added + is_new, known + (not is_new)
    typer.echo(f"{added} entries were added, {known} were there before.")


def _lines_of(registry: Registry, entry: Entry) -> Iterator[str]:
    """The entry as it was added, and behind it the manifests that came later."""
    yield lines.to_line(entry)
    for store in registry.manifests.all_of(entry.payload)[1:]:
        yield lines.later_to_line(entry.payload, store)


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield from file
    except OSError as error:
        raise SourceNotFound(
            f"The file {str(path)!r} cannot be read ({error.strerror}).",
            remedy="Check the path and the rights.",
        ) from error
