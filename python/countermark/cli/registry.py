"""`countermark registry`: sounds and movies, copies, exchange with others, personal records."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, BinaryIO, cast

import typer

from countermark import clips, containers, files, keys
from countermark.cli import output, retention
from countermark.containers import StreamContent
from countermark.credentials.assets import opened
from countermark.enrolling import enroll
from countermark.errors import InvalidArgument, SourceNotFound
from countermark.registry import ClipMatch, Entry, Registry, lines, restoring

app = typer.Typer(
    help="Add sounds and movies, copy the registry, exchange entries, erase what must not stay.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
for command in (retention.classes, retention.keep, retention.recall, retention.erase):
    app.command()(command)
app.command()(retention.dispose)


@app.command()
def add(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Signed sounds, movies.")],
    address: retention.Address = None,
) -> None:
    """Remember signed sounds and movies by their fingerprints, with their manifests.

    A copy without its manifest, encoded anew or cut to a part, then leads back to it: verify says
    so, and that it is a lead and no proof. Each file must be as countermark signed it.

    For example:

        countermark sign speech.wav --out signed.wav --source ai-generated
        countermark registry add signed.wav
    """
    with retention.opened(address) as registry:
        for path in paths:
            entry = enroll(path, registry=registry)
            clip = entry.clip
            kinds = [] if clip is None or clip.sound is None else ["sound"]
            kinds += [] if clip is None or clip.video is None else ["moving pictures"]
            typer.echo(f"{entry.payload:016x}  {' and '.join(kinds)} of {path}")


@app.command()
def find(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A sound or a movie.")],
    address: retention.Address = None,
) -> None:
    """List the sounds and movies in the registry that a file is a part of, or that are in it.

    The most alike comes first, one a line: payload, what is alike and where, and the title that
    its record states. The exit code is 1 when there is none.

    For example:

        countermark registry find clip-from-somewhere.mp4
    """
    with opened(path) as asset, retention.opened(address) as registry:
        kind = containers.media_type(StreamContent(asset))
        found = registry.find_clips(clips.read(cast(BinaryIO, asset), kind or "", query=True))
    for match in found:
        title = match.entry.record.title or ""
        typer.echo(f"{match.entry.payload:016x}  {'; '.join(_alike(match))}  {title}".rstrip())
    raise typer.Exit(output.GOOD if found else output.NEGATIVE)


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


def _alike(match: ClipMatch) -> Iterator[str]:
    if match.video is not None:
        yield (
            f"moving pictures: {match.video.query_share:.0%} of this file, "
            f"{match.video.share:.0%} of that one"
        )
    if match.sound is not None:
        yield (
            f"sound: {match.sound.seconds:.0f} s from {match.sound.query_seconds:.1f} s on, "
            f"there from {match.sound.at_seconds:.1f} s on"
        )


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
