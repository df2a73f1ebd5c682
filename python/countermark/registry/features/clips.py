"""Exact search among the sounds and movies of features, in memory until something changes.

A feature fits when the known sound is heard in the other one, or the other one in it, for
`MIN_SHARE` of the shorter of the two; moving pictures likewise, as `VideoIndex` finds them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from countermark.clips import Clip, SoundIndex, VideoIndex
from countermark.clips.videos import MIN_SHARE
from countermark.errors import InvalidFeature
from countermark.fingerprint import Chromaprint, Vpdq
from countermark.fingerprint.sound import HOP, RATE, SPAN
from countermark.registry.database import Database, Row
from countermark.registry.features import snapshot, tables
from countermark.registry.features.feature import Feature


@dataclass(frozen=True, slots=True)
class Clips:
    """The sounds and movies as they were in one state of the tables, by the features' numbers."""

    state: Row | None
    sounds: SoundIndex
    videos: VideoIndex
    seconds: dict[int, float]

    @classmethod
    def load(cls, database: Database) -> Clips:
        """Those in the tables now, not checked yet: that is done for what is found."""
        known = dict(_features(database.all(tables.CLIPS, tables.WITH_CLIP)))
        sounds = {n: Chromaprint(f.sound) for n, f in known.items() if f.sound is not None}
        videos = {n: Vpdq(f.video) for n, f in known.items() if f.video is not None}
        return cls(
            database.one(tables.STATE),
            SoundIndex.build(sounds.items()),
            VideoIndex.build(videos.items()),
            {number: _seconds(sound) for number, sound in sounds.items()},
        )

    def __len__(self) -> int:
        """How many fingerprints there are."""
        return len(self.sounds) + len(self.videos)

    def search(self, query: Clip) -> dict[int, float]:
        """The numbers of those that fit, and how much of the shorter one is alike; most first."""
        found: dict[int, float] = {}
        for heard in self.sounds.search(query.sounds):
            shorter = min(self.seconds[heard.label], query.seconds)
            found[heard.label] = min(1.0, heard.seconds / max(shorter, 1e-9))
        for seen in () if query.video is None else self.videos.search(query.video):
            share = max(seen.query_share, seen.share)
            found[seen.label] = max(found.get(seen.label, 0), share)
        good = {number: share for number, share in found.items() if share >= MIN_SHARE}
        return dict(sorted(good.items(), key=lambda each: -each[1]))


def _features(rows: Iterable[Row]) -> Iterator[tuple[int, Feature]]:
    """Those that can be read; a row that was changed leads nowhere."""
    for number, authority, content in rows:
        with contextlib.suppress(InvalidFeature):
            line = snapshot.parse_line(content) if authority else None
            yield int(number), Feature.from_json(content) if line is None else line.feature


def _seconds(sound: Chromaprint) -> float:
    return ((len(sound) - 1) * HOP + SPAN) / RATE
