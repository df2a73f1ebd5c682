"""An invisible watermark that carries 64 bits through crops, rotations and compression.

>>> import numpy as np
>>> picture = np.random.default_rng(1).integers(40, 215, (512, 512, 3), dtype=np.uint8)
>>> marked = embed(picture, 2026)
>>> detect(marked).payload
2026
>>> detect(picture) is None
True
"""

import math
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from countermark import _core, errors
from countermark._bridge import checked_key, checked_payload, core_errors, is_full, packed
from countermark.image import ImageLike, as_array, like

__all__ = [
    "DEFAULT_KEY",
    "Detection",
    "Geometry",
    "Inspection",
    "Strength",
    "Tile",
    "detect",
    "embed",
    "inspect",
]

#: Published: marks made with it can be read by everyone.
DEFAULT_KEY: bytes = _core.DEFAULT_KEY


class Strength(str, Enum):
    """How strong a mark is: what it survives against how little it shows.

    Decibels are the mean PSNR over photographs; bench/watermark measures each level.

    >>> Strength("subtle") is Strength.SUBTLE
    True
    """

    SUBTLE = "subtle"  #: 48 dB
    BALANCED = "balanced"  #: 46 dB
    ROBUST = "robust"  #: 41 dB


_Matrix: TypeAlias = tuple[float, float, float, float, float, float, float, float, float]
Read: TypeAlias = tuple[int, float, float, _Matrix]  # as the core tells it

_AMPLITUDES: Final = {Strength.SUBTLE: 0.8, Strength.BALANCED: 1.0, Strength.ROBUST: 1.9}


@dataclass(frozen=True, slots=True)
class Geometry:
    """Where the pixels of a picture lay in the picture that was marked.

    The point (x, y), in pixels from the top left corner (pixel i has its centre at i + 0.5), was
    at (u / w, v / w), where (u, v, w) is the matrix, given row by row, times (x, y, 1): from the
    centre of the marked picture, x to the right, y down, scaled so that the whole of it has the
    area 512 x 512. w is 1 unless the picture is seen in perspective. The tile of the watermark
    repeats every 96 units, so places are known modulo 96 only.

    >>> turned = Geometry((0.0, -0.5, 128.0, 0.5, 0.0, -128.0, 0.0, 0.0, 1.0))
    >>> turned.rotation_degrees, turned.scale, turned.mirrored
    (90.0, 2.0, False)
    """

    matrix: _Matrix

    @property
    def rotation_degrees(self) -> float:
        """By how much the picture was turned anticlockwise (after mirroring, if any)."""
        a, b, _, d, e = self.matrix[:5]
        return math.degrees(math.atan2(d + b, e - a) if self.mirrored else math.atan2(d - b, e + a))

    @property
    def scale(self) -> float:
        """Pixels of the picture per canonical unit, the mean of both directions."""
        a, b, _, d, e = self.matrix[:5]
        return 1 / math.sqrt(abs(a * e - b * d))

    @property
    def mirrored(self) -> bool:
        """Whether left and right were exchanged."""
        a, b, _, d, e = self.matrix[:5]
        return a * e - b * d < 0


@dataclass(frozen=True, slots=True)
class Detection:
    """A watermark that was read.

    Attributes:
        payload: The 64 bits.
        score: Height of the pilot's correlation peak, in standard deviations.
        false_positive_rate: Upper bound of the probability that the call reads anything in a
            picture without this key's mark.
        geometry: Where the picture's pixels lay when it was marked.
    """

    payload: int
    score: float
    false_positive_rate: float
    geometry: Geometry


@dataclass(frozen=True, slots=True)
class Tile:
    """One repetition of the watermark: 96 x 96 units of a geometry, corners at multiples of 96.

    Attributes:
        x, y: Of its centre, in pixels from the picture's top left corner; it may lie outside.
        score: Height of the pilot in this tile alone: about 0, give or take 1, where it is not.
    """

    x: float
    y: float
    score: float


@dataclass(frozen=True, slots=True)
class Inspection:
    """What the detector saw, for people to look at.

    Attributes:
        detection: What was read, or None.
        score: The detection's; when nothing was read, the highest of all places and turns that
            were looked at closely.
        least_score: Below this score nothing is decoded.
        likeness: How well the pattern that was read fits, in deviations of chance; else 0.
        geometry: Where the tiles are: the detection's; when nothing was read, that of a picture
            that is as it was marked.
        tiles: At most 256, over all of the picture.
        bit_margins: By how much each coded bit speaks for the payload that was read, of mean
            square 1; negative ones had to be corrected. Empty when nothing was read.
    """

    detection: Detection | None
    score: float
    least_score: float
    likeness: float
    geometry: Geometry
    tiles: tuple[Tile, ...]
    bit_margins: tuple[float, ...]

    @property
    def wrong_bits(self) -> int:
        """How many coded bits spoke against the payload that was read."""
        return sum(margin < 0 for margin in self.bit_margins)


