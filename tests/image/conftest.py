"""Photographs and metadata to make test files of.

The photographs are those inside scikit-image: astronaut and rocket (NASA and SpaceX, public
domain), coffee (Rachel Michetti, CC0), chelsea (Stefan van der Walt, CC0), camera (CC0).
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray
from PIL import Image, ImageCms

Array = NDArray[Any]


@pytest.fixture(scope="session")
def photographs() -> dict[str, Array]:
    """Colour and gray photographs, uint8."""
    names = ("astronaut", "camera", "chelsea", "coffee", "rocket")
    return {name: getattr(skimage.data, name)() for name in names}


@pytest.fixture(scope="session")
def photograph(photographs: dict[str, Array]) -> Array:
    """A colour photograph, 427 x 640, whose sides no block size divides."""
    return photographs["rocket"]


@pytest.fixture(scope="session")
def make_exif() -> Callable[[int], bytes]:
    """EXIF as a camera writes it: maker note, EXIF and GPS directories, in big-endian order."""

    def make(orientation: int) -> bytes:
        exif = Image.Exif()
        exif.endian = ">"
        exif[0x010F] = "Maker"
        exif[0x0112] = orientation
        exif[0x011A] = 300.0
        exif[0x8769] = {0x829A: 0.008, 0x9003: "2026:11:23 12:00:00", 0x927C: bytes(range(256))}
        exif[0x8825] = {1: "N", 2: (48.0, 6.0, 30.5)}
        return exif.tobytes().removeprefix(b"Exif\0\0")

    return make


@pytest.fixture(scope="session")
def icc_profile() -> bytes:
    """A profile that fills three JPEG segments: sRGB with unused bytes behind it."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile += np.random.default_rng(1).bytes(150_000)
    return len(profile).to_bytes(4, "big") + profile[4:]


@pytest.fixture(scope="session")
def xmp() -> bytes:
    """An XMP packet with a title."""
    return (
        b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        b"<dc:source>a lake</dc:source></rdf:Description></rdf:RDF></x:xmpmeta>"
        b'<?xpacket end="w"?>'
    )


@pytest.fixture(scope="session")
def save() -> Callable[..., bytes]:
    """A file by Pillow: `save(pixels or PIL image, format, **options)`."""

    def save(image: Any, format: str, **options: Any) -> bytes:
        stream = BytesIO()
        image = image if isinstance(image, Image.Image) else Image.fromarray(image)
        if format == "JPEG" and "exif" in options:
            options["exif"] = b"Exif\0\0" + options["exif"]
        image.save(stream, format, **options)
        return stream.getvalue()

    return save


class Exiftool:
    """The foreign reader and writer of metadata, as one process: Perl takes long to start."""

    DESCRIPTION = (
        "-Make=Maker",
        "-Model=Model 7",
        "-Artist=Ada Example",
        "-Copyright=2026",
        "-XResolution=240",
        "-DateTimeOriginal=2026:11:23 12:00:00",
        "-ExposureTime=1/125",
        "-LensModel=35 mm",
        "-UserComment=h\xe9",
        "-GPSLatitude=48.1",
        "-GPSLatitudeRef=N",
        "-XMP-dc:Source=a lake",
        "-XMP-photoshop:City=Ulm",
    )
    TAGS = ("-a", "-G1", "-s", "-n", *(tag.split("=")[0] for tag in DESCRIPTION))

    def __init__(self, path: Path, process: subprocess.Popen[bytes]) -> None:
        self._path = path
        self._process = process

    def _run(self, *options: str) -> bytes:
        assert self._process.stdin
        assert self._process.stdout
        command = ["-q", *options, self._path, "-echo3", "status ${status}", "-execute"]
        self._process.stdin.write("".join(f"{word}\n" for word in command).encode())
        self._process.stdin.flush()
        said = b""
        while not (end := re.search(rb"status (\d+)\n\Z", said)):
            said += (more := self._process.stdout.read1())
            assert more, said
        assert end[1] == b"0"
        return said[: end.start()]

    def print(self, data: bytes, *options: str) -> bytes:
        """What it prints about a file."""
        self._path.write_bytes(data)
        return self._run(*options)

    def write(self, data: bytes) -> bytes:
        """The file with the description in it."""
        self._path.write_bytes(data)
        self._run("-overwrite_original", *self.DESCRIPTION)
        return self._path.read_bytes()


@pytest.fixture(scope="session")
def exiftool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exiftool]:
    """Debian's libimage-exiftool-perl."""
    command = ["exiftool", "-stay_open", "True", "-@", "-"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL) as process:
        yield Exiftool(tmp_path_factory.mktemp("exiftool") / "picture", process)
        process.communicate(b"-stay_open\nFalse\n")
