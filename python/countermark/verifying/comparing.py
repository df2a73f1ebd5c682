"""What of a manifest is compared with a picture, and how the picture is turned for that."""

from __future__ import annotations

import io
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from countermark import image
from countermark.clips import Clip
from countermark.credentials import (
    SOUND_FINGERPRINT_ALGORITHM,
    SOUND_WATERMARK_ALGORITHM,
    VIDEO_FINGERPRINT_ALGORITHM,
    WATERMARK_ALGORITHM,
    WATERMARKS,
    Manifest,
    SoftBinding,
    clip_bindings,
)
from countermark.errors import ImageError
from countermark.report import Track
from countermark.watermark import Detection

_WATERMARK: Final = {"video": WATERMARK_ALGORITHM, "sound": SOUND_WATERMARK_ALGORITHM}
_FINGERPRINT: Final = {"video": VIDEO_FINGERPRINT_ALGORITHM, "sound": SOUND_FINGERPRINT_ALGORITHM}
_FINGERPRINTS: Final = frozenset(_FINGERPRINT.values())


def names(manifest: Manifest, detection: Detection) -> bool:
    """Whether its soft bindings name the watermark that was read."""
    return SoftBinding.of_payload(detection.payload) in manifest.soft_bindings


def payloads(manifest: Manifest, of: Track) -> set[int]:
    """The watermarks that it names for that track of a movie or sound."""
    return {
        int.from_bytes(binding.value, "big")
        for binding in manifest.soft_bindings
        if binding.algorithm == _WATERMARK[of] and len(binding.value) == 8
    }


def binds(manifest: Manifest, of: Track) -> bool:
    """Whether it has soft bindings to that track."""
    algorithms = {binding.algorithm for binding in manifest.soft_bindings}
    return not algorithms.isdisjoint((_WATERMARK[of], _FINGERPRINT[of]))


def signs(manifest: Manifest, clip: Clip, of: Track) -> bool:
    """Whether this fingerprint of that track is the one that was signed."""
    return any(
        binding.algorithm == _FINGERPRINT[of] and binding in manifest.soft_bindings
        for binding in clip_bindings(clip)
    )


def names_other_marks(manifest: Manifest) -> bool:
    """Whether it has soft bindings that cannot all match what is found in one file.

    Pictures and sound of a movie have one watermark and one fingerprint each.
    """
    named = set(manifest.soft_bindings)
    algorithms = {binding.algorithm for binding in named}
    return len(named) > len(algorithms) or not algorithms <= WATERMARKS | _FINGERPRINTS


def thumbnail(manifest: Manifest) -> npt.NDArray[np.float32] | None:
    """The luma of its thumbnail, when it holds a picture that can be read."""
    if manifest.thumbnail is None:
        return None
    try:
        return image.luma(image.read(io.BytesIO(manifest.thumbnail)).pixels)
    except ImageError:
        return None


def turned(plane: npt.NDArray[Any], symmetry: int) -> npt.NDArray[Any]:
    """The plane as the hash of that number in `fingerprint.pdq_dihedral` sees it.

    >>> turned(np.array([[1, 2], [3, 4]]), 4).tolist()
    [[3, 4], [1, 2]]
    """
    if symmetry < 4:
        return np.rot90(plane, symmetry)
    return (plane[::-1], plane[:, ::-1], plane.T, plane[::-1, ::-1].T)[symmetry - 4]
