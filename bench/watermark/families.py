"""The attacks that every robustness figure of this project is stated for.

The list is that of `get_validation_augs` in facebookresearch/videoseal (its image part, by its
definitions: the ratios of resize and crop are of the sides, a resized picture is not resized back,
a crop lies at a random place), with more of what pictures meet on the way to a reader.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.watermark.attacks import (
    Attack,
    blur,
    bounded,
    brightness,
    chain,
    codec,
    contrast,
    cover,
    crop,
    gamma,
    grayscale,
    hue,
    identity,
    median,
    mirror,
    noise,
    perspective,
    resize,
    rotate,
    screenshot,
    shear,
    upside_down,
)

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
        least_pixels: Smaller pictures are not attacked.
    """

    title: str
    source: str
    attacks: dict[str, Attack]
    name: str = "{}"
    least_pixels: int = 0

    def name_of(self, level: str) -> str:
        """The name of one attack among all."""
        return self.name.format(level)


def by_level(make: Callable[..., Attack], levels: Sequence[float]) -> dict[str, Attack]:
    """An attack at several strengths."""
    return {str(level): make(level) for level in levels}


def by_quality(format_: str, qualities: Sequence[int]) -> dict[str, Attack]:
    """A file format at several qualities."""
    return {str(quality): codec(format_, quality) for quality in qualities}


FAMILIES = (
    Family(
        "Left as it is, made grey, a white box over an eighth",
        f"{VIDEOSEAL}; the box: {OURS}",
        {"identity": identity, "grayscale": grayscale, "cover": cover},
    ),
    Family(
        "Mirrored, turned by quarters",
        f"{VIDEOSEAL}; vflip, 180 and 270: {OURS}",
        {"hflip": mirror, "vflip": upside_down}
        | {f"rotate {degrees}": rotate(degrees, expand=True) for degrees in (90, 180, 270)},
    ),
    Family(
        "Rotated by degrees, corners lost",
        f"{VIDEOSEAL}; 2, -8, 17 and 73.5: {OURS}",
        by_level(rotate, (2, 5, -8, 10, 17, 30, 45, 73.5)),
        "rotate {}",
    ),
    Family(
        "Rotated by degrees, on a canvas that holds all of it",
        OURS,
        by_level(lambda degrees: rotate(degrees, expand=True), (5, -8, 17, 45, 73.5)),
        "rotate {} grown",
    ),
    Family(
        "Sheared along x or y, by the tangent",
        OURS,
        {"x 0.1": shear(0.1), "x 0.2": shear(0.2)}
        | {"y 0.1": shear(0, 0.1), "y 0.2": shear(0, 0.2)},
        "shear {}",
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
        "Thumbnail, longest side in pixels, as JPEG 75",
        OURS,
        {"300": chain(bounded(300), codec("JPEG", 75))},
        "thumbnail {}",
    ),
    Family(
        "Cropped to a tenth of the area, of 8 megapixels or more, then JPEG 70",
        OURS,
        {"0.1": chain(crop(math.sqrt(0.1)), codec("JPEG", 70))},
        "area {} + jpeg 70",
        least_pixels=8_000_000,
    ),
    Family(
        "Screenshot: sides times this, on a page of text, JPEG 80",
        OURS,
        {str(scale): chain(screenshot(scale), codec("JPEG", 80)) for scale in (0.6, 0.8, 1.0, 1.3)},
        "screenshot {}",
    ),
    Family(
        "Twice: at most 1080 pixels, JPEG 75, at most 800 pixels, WebP 70",
        OURS,
        {"twice": chain(bounded(1080), codec("JPEG", 75), bounded(800), codec("WEBP", 70))},
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

#: What flat art, line art, text, night and gradients are put through.
HARD_ATTACKS: dict[str, Attack] = {
    "identity": identity,
    "jpeg 50": codec("JPEG", 50),
    "resize 0.5": resize(0.5),
    "crop 0.71": crop(0.71),
}


def least_pixels(name: str) -> int:
    """From which size on a picture is put through this attack."""
    return next(
        (family.least_pixels for family in FAMILIES if name in map(family.name_of, family.attacks)),
        0,
    )
