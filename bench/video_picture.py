"""Draws docs/images/video_strip.webp and video_residual.webp: what the mark adds to a movie.

    python -m bench.video_picture

The movie is 20 seconds of a camera that comes nearer to four pictures of scikit-image without
copyright: a cup of coffee by Rachel Michetti, a cat by Stefan van der Walt (both CC0), a rocket by
SpaceX, and galaxies by NASA and ESA.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import skimage.data
from PIL import Image, ImageDraw, ImageFont

from countermark.frames import FrameEmbedder

FOLDER = Path(__file__).parents[1] / "docs/images"
SCENES = ("coffee", "chelsea", "rocket", "hubble_deep_field")
SCENE_SECONDS = 5
RATE = 25
SIZE = (640, 400)
ZOOM = 0.15  # of the picture, in the time of a scene
PAYLOAD = 0x0123_4567_89AB_CDEF
#: What is shown of each frame: left, top, right, bottom.
PART = (160, 55, 480, 345)
TIMES = (2.5, 7.5, 12.5, 17.5)  # seconds
GAIN = 20
PAPER, INK = "#ffffff", "#333333"
GAP, MARGIN, HEADING = 8, 12, 44
TEXT = 25  # readable at half the size, as pages show the picture

Pixels = npt.NDArray[np.uint8]
Residual = npt.NDArray[np.float64]


def main() -> None:
    """Draw both."""
    frames, times = filmed()
    embedder = FrameEmbedder(PAYLOAD)
    marked = [
        np.asarray(embedder.embed(frame, seconds=at))
        for frame, at in zip(frames, times, strict=True)
    ]
    strip(frames, marked, times)
    residual(frames, marked, times)


def filmed() -> tuple[list[Pixels], list[float]]:
    """The frames in RGB, and when they are shown."""
    frames = [frame for name in SCENES for frame in scene(Image.fromarray(load(name)))]
    return frames, [number / RATE for number in range(len(frames))]


def load(name: str) -> Pixels:
    picture: Pixels = getattr(skimage.data, name)()
    return picture


def scene(picture: Image.Image) -> Iterator[Pixels]:
    """A camera that comes nearer to the middle."""
    scale = min(picture.width / SIZE[0], picture.height / SIZE[1])
    for number in range(SCENE_SECONDS * RATE):
        near = 1 - ZOOM * number / (SCENE_SECONDS * RATE)
        across, down = (scale * near * side / 2 for side in SIZE)
        x, y = picture.width / 2, picture.height / 2
        box = (x - across, y - down, x + across, y + down)
        yield np.asarray(picture.resize(SIZE, Image.Resampling.BICUBIC, box))


def strip(before: Sequence[Pixels], after: Sequence[Pixels], times: Sequence[float]) -> None:
    """Three rows: before, after, what was added."""
    chosen = [nearest(times, at) for at in TIMES]
    rows = {
        "before": [part(before[i]) for i in chosen],
        "after": [part(after[i]) for i in chosen],
        f"difference x {GAIN}": [visible(added(before[i], after[i])) for i in chosen],
    }
    picture = sheet(rows, [f"{at:g} s" for at in TIMES])
    picture.save(FOLDER / "video_strip.webp", quality=80, method=6)


def residual(before: Sequence[Pixels], after: Sequence[Pixels], times: Sequence[float]) -> None:
    """The same part of the residual at different times, and of the mean of all."""
    first, later = nearest(times, 1.0), nearest(times, 3.0)
    pictures = {
        "at 1 s": added(before[first], after[first]),
        "one frame later": added(before[first + 1], after[first + 1]),
        "two seconds later": added(before[later], after[later]),
        "mean of 20 s": np.mean(
            [added(*frames) for frames in zip(before, after, strict=True)], axis=0
        ),
    }
    row = [visible(values) for values in pictures.values()]
    picture = sheet({f"difference x {GAIN}": row}, list(pictures))
    picture.save(FOLDER / "video_residual.webp", quality=80, method=6)


def nearest(times: Sequence[float], at: float) -> int:
    return int(np.argmin(np.abs(np.asarray(times) - at)))


def part(frame: Pixels) -> Pixels:
    left, top, right, bottom = PART
    return frame[top:bottom, left:right]


def added(before: Pixels, after: Pixels) -> Residual:
    """Of the part that is shown, in luma."""
    difference = part(after).astype(np.float64) - part(before)
    return difference @ (0.299, 0.587, 0.114)


def visible(values: Residual) -> Pixels:
    return np.clip(np.rint(128 + GAIN * values), 0, 255).astype(np.uint8)


def sheet(rows: Mapping[str, Sequence[Pixels]], columns: Sequence[str]) -> Image.Image:
    """Pictures of one size; above them what the columns are, at their left what the rows are."""
    height, width = next(iter(rows.values()))[0].shape[:2]
    across, down = width + GAP, height + GAP
    size = (
        HEADING + len(columns) * across + MARGIN - GAP,
        HEADING + len(rows) * down + MARGIN - GAP,
    )
    paper = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(paper)
    font = ImageFont.load_default(TEXT)
    for column, said in enumerate(columns):
        middle = (HEADING + column * across + width / 2, HEADING / 2)
        draw.text(middle, said, INK, font, anchor="mm")
    for row, (said, pictures) in enumerate(rows.items()):
        line = Image.new("RGB", (height, HEADING), PAPER)
        ImageDraw.Draw(line).text((height / 2, HEADING / 2), said, INK, font, anchor="mm")
        top = HEADING + row * down
        paper.paste(line.transpose(Image.Transpose.ROTATE_90), (0, top))
        for column, picture in enumerate(pictures):
            paper.paste(Image.fromarray(picture).convert("RGB"), (HEADING + column * across, top))
    return paper


if __name__ == "__main__":
    main()
