"""Search among moving pictures: exact, found after other encodings, and what is not found."""

import hashlib
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from countermark.clips import VideoIndex, read, videos
from countermark.fingerprint import Frame, Vpdq, distance

Pixels = npt.NDArray[np.uint8]
Pan = Callable[..., list[Pixels]]
Movie = Callable[..., bytes]


def fingerprint(content: bytes, *, query: bool = False, kind: str = "video/mp4") -> Vpdq:
    found = read(io.BytesIO(content), kind, query=query).video
    assert found is not None
    return found


@pytest.fixture(scope="module")
def film(pan: Pan, movie: Movie) -> Vpdq:
    return fingerprint(movie(pan("astronaut", 8, rate=12), rate=12))


@pytest.fixture(scope="module")
def index(film: Vpdq, pan: Pan, movie: Movie) -> VideoIndex:
    other = fingerprint(movie(pan("coffee", 4)))
    return VideoIndex.build([(7, film), (8, other)])


def letterboxed(pixels: Pixels) -> Pixels:
    return np.pad(pixels, ((40, 40), (0, 0), (0, 0)))


COPIES: dict[str, tuple[Callable[[Pixels], Pixels], dict[str, Any]]] = {
    "crf 33": (lambda pixels: pixels, {"crf": 33}),
    "crf 40": (lambda pixels: pixels, {"crf": 40}),
    "MPEG-4 in AVI": (lambda pixels: pixels, {"form": "avi", "codec": "mpeg4"}),
    "half": (lambda pixels: pixels[::2, ::2], {}),
    "dim": (lambda pixels: pixels // 2 + 20, {}),
    "mirrored": (lambda pixels: pixels[:, ::-1], {}),
    "letterboxed": (letterboxed, {}),
}


@pytest.mark.parametrize(
    "name",
    [
        name if name in ("crf 33", "letterboxed") else pytest.param(name, marks=pytest.mark.slow)
        for name in COPIES
    ],
)
def test_copies_are_found(index: VideoIndex, pan: Pan, movie: Movie, name: str) -> None:
    change, options = COPIES[name]
    content = movie([change(pixels) for pixels in pan("astronaut", 4)], **options)
    kind = "video/x-msvideo" if "form" in options else "video/mp4"
    (found,) = index.search(fingerprint(content, query=True, kind=kind))
    assert (found.label, found.query_share, found.at_seconds) == (7, 1.0, 0.0)
    assert found.share == pytest.approx(0.5, abs=0.13)


@pytest.mark.parametrize(
    ("start", "rate"), [(2.37, 24), pytest.param(1.5, 30, marks=pytest.mark.slow)]
)
def test_a_part_is_found_wherever_it_begins(
    index: VideoIndex, pan: Pan, movie: Movie, start: float, rate: int
) -> None:
    part = movie(pan("astronaut", 3, rate=rate, start=start), rate=rate)
    (found,) = index.search(fingerprint(part, query=True))
    assert (found.label, found.query_share) == (7, 1.0)
    assert found.at_seconds == pytest.approx(start, abs=0.2)


@pytest.mark.slow
def test_a_film_is_found_in_a_longer_one(index: VideoIndex, pan: Pan, movie: Movie) -> None:
    longer = [*pan("ihc", 4), *pan("astronaut", 8), *pan("retina", 8)]
    (found,) = index.search(fingerprint(movie(longer), query=True))
    assert (found.label, found.share) == (7, 1.0)
    assert found.at_seconds == pytest.approx(-4, abs=0.2)
    assert found.query_share < videos.MIN_SHARE


def test_other_pictures_and_large_crops_are_not_found(
    index: VideoIndex, pan: Pan, movie: Movie
) -> None:
    crops = [pixels[35:205, 47:273] for pixels in pan("astronaut", 3)]
    for frames in (pan("retina", 3), crops):
        assert index.search(fingerprint(movie(frames), query=True)) == []


def test_long_queries_are_looked_at_in_stretches(pan: Pan, movie: Movie) -> None:
    frames = pan("astronaut", 64, rate=4)
    content = movie(frames, rate=4)
    index = VideoIndex.build([(7, fingerprint(content))])
    query = fingerprint(content, query=True)
    seconds = {int(frame.seconds) for frame in query.frames}
    assert 20 < len(seconds) < 60
    assert [match.label for match in index.search(query)] == [7]


def test_each_stretch_of_a_query_counts_once() -> None:
    """Wherever between two frames of the stored film it begins, which has one of them."""
    hashes = [hashlib.sha256(b"%d" % number).digest() for number in range(100)]
    film = Vpdq.of(Frame(bits, 100, number) for number, bits in enumerate(hashes))
    other = hashlib.sha256(b"between").digest()
    query = Vpdq.of(
        Frame(hashes[round(at)] if at.is_integer() else other, 100, at)
        for begin in (3.25, 20.5, 47.75, 80.0)
        for at in (begin + number / 4 for number in range(4))
    )
    (found,) = VideoIndex.build([(7, film)]).search(query)
    assert (found.query_share, found.frames) == (1.0, 4)


@pytest.mark.parametrize("scanned", [0, videos._SCANNED])
def test_shares_are_those_of_a_comparison_of_all(
    monkeypatch: pytest.MonkeyPatch, scanned: int
) -> None:
    monkeypatch.setattr(videos, "_SCANNED", scanned)
    monkeypatch.setattr(videos, "MIN_SHARE", 0.0)
    random = np.random.default_rng(1)
    stored = [
        Vpdq.of(
            Frame(hashlib.sha256(b"%d" % (number % 40)).digest(), quality, number)
            for number, quality in enumerate(random.integers(30, 101, size).tolist(), start)
        )
        for start, size in ((0, 30), (10, 20), (35, 12), (90, 1))
    ]
    flips = [int(bits) for bits in random.integers(0, 60, 25)]
    query = Vpdq.of(
        Frame(turned(random, hashlib.sha256(b"%d" % number).digest(), bits), 100, number)
        for number, bits in enumerate(flips, 5)
    )
    found = VideoIndex.build(list(enumerate(stored))).search(query)
    shares = {match.label: (match.query_share, match.share) for match in found}
    expected = {}
    for label, video in enumerate(stored):
        near = [
            (ours.seconds, theirs.bits)
            for ours in query.telling
            for theirs in video.telling
            if distance(ours.bits, theirs.bits) <= 31
        ]
        ours, theirs = {at for at, _ in near}, {bits for _, bits in near}
        if len(theirs) >= 2:
            expected[label] = (
                round(len(ours) / len(query.telling), 3),
                round(len(theirs) / len(video.telling), 3),
            )
    assert shares == expected
    assert len(expected) >= 2


def turned(random: np.random.Generator, hash_: bytes, bits: int) -> bytes:
    values = np.unpackbits(np.frombuffer(hash_, np.uint8))
    values[random.choice(256, bits, replace=False)] ^= 1
    return np.packbits(values).tobytes()
