"""`countermark keys pool`: the one-time keys of the home folder."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from countermark import keys
from countermark.cli import output
from countermark.cli.home import open_audited_home, secrets

app = typer.Typer(
    help="Keep one-time keys in stock, one for each picture: fill, status.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


@app.command()
def fill() -> None:
    """Have one-time keys certified until the pool is full.

    The pool is what signer.toml in the home folder says (kind = "pool"); countermark mark and
    countermark sign take one key from it for each file. The password of an EST server is read from
    COUNTERMARK_EST_PASSWORD.

    For example:

        countermark keys pool fill
    """
    with open_audited_home() as home:
        pool = keys.open_pool(home, secrets())
        added = pool.refill()
    typer.echo(f"{added} one-time keys were added; the pool holds {len(pool)}.")


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, on one line.")] = False,
) -> None:
    """Say how many one-time keys are left. Exit code 1 below the low-water mark.

    For example:

        countermark keys pool status || countermark keys pool fill
    """
    pool = keys.open_pool(keys.open_home(), secrets())
    left, is_low = len(pool), pool.is_low
    if as_json:
        members = {"left": left, "capacity": pool.capacity, "low_water_mark": pool.low_water_mark}
        typer.echo(json.dumps({**members, "is_low": is_low}))
    else:
        mark = "below" if is_low else "not below"
        typer.echo(
            f"{left} of {pool.capacity} one-time keys, {mark} the low-water mark of "
            f"{pool.low_water_mark}."
        )
    raise typer.Exit(output.NEGATIVE if is_low else output.GOOD)
