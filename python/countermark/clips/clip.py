"""The fingerprints of a clip: a sound, or a movie with its sound."""

from __future__ import annotations

from dataclasses import dataclass

from countermark.errors import InvalidArgument
from countermark.fingerprint import Chromaprint, Vpdq


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """By what a sound or a movie is recognised.

    >>> Clip(seconds=2.0).is_telling
    False

    `seconds`: how long it is. `sound`: None without sound, and for one that cannot be told from
    others: shorter than 4.5 s, silent, a steady tone or noise. `video`: None without moving
    pictures, and for those with too little structure. `later_sounds`: of a query, the fingerprints
    of its sound from fractions of a hop further on; they are not stored.

    Raises `InvalidArgument` for a length that is none.
    """

    seconds: float
    sound: Chromaprint | None = None
    video: Vpdq | None = None
    later_sounds: tuple[Chromaprint, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.seconds < float("inf"):
            raise InvalidArgument(
                "The length of the clip is no number of seconds.", remedy="Measure it again."
            )

    @property
    def is_telling(self) -> bool:
        """Whether there is anything by which it is recognised."""
        return self.sound is not None or self.video is not None

    @property
    def sounds(self) -> tuple[Chromaprint, ...]:
        """All fingerprints of its sound, to search with."""
        return () if self.sound is None else (self.sound, *self.later_sounds)
