"""`countermark comply`: whether a finished file meets the duties of some jurisdictions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from countermark import complying
from countermark.cli import output
from countermark.labels.profiles import NAMES, Profile, profile

_NAMES = ", ".join(NAMES)


def profiles(names: list[str] | None) -> tuple[Profile, ...]:
    """The profiles of an option that may be repeated and may name several with commas."""
    return tuple(profile(name) for name in profile_names(names))


def profile_names(names: list[str] | None) -> tuple[str, ...]:
    """As `profiles`, by their names or files."""
    listed = (name for text in names or () for name in text.split(",") if name)
    return tuple(dict.fromkeys(listed))


def comply(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A finished file.")],
    profile: Annotated[
        list[str],
        typer.Option(metavar="NAMES", help=f"Which duties: {_NAMES}, or a TOML file; a,b for two."),
    ],
    manifest: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With its manifest, if not in or beside it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, on one line.")] = False,
) -> None:
    """Say rule by rule whether a finished file meets the duties of some jurisdictions.

    Each rule is satisfied, missing, not applicable, or the file cannot tell; with its clause, what
    was seen, and what to do. The exit code is 0 only if every duty is shown to be met. It speaks of
    the file alone, and is no legal advice.

    For example:

        countermark comply marked.jpg --profile cn,eu
        countermark comply clip.mp4 --profile us-ca --json
    """
    found = complying.comply(path, profiles(profile), manifest=manifest)
    typer.echo(found.to_json() if as_json else str(found))
    raise typer.Exit(output.GOOD if found.complies else output.NEGATIVE)