def embed(
    image: ImageLike,
    payload: int,
    *,
    key: bytes = DEFAULT_KEY,
    strength: Strength | Literal["subtle", "balanced", "robust"] | float = Strength.BALANCED,
    out: npt.NDArray[Any] | None = None,
) -> ImageLike:
    """Gives a copy of the picture with the payload in its pixels.

    >>> import numpy as np
    >>> picture = np.random.default_rng(1).integers(9000, 56000, (300, 400), dtype=np.uint16)
    >>> marked = embed(picture, 2**64 - 1, key=b"only for friends")
    >>> marked.dtype, marked.shape
    (dtype('uint16'), (300, 400))
    >>> detect(marked) is None
    True
    >>> detect(marked, key=b"only for friends").payload == 2**64 - 1
    True

    Args:
        image: uint8 or uint16 of shape (h, w), (h, w, 3) or (h, w, 4), any strides, or a PIL image;
            sides of 128 to 65,535 pixels. The fourth channel is alpha and stays as it is.
        payload: An integer in [0, 2**64).
        key: 16 bytes; only who has them can read the mark.
        strength: A level, or what to scale the amplitude of the balanced one by, in (0, 4].
        out: An array of the same shape and type to write to, possibly the image itself.

    Returns:
        A picture of the same type, shape and mode, in the memory of `out` when it was given.

    Raises:
        ImageError: The picture is too small, too large, or not one.
        InvalidPayload, InvalidKey, InvalidStrength: An argument is out of its range.
        OverlappingBuffers, ReadOnlyBuffer: `out` cannot be used.
    """
    pixels = packed(as_array(image))
    target = np.empty_like(pixels, order="C") if out is None else writable(out)
    with core_errors():
        _core.embed(pixels, target, checked_payload(payload), checked_key(key), amplitude(strength))
    return like(target, image)


def detect(
    image: npt.NDArray[Any] | Image.Image,
    *,
    key: bytes = DEFAULT_KEY,
    effort: Literal["full", "aligned"] = "full",
) -> Detection | None:
    """Reads the payload of a marked picture, also of a damaged copy.

    >>> import numpy as np
    >>> picture = np.random.default_rng(1).integers(40, 215, (512, 512, 3), dtype=np.uint8)
    >>> turned = np.rot90(embed(picture, 7))
    >>> found = detect(turned)
    >>> found.payload, round(found.geometry.rotation_degrees)
    (7, 90)

    Args:
        image: As for `embed`.
        key: The 16 bytes of the embedding.
        effort: "full" also finds marks in cropped, rotated, mirrored and stretched copies;
            "aligned" only in copies that were resized, re-compressed or recoloured, faster.

    Returns:
        What was read, or None.

    Raises:
        ImageError: The picture is too small, too large, or not one.
        InvalidKey, InvalidEffort: An argument is out of its range.
    """
    pixels = packed(as_array(image))
    with core_errors():
        found = _core.detect(pixels, checked_key(key), is_full(effort))
    return detection_from(found)


def inspect(
    image: npt.NDArray[Any] | Image.Image,
    *,
    key: bytes = DEFAULT_KEY,
    effort: Literal["full", "aligned"] = "full",
) -> Inspection:
    """Detects, and tells what the detector saw, also where it read nothing.

    >>> import numpy as np
    >>> picture = np.random.default_rng(1).integers(40, 215, (512, 512, 3), dtype=np.uint8)
    >>> seen = inspect(embed(picture, 7))
    >>> seen.detection.payload, seen.wrong_bits < 20, len(seen.tiles)
    (7, True, 36)
    >>> unmarked = inspect(picture, effort="aligned")
    >>> unmarked.detection is None, unmarked.score < unmarked.least_score
    (True, True)

    Args:
        image: As for `embed`.
        key: The 16 bytes of the embedding.
        effort: As for `detect`.

    Returns:
        What `detect` gives, and more. Tiles and margins are those of the whole picture, folded
        once more where the mark was found.

    Raises:
        ImageError: The picture is too small, too large, or not one.
        InvalidKey, InvalidEffort: An argument is out of its range.
    """
    pixels = packed(as_array(image))
    with core_errors():
        seen = _core.inspect(pixels, checked_key(key), is_full(effort))
    found, score, least_score, likeness, matrix, tiles, margins = seen
    return Inspection(
        detection_from(found),
        score,
        least_score,
        likeness,
        Geometry(matrix),
        tuple(Tile(*tile) for tile in tiles.tolist()),
        () if found is None else tuple(margins.tolist()),
    )


def detection_from(found: Read | None) -> Detection | None:
    if found is None:
        return None
    payload, score, false_positive_rate, matrix = found
    return Detection(payload, score, false_positive_rate, Geometry(matrix))


def amplitude(strength: Strength | str | float) -> float:
    try:
        if isinstance(strength, str):
            return _AMPLITUDES[Strength(strength)]
        return float(strength)
    except (TypeError, ValueError):
        return math.nan  # refused by the core like every other one out of range


def writable(out: npt.NDArray[Any]) -> npt.NDArray[Any]:
    target = packed(as_array(out))
    if not np.may_share_memory(target, out):
        raise errors.InvalidPixels(
            "The output's pixels are not adjacent, or not in the machine's byte order.",
            remedy="Make it with numpy.empty_like(image, order='C').",
        )
    if not out.flags.writeable:
        raise errors.ReadOnlyBuffer("The output array is read-only.", remedy="Pass a copy of it.")
    return target
