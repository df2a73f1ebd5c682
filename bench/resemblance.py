"""The distributions on which `countermark.resemblance.threshold` rests.

    python -m bench.resemblance [pairs]

Matches: every picture, marked, damaged in every way of DAMAGE, against its own thumbnail.
Non-matches: another picture onto which the residual of the first was pasted (as it is, and three
times as strong; also onto flat grey), damaged likewise. The geometry is the true one, off by what
a detection may be off. Pictures: the photographs inside scikit-image, and the folders images and
hard of COUNTERMARK_CORPUS where it exists.
"""

from __future__ import annotations

import io
import math
import os
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import skimage
from PIL import Image, ImageFilter, ImageOps

from countermark import fingerprint, resemblance, watermark

LONGEST_SIDE = 1024
LONGEST_THUMBNAIL_SIDE = 512
PAYLOAD = 0x0123456789ABCDEF
CORPUS = Path(os.environ.get("COUNTERMARK_CORPUS", Path(__file__).parents[2] / "shared" / "corpus"))
TWINS = ({"motorcycle_left", "motorcycle_right"}, {"chessboard_GRAY", "chessboard_RGB"})
"""Two views of one scene: no fair non-matches."""

Matrix: TypeAlias = npt.NDArray[np.float64]
Damage: TypeAlias = Callable[[Image.Image], tuple[Image.Image, Matrix]]


def pictures() -> dict[str, Image.Image]:
    """The pictures to measure with, RGB, bounded to 1024 pixels."""
    inside = Path(skimage.__file__).parent / "data"
    files = [*inside.glob("*.jpg"), *inside.glob("*.png")]
    files += [*CORPUS.glob("images/*.*g"), *CORPUS.glob("hard/*.png")]
    found = {}
    for path in sorted(files):
        picture: Image.Image = Image.open(path)
        if min(picture.size) >= 128 and picture.mode in {"L", "RGB"}:
            picture = picture.convert("RGB")
            picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            found[path.stem] = picture
    return found


def shifted(x: float, y: float) -> Matrix:
    """A translation."""
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], float)


def turned(degrees: float, scale: float = 1) -> Matrix:
    """A rotation about the origin."""
    c, s = (scale * f(math.radians(degrees)) for f in (math.cos, math.sin))
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def cut(side: float, x: float = 0.5, y: float = 0.5, degrees: float = 0) -> Damage:
    """Rotate about the middle, then keep this share of the sides; x, y say from where."""

    def damage(picture: Image.Image) -> tuple[Image.Image, Matrix]:
        width, height = picture.size
        kept = round(width * side), round(height * side)
        place = shifted((width - kept[0]) * x, (height - kept[1]) * y)
        middle = shifted(width / 2, height / 2)
        matrix = middle @ turned(degrees) @ np.linalg.inv(middle) @ place
        values = tuple(matrix[:2].ravel())
        cropped = picture.transform(kept, Image.Transform.AFFINE, values, Image.Resampling.BILINEAR)
        return cropped, matrix

    return damage


def paged(growth: float) -> Damage:
    """A screenshot: the picture on a grey page with dark lines that look like text."""

    def damage(picture: Image.Image) -> tuple[Image.Image, Matrix]:
        width, height = (round(n * growth) for n in picture.size)
        page = np.full((height, width, 3), 240, np.uint8)
        for row in range(10, height - 6, 24):
            page[row : row + 6, 20 : width - 20 - 7 * row % 200] = 60
        corner = (width - picture.width) // 3, (height - picture.height) // 4
        result = Image.fromarray(page)
        result.paste(picture, corner)
        return result, shifted(-corner[0], -corner[1])

    return damage


def resized(across: float, down: float) -> Damage:
    """Other numbers of pixels."""

    def damage(picture: Image.Image) -> tuple[Image.Image, Matrix]:
        size = round(picture.width * across), round(picture.height * down)
        matrix = np.diag([picture.width / size[0], picture.height / size[1], 1])
        return picture.resize(size, Image.Resampling.BILINEAR), matrix

    return damage


def slanted(strength: float) -> Damage:
    """A perspective view; its geometry is the affine one of the middle."""

    def damage(picture: Image.Image) -> tuple[Image.Image, Matrix]:
        width, height = picture.size
        p, q = strength / width, -0.7 * strength / height
        view = np.array([[1 + strength / 2, 0, 0], [strength / 3, 1, 0], [p, q, 1]])
        values = tuple(view.ravel()[:8])
        seen = picture.transform(
            picture.size, Image.Transform.PERSPECTIVE, values, Image.Resampling.BILINEAR
        )
        middle = np.array([width / 2, height / 2, 1])
        x, y, w = view @ middle
        jacobian = (view[:2, :2] - np.outer([x / w, y / w], view[2, :2])) / w
        return seen, np.vstack(
            [np.column_stack([jacobian, [x / w, y / w] - jacobian @ middle[:2]]), [0, 0, 1]]
        )

    return damage


