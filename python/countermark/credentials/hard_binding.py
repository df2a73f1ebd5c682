"""Hard bindings: the hash that ties a manifest to the bytes of its file, in bounded memory.

The library hashes in buffers of up to 512 MB and, of most containers, makes a copy in memory to
find out where a manifest would lie. So the hash of what is signed is made here, and that of large
files is compared here, where it is of the plain kind that signers write in practice. The rest
(Merkle trees, parts of boxes, update manifests) is left to the library.

Source: C2PA 2.2, sections "Data hash" and "BMFF-based hash"; ISO/IEC 14496-12, clause 4.2.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from typing import Any, Final

from countermark.containers import Content, Span, boxes, is_bmff, pieces
from countermark.credentials import cbor
from countermark.credentials.claim import Claim
from countermark.credentials.containers import Location, can_hash_in_pieces

LARGE_BYTES: Final = 16 << 20
"""From here on, the library would take too much memory."""

DATA: Final = "c2pa.hash.data"
BOXES: Final = "c2pa.hash.bmff.v3"

CODES: Final = {
    DATA: "assertion.dataHash.",
    "c2pa.hash.bmff.v2": "assertion.bmffHash.",
    BOXES: "assertion.bmffHash.",
}
_ALGORITHMS: Final = ("sha256", "sha384", "sha512")
_C2PA_UUID: Final = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_EXCLUDED: Final = ("/ftyp", "/mfra", "/free", "/skip")
_WIDEST: Final = {"start": 1 << 40, "length": 1 << 40}
# So many that their number takes two bytes, whatever the exclusions leave to be padded.
_PAD_BYTES: Final = 32


def placeholder(content: Content) -> dict[str, Any] | None:
    """The assertion for the library, which makes none of its own when it is given one.

    None for movies that the library hashes better, in pieces, or that it alone can hash.
    """
    in_pieces = len(content) > LARGE_BYTES and can_hash_in_pieces(content)
    if is_bmff(content) and (in_pieces or not _whole(content)):
        return None
    stated: dict[str, Any] = {"name": "jumbf manifest", "alg": "sha256", "hash": [0] * 32}
    if is_bmff(content):
        ours = {"xpath": "/uuid", "data": [{"offset": 8, "value": list(_C2PA_UUID)}]}
        stated["exclusions"] = [ours, *({"xpath": path} for path in _EXCLUDED)]
        return {"label": BOXES, "data": stated}
    return {"label": DATA, "data": {**stated, "exclusions": [_WIDEST] * 2, "pad": [0] * _PAD_BYTES}}


def detached_placeholder() -> dict[str, Any]:
    """As `placeholder`, for a manifest beside its file: nothing of the file is excluded."""
    stated = {"name": "jumbf manifest", "alg": "sha256", "hash": [0] * 32, "exclusions": []}
    return {"label": DATA, "data": {**stated, "pad": [0] * 8}}


def fill_detached(data: dict[Any, Any], content: Content) -> None:
    """Put in the hash of the file that the manifest lies beside; the length in CBOR stays."""
    data["hash"] = digest(DATA, data, content)


def fill(label: str, data: dict[Any, Any], content: Content, location: Location) -> None:
    """Put in the hash of the file with the manifest in it; the length in CBOR stays."""
    if label == DATA:
        length = len(cbor.encode(data))
        data["exclusions"] = [{"start": at, "length": end - at} for at, end in location.exclusions]
        data["pad"] = bytes(len(data["pad"]) + length - len(cbor.encode(data)))
    data["hash"] = digest(label, data, content)


def compare(claim: Claim, content: Content) -> str | None:
    """The code that says whether the file is what was signed; None where the library shall."""
    labels = [label for label in claim.assertions if label.startswith("c2pa.hash.")]
    if claim.is_update or len(labels) != 1 or labels[0] not in CODES:
        return None
    data = claim.decoded(claim.assertions[labels[0]])
    if not isinstance(data, dict):
        return None
    hashed = digest(labels[0], {"alg": claim.content.get("alg"), **data}, content)
    if hashed is None:
        return None
    outcome = "match" if hashed == data.get("hash") else "mismatch"
    return CODES[labels[0]] + outcome


def digest(label: str, data: dict[Any, Any], content: Content) -> bytes | None:
    """The hash of the file under the exclusions of a hard binding; None if they are not plain."""
    exclusions = data.get("exclusions")
    algorithm = data.get("alg")
    if not isinstance(algorithm, str) or algorithm not in _ALGORITHMS:
        return None
    if data.get("merkle") or not isinstance(exclusions, list):
        return None
    if not all(isinstance(one, dict) for one in exclusions):
        return None
    stated = [{k: v for k, v in one.items() if v is not None} for one in exclusions]
    parts = (_by_ranges if label == DATA else _by_boxes)(stated, content)
    if parts is None:
        return None
    hasher = hashlib.new(algorithm)
    for part in parts:
        hasher.update(part)
    return hasher.digest()


def _by_ranges(exclusions: list[dict[Any, Any]], content: Content) -> Iterator[bytes] | None:
    """All bytes but those of the exclusions, which stand in order."""
    kept: list[Span] = []
    at = 0
    for one in exclusions:
        start, length = one.get("start"), one.get("length")
        if type(start) is not int or type(length) is not int or start < at or length < 1:
            return None
        kept.append((at, start))
        at = start + length
    if at > len(content):
        return None
    kept.append((at, len(content)))
    return (piece for start, end in kept for piece in pieces(content, start, end))


def _by_boxes(exclusions: list[dict[Any, Any]], content: Content) -> Iterator[bytes] | None:
    """The outermost boxes that are not excluded, each after its offset in eight bytes."""
    excluded: dict[bytes, list[tuple[int, bytes]]] = {}
    for one in exclusions:
        path, patterns = one.get("xpath"), _patterns(one.get("data", ()))
        known = isinstance(path, str) and len(path) == 5 and path[0] == "/"
        if not known or patterns is None or not one.keys() <= {"xpath", "data"}:
            return None
        if excluded.setdefault(str(path)[1:].encode(), patterns) is not patterns:
            return None
    found = _whole(content)

    def is_excluded(kind: bytes, at: int) -> bool:
        return kind in excluded and all(
            content[at + offset : at + offset + len(value)] == value
            for offset, value in excluded[kind]
        )

    parts = (
        part
        for kind, (at, _, end) in found
        if not is_excluded(kind, at)
        for part in itertools.chain([at.to_bytes(8, "big")], pieces(content, at, end))
    )
    return parts if found else None


def _whole(content: Content) -> list[tuple[bytes, tuple[int, int, int]]]:
    """The outermost boxes of a file that is made of nothing else, else none."""
    found = list(boxes(content))
    return found if found and found[-1][1][2] == len(content) else []


def _patterns(data: object) -> list[tuple[int, bytes]] | None:
    """What boxes must hold at which offset to be excluded."""
    if not isinstance(data, (list, tuple)):
        return None
    found = [(p.get("offset"), p.get("value")) for p in data if isinstance(p, dict)]
    plain = [(at, v) for at, v in found if type(at) is int and at >= 0 and isinstance(v, bytes)]
    return plain if len(plain) == len(data) else None
