"""What the watermark shall survive: shares of whole messages, of each attack by itself."""

from dataclasses import dataclass

from bench.watermark.families import ATTACKS, FAMILIES


@dataclass(frozen=True, slots=True)
class Target:
    """Attacks, after each of which at least this share of the messages shall be read."""

    title: str
    share: float
    attacks: tuple[str, ...]


def every(name: str) -> tuple[str, ...]:
    """All attacks of the family with this name."""
    family = next(family for family in FAMILIES if family.name == name)
    return tuple(map(family.name_of, family.attacks))


def some(name: str, *levels: float) -> tuple[str, ...]:
    """The attacks of these levels."""
    return tuple(name.format(level) for level in levels)


TARGETS = (
    Target(
        "identity, flips, quarter turns, every resize, brightness, contrast, hue, gamma, "
        "grayscale, noise and blur, median 3, cover, JPEG ≥ 30, WebP 50, AVIF 50",
        0.99,
        (
            *("identity", "hflip", "vflip", *some("rotate {}", 90, 180, 270)),
            *(*every("resize {}"), *every("brightness {}"), *every("contrast {}")),
            *(*every("hue {}"), *every("gamma {}"), "grayscale", *every("noise {}")),
            *(*every("blur {}"), "median 3", "cover"),
            *(*some("jpeg {}", 90, 80, 70, 60, 50, 40, 30), "webp 50", "avif 50"),
        ),
    ),
    Target(
        "rotation by any angle (canvas kept or grown), shear, crop ≥ 0.45, aspect 0.9 and 0.75, "
        "perspective ≤ 0.2, JPEG 20, median 7",
        0.98,
        (
            *(*every("rotate {}"), *every("rotate {} grown"), *every("shear {}")),
            *(*some("crop {}", 0.95, 0.84, 0.71, 0.55, 0.45), *every("aspect {}")),
            *(*some("perspective {}", 0.1, 0.2), "jpeg 20", "median 7"),
        ),
    ),
    Target(
        "JPEG → crop → brightness at 80, 60, 40; rotate + JPEG; resize + crop + JPEG + gamma",
        0.98,
        (
            *every("jpeg {} + crop 0.71 + brightness 0.5"),
            *("rotate 10 + jpeg 50", "resize 0.63 + crop 0.8 + jpeg 75 + gamma 1.2"),
        ),
    ),
    Target(
        "crop 0.32, perspective 0.3, JPEG 10, WebP 20, AVIF 30",
        0.90,
        ("crop 0.32", "perspective 0.3", "jpeg 10", "webp 20", "avif 30"),
    ),
    Target("perspective 0.5", 0.60, ("perspective 0.5",)),
    Target("thumbnail of 300 px, JPEG 75", 0.95, every("thumbnail {}")),
    Target(
        "a tenth of the area, unscaled, of pictures ≥ 8 MP, then JPEG 70",
        0.95,
        every("area {} + jpeg 70"),
    ),
    Target(
        "screenshot: on a page of text, sides times 0.6 to 1.3, JPEG 80",
        0.95,
        every("screenshot {}"),
    ),
    Target("twice: 1080 px, JPEG 75, 800 px, WebP 70", 0.97, ("twice",)),
)

#: Of all readings of the folder of hard pictures together.
HARD_SHARE = 0.90

#: By attack; the one that is in no target has none.
SHARE_OF = {name: target.share for target in TARGETS for name in target.attacks}

# Of the mean over all pictures, but for the lowest PSNR.
MEAN_PSNR_DB, LOWEST_PSNR_DB, MEAN_SSIM, MEAN_SSIMULACRA2 = 44.0, 37.0, 0.992, 86.0

assert SHARE_OF.keys() <= ATTACKS.keys(), SHARE_OF.keys() - ATTACKS.keys()
