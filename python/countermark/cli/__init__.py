"""The command line: `countermark init | mark | verify | inspect | sign | lint | demo | ...`.

Exit codes: 0 good, 1 the verdict is negative, 2 wrong usage, 3 failure; for several files the
highest. Results go to standard output, errors and progress to standard error.
"""

from __future__ import annotations

import os
import sys
import warnings
from typing import Annotated

import typer

try:
    import resource
except ImportError:  # Windows, which writes none of itself
    resource = None  # type: ignore[assignment]

from countermark.cli.complaints import app as complaints
from countermark.cli.comply import comply
from countermark.cli.demo import demo
from countermark.cli.features import app as features
from countermark.cli.grants import app as grants
from countermark.cli.init import init
from countermark.cli.inspect import inspect
from countermark.cli.keys import app as keys
from countermark.cli.labels import app as labels
from countermark.cli.lint import lint
from countermark.cli.log import app as log
from countermark.cli.mark import mark
from countermark.cli.models import app as models
from countermark.cli.output import FAILURE, complain, show_warning
from countermark.cli.registry import app as registry
from countermark.cli.report import app as report
from countermark.cli.serve import serve
from countermark.cli.sign import sign
from countermark.cli.trust import trust
from countermark.cli.verify import verify
from countermark.errors import CountermarkError

__all__ = ["app", "main"]

app = typer.Typer(
    name="countermark",
    help="Prove where a picture comes from, also after its metadata is gone.",
    epilog="Exit codes: 0 good, 1 the verdict is negative, 2 wrong usage, 3 failure; "
    "for several files the highest. Keys, trust list and registry are in COUNTERMARK_HOME.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.command()(init)
app.command()(mark)
app.command()(verify)
app.command()(inspect)
app.command()(lint)
app.command()(comply)
app.command()(sign)
app.command()(serve)
app.command()(demo)
app.add_typer(trust)
app.add_typer(complaints, name="complaints")
app.add_typer(features, name="features")
app.add_typer(grants, name="grants")
app.add_typer(keys, name="keys")
app.add_typer(labels, name="labels")
app.add_typer(log, name="log")
app.add_typer(models, name="models")
app.add_typer(registry, name="registry")
app.add_typer(report, name="report")


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
