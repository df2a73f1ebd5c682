"""`countermark labels`: the labels that the law asks for."""

from __future__ import annotations

import typer

from countermark.cli import labels_aigc

app = typer.Typer(
    help="Put on the labels that the law asks for.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
app.command()(labels_aigc.write)
app.command()(labels_aigc.read)
