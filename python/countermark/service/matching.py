"""What is found in content by which manifests are looked up: soft bindings, and what is like it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from countermark import clips, credentials, fingerprint, image, video, watermark
from countermark.credentials import (
    FINGERPRINT_ALGORITHM,
    SOUND_FINGERPRINT_ALGORITHM,
    SOUND_WATERMARK_ALGORITHM,
    VIDEO_FINGERPRINT_ALGORITHM,
    WATERMARK_ALGORITHM,
    SoftBinding,
)
from countermark.errors import ImageTooSmall
from countermark.registry import MIN_QUALITY, ClipMatch, Entry, Registry
from countermark.registry.clips import Of
from countermark.service.uploads import kind_of

Similar = tuple[str, int]
"""The identifier of a manifest, and how much of its fingerprint agrees, in percent."""

DIGESTS: Final[dict[str, Of]] = {
    SOUND_FINGERPRINT_ALGORITHM: "sound",
    VIDEO_FINGERPRINT_ALGORITHM: "video",
}
"""Fingerprints that are signed as digests, and of what they are."""

_BITS: Final = 256


def in_picture(
    content: bytes, algorithm: str | None, registry: Registry, limit: int
) -> tuple[list[SoftBinding], list[Similar]]:
    """The watermark of a picture, and the pictures that are like it.

    `algorithm`: that alone is looked for. Raises `ImageError`, `UnreadableRegistry`.
    """
    picture = image.read(io.BytesIO(content))
    pixels = image.upright(picture.pixels, picture.orientation)
    bindings: list[SoftBinding] = []
    similar: list[Similar] = []
    try:
        if algorithm in (None, WATERMARK_ALGORITHM):
            found = watermark.detect(pixels)
            bindings += [] if found is None else [SoftBinding.of_payload(found.payload)]
        if algorithm in (None, FINGERPRINT_ALGORITHM):
            hashes = fingerprint.pdq_dihedral(pixels)
            if hashes[0].quality >= MIN_QUALITY:
                similar = near([hash_.bits for hash_ in hashes], registry, limit)
    except ImageTooSmall:
        pass  # nothing can be found in it
    return bindings, similar


def in_clip(
    path: Path, algorithm: str | None, registry: Registry, limit: int
) -> tuple[list[SoftBinding], list[Similar]]:
    """The watermarks of a sound or movie, and the sounds and movies that are like it.

    `algorithm`: that alone is looked for. Raises `VideoError`, `SoundError`, `InvalidArgument` for
    a file of another kind, `MissingExtra`, `UnreadableRegistry`.
    """
    media_type = kind_of(path)
    bindings: list[SoftBinding] = []
    if algorithm in (None, WATERMARK_ALGORITHM) and media_type.startswith("video/"):
        seen = video.detect_video(path)
        bindings += [] if seen is None else [SoftBinding.of_payload(seen.payload)]
    with path.open("rb") as file:
        if algorithm in (None, SOUND_WATERMARK_ALGORITHM):
            bindings += [
                SoftBinding.of_payload(heard.payload, algorithm=SOUND_WATERMARK_ALGORITHM)
                for heard in clips.watermarks(file, media_type)
            ]
        if algorithm not in (None, *DIGESTS) or not registry.any_clips():
            return bindings, []
        matches = registry.find_clips(clips.read(file, media_type, query=True))
    similar = [
        (credentials.active_label(match.entry.manifest), likeness)
        for match in matches[:limit]
        if (likeness := _likeness(match, algorithm)) is not None
    ]
    return bindings, similar


def near(hashes: Sequence[bytes], registry: Registry, limit: int) -> list[Similar]:
    """The pictures whose fingerprint is like one of these."""
    found = registry.find_similar(hashes, limit=limit)
    return [
        (credentials.active_label(entry.manifest), round(100 * (1 - distance / _BITS)))
        for entry, distance in found
    ]


def signed_as(algorithm: str, digest: bytes, registry: Registry, limit: int) -> list[Similar]:
    """The sounds and movies of whose fingerprint this is the digest."""
    found: list[Entry] = registry.find_clips_by_digest(DIGESTS[algorithm], digest)
    return [(credentials.active_label(entry.manifest), 100) for entry in found[:limit]]


def _likeness(match: ClipMatch, algorithm: str | None) -> int | None:
    """Of the better of both fingerprints, or of the one that was asked for."""
    shares = []
    if match.video is not None and algorithm in (None, VIDEO_FINGERPRINT_ALGORITHM):
        shares.append(1 - match.video.distance / _BITS)
    if match.sound is not None and algorithm in (None, SOUND_FINGERPRINT_ALGORITHM):
        shares.append(1 - match.sound.error_rate)
    return round(100 * max(shares)) if shares else None
