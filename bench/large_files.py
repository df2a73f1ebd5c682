"""Files of any size in every container that gets large: small ones, grown by zeros."""

import io
import os
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import av
import numpy as np
from PIL import Image

Grow: TypeAlias = Callable[[BinaryIO, bytes, int], None]


def video(form: str, **options: str) -> bytes:
    """Two seconds."""
    with tempfile.TemporaryDirectory() as folder:  # some options need a file that can be read again
        path = Path(folder) / "video"
        with av.open(str(path), "w", format=form, options=options) as container:
            stream: Any = container.add_stream("mpeg4", rate=25)
            stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p"
            for level in range(50):
                picture = Image.new("RGB", (640, 480), (5 * level,) * 3)
                container.mux(stream.encode(av.VideoFrame.from_image(picture)))
            container.mux(stream.encode())
        return path.read_bytes()


def sound(form: str, codec: str) -> bytes:
    """Half a second."""
    file = io.BytesIO()
    wave = (20_000 * np.sin(np.arange(22_050) / 20)).astype(np.int16)
    with av.open(file, "w", format=form) as container:
        stream: Any = container.add_stream(codec, rate=44_100)
        frame = av.AudioFrame.from_ndarray(wave[None], format="s16", layout="mono")
        frame.sample_rate = 44_100
        resampler = av.AudioResampler(stream.format, "mono", 44_100, stream.frame_size or None)
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            container.mux(stream.encode(part))
        container.mux(stream.encode())
    return file.getvalue()


def picture(form: str) -> bytes:
    """Of one colour."""
    file = io.BytesIO()
    Image.new("RGB", (640, 480), "navy").save(file, form)
    return file.getvalue()


def skip(file: BinaryIO, by_bytes: int) -> None:
    """Zeros that take no room on the disk."""
    file.truncate(file.seek(by_bytes, os.SEEK_CUR))


def in_boxes(number: int) -> Grow:
    """Media data in so many boxes, each with a length of 64 bits."""

    def grow(file: BinaryIO, movie: bytes, by_bytes: int) -> None:
        at = movie.index(b"mdat") - 4
        end = at + int.from_bytes(movie[at : at + 4], "big")
        data, part = movie[at + 8 : end], by_bytes // number
        file.write(movie[:at])
        for content in (data, *[b""] * (number - 1)):
            file.write(struct.pack(">I4sQ", 1, b"mdat", 16 + len(content) + part) + content)
            skip(file, part)
        file.write(movie[end:])

    return grow


def in_fragments(file: BinaryIO, movie: bytes, by_bytes: int) -> None:
    """64 fragments more."""
    file.write(movie)
    header = struct.pack(">I4sII", 16, b"mfhd", 0, 99)
    for _ in range(64):
        file.write(struct.pack(">I4s", 8 + len(header), b"moof") + header)
        file.write(struct.pack(">I4s", 8 + by_bytes // 64, b"mdat"))
        skip(file, by_bytes // 64)


def in_chunk(kind: bytes) -> Grow:
    """The last chunk of a RIFF file, which is of that kind, made longer."""

    def grow(file: BinaryIO, media: bytes, by_bytes: int) -> None:
        at, end = media.rindex(kind), 8 + int.from_bytes(media[4:8], "little")
        file.write(b"RIFF" + struct.pack("<I", end - 8 + by_bytes) + media[8 : at + 4])
        file.write(struct.pack("<I", end - at - 8 + by_bytes) + media[at + 8 : end])
        skip(file, by_bytes)

    return grow


def before(tail_bytes: int) -> Grow:
    """In front of the last bytes."""

    def grow(file: BinaryIO, media: bytes, by_bytes: int) -> None:
        cut = len(media) - tail_bytes
        file.write(media[:cut])
        skip(file, by_bytes)
        file.write(media[cut:])

    return grow


FRAGMENTED = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
KINDS: dict[str, tuple[str, Callable[[], bytes], Grow]] = {
    "MP4, moov last": ("video/mp4", lambda: video("mp4"), in_boxes(1)),
    "MP4, moov first": ("video/mp4", lambda: video("mp4", movflags="faststart"), in_boxes(1)),
    "MP4, three mdat": ("video/mp4", lambda: video("mp4"), in_boxes(3)),
    "MP4, fragments": ("video/mp4", lambda: video("mp4", **FRAGMENTED), in_fragments),
    "MOV": ("video/quicktime", lambda: video("mov"), in_boxes(1)),
    "M4A": ("audio/mp4", lambda: sound("ipod", "aac"), in_boxes(1)),
    "WAV": ("audio/wav", lambda: sound("wav", "pcm_s16le"), in_chunk(b"data")),
    "AVI": ("video/x-msvideo", lambda: video("avi"), in_chunk(b"idx1")),
    "FLAC": ("audio/flac", lambda: sound("flac", "flac"), before(0)),
    "TIFF": ("image/tiff", lambda: picture("TIFF"), before(0)),
    "JPEG": ("image/jpeg", lambda: picture("JPEG"), before(2)),
}
"""Media type, the small file, and how it grows."""


def write(kind: str, path: Path, by_bytes: int) -> str:
    """The media type of the file."""
    media_type, make, grow = KINDS[kind]
    with path.open("wb") as file:
        grow(file, make(), by_bytes)
    return media_type
