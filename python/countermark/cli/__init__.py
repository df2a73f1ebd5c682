"""The command line: `countermark init | mark | verify | inspect | sign | lint | demo | ...`.

Exit codes: 0 good, 1 the verdict is negative, 2 wrong usage, 3 failure; for several files the
highest. Results go to standard output, errors and progress to standard error.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup
from typer.main import get_group

try:
    import resource
except ImportError:  # Windows, which writes none of itself
    resource = None  # type: ignore[assignment]

from countermark.cli.output import FAILURE, complain, show_warning
from countermark.errors import CountermarkError

__all__ = ["app", "main"]

_NAMES: Final = (
    *("init", "mark", "batch", "verify", "inspect", "lint", "comply", "sign", "serve", "demo"),
    *("trust", "complaints", "features", "grants", "keys", "labels", "log", "models"),
    *("registry", "report"),
)
"""Of the commands in the order of the help, each from a module of this name."""


class _Commands(Mapping[str, Any]):
    """Commands that are imported when they are asked for: a start pays for one, not for all."""

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    def __len__(self) -> int:
        return len(_NAMES)

    def __getitem__(self, name: str) -> Any:
        if name not in _NAMES:
            raise KeyError(name)
        return _command(name)


@cache
def _command(name: str) -> Any:
    module = import_module(f"countermark.cli.{name}")
    group = typer.Typer(rich_markup_mode="markdown")
    if hasattr(module, "app"):
        group.add_typer(module.app, name=name)
    else:
        group.command()(getattr(module, name))
    return get_group(group).commands[name]


class _Group(TyperGroup):
    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands: Any = _Commands()


app = typer.Typer(
    name="countermark",
    cls=_Group,
    help="Prove where a picture comes from, also after its metadata is gone.",
    epilog="Exit codes: 0 good, 1 the verdict is negative, 2 wrong usage, 3 failure; "
    "for several files the highest. Keys, trust list and registry are in COUNTERMARK_HOME.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


def _leave_no_core_dump() -> None:
    """A crash must not write to the disk what is in memory: private keys, a passphrase."""
    if resource is not None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _show_version(asked: bool) -> None:
    from countermark._core import version

    if asked:
        typer.echo(f"countermark {version()}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", is_eager=True, callback=_show_version),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line; whatever goes wrong is said in one sentence."""
    warnings.showwarning = show_warning
    _leave_no_core_dump()
    try:
        app()
    except CountermarkError as error:
        complain(str(error))
    except BrokenPipeError:  # the reader of our output, such as head, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:  # a defect of ours: still no traceback for the user
        complain(
            f"countermark failed unexpectedly ({type(error).__name__}: {error}). "
            "Please report this with the command that you ran."
        )
    sys.exit(FAILURE)
