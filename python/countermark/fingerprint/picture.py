"""PDQ, a perceptual hash: near-identical pictures have hashes that differ in few bits.

>>> import numpy as np
>>> picture = np.random.default_rng(1).integers(0, 256, (64, 64), dtype=np.uint8)
>>> large = picture.repeat(6, axis=0).repeat(6, axis=1)
>>> distance(pdq(large), pdq(large // 2 + 20)) <= 31
True

Source: "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm", Facebook 2019.
"""

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt
from PIL import Image

from countermark import _core, errors
from countermark._bridge import core_errors, packed
from countermark.image import as_array

__all__ = ["Pdq", "distance", "pdq", "pdq_dihedral"]

PDQ_BYTES = 32


@dataclass(frozen=True, slots=True)
class Pdq:
    """A perceptual hash.

    Attributes:
        bits: 32 bytes, in the order in which the reference implementation prints them.
        quality: 0 to 100; under 50 the picture has too little structure for its hash to mean much.
    """

    bits: bytes
    quality: int


def pdq(image: npt.NDArray[Any] | Image.Image) -> Pdq:
    """Computes the PDQ hash of a picture.

    >>> import numpy as np
    >>> ramp = np.add.outer(np.arange(200), np.arange(256)) % 256
    >>> pdq(ramp.astype(np.uint8)).quality
    100

    Args:
        image: uint8 or uint16 of shape (h, w), (h, w, 3) or (h, w, 4), any strides, or a PIL image;
            sides of 5 to 65,535 pixels. Alpha is ignored.

    Raises:
        ImageError: The picture is too small, too large, or not one.
    """
    with core_errors():
        return Pdq(*_core.pdq(packed(as_array(image, min_side=_core.PDQ_SIDE_MIN))))


def pdq_dihedral(image: npt.NDArray[Any] | Image.Image) -> tuple[Pdq, ...]:
    """Computes the PDQ hashes of a picture turned and mirrored in all eight ways.

    In this order: as it is; turned anticlockwise by 90, 180, 270 degrees; upside down; left to
    right; mirrored at the main diagonal; at the other one. Hardly slower than `pdq`.

    >>> import numpy as np
    >>> picture = np.random.default_rng(1).integers(0, 256, (64, 64), dtype=np.uint8)
    >>> pdq_dihedral(picture)[1] == pdq(np.rot90(picture))
    True

    Args:
        image: As for `pdq`.

    Raises:
        ImageError: The picture is too small, too large, or not one.
    """
    with core_errors():
        hashes, quality = _core.pdq_dihedral(packed(as_array(image, min_side=_core.PDQ_SIDE_MIN)))
    return tuple(
        Pdq(hashes[start : start + PDQ_BYTES], quality)
        for start in range(0, len(hashes), PDQ_BYTES)
    )


def distance(a: Pdq | bytes, b: Pdq | bytes) -> int:
    """Counts the bits in which two hashes differ, 0 to 256; 31 and less is a match.

    >>> distance(bytes(32), bytes(31) + b"\\x07")
    3

    Raises:
        InvalidArgument: An argument is not a hash.
    """
    return (_number(a) ^ _number(b)).bit_count()


def _number(hash_: Pdq | bytes) -> int:
    bits = hash_.bits if isinstance(hash_, Pdq) else hash_
    if not isinstance(bits, bytes) or len(bits) != PDQ_BYTES:
        raise errors.InvalidArgument(
            "A PDQ hash has 32 bytes.", remedy="Pass what fingerprint.pdq returned, or its bits."
        )
    return int.from_bytes(bits, "big")
