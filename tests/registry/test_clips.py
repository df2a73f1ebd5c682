"""Sounds and movies in the registry: one road for SQLite and PostgreSQL."""

import dataclasses
import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest

from countermark.clips import Clip
from countermark.disclosing import contents
from countermark.errors import InvalidArgument, UnreadableRegistry
from countermark.fingerprint import Chromaprint, Frame, Vpdq
from countermark.record import DigitalSource, Record
from countermark.registry import DisposalReason, Entry, Registry, clips, lines, restoring
from countermark.registry.log import leaf
from countermark.registry.rows import VERSION

VERSION_3 = Path(__file__).parents[1] / "vectors" / "registry-3.sql"
AT = datetime(2026, 11, 26, 12, tzinfo=timezone.utc)
MakeEntry = Callable[[int], Entry]


def sound_of(number: int, size: int = 60) -> Chromaprint:
    random = np.random.default_rng(number)
    return Chromaprint(random.integers(0, 2**32, size, np.uint32).astype(">u4").tobytes())


def video_of(number: int, size: int = 20) -> Vpdq:
    return Vpdq.of(
        Frame(hashlib.sha256(b"%d %d" % (number, at)).digest(), 100, at) for at in range(size)
    )


def clip_of(number: int) -> Clip:
    """Of three in a row a sound, a movie without sound, and a movie."""
    return Clip(
        seconds=10.5 + number,
        sound=None if number % 3 == 1 else sound_of(number),
        video=None if number % 3 == 0 else video_of(number),
    )


def entry_of(number: int, clip: Clip | None = None) -> Entry:
    manifest = b"manifest %d" % number
    return Entry(
        payload=number,
        clip=clip or clip_of(number),
        manifest=manifest,
        manifest_sha256=hashlib.sha256(manifest).digest(),
        record=Record(source=DigitalSource.AI_GENERATED, title="A sound"),
        width=0 if number % 3 == 0 else 640,
        height=0 if number % 3 == 0 else 360,
        marked_at=AT,
    )


def part_of(number: int) -> Clip:
    whole = clip_of(number)
    return Clip(
        seconds=5,
        sound=whole.sound and Chromaprint(whole.sound.bits[4 * 20 : 4 * 40]),
        video=whole.video
        and Vpdq.of(
            dataclasses.replace(f, seconds=f.seconds - 5) for f in whole.video.frames[5:10]
        ),
    )


def found(registry: Registry, number: int) -> list[int]:
    return [match.entry.payload for match in registry.find_clips(part_of(number))]


def test_clips_are_added_found_and_taken_away(registry: Registry, make_entry: MakeEntry) -> None:
    assert not registry.any_clips()
    registry.put(make_entry(50))
    assert not registry.any_clips()
    for number in range(6):
        assert registry.put(entry_of(number))
        assert not registry.put(entry_of(number))  # asked again, it is the same
        assert found(registry, number) == [number]
    assert registry.any_clips()
    assert registry.find_payload(4) == entry_of(4)
    assert [entry.payload for entry in registry.all_entries()] == [50, 0, 1, 2, 3, 4, 5]
    registry.delete(2, reason=DisposalReason.WITHDRAWN)
    assert [found(registry, number) for number in range(6)] == [[0], [1], [], [3], [4], [5]]
    assert registry.find_payload(2) is None
    assert [e.payload for e, _ in registry.find_similar([make_entry(50).pdq or b""])] == [50]


def test_clips_are_found_by_the_digests_that_are_signed(registry: Registry) -> None:
    for number in range(6):
        registry.put(entry_of(number))
    same = Clip(seconds=99, sound=sound_of(2))
    registry.put(entry_of(7, same))
    sound, video = (hashlib.sha256(of(2).bits).digest() for of in (sound_of, video_of))

    def found(*asked: object) -> list[int]:
        return [entry.payload for entry in registry.find_clips_by_digest(*asked)]

    assert (found("sound", sound), found("video", video)) == ([2, 7], [2])
    assert (found("sound", video), found("video", sound)) == ([], [])
    registry.delete(2, reason=DisposalReason.WITHDRAWN)
    assert (found("sound", sound), found("video", video)) == ([7], [])


def test_matches_say_where(registry: Registry) -> None:
    registry.put(entry_of(5))
    (match,) = registry.find_clips(part_of(5))
    assert match.entry == entry_of(5)
    assert match.sound is not None
    assert match.video is not None
    assert (match.sound.at_seconds, match.sound.error_rate) == (2.5, 0.0)
    assert (match.video.query_share, match.video.share) == (1.0, 0.25)
    assert match.video.at_seconds == 5.0


def test_what_others_add_and_take_away_is_seen(address: str) -> None:
    with Registry.open(address) as first, Registry.open(address) as second:
        first.put(entry_of(0))
        assert found(second, 0) == [0]
        first.put(entry_of(3))
        assert found(second, 3) == [3]
        second.delete(0, reason=DisposalReason.MISTAKEN)
        first.put(entry_of(6))
        assert [found(first, number) for number in (0, 3, 6)] == [[], [3], [6]]
        assert [found(second, number) for number in (0, 3, 6)] == [[], [3], [6]]


def test_what_is_undone_is_not_found(registry: Registry) -> None:
    registry.put(entry_of(0))
    inside = []

    def put() -> None:
        with registry.adding(entry_of(3)):
            inside.extend(found(registry, 3))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        put()
    assert (inside, found(registry, 3)) == ([3], [])
    registry.put(entry_of(6))  # its leaf stands where that of the other one would
    assert [found(registry, number) for number in (0, 3, 6)] == [[0], [], [6]]


