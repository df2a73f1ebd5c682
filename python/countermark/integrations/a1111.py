"""A script for AUTOMATIC1111's web UI and Forge: saved pictures are marked and signed.

In `extensions/countermark/scripts/countermark_script.py`:

    from countermark.integrations import Marker, a1111
    from countermark.record import DigitalSource, Record

    a1111.register(Marker.of_home(Record(source=DigitalSource.AI_GENERATED, creator="Example Ltd")))

Callbacks of the web UI fail open: what they raise is printed, and the picture is saved anyhow. So a
picture that cannot be marked is made black before it is saved, with the error written on it.
Pictures that are not saved are not marked: leave "Always save all generated images" on, and live
previews off. What its HTTP API answers is marked by `integrations.asgi`.

Source: stable-diffusion-webui 1.10, `modules/script_callbacks.py`, `modules/images.py`.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageDraw

from countermark import files, watermark
from countermark.errors import CountermarkError, InvalidPixels
from countermark.integrations.marker import Marker

HOST: Final = "a1111"
LOGGER: Final = logging.getLogger("countermark.integrations")


def register(marker: Marker) -> None:
    """Let the web UI call what marks; called once, from the extension's script.

    Raises as `Marker.check`, so that an extension which cannot mark is not loaded in silence.
    """
    from modules import script_callbacks  # of the web UI

    marker.check()
    callbacks = Callbacks(marker)
    script_callbacks.on_before_image_saved(callbacks.before_saved)
    script_callbacks.on_image_saved(callbacks.saved)


class Callbacks:
    """What the web UI calls."""

    def __init__(self, marker: Marker) -> None:
        self._marker = marker

    def before_saved(self, params: Any) -> None:
        """The picture that will be saved gets its watermark, or is taken away.

        In its own memory: the web UI shows this object, whatever is put in its place here.
        """
        try:
            if not self._is_marked(params.image):
                marked = self._marker.pixels(params.image, host=HOST)
                if marked.mode != params.image.mode:  # of a palette, which would round the mark
                    raise InvalidPixels(
                        f"A picture of mode {params.image.mode} holds no watermark.",
                        remedy="Convert it to RGB.",
                    )
                params.image.paste(marked)
        except Exception as error:
            withhold(params.image, error)
            LOGGER.exception("a picture was not marked, so it is not saved")

    def saved(self, params: Any) -> None:
        """The file gets its manifest, or is taken away."""
        path = Path(params.filename)
        try:
            signed = self._marker.file(path.read_bytes(), host=HOST)
            with files.replacing(path, signed) as put:
                put()
        except Exception as error:
            path.unlink(missing_ok=True)
            withhold(params.image, error)
            LOGGER.exception("a file was not signed, so it is not kept")
            params.image.save(path)

    def _is_marked(self, image: Image.Image) -> bool:
        """As by this marker: a grid of pictures that are, or one that is saved again."""
        found = watermark.detect(image, effort="aligned")
        entry = None if found is None else self._marker.registry.find_payload(found.payload)
        return entry is not None and entry.record.source is self._marker.record.source


def withhold(image: Image.Image, error: BaseException) -> None:
    """Take away, in its memory, a picture that could not be marked, and say why in its place.

    >>> picture = Image.new("RGB", (300, 200), "white")
    >>> withhold(picture, ValueError())
    >>> picture.getpixel((299, 199))
    (0, 0, 0)
    """
    image.paste(0, (0, 0, *image.size))  # first, and without more memory, which may be what lacks
    why = error.problem if isinstance(error, CountermarkError) else type(error).__name__
    ImageDraw.Draw(image).multiline_text(
        (8, 8), f"countermark: not marked, not saved.\n{why}", fill="white"
    )
