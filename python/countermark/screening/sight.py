"""What content is recognised by: fingerprints and watermarks, each computed once if asked for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final, Protocol

from countermark import fingerprint
from countermark import watermark as watermarks
from countermark.errors import ImageTooSmall
from countermark.fingerprint import Pdq
from countermark.image import Pixels
from countermark.watermark import Detection

if TYPE_CHECKING:
    from countermark.clips import Clip


class Seen(Protocol):
    """What is looked at of a picture, a sound or a movie; only if some feature asks for it."""

    @property
    def hashes(self) -> Sequence[Pdq]:
        """Fingerprints of the picture, or of frames."""

    @property
    def payloads(self) -> Sequence[int]:
        """Of the watermarks in it."""

    @property
    def clip(self) -> Clip | None:
        """Of a sound or movie, its fingerprints, to be looked for."""


class Sight:
    """Of a picture. `pixels`: the picture as a viewer shows it."""

    clip: Final = None

    def __init__(self, pixels: Pixels) -> None:
        self.pixels = pixels

    @cached_property
    def detection(self) -> Detection | None:
        """The watermark."""
        try:
            return watermarks.detect(self.pixels)
        except ImageTooSmall:
            return None

    @property
    def payloads(self) -> tuple[int, ...]:
        """Of the watermark."""
        return () if self.detection is None else (self.detection.payload,)

    @cached_property
    def hashes(self) -> tuple[Pdq, ...]:
        """The fingerprints in all eight symmetries; none of a picture that is too small."""
        try:
            return fingerprint.pdq_dihedral(self.pixels)
        except ImageTooSmall:
            return ()
