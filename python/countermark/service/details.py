"""What the page shows beside a report: who states what, signed thumbnails, place, look-alikes.

The report says what the verdict rests on and stops there. A person who looks at a picture also
wants to see the thumbnails, and to be told when the watermark of an intact file leads to somebody
else: whoever signs a stranger's picture anew gets a file that is intact.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, TypeGuard

from countermark import credentials, fingerprint, image, watermark
from countermark.credentials import Manifest, SoftBinding, Trust
from countermark.errors import ImageError, ImageTooSmall
from countermark.image import Pixels
from countermark.inspection.outline import find_outline
from countermark.inspection.plane import area, clipped
from countermark.inspection.tiles import told
from countermark.registry import MIN_QUALITY, Entry, Registry
from countermark.report import (
    ManifestEvidence,
    Report,
    WatermarkEvidence,
    ingredient_members,
)

MAX_SIMILAR: Final = 4
"""Look-alikes that are shown, the nearest first."""

_MAX_THUMBNAIL_BYTES: Final = 512 * 1024
_MAX_CHAIN_BYTES: Final = 2 * 1024 * 1024
"""Of the thumbnails of ingredients, all together."""

_THUMBNAILS: Final = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png"}


@dataclass(slots=True)
class _Found:
    """Manifests by their SHA-256, each read once."""

    trust: Trust
    manifests: dict[str, Manifest]
    room: int = _MAX_CHAIN_BYTES

    def stored(self, entry: Entry) -> str:
        """The manifest of an entry, by its SHA-256."""
        digest = entry.manifest_sha256.hex()
        if digest not in self.manifests:
            self.manifests[digest] = credentials.read_detached(entry.manifest, trust=self.trust)
        return digest

    def thumbnail(self, content: bytes | None) -> dict[str, str] | None:
        """Of an ingredient, as long as there is room for more."""
        size = len(content or b"")
        data = _thumbnail(content) if size <= self.room else None
        self.room -= size if data else 0
        return data


def details(
    source: BinaryIO, report: Report, *, trust: Trust, registry: Registry
) -> dict[str, Any]:
    """Members for JSON: `manifests` and their `leaves` by SHA-256, `watermark` and `similar`.

    `source`: the file that the report is about. `watermark` is null where it is no picture whose
    pixels were looked at, or they hold none; `similar` is null where there is no fingerprint of a
    picture to look for.
    """
    found = _Found(trust, {})
    embedded = _embedded(source, report, found)
    pixels = _pixels(source)
    seen = similar = None
    if pixels is not None:
        seen = _watermark(pixels, report, embedded, found, registry)
        similar = _similar(pixels, found, registry)
    else:
        _recall(report, found, registry)
    return {
        "decoded": pixels is not None,
        "manifests": {
            digest: _members(manifest, found) for digest, manifest in found.manifests.items()
        },
        "watermark": seen,
        "similar": similar,
        "leaves": _leaves(found, registry),
    }


def _leaves(found: _Found, registry: Registry) -> dict[str, int]:
    """Where the log tells of the manifests, by their SHA-256; of others it does not."""
    places = {
        digest: registry.manifests.leaf_of(manifest.bytes)
        for digest, manifest in found.manifests.items()
    }
    return {digest: place for digest, place in places.items() if place is not None}


def _recall(report: Report, found: _Found, registry: Registry) -> None:
    """The manifests in the registry to which a sound or movie led."""
    for item in report.evidence:
        if isinstance(item, ManifestEvidence) and item.origin == "registry" and item.label:
            payload = registry.manifests.payload_of(item.label)
            entry = None if payload is None else registry.find_payload(payload)
            if entry is not None:
                found.stored(entry)


def _embedded(source: BinaryIO, report: Report, found: _Found) -> Manifest | None:
    """The manifest in the file, read again if the report has one: it keeps only the findings."""
    present = any(
        isinstance(item, ManifestEvidence) and item.found and item.origin == "file"
        for item in report.evidence
    )
    if not present or report.media_type is None:
        return None
    source.seek(0)
    manifest = credentials.read(source, report.media_type, trust=found.trust)
    if manifest is not None:
        found.manifests[hashlib.sha256(manifest.bytes).hexdigest()] = manifest
    return manifest


def _pixels(source: BinaryIO) -> Pixels | None:
    source.seek(0)
    if not image.is_decodable(source.read(image.HEAD_BYTES)):  # nor is it loaded then
        return None
    source.seek(0)
    try:
        picture = image.read(source)
    except ImageError:
        return None
    return image.upright(picture.pixels, picture.orientation)


def _watermark(
    pixels: Pixels, report: Report, embedded: Manifest | None, found: _Found, registry: Registry
) -> dict[str, Any] | None:
    """What is read in the pixels and where it leads."""
    told_absent = any(
        isinstance(item, WatermarkEvidence) and not item.found for item in report.evidence
    )
    if told_absent:  # looking again would take the longest of all and find nothing
        return None
    try:
        seen = watermark.inspect(pixels)
    except ImageTooSmall:
        return None
    if seen.detection is None:
        return None
    detection, geometry = seen.detection, seen.detection.geometry
    size = (pixels.shape[1], pixels.shape[0])
    entry = registry.find_payload(detection.payload)
    outline = find_outline(pixels, seen, registry)
    corners = [] if outline is None else list(outline.corners)
    binding = SoftBinding.of_payload(detection.payload)
    return {
        "payload": f"{detection.payload:016x}",
        "false_positive_rate": detection.false_positive_rate,
        "named_by_file": binding in embedded.soft_bindings if _holds(embedded) else None,
        "manifest": None if entry is None else found.stored(entry),
        "width": size[0],
        "height": size[1],
        "rotation_degrees": round(geometry.rotation_degrees, 2),
        "mirrored": geometry.mirrored,
        "scale": None if entry is None else round(_scale(geometry.scale, entry), 4),
        "outline": _rounded(corners) or None,
        "shown": round(area(clipped(corners, size)) / area(corners), 4) if corners else None,
        "tiles": [_rounded(tile.corners) for tile in told(seen, size) if tile.is_visible],
    }


def _scale(pixels_per_unit: float, entry: Entry) -> float:
    """Pixels of the copy for each pixel of the picture that was marked, along a side."""
    units: float = (entry.width * entry.height) ** 0.5 / 512
    return pixels_per_unit / units


def _similar(pixels: Pixels, found: _Found, registry: Registry) -> list[dict[str, Any]] | None:
    try:
        hashes = fingerprint.pdq_dihedral(pixels)
    except ImageTooSmall:
        return None
    if hashes[0].quality < MIN_QUALITY:
        return None
    near = registry.find_similar([hash_.bits for hash_ in hashes])
    return [
        {"manifest": found.stored(entry), "distance": distance}
        for entry, distance in near[:MAX_SIMILAR]
    ]


def _rounded(points: Any) -> list[list[float]]:
    return [[round(float(x), 1), round(float(y), 1)] for x, y in points]


def _holds(manifest: Manifest | None) -> TypeGuard[Manifest]:
    return manifest is not None and manifest.signature_valid and manifest.assertions_valid


def _members(manifest: Manifest, found: _Found) -> dict[str, Any]:
    """Of a manifest that does not hold, nothing is told but what it refers to, and how that holds.

    Its statements prove nothing.
    """
    holds = _holds(manifest)
    made_from = [ingredient_members(each, found.thumbnail) for each in manifest.ingredients]
    members: dict[str, Any] = {
        "holds": holds,
        "label": manifest.label,
        "ingredients": made_from,
        "omitted": manifest.omitted,
    }
    if not holds:
        return members
    signed_at, created = manifest.signed_at, manifest.created
    told = manifest.record
    producer, filing = (told.producer, told.filing) if told is not None else (None, None)
    return members | {
        "claim_signer": manifest.claim_signer,
        "trust": manifest.trust.value,
        "trusted_by": manifest.trusted_by,
        "signed_at": None if signed_at is None else signed_at.isoformat(),
        "time_stamped_by": manifest.time_stamped_by,
        "title": manifest.title,
        "creator": manifest.creator,
        "producer": None if producer is None else producer.members(),
        "filing": None if filing is None else filing.members(),
        "generator": manifest.generator,
        "digital_source": manifest.digital_source,
        "created": None if created is None else created.isoformat(),
        "actions": list(manifest.actions),
        "thumbnail": _thumbnail(manifest.thumbnail),
    }


def _thumbnail(content: bytes | None) -> dict[str, str] | None:
    """The signed bytes themselves, where they are a picture of a size to be expected."""
    if content is None or len(content) > _MAX_THUMBNAIL_BYTES:
        return None
    media_type = next((kind for head, kind in _THUMBNAILS.items() if content.startswith(head)), "")
    if not media_type:
        return None
    return {"media_type": media_type, "base64": base64.b64encode(content).decode()}
