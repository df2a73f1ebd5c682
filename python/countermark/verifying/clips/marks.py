"""The watermarks in a sound or movie, and whose they are: does one file have them both?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from countermark import credentials
from countermark.audio import Detection
from countermark.credentials import Manifest, Trust
from countermark.registry import Entry
from countermark.report import Track
from countermark.verifying import comparing
from countermark.verifying.clips.content import Content
from countermark.verifying.conclusion import holds
from countermark.video import VideoDetection


@dataclass(frozen=True, slots=True)
class Mark:
    """A watermark that was read in one track, and the entry of the registry that it leads to.

    `manifest`: that of the entry, when it holds and names this watermark for this track, and none
    that cannot be in one file with it. `sound`: which of several sounds it is in, from 1; None in
    the only one, and in pictures.
    """

    of: Track
    detection: VideoDetection | Detection
    entry: Entry | None
    manifest: Manifest | None
    sound: int | None = None

    @property
    def payload(self) -> int:
        """The 64 bits."""
        return self.detection.payload


def read(content: Content, trust: Trust) -> list[Mark]:
    """The marks of pictures and sound, in this order.

    Raises `UnreadableRegistry`.
    """
    seen = [] if content.picture_mark is None else [content.picture_mark]
    several = len(content.sounds) > 1
    return [
        *(_mark("video", detection, content, trust) for detection in seen),
        *(
            replace(_mark("sound", detection, content, trust), sound=number if several else None)
            for number, heard in enumerate(content.sounds, start=1)
            for detection in heard.watermarks
        ),
    ]


def _mark(of: Track, detection: VideoDetection | Detection, content: Content, trust: Trust) -> Mark:
    registry = content.registry
    entry = None if registry is None else registry.find_payload(detection.payload)
    if entry is None:
        return Mark(of, detection, None, None)
    manifest = credentials.read_detached(entry.manifest, trust=trust)
    counts = (
        holds(manifest)
        and detection.payload in comparing.payloads(manifest, of)
        and not comparing.names_other_marks(manifest)
    )
    return Mark(of, detection, entry, manifest if counts else None)


def foreign(marks: Sequence[Mark], manifest: Manifest) -> list[Mark]:
    """Of each track the first mark, if the manifest is not that of what bears it; in their order.

    It names others for that track; or none, and the registry knows whose that one is.
    """
    found = []
    for _, track in groupby(marks, key=lambda mark: (mark.of, mark.sound)):
        there = list(track)
        named = comparing.payloads(manifest, there[0].of)
        if any(mark.payload in named for mark in there):
            continue
        if named or there[0].manifest is not None:
            found.append(there[0])
    return found


def mixed(marks: Sequence[Mark]) -> tuple[Mark, Mark] | None:
    """A mark of the pictures and one of the sound, when they are of different files.

    One of them has to lead to a manifest, which the other one does not fit.
    """
    pictures, sounds = _parted(marks)
    if pictures is None or not sounds:
        return None
    strange = [] if pictures.manifest is None else foreign(sounds, pictures.manifest)
    by_sound = all(
        sound.manifest is not None and foreign([pictures], sound.manifest) for sound in sounds
    )
    return (pictures, (strange or sounds)[0]) if strange or by_sound else None


def unlike(marks: Sequence[Mark]) -> tuple[Mark, Mark] | None:
    """A mark of the pictures and another one of the sound that lead nowhere, neither of them."""
    pictures, sounds = _parted(marks)
    if pictures is None or any(mark.manifest is not None for mark in marks):
        return None
    others = [sound for sound in sounds if sound.payload != pictures.payload]
    return (pictures, others[0]) if others and len(others) == len(sounds) else None


def _parted(marks: Sequence[Mark]) -> tuple[Mark | None, list[Mark]]:
    """That of the pictures, and those of the sounds."""
    pictures = next((mark for mark in marks if mark.of == "video"), None)
    return pictures, [mark for mark in marks if mark.of == "sound"]
