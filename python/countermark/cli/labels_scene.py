"""`countermark labels scene`: a virtual scene with its labels, and the overlay for its engine."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Annotated, Final

import typer

from countermark import files, image
from countermark.cli import record as options
from countermark.cli.labels_visible import FilingNumber, Language, Words
from countermark.cli.unsigned import demand_sidecar_goes_along
from countermark.errors import InvalidArgument
from countermark.image import Picture
from countermark.labels.aigc import AigcLabel
from countermark.labels.scenes import Overlay, Texture, label_scene
from countermark.labels.visible import Corner, wording

_WINDOW: Final = re.compile(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})")
_PAYLOAD: Final = re.compile(r"[0-9a-fA-F]{16}")


def scene(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A scene: GLB.")],
    out: Annotated[Path, typer.Option(help="The file to write; may be the same.")],
    jurisdiction: Words,
    language: Language = None,
    anchor: Annotated[Corner, typer.Option(help="Of the window.")] = Corner.BOTTOM_RIGHT,
    height: Annotated[
        float, typer.Option(help="Of the smallest letter, as a part of the shortest side.")
    ] = 0.05,
    seconds: Annotated[
        float | None, typer.Option(help="From the start; by default as long as it is shown.")
    ] = None,
    filing_number: FilingNumber = None,
    overlay: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="Where its description is written.")
    ] = None,
    start_frame: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Where the label is drawn.")
    ] = None,
    window: Annotated[
        str, typer.Option(metavar="SIZE", help="Of the label that is drawn, in pixels.")
    ] = "1920x1080",
    frame: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The first frame, to draw it on.")
    ] = None,
    producer: Annotated[
        str | None, typer.Option(metavar="CODE", help="The producer's code: 27 characters.")
    ] = None,
    content_id: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="What the producer calls the scene.")
    ] = None,
    record: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="A record that states it.")
    ] = None,
    payload: Annotated[
        str | None,
        typer.Option(metavar="HEX", help="Of the watermark in the textures: 16 digits."),
    ] = None,
) -> None:
    """Write a copy of a scene with its label for machines, and the overlay that people see.

    An engine draws the overlay over the first frame, as its description says or with the picture of
    the start frame, which is transparent around the label. The textures are marked only when a
    payload is named. Sign last, into a manifest beside the file: countermark sign.

    For example:

        countermark labels scene room.glb --out labelled.glb --wording cn --seconds 3 \\
            --producer 001191110102MACQD9K64010000 --id room-7 \\
            --overlay room.overlay.json --start-frame room.png --window 1280x720
        countermark labels scene room.glb --out labelled.glb --wording eu \\
            --record record.json --payload 0011223344556677
    """
    demand_sidecar_goes_along(path, out)
    words = wording(jurisdiction, language, filing_number=filing_number)
    described = Overlay.of(words, anchor=anchor, height=height, seconds=seconds)
    stated = None if record is None else options.read(record)
    if (producer is None) != (content_id is None):
        raise typer.BadParameter("State --producer together with --id.")
    label = None
    if producer is not None and content_id is not None:
        label = AigcLabel.produced(producer, content_id)
    if payload is not None and not _PAYLOAD.fullmatch(payload):
        raise typer.BadParameter("A payload is 16 hexadecimal digits.")
    drawn = None if start_frame is None else _drawn(described, window, frame)
    number = None if payload is None else int(payload, 16)
    done = label_scene(path, out, label=label, record=stated, payload=number)
    place = "no label in the metadata" if done.label is None else f"label {done.label.produce_id}"
    typer.echo(f"{path} -> {out} ({place})")
    for one in done.textures:
        typer.echo(f"  {_told(one)}")
    if overlay is not None:
        _put(overlay, described.to_json().encode() + b"\n")
        typer.echo(f"{overlay}: {' | '.join(described.lines)}, {anchor.value}")
    if start_frame is not None and drawn is not None:
        _put(start_frame, image.encode(Picture(drawn, "PNG")))
        typer.echo(f"{start_frame}: {drawn.shape[1]} x {drawn.shape[0]} pixels")


def _drawn(overlay: Overlay, window: str, frame: Path | None) -> image.Pixels:
    if frame is not None:
        picture = image.read(io.BytesIO(files.load(frame)))
        return overlay.render(image.upright(picture.pixels, picture.orientation)).pixels
    size = _WINDOW.fullmatch(window)
    if size is None:
        raise InvalidArgument(
            f"The size of the window is {window!r:.40}.", remedy="State it as 1920x1080."
        )
    return overlay.start_frame(int(size[1]), int(size[2])).pixels


def _told(texture: Texture) -> str:
    name = "" if texture.name is None else f" {ascii(texture.name)[:60]}"
    state = "marked" if texture.reason is None else f"not marked: {texture.reason}"
    return f"image {texture.number}{name}: {state}"


def _put(path: Path, content: bytes) -> None:
    with files.replacing(files.target(path), content) as put:
        put()
