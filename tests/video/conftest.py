"""Movies made for the tests: a camera that drifts over a scene, with sound and all else."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

Frames = list[tuple[float, np.ndarray]]
Film = Callable[..., Path]


def _scene(width: int, height: int) -> np.ndarray:
    """Grain of several sizes, wider than the picture."""
    random = np.random.default_rng(4)
    scene = np.full((height, width + 64), 120.0)
    for cell, amplitude in ((64, 50), (16, 30), (4, 16), (2, 8)):
        grid = random.uniform(-1, 1, (height // cell + 1, (width + 64) // cell + 1))
        scene += amplitude * grid.repeat(cell, 0).repeat(cell, 1)[:height, : width + 64]
    return np.clip(scene, 16, 235)


def _views(seconds: float, rate: int, size: tuple[int, int]) -> Iterator[np.ndarray]:
    width, height = size
    scene = _scene(width, height)
    for number in range(round(seconds * rate)):
        at = number % 60
        yield scene[:, at : at + width]


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    def make(
        seconds: float = 4,
        *,
        rate: int = 10,
        size: tuple[int, int] = (320, 240),
        codec: str = "libx264",
        kind: str = "yuv420p",
        options: dict[str, str] | None = None,
        transfer: int = 1,
        suffix: str = ".mp4",
        group: int = 250,
    ) -> Path:
        path = tmp_path_factory.mktemp("film") / f"film{suffix}"
        ten = "10" in kind
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=rate)
            stream.width, stream.height, stream.pix_fmt = *size, kind
            stream.options = {"crf": "14", "preset": "ultrafast", **(options or {})}
            stream.codec_context.color_trc = transfer
            stream.codec_context.gop_size = group
            stream.codec_context.thread_count = 1
            for number, luma in enumerate(_views(seconds, rate, size)):
                grey = "gray10le" if ten else "gray"
                pixels = np.rint(luma * 4).astype("<u2") if ten else np.rint(luma).astype("u1")
                frame = av.VideoFrame.from_ndarray(pixels, format=grey).reformat(format=kind)
                frame.pts, frame.time_base = number, Fraction(1, rate)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path

    return make


@pytest.fixture(scope="session")
def ffmpeg() -> Callable[..., None]:
    program = shutil.which("ffmpeg")
    assert program, "install ffmpeg"

    def run(*arguments: object) -> None:
        command = [program, "-nostdin", "-v", "error", "-y", *map(str, arguments)]
        subprocess.run(command, check=True)

    return run


@pytest.fixture(scope="session")
def shown() -> Callable[[Path], Frames]:
    """Times and luma of the frames of a movie."""

    def read(path: Path) -> Frames:
        with av.open(str(path)) as container:
            found: Frames = []
            for frame in container.decode(video=0):
                plane = frame.planes[0]
                kind = np.dtype("u1" if frame.format.components[0].bits == 8 else "<u2")
                pixels = np.frombuffer(plane, kind).reshape(plane.height, -1)[:, : plane.width]
                found.append((float(frame.time or 0), pixels.copy()))
            return found

    return read
