"""`countermark labels`: the labels that the law asks for."""

from __future__ import annotations

import typer

from countermark.cli import (
    labels_aigc,
    labels_ingest,
    labels_scene,
    labels_sound,
    labels_video,
    labels_visible,
)

app = typer.Typer(
    help="Put on the labels that the law asks for.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
app.command()(labels_visible.picture)
app.command()(labels_visible.text)
app.command()(labels_visible.interface)
app.command()(labels_visible.wordings)
app.command()(labels_sound.audio)
app.command()(labels_video.video)
app.command()(labels_scene.scene)
app.command()(labels_aigc.write)
app.command()(labels_aigc.read)
app.command()(labels_ingest.ingest)
