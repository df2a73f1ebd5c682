"""Soft bindings: what ties a manifest to the content itself, not to a file.

The library writes the value of a soft binding as a CBOR array or text; the standard demands a
byte string. So a placeholder of the same length is signed first and replaced afterwards.

Source: C2PA 2.2, section "Soft binding"; contentauth/c2pa-rs issue 2689.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from countermark.errors import InvalidPayload

if TYPE_CHECKING:
    from countermark.clips import Clip

LABEL: Final = "c2pa.soft-binding"

WATERMARK_ALGORITHM: Final = "org.countermark.image.1"
"""Name of countermark's image watermark; its value is the payload, 8 bytes, big-endian."""

SOUND_WATERMARK_ALGORITHM: Final = "org.countermark.audio.1"
"""Name of countermark's watermark in sound; its value is the payload, as that of pictures."""

FINGERPRINT_ALGORITHM: Final = "org.countermark.pdq.1"
"""Name of the PDQ hash of a picture as it is viewed; its value is the hash, 32 bytes."""

SOUND_FINGERPRINT_ALGORITHM: Final = "org.countermark.chromaprint.1"
"""Name of the fingerprint of a sound; its value is the SHA-256 of `Chromaprint.bits`."""

VIDEO_FINGERPRINT_ALGORITHM: Final = "org.countermark.vpdq.1"
"""Name of the fingerprint of moving pictures; its value is the SHA-256 of `Vpdq.bits`."""

WATERMARKS: Final = frozenset({WATERMARK_ALGORITHM, SOUND_WATERMARK_ALGORITHM})
"""Names of the watermarks that countermark reads."""

FINGERPRINTS: Final = frozenset(
    {FINGERPRINT_ALGORITHM, SOUND_FINGERPRINT_ALGORITHM, VIDEO_FINGERPRINT_ALGORITHM}
)
"""Names of the fingerprints that it computes."""


@dataclass(frozen=True, slots=True)
class SoftBinding:
    """One value found in the content, and the algorithm that finds it.

    >>> SoftBinding.of_payload(7).value.hex()
    '0000000000000007'
    """

    algorithm: str
    value: bytes
    timespan: tuple[int, int] | None = field(default=None, compare=False)
    """In what moves: from which to which millisecond of play the value was found."""

    @property
    def is_fingerprint(self) -> bool:
        """Whether the content itself has this value, with nothing put into it.

        >>> SoftBinding(FINGERPRINT_ALGORITHM, bytes(32)).is_fingerprint
        True
        """
        return self.algorithm in FINGERPRINTS

    @classmethod
    def of_payload(
        cls, payload: int, *, algorithm: str = WATERMARK_ALGORITHM, seconds: float | None = None
    ) -> SoftBinding:
        """The binding of countermark's watermark, by default that of pictures, with that payload.

        `seconds`: the length of a sound, or of a movie whose frames all carry it.

        Raises `InvalidPayload` for one that is not in [0, 2**64).
        """
        if not 0 <= payload < 2**64:
            raise InvalidPayload(
                f"The payload {payload} is not in [0, 2**64).", remedy="Use 64 bits, unsigned."
            )
        timespan = None if seconds is None else (0, round(1000 * seconds))
        return cls(algorithm, payload.to_bytes(8, "big"), timespan)


def of_clip(clip: Clip) -> tuple[SoftBinding, ...]:
    """The bindings of a clip's fingerprints, for the whole time of play.

    >>> from countermark.clips import Clip
    >>> from countermark.fingerprint import Chromaprint
    >>> [binding] = of_clip(Clip(seconds=9.5, sound=Chromaprint(bytes(4 * 60))))
    >>> binding.algorithm, len(binding.value), binding.timespan
    ('org.countermark.chromaprint.1', 32, (0, 9500))

    A fingerprint grows with the length, 32 to 37 bytes a second. What is signed is its digest, 32
    bytes: so the manifest stays small, and any part can be compared with the whole fingerprint that
    a registry keeps.
    """
    fingerprints = (
        (VIDEO_FINGERPRINT_ALGORITHM, clip.video),
        (SOUND_FINGERPRINT_ALGORITHM, clip.sound),
    )
    timespan = (0, round(1000 * clip.seconds))
    return tuple(
        SoftBinding(algorithm, hashlib.sha256(found.bits).digest(), timespan)
        for algorithm, found in fingerprints
        if found is not None
    )


def labelled(bindings: Iterable[SoftBinding]) -> Iterator[tuple[str, SoftBinding]]:
    """Each with the label of its assertion, of which all but the first have a number.

    >>> [label for label, _ in labelled([SoftBinding.of_payload(7), SoftBinding.of_payload(8)])]
    ['c2pa.soft-binding', 'c2pa.soft-binding__1']

    Source: C2PA 2.2, section "Multiple instances".
    """
    for number, binding in enumerate(bindings):
        yield LABEL if number == 0 else f"{LABEL}__{number}", binding


def placeholder(binding: SoftBinding) -> dict[str, Any]:
    """The assertion's data for the library, which turns byte values into CBOR arrays.

    A filler under 24 takes one byte in an array, as a byte does in a string: the lengths agree.
    """
    filler = [0] * len(binding.value)
    scope: dict[str, Any] = {}
    if binding.timespan is not None:
        start, end = binding.timespan
        scope["timespan"] = {"start": start, "end": end}
    return {
        "alg": binding.algorithm,
        "blocks": [{"scope": scope, "value": filler}],
        "pad": [0],
    }


def fill(data: dict[Any, Any], binding: SoftBinding) -> None:
    """Put byte strings where `placeholder` had arrays."""
    data["blocks"] = [{**block, "value": binding.value} for block in data["blocks"]]
    data["pad"] = bytes(len(data["pad"]))


def read(data: object) -> Iterator[SoftBinding]:
    """The bindings in a decoded assertion; values that are not byte strings are none."""
    if not isinstance(data, dict) or not isinstance(data.get("alg"), str):
        return
    blocks = data.get("blocks")
    for block in blocks if isinstance(blocks, (list, tuple)) else ():
        value = block.get("value") if isinstance(block, dict) else None
        if isinstance(value, bytes):
            yield SoftBinding(data["alg"], value, _timespan(block.get("scope")))


def _timespan(scope: object) -> tuple[int, int] | None:
    span = scope.get("timespan") if isinstance(scope, dict) else None
    times = (span.get("start"), span.get("end")) if isinstance(span, dict) else (None, None)
    start, end = times
    return (start, end) if isinstance(start, int) and isinstance(end, int) else None