def mirrored(picture: Image.Image) -> tuple[Image.Image, Matrix]:
    """Left and right exchanged."""
    return ImageOps.mirror(picture), np.array([[-1, 0, picture.width], [0, 1, 0], [0, 0, 1]])


def pointwise(change: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]) -> Damage:
    """Change the values where they are."""

    def damage(picture: Image.Image) -> tuple[Image.Image, Matrix]:
        values = np.rint(np.clip(change(np.asarray(picture, float)), 0, 255))
        return Image.fromarray(values.astype(np.uint8)), np.eye(3)

    return damage


def filtered(change: Callable[[Image.Image], Image.Image]) -> Damage:
    """Change the picture where it is."""
    return lambda picture: (change(picture), np.eye(3))


def compressed(picture: Image.Image, quality: int) -> Image.Image:
    """Through JPEG."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


def covered(picture: Image.Image) -> Image.Image:
    """A white box over an eighth of the picture."""
    width, height = picture.size
    result = picture.copy()
    result.paste((255, 255, 255), (width // 4, height // 4, 3 * width // 4, height // 2))
    return result


def then_jpeg(first: Damage, quality: int) -> Damage:
    """First that, then JPEG."""

    def damage(picture: Image.Image) -> tuple[Image.Image, Matrix]:
        result, matrix = first(picture)
        return compressed(result, quality), matrix

    return damage


DAMAGE: dict[str, Damage] = {
    "none": filtered(lambda p: p),
    "rotate 5, crop 0.71, jpeg 60": then_jpeg(cut(0.71, degrees=5), 60),
    "crop 0.32 of a corner, jpeg 60": then_jpeg(cut(0.32, 0.1, 0.2), 60),
    "crop 0.32 of the middle": cut(0.32),
    "crop 0.45": cut(0.45, 0.9, 0.3),
    "rotate 30": cut(1, degrees=30),
    "rotate 45, crop 0.5": cut(0.5, degrees=45),
    "mirror": mirrored,
    "jpeg 10": filtered(lambda p: compressed(p, 10)),
    "brightness 0.25": pointwise(lambda v: v / 4),
    "brightness 2": pointwise(lambda v: v * 2),
    "contrast 0.1": pointwise(lambda v: 128 + (v - 128) / 10),
    "contrast 2": pointwise(lambda v: 128 + (v - 128) * 2),
    "gamma 0.5": pointwise(lambda v: 255 * np.sqrt(v / 255)),
    "gamma 2": pointwise(lambda v: v * v / 255),
    "hue by a third": pointwise(lambda v: v[..., [1, 2, 0]]),
    "gray": filtered(lambda p: p.convert("L").convert("RGB")),
    "blur 3": filtered(lambda p: p.filter(ImageFilter.GaussianBlur(3))),
    "median 7": filtered(lambda p: p.filter(ImageFilter.MedianFilter(7))),
    "noise 25": pointwise(lambda v: v + np.random.default_rng(1).normal(0, 25, v.shape)),
    "white box": filtered(covered),
    "page 1.5": paged(1.5),
    "page 2, jpeg 60": then_jpeg(paged(2), 60),
    "resize 0.32": resized(0.32, 0.32),
    "aspect 0.75": resized(1, 0.75),
    "perspective 0.05": slanted(0.05),
    "perspective 0.1": slanted(0.1),
    "perspective 0.2": slanted(0.2),
}

SLIGHT_DAMAGE = (
    DAMAGE["none"],
    DAMAGE["jpeg 10"],
    DAMAGE["blur 3"],
    resized(0.1, 0.1),
    cut(0.97),
    cut(1, degrees=1),
    cut(1, degrees=2),
)
"""What leaves fingerprints alike."""


def luma(picture: Image.Image) -> npt.NDArray[np.float32]:
    """Rec. 601, as float."""
    return np.asarray(picture, np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)


def thumbnail(picture: Image.Image) -> npt.NDArray[np.float32]:
    """What a manifest holds."""
    small = picture.copy()
    small.thumbnail((LONGEST_THUMBNAIL_SIDE, LONGEST_THUMBNAIL_SIDE))
    return luma(compressed(small, 85))


def as_detected(
    matrix: Matrix, size: tuple[int, int], chance: np.random.Generator
) -> tuple[float, ...]:
    """The geometry a detection would give: canonical, a little wrong, modulo the period."""
    k = resemblance.CANONICAL_SIDE / math.sqrt(size[0] * size[1])
    canonical = np.diag([k, k, 1]) @ shifted(-size[0] / 2, -size[1] / 2)
    wrong = turned(chance.uniform(-0.5, 0.5), chance.uniform(0.996, 1.004))
    wrong[:2, 2] = chance.uniform(-2, 2, 2) + resemblance.PERIOD * chance.integers(-3, 4, 2)
    return tuple((wrong @ canonical @ matrix)[:2].ravel())


def transplant(
    original: Image.Image, marked: Image.Image, other: Image.Image, gain: float
) -> Image.Image:
    """The other picture with the residual of the first on it."""
    residual = Image.fromarray(luma(marked) - luma(original)).resize(other.size)
    values = np.asarray(other, float) + gain * np.asarray(residual)[..., None]
    return Image.fromarray(np.rint(np.clip(values, 0, 255)).astype(np.uint8))


def quantiles(values: list[float], at: tuple[float, ...]) -> str:
    """In one row of a table."""
    return " ".join(f"{v:7.2f}" for v in np.quantile(values, at))


def matches(marked: dict[str, Image.Image], thumbnails: dict[str, npt.NDArray[np.float32]]) -> None:
    """Print, for each damage, how well the right pictures do."""
    chance = np.random.default_rng(0)
    print(f"{'match':32} {'lowest':>7} {'5 %':>7} {'median':>7}  refused")
    for name, damage in DAMAGE.items():
        found = {}
        for key, picture in marked.items():
            received, matrix = damage(picture)
            geometry = as_detected(matrix, picture.size, chance)
            found[key] = resemblance.compare(luma(received), thumbnails[key], geometry)
        refused = [key for key, value in found.items() if not value.convincing]
        values = [value.correlation for value in found.values()]
        print(f"{name:32} {quantiles(values, (0, 0.05, 0.5))}  {' '.join(refused)}")


def non_matches(
    plain: dict[str, Image.Image],
    marked: dict[str, Image.Image],
    thumbnails: dict[str, npt.NDArray[np.float32]],
    pairs: int,
) -> None:
    """Print, for each share of overlap, how well the wrong pictures do."""
    chance = np.random.default_rng(1)
    found: dict[float, list[resemblance.Resemblance]] = defaultdict(list)
    others = {**plain, "flat grey": Image.new("RGB", (1024, 768), (128, 128, 128))}
    for number in range(pairs):
        key = str(chance.choice(list(marked)))
        other = "flat grey" if number % 20 == 0 else str(chance.choice(list(plain)))
        if other == key or {key, other} in TWINS:
            continue
        gain = float(chance.choice([1, 3]))
        wrong = transplant(plain[key], marked[key], others[other], gain)
        received, matrix = DAMAGE[list(DAMAGE)[number % len(DAMAGE)]](wrong)
        value = resemblance.compare(
            luma(received), thumbnails[key], as_detected(matrix, wrong.size, chance)
        )
        found[min(e for e in (0.1, 0.15, 0.3, 0.6, math.inf) if value.overlap <= e)].append(value)
    print(
        f"\n{'non-match, overlap up to':32} {'median':>7} {'99 %':>7} {'highest':>7}"
        "   count accepted"
    )
    for edge, values in sorted(found.items()):
        row = quantiles([v.correlation for v in values], (0.5, 0.99, 1))
        accepted = sum(v.convincing for v in values)
        print(f"{edge:<32} {row} {len(values):7} {accepted:8}")


def whole_frames(
    marked: dict[str, Image.Image], thumbnails: dict[str, npt.NDArray[np.float32]]
) -> None:
    """Print how pictures do that a fingerprint has found, compared frame by frame."""
    right, wrong = [], []
    for key, picture in marked.items():
        hash_ = fingerprint.pdq(picture)
        for change in SLIGHT_DAMAGE:
            received, _ = change(picture)
            if fingerprint.distance(hash_, fingerprint.pdq(received)) <= 31:
                found = resemblance.compare_whole(luma(received), thumbnails[key])
                right.append(found.correlation)
        for other, small in thumbnails.items():
            if other != key and {key, other} not in TWINS:
                wrong.append(resemblance.compare_whole(luma(picture), small).correlation)
    print(f"\n{'whole frames':32} {'lowest':>7} {'median':>7} {'99 %':>7} {'highest':>7}   count")
    for name, values in (("match, PDQ distance <= 31", right), ("non-match", wrong)):
        print(f"{name:32} {quantiles(values, (0, 0.5, 0.99, 1))} {len(values):7}")


def main() -> None:
    """Measure and print."""
    plain = pictures()
    marked = {key: watermark.embed(picture, PAYLOAD) for key, picture in plain.items()}
    thumbnails = {key: thumbnail(picture) for key, picture in marked.items()}
    print(
        f"{len(plain)} pictures; accepted from {resemblance.BASE_CORRELATION} + "
        f"{resemblance.SMALL_OVERLAP_TERM} / sqrt(overlap)\n"
    )
    matches(marked, thumbnails)
    whole_frames(marked, thumbnails)
    non_matches(plain, marked, thumbnails, int(sys.argv[1]) if len(sys.argv) > 1 else 6000)


if __name__ == "__main__":
    main()
