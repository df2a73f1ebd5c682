"""How much of a sound or movie a manifest is shown to be of, by what was signed in it.

Pictures are shown by the signed thumbnail, where their watermark led to it, or by the signed
fingerprint; sound by the signed fingerprint, and beside such pictures by its watermark. A
fingerprint is signed as its digest, so that it is the one in the registry that is compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Final

from countermark.audio import Detection
from countermark.clips import SoundMatch
from countermark.clips.videos import MIN_SHARE
from countermark.credentials import Manifest
from countermark.registry import ClipMatch, Entry
from countermark.report import Track
from countermark.resemblance import Resemblance
from countermark.verifying import comparing
from countermark.verifying.clips.content import Content
from countermark.verifying.clips.marks import Mark

MIN_SOUND_SHARE: Final = MIN_SHARE
"""Of the sound that is heard, that has to be like the signed one."""


class Standing(Enum):
    """Of one track: whether the manifest is shown to be of it.

    `ABSENT`: the file has no such track, or it is silent. `UNSIGNED`: the pictures are shown, and
    the manifest says nothing about their sound. `OPEN`: it is not shown, and may be of something
    else.
    """

    SHOWN = "shown"
    ABSENT = "absent"
    UNSIGNED = "unsigned"
    OPEN = "open"


@dataclass(frozen=True)
class Tie:
    """A manifest and what ties it to a file, as far as that was looked at.

    `entry`: of the registry; None when the service `host` gave the manifest. `marks`: all that were
    read. `match`: by fingerprints, None when they were not compared.
    """

    content: Content
    entry: Entry | None
    manifest: Manifest
    marks: Sequence[Mark]
    match: ClipMatch | None = None
    host: str | None = None

    def named(self, of: Track) -> list[Mark]:
        """The marks of that track that the manifest names."""
        payloads = comparing.payloads(self.manifest, of)
        return [mark for mark in self.marks if mark.of == of and mark.payload in payloads]

    @property
    def likeness(self) -> Resemblance | None:
        """Of the signed thumbnail and the beginning, when a mark in the pictures led to it."""
        return self.content.likeness(self.manifest) if self.named("video") else None

    @property
    def picture_share(self) -> float | None:
        """Of the seconds whose frames are like some that were signed; None for none."""
        if self.entry is None:
            return 1.0 if self.is_signed("video") else None
        video = None if self.match is None else self.match.video
        return video.query_share if video is not None and self.is_signed("video") else None

    def sound_match(self, track: int) -> SoundMatch | None:
        """Where one of its sounds is like the known one; None before they were compared."""
        if self.match is None or self.entry is None:
            return None
        return self.content.sound_match(track, self.entry.payload)

    def sound_share(self, track: int) -> float | None:
        """Of that sound, that is like a part of the signed one; None for none."""
        if self.entry is None:
            return 1.0 if track == 0 and self.is_signed("sound") else None
        sound = self.sound_match(track)
        if sound is None or not self.is_signed("sound"):
            return None
        return min(1.0, sound.seconds / max(self.content.sounds[track].seconds, sound.seconds))

    def marked_share(self, track: int) -> float:
        """Of the time of that sound, in which a watermark is there that the manifest names."""
        found = [mark.detection for mark in self.named("sound") if mark.sound in (None, track + 1)]
        marked = sum(
            each.end - each.begin
            for detection in found
            if isinstance(detection, Detection)
            for each in detection.stretches
        )
        return min(1.0, marked / max(self.content.sounds[track].seconds, marked, 1e-9))

    @cached_property
    def pictures(self) -> Standing:
        """Of the moving pictures."""
        if not self.content.has_pictures:
            return Standing.ABSENT
        by_thumbnail = self.likeness is not None and self.likeness.convincing
        by_fingerprint = (self.picture_share or 0) >= MIN_SHARE
        return Standing.SHOWN if by_thumbnail or by_fingerprint else Standing.OPEN

    @cached_property
    def sound(self) -> Standing:
        """Of the sound; of several that of the one of which the least is shown."""
        found = {self.sound_of(track) for track in range(len(self.content.sounds))}
        if self.content.has_more_sounds:
            found.add(Standing.OPEN)
        weakest = (Standing.OPEN, Standing.UNSIGNED, Standing.SHOWN, Standing.ABSENT)
        return next(standing for standing in weakest if standing in found)

    def sound_of(self, track: int) -> Standing:
        """Of one of its sounds."""
        if self.content.sounds[track].is_silent:
            return Standing.ABSENT
        if (self.sound_share(track) or 0) >= MIN_SOUND_SHARE:
            return Standing.SHOWN
        if self.pictures is not Standing.SHOWN:
            return Standing.OPEN
        if self.marked_share(track) >= MIN_SOUND_SHARE:
            return Standing.SHOWN
        is_bare = not any(mark.of == "sound" for mark in self.marks)
        is_unsigned = is_bare and not comparing.binds(self.manifest, "sound")
        return Standing.UNSIGNED if is_unsigned else Standing.OPEN

    @property
    def is_proof(self) -> bool:
        """Whether the manifest is shown to be of all of the file that it speaks of."""
        standings = {self.pictures, self.sound}
        return Standing.SHOWN in standings and Standing.OPEN not in standings

    def is_signed(self, of: Track) -> bool:
        """Whether the fingerprint that the registry keeps, or without one the file's, is signed."""
        clip = self.content.own if self.entry is None else self.entry.clip
        return clip is not None and comparing.signs(self.manifest, clip, of)
