"""What every command says the same way: exit codes, complaints, progress, names of files."""

from __future__ import annotations

import contextlib
import os
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, TextIO, TypeVar

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from countermark.containers import StreamContent
from countermark.containers.text_types import TEXT_TYPES, text_type
from countermark.credentials import SIDECAR
from countermark.credentials.containers import media_type
from countermark.errors import (
    CertificateExpiresSoon,
    FeatureIgnored,
    PoolLow,
    SourceNotFound,
    TimeStampMissing,
)
from countermark.image import SUFFIXES

GOOD: Final = 0
NEGATIVE: Final = 1
FAILURE: Final = 3

EXIT_CODES: Final = "Exit codes: 0 good, 1 the verdict is negative, 2 wrong usage, 3 failure."

QUEUED: Final = "no time stamp yet; countermark keys timestamps --flush adds it"

_VERIFIED: Final = frozenset(
    {
        *(suffix for known in SUFFIXES.values() for suffix in known),
        *(".dng", ".gif", ".heic", ".heif", ".hif", ".jxl", ".pdf", ".svg"),
        *(".avi", ".m4v", ".mkv", ".mov", ".mp4", ".qt", ".webm"),
        *(".flac", ".m4a", ".m4b", ".mp3", ".oga", ".ogg", ".opus", ".wav", ".wave"),
    }
)
"""Files that can carry credentials, or sound and frames with a watermark. In folders the name
decides, for content would have to be read from every file there, and much that is none of these
looks like one."""
_TALLY_SECONDS: Final = 30

_Item = TypeVar("_Item")


def complain(text: str) -> None:
    """Say what went wrong on standard error."""
    typer.echo(text, err=True)


def show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Say a warning of ours as a sentence; others keep their form. For `warnings.showwarning`."""
    if issubclass(category, (CertificateExpiresSoon, FeatureIgnored, PoolLow, TimeStampMissing)):
        complain(f"Note: {message}")
    else:
        complain(warnings.formatwarning(message, category, filename, lineno, line).rstrip())


def progress(items: Sequence[_Item], what: str) -> Iterator[_Item]:
    """The items, with a bar on standard error when there are many and someone looks."""
    console = Console(stderr=True)
    if len(items) < 2 or not console.is_terminal:  # where Rich before 15 prints an empty line
        yield from items
        return
    bar = Progress(
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
    with bar:
        yield from bar.track(items)


@contextlib.contextmanager
def tally() -> Iterator[Callable[[bool], None]]:
    """Tells on standard error how many files are done, how many set aside, and how fast it goes.

    Where nobody looks, as in the log of a server, in a line every half minute.
    """
    console = Console(stderr=True)
    began = told = time.monotonic()
    done = failed = 0

    def state() -> str:
        rate = (done + failed) / max(time.monotonic() - began, 1e-9)
        return f"{done} done, {failed} set aside, {rate:.1f} a second"

    with console.status("") if console.is_terminal else contextlib.nullcontext() as status:

        def count(is_done: bool) -> None:
            nonlocal done, failed, told
            done, failed = done + is_done, failed + (not is_done)
            if status is not None:
                status.update(state())
            elif time.monotonic() - told >= _TALLY_SECONDS:
                told = time.monotonic()
                complain(state())

        yield count
    complain(state())


@contextlib.contextmanager
def frames(name: str) -> Iterator[Callable[[int], None]]:
    """Tells on standard error, while someone looks, how many frames are done, and how fast.

    Only once there are any: nothing is shown of a picture.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda done: None
        return
    bar = Progress(
        TextColumn("{task.description}"),
        TextColumn("{task.completed} frames"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[rate]:.0f} frames/s"),
        console=console,
        transient=True,
    )
    task = bar.add_task(name, total=None, rate=0.0)

    def count(done: int) -> None:
        bar.start()
        elapsed = bar.tasks[0].elapsed or 1e-9
        bar.update(task, completed=done, rate=done / elapsed)

    try:
        yield count
    finally:
        bar.stop()


def files_in(
    folder: Path, suffixes: frozenset[str], what: str, *, except_in: Path | None = None
) -> list[Path]:
    """The files with these endings in a folder and those below it, sorted; no hidden ones.

    `what`: they are called. `except_in`: a folder whose files are left out too.

    Raises `SourceNotFound` for a folder without any.
    """
    found = _files_in(folder, suffixes, except_in)
    if not found:
        raise _nothing_in(folder, what, suffixes)
    return found


def _files_in(
    folder: Path,
    suffixes: frozenset[str],
    except_in: Path | None = None,
    *,
    or_signed: bool = False,
) -> list[Path]:
    """`or_signed`: also texts that hold a manifest, and what has one beside it."""
    found: list[Path] = []
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and not _same(Path(parent, name), except_in)
        )
        tied = _with_sidecars(names) | _signed_texts(Path(parent), names) if or_signed else set()
        found += (
            Path(parent, name)
            for name in sorted(names)
            if _ends_in(suffixes, name) or (name in tied and not name.startswith("."))
        )
    return found


def _signed_texts(folder: Path, names: Sequence[str]) -> set[str]:
    """Those of a folder's files that are texts by their names and hold a manifest."""
    found = set()
    for name in names:
        path = folder / name
        if text_type(name) is None or not path.is_file():
            continue
        with contextlib.suppress(OSError), path.open("rb") as file:
            if media_type(StreamContent(file)) in TEXT_TYPES:
                found.add(name)
    return found


def _with_sidecars(names: Sequence[str]) -> set[str]:
    """Those of a folder's files beside which there is a manifest, by their names."""
    beside = {Path(name).stem for name in names if Path(name).suffix.lower() == SIDECAR}
    others = (name for name in names if Path(name).suffix.lower() != SIDECAR)
    return {name for name in others if name in beside or Path(name).stem in beside}


def expand(paths: Iterable[Path]) -> list[Path]:
    """Folders replaced by the files in them that can be verified, or have a manifest.

    Raises `SourceNotFound` for a folder without any.
    """
    found: list[Path] = []
    for path in paths:
        inside = _files_in(path, _VERIFIED, or_signed=True) if path.is_dir() else [path]
        if not inside:
            raise _nothing_in(path, "files to verify", _VERIFIED)
        found += inside
    return found


def _nothing_in(folder: Path, what: str, suffixes: frozenset[str]) -> SourceNotFound:
    return SourceNotFound(
        f"The folder {str(folder)!r} holds no {what}.",
        remedy=f"Name one with files that end in {', '.join(sorted(suffixes))}.",
    )


def _ends_in(suffixes: frozenset[str], name: str) -> bool:
    return not name.startswith(".") and Path(name).suffix.lower() in suffixes


def _same(path: Path, other: Path | None) -> bool:
    return other is not None and path.resolve() == other.resolve()
