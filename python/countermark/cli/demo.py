"""`countermark demo`: the main job on one photograph, as pictures and in words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from countermark import demo as story
from countermark.cli import output


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the pictures.")] = Path("countermark-demo"),
) -> None:
    """Mark a photograph, damage a copy, lose its metadata, and prove its origin anyway.

    Your own keys and registry are not touched: the demo makes its own and throws them away.

    For example:

        countermark demo
        countermark demo --out /tmp/demo
    """
    told = story.run(out)
    typer.echo(told.text)
    raise typer.Exit(output.GOOD if told.report.verdict.positive else output.NEGATIVE)