def test_a_large_index_is_built_anew_when_it_falls_behind(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clips, "_NEWER_BYTES", 1000)
    for number in range(7):
        registry.put(entry_of(number))
        assert [found(registry, known) for known in range(number + 1)] == [
            [known] for known in range(number + 1)
        ]


def test_clips_without_a_fingerprint_are_kept(registry: Registry) -> None:
    registry.put(entry_of(0, Clip(seconds=1.5)))
    assert registry.find_payload(0) == entry_of(0, Clip(seconds=1.5))
    (told,) = (json.loads(content) for content in registry.log.leaves())
    assert not [name for name in told if name.endswith("_commitment")]


def test_leaves_commit_to_fingerprints_and_reports_open_them(registry: Registry) -> None:
    for number in range(3):
        registry.put(entry_of(number))
    told = [json.loads(content) for content in registry.log.leaves()]
    assert ["sound_commitment" in one for one in told] == [True, False, True]
    assert ["video_commitment" in one for one in told] == [False, True, True]
    assert not any("pdq_commitment" in one for one in told)
    opened = registry.find_fingerprint(2)
    assert opened is not None
    assert opened.clip == clip_of(2)
    assert opened.clip is not None
    assert opened.clip.sound is not None
    assert told[2]["sound_commitment"] == leaf.commitment(opened.salt, opened.clip.sound.bits)
    content = b"".join(registry.log.leaves())
    assert opened.clip.sound.bits.hex().encode() not in content

    class Disclosed:
        def __init__(self) -> None:
            self.registry = registry

        def events(self, kind: str) -> list[tuple[int, dict[str, str]]]:
            return [(at, one) for at, one in enumerate(told) if one["kind"] == kind]

    stated = [json.loads(line) for line in contents.fingerprint_lines(Disclosed())]  # type: ignore[arg-type]
    assert [sorted(one.keys() & {"pdq", "sound", "video"}) for one in stated] == [
        ["sound"],
        ["video"],
        ["sound", "video"],
    ]


def test_lines_carry_clips_to_another_registry(registry: Registry, tmp_path: Path) -> None:
    for number in range(3):
        registry.put(entry_of(number))
    with Registry.open(tmp_path / "other.sqlite3") as other:
        for entry in registry.all_entries():
            carried = lines.from_line(lines.to_line(entry))
            assert carried == entry
            assert isinstance(carried, Entry)
            other.put(carried)
        assert [found(other, number) for number in range(3)] == [[0], [1], [2]]


def test_a_backup_holds_them(tmp_path: Path) -> None:
    place, copy = tmp_path / "registry.sqlite3", tmp_path / "copy.sqlite3"
    with Registry.open(place) as registry:
        registry.put(entry_of(0))
        registry.back_up(copy)
    restoring.restore(copy, place)
    with Registry.open(place) as registry:
        assert found(registry, 0) == [0]


def test_expired_clips_are_disposed_of(registry: Registry, tmp_path: Path) -> None:
    registry.put(entry_of(0))
    folder = tmp_path / "classes"
    folder.mkdir()
    (folder / "retention.toml").write_text("[entry]\nmaximum_days = 1\nminimum_days = 0\n")
    old = dataclasses.replace(entry_of(3), marked_at=AT.replace(year=2020))
    registry.put(old)
    registry.personal._folder = folder
    assert registry.dispose()["entry"] >= 1
    assert found(registry, 3) == []


def test_old_tables_take_clips(tmp_path: Path) -> None:
    import sqlite3

    path = tmp_path / "registry.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.executescript(VERSION_3.read_text(encoding="utf-8"))
    connection.close()
    with Registry.open(path) as registry:
        before = list(registry.all_entries())
        assert not registry.any_clips()
        registry.put(entry_of(2))
        assert found(registry, 2) == [2]
        assert [*before, entry_of(2)] == list(registry.all_entries())
        assert registry._database.version() == VERSION
        assert registry.log.check().size == registry.log.size


@pytest.mark.parametrize("column", ["sound", "video", "milliseconds"])
def test_a_damaged_fingerprint_is_noticed(address: str, column: str) -> None:
    with Registry.open(address) as registry:
        registry.put(entry_of(2))
        value = {"sound": b"\1" * 240, "video": b"\1" * 37, "milliseconds": 5}[column]
        registry._database.run(f"UPDATE clip SET {column} = ?", (value,))
        with pytest.raises(UnreadableRegistry):
            registry.find_payload(2)
        with pytest.raises(UnreadableRegistry):
            registry.find_clips(part_of(2))


def test_a_lost_fingerprint_is_noticed(address: str) -> None:
    with Registry.open(address) as registry:
        registry.put(entry_of(2))
        registry._database.run("DELETE FROM clip")
        with pytest.raises(UnreadableRegistry):
            registry.find_clips(part_of(2))


def test_contradictory_entries_are_refused(make_entry: MakeEntry) -> None:
    with pytest.raises(InvalidArgument, match="no PDQ hash"):
        dataclasses.replace(make_entry(1), clip=clip_of(0))
    with pytest.raises(InvalidArgument, match="32 bytes"):
        dataclasses.replace(make_entry(1), pdq=None, pdq_quality=None)
    with pytest.raises(InvalidArgument, match="query"):
        entry_of(0, Clip(seconds=5, sound=sound_of(0), later_sounds=(sound_of(1),)))
    with pytest.raises(InvalidArgument, match="length"):
        Clip(seconds=float("nan"))
