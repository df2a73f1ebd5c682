"""The attacks that every robustness figure of this project is stated for.

An attack maps a picture, uint8 (h, w, 3), to its damaged copy, uint8 (h', w', 3). The list is that
of `get_validation_augs` in facebookresearch/videoseal (its image part, by its definitions: the
ratios of resize and crop are of the sides, a resized picture is not resized back, a crop lies at a
random place), with more of what pictures meet on the way to a reader. Places and noise are drawn
from fixed seeds, so that a figure can be measured again.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels: TypeAlias = npt.NDArray[np.uint8]
Attack: TypeAlias = Callable[[Pixels], Pixels]

LUMA_WEIGHTS = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
VIDEOSEAL = "videoseal, get_validation_augs"
OURS = "ours"


@dataclass(frozen=True, slots=True)
class Family:
    """Attacks of one kind.

    Attributes:
        title: What is done and what the levels mean, for a reader of the table.
        source: Whose definition it is.
        attacks: By level, mildest or smallest first.
        name: The name of one attack, with a place for its level.
    """

    title: str
    source: str
    attacks: dict[str, Attack]
    name: str = "{}"

    def name_of(self, level: str) -> str:
        """The name of one attack among all."""
        return self.name.format(level)


def clipped(values: npt.NDArray[np.floating[Any]]) -> Pixels:
    """To 8 bits, dropping the fraction as torchvision and PIL do."""
    kept: Pixels = np.clip(values, 0, 255).astype(np.uint8)
    return kept


def luma(pixels: Pixels) -> npt.NDArray[np.float64]:
    """Rec. 601."""
    weighted: npt.NDArray[np.float64] = pixels @ LUMA_WEIGHTS
    return weighted


def identity(pixels: Pixels) -> Pixels:
    """Nothing."""
    return pixels


def mirror(pixels: Pixels) -> Pixels:
    """Left and right exchanged."""
    mirrored: Pixels = pixels[:, ::-1].copy()
    return mirrored


def grayscale(pixels: Pixels) -> Pixels:
    """Luma in all three channels."""
    return np.repeat(np.rint(luma(pixels)).astype(np.uint8)[..., None], 3, axis=2)


def cover(pixels: Pixels) -> Pixels:
    """A white box over an eighth of the picture."""
    height, width = pixels.shape[:2]
    covered: Pixels = pixels.copy()
    covered[height // 4 : height // 2, width // 4 : 3 * width // 4] = 255
    return covered


def rotate(degrees: float, expand: bool = False) -> Attack:
    """Turned about the middle, black outside; `expand`: on a canvas that holds all of it."""
    return lambda pixels: np.array(
        Image.fromarray(pixels).rotate(degrees, Image.Resampling.BILINEAR, expand=expand)
    )


def resize(across: float, down: float | None = None) -> Attack:
    """Another number of pixels, not resized back; `down` is `across` unless given."""

    def attack(pixels: Pixels) -> Pixels:
        height, width = pixels.shape[:2]
        size = int(width * across), int(height * (down or across))
        return np.array(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR))

    return attack


def crop(side: float) -> Attack:
    """This part of both sides kept, at a place that depends on the size only."""

    def attack(pixels: Pixels) -> Pixels:
        height, width = pixels.shape[:2]
        kept_height, kept_width = int(height * side), int(width * side)
        chance = np.random.default_rng(height + width)
        top = chance.integers(0, height - kept_height + 1)
        left = chance.integers(0, width - kept_width + 1)
        kept: Pixels = pixels[top : top + kept_height, left : left + kept_width].copy()
        return kept

    return attack


def perspective(distortion: float) -> Attack:
    """Each corner drawn inwards by up to this part of half the sides (torchvision's definition)."""

    def attack(pixels: Pixels) -> Pixels:
        height, width = pixels.shape[:2]
        right, bottom = width - 1, height - 1
        across, down = int(distortion * (width // 2)), int(distortion * (height // 2))
        chance = np.random.default_rng(3)
        dx, dy = np.array([[chance.integers(0, n + 1) for n in (across, down)] for _ in range(4)]).T
        start = np.array([[0, 0], [right, 0], [right, bottom], [0, bottom]], np.float32)
        inwards = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
        end = (start + inwards * np.column_stack([dx, dy])).astype(np.float32)
        matrix = cv2.getPerspectiveTransform(start, end)
        return cv2.warpPerspective(pixels, matrix, (width, height)).astype(np.uint8, copy=False)

    return attack


def brightness(factor: float) -> Attack:
    """All values times this."""
    return lambda pixels: clipped(pixels * factor)


def contrast(factor: float) -> Attack:
    """The difference from the mean luma times this."""

    def attack(pixels: Pixels) -> Pixels:
        mean = luma(pixels).mean()
        return clipped((pixels - mean) * factor + mean)

    return attack


def hue(turn: float) -> Attack:
    """The colour circle turned by this part of it."""

    def attack(pixels: Pixels) -> Pixels:
        hsv = np.array(Image.fromarray(pixels).convert("HSV"))
        hsv[..., 0] = (hsv[..., 0].astype(int) + int(turn * 255)) % 256
        return np.array(Image.frombytes("HSV", pixels.shape[1::-1], hsv.tobytes()).convert("RGB"))

    return attack


def gamma(exponent: float) -> Attack:
    """All values, as parts of white, to this power."""
    return lambda pixels: np.rint(255 * (pixels / 255.0) ** exponent).astype(np.uint8)


def codec(name: str, quality: int) -> Attack:
    """Through a lossy file format of Pillow."""

    def attack(pixels: Pixels) -> Pixels:
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, name, quality=quality)
        return np.array(Image.open(file).convert("RGB"))

    return attack


def blur(kernel: int) -> Attack:
    """Gaussian, with torchvision's deviation for a kernel of this many pixels."""
    deviation = 0.3 * ((kernel - 1) * 0.5 - 1) + 0.8
    return lambda pixels: cv2.GaussianBlur(pixels, (kernel, kernel), deviation).astype(
        np.uint8, copy=False
    )


def median(kernel: int) -> Attack:
    """The median of a square of this many pixels."""
    return lambda pixels: cv2.medianBlur(pixels, kernel).astype(np.uint8, copy=False)


def noise(deviation: float) -> Attack:
    """Gaussian, of this many grey levels, in every channel by itself."""
    return lambda pixels: clipped(
        pixels + np.random.default_rng(1).normal(0, deviation, pixels.shape)
    )


def chain(*steps: Attack) -> Attack:
    """One after the other."""

    def attack(pixels: Pixels) -> Pixels:
        for step in steps:
            pixels = step(pixels)
        return pixels

    return attack


def by_level(make: Callable[..., Attack], levels: Sequence[float]) -> dict[str, Attack]:
    """An attack at several strengths."""
    return {str(level): make(level) for level in levels}


def by_quality(format_: str, qualities: Sequence[int]) -> dict[str, Attack]:
    """A file format at several qualities."""
    return {str(quality): codec(format_, quality) for quality in qualities}


FAMILIES = (
    Family(
        "Left as it is, mirrored, made grey, a white box over an eighth",
        f"{VIDEOSEAL}; the box: {OURS}",
        {"identity": identity, "hflip": mirror, "grayscale": grayscale, "cover": cover},
    ),
    Family(
        "Rotated by degrees, corners lost (90: none lost)",
        f"{VIDEOSEAL}; 2: {OURS}",
        by_level(rotate, (2, 5, 10, 30, 45)) | {"90": rotate(90, expand=True)},
        "rotate {}",
    ),
    Family(
        "Resized, sides times",
        f"{VIDEOSEAL}; 1.5: {OURS}",
        by_level(resize, (0.32, 0.45, 0.55, 0.71, 0.84, 1.5)),
        "resize {}",
    ),
    Family(
        "Stretched, height times",
        OURS,
        by_level(lambda ratio: resize(1, ratio), (0.9, 0.75)),
        "aspect {}",
    ),
    Family(
        "Cropped at a random place to this part of the sides",
        VIDEOSEAL,
        by_level(crop, (0.95, 0.84, 0.71, 0.55, 0.45, 0.32)),
        "crop {}",
    ),
    Family(
        "Perspective, corners inwards by up to this part of half the sides",
        VIDEOSEAL,
        by_level(perspective, (0.1, 0.2, 0.3, 0.5)),
        "perspective {}",
    ),
    Family(
        "Brightness times",
        VIDEOSEAL,
        by_level(brightness, (0.1, 0.25, 0.5, 1.5, 2.0)),
        "brightness {}",
    ),
    Family(
        "Contrast times", VIDEOSEAL, by_level(contrast, (0.1, 0.25, 0.5, 1.5, 2.0)), "contrast {}"
    ),
    Family(
        "Hue turned by this part of the circle",
        VIDEOSEAL,
        by_level(hue, (-0.4, 0.25, 0.5)),
        "hue {}",
    ),
    Family("Gamma", OURS, by_level(gamma, (0.5, 2.0)), "gamma {}"),
    Family(
        "JPEG, quality",
        f"{VIDEOSEAL}; 10 to 30: {OURS}",
        by_quality("JPEG", (90, 80, 70, 60, 50, 40, 30, 20, 10)),
        "jpeg {}",
    ),
    Family("WebP, quality", OURS, by_quality("WEBP", (50, 20)), "webp {}"),
    Family("AVIF, quality", OURS, by_quality("AVIF", (50, 30)), "avif {}"),
    Family("Gaussian blur, kernel", VIDEOSEAL, by_level(blur, (3, 5, 9, 13, 17)), "blur {}"),
    Family("Median, kernel", "omnisealbench; 7: ours", by_level(median, (3, 7)), "median {}"),
    Family("Gaussian noise, deviation of 255", OURS, by_level(noise, (5, 10, 25)), "noise {}"),
    Family(
        "JPEG of this quality, then cropped to 0.71, then half as bright",
        f"{VIDEOSEAL}, its combination",
        {
            str(quality): chain(codec("JPEG", quality), crop(0.71), brightness(0.5))
            for quality in (80, 60, 40)
        },
        "jpeg {} + crop 0.71 + brightness 0.5",
    ),
    Family(
        "Other chains",
        OURS,
        {
            "rotate 10 + jpeg 50": chain(rotate(10), codec("JPEG", 50)),
            "resize 0.71 + jpeg 60": chain(resize(0.71), codec("JPEG", 60)),
            "resize 0.63 + crop 0.8 + jpeg 75 + gamma 1.2": chain(
                resize(0.63), crop(0.8), codec("JPEG", 75), gamma(1.2)
            ),
        },
    ),
)

#: Every attack by its name.
ATTACKS: dict[str, Attack] = {
    family.name_of(level): attack for family in FAMILIES for level, attack in family.attacks.items()
}
