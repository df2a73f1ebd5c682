"""What a picture is recognised by: fingerprints and watermark, each computed once if asked for."""

from __future__ import annotations

from functools import cached_property

from countermark import fingerprint
from countermark import watermark as watermarks
from countermark.errors import ImageTooSmall
from countermark.fingerprint import Pdq
from countermark.image import Pixels
from countermark.watermark import Detection


class Sight:
    """`pixels`: the picture as a viewer shows it."""

    def __init__(self, pixels: Pixels) -> None:
        self.pixels = pixels

    @cached_property
    def detection(self) -> Detection | None:
        """The watermark."""
        try:
            return watermarks.detect(self.pixels)
        except ImageTooSmall:
            return None

    @cached_property
    def hashes(self) -> tuple[Pdq, ...]:
        """The fingerprints in all eight symmetries; none of a picture that is too small."""
        try:
            return fingerprint.pdq_dihedral(self.pixels)
        except ImageTooSmall:
            return ()
