"""What of a manifest is compared with a picture, and how the picture is turned for that."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt

from countermark import image
from countermark.credentials import (
    SOUND_WATERMARK_ALGORITHM,
    WATERMARKS,
    Manifest,
    SoftBinding,
)
from countermark.errors import ImageError
from countermark.watermark import Detection


def names(manifest: Manifest, detection: Detection) -> bool:
    """Whether its soft bindings name the watermark that was read."""
    return SoftBinding.of_payload(detection.payload) in manifest.soft_bindings


def names_sound(manifest: Manifest, payload: int) -> bool:
    """Whether its soft bindings name the watermark that was read in sound."""
    binding = SoftBinding.of_payload(payload, algorithm=SOUND_WATERMARK_ALGORITHM)
    return binding in manifest.soft_bindings


def sound_payloads(manifest: Manifest) -> set[int]:
    """The watermarks in sound that it names."""
    return {
        int.from_bytes(binding.value, "big")
        for binding in manifest.soft_bindings
        if binding.algorithm == SOUND_WATERMARK_ALGORITHM and len(binding.value) == 8
    }


def names_other_marks(manifest: Manifest) -> bool:
    """Whether it has soft bindings that cannot all match what is found in one file.

    Pictures and sound of a movie have one each.
    """
    named = set(manifest.soft_bindings)
    algorithms = {binding.algorithm for binding in named}
    return len(named) > len(algorithms) or not algorithms <= WATERMARKS


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
