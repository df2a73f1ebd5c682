"""The main job on one photograph: mark it, damage a copy, prove where the copy comes from.

>>> import tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     told = run(Path(folder) / "pictures")
...     told.report.verdict.value, sorted(path.name for path in told.pictures)
('recovered', ['after.jpg', 'before.jpg', 'damaged.jpg', 'overview.png', 'recovered.png', \
'residual.png'])
"""

from __future__ import annotations

import io
import math
import tempfile
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageOps

from countermark import credentials, files, image, keys, resemblance, watermark
from countermark.credentials import Manifest, Trust
from countermark.demo.overview import Panel, overview
from countermark.errors import DestinationNotWritable
from countermark.marking import Marked, mark
from countermark.record import DigitalSource, Record
from countermark.registry import Registry
from countermark.report import Report
from countermark.verifying import verify

_PHOTOGRAPH: Final = resources.files("countermark") / "assets" / "coffee.jpg"
_RECORD: Final = Record(
    source=DigitalSource.CAPTURED, creator="Rachel Michetti", title="A cup of coffee"
)
_TURN_DEGREES: Final = 5
_KEPT_SIDE: Final = 0.71
_JPEG_QUALITY: Final = 60
_MAGNIFICATION: Final = 8


@dataclass(frozen=True, slots=True)
class Told:
    """The report on the damaged copy, the story in plain words, and the pictures of it."""

    report: Report
    text: str
    pictures: tuple[Path, ...]


def run(folder: Path) -> Told:
    """Play the demo and write its pictures into `folder`, which is made if need be.

    Keys and registry are made for this run and thrown away.

    Raises `DestinationNotWritable` when the folder cannot be written.
    """
    before = _PHOTOGRAPH.read_bytes()
    with tempfile.TemporaryDirectory() as scratch:
        home = keys.create_home(Path(scratch) / "home", name="countermark demo")
        trust = Trust.from_file(home.trust_path)
        with Registry.open(home.registry_path) as registry:
            file = io.BytesIO()
            marked = mark(
                io.BytesIO(before), file, record=_RECORD, signer=home.signer(), registry=registry
            )
            after = file.getvalue()
            damaged = damage(after)
            report = verify(io.BytesIO(damaged), trust=trust, registry=registry)
            entry = registry.find_payload(marked.payload)
    assert entry is not None  # mark has just added it
    manifest = credentials.read_detached(entry.manifest, trust=trust)
    residual = _residual(_opened(before), _opened(after))
    pictures = {
        "before.jpg": before,
        "after.jpg": after,
        "residual.png": _png(residual),
        "damaged.jpg": damaged,
        "recovered.png": _png(_put_back(damaged, manifest, (entry.width, entry.height))),
    }
    pictures["overview.png"] = _png(_overview(pictures, report))
    text = _text(folder, marked, pictures, report)
    return Told(report, text, tuple(_write(folder, pictures)))


def damage(marked: bytes) -> bytes:
    """A copy as it may come back: turned, cropped, compressed, without any metadata."""
    picture = _opened(marked).rotate(_TURN_DEGREES, Image.Resampling.BICUBIC)
    width, height = picture.size
    left, top = round(width * (1 - _KEPT_SIDE) / 2), round(height * (1 - _KEPT_SIDE) / 2)
    picture = picture.crop((left, top, width - left, height - top))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=_JPEG_QUALITY)
    return file.getvalue()


def _opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("RGB")


def _png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def _residual(before: Image.Image, after: Image.Image) -> Image.Image:
    """What marking changed, magnified, around grey."""
    change = np.asarray(after, np.int32) - np.asarray(before, np.int32)
    return Image.fromarray(np.clip(128 + _MAGNIFICATION * change, 0, 255).astype(np.uint8))


def _put_back(damaged: bytes, manifest: Manifest, size: tuple[int, int]) -> Image.Image:
    """The damaged copy in its place on the original's frame, over the faded signed thumbnail."""
    thumbnail = _opened(manifest.thumbnail or b"").resize(size, Image.Resampling.BICUBIC)
    faded = Image.blend(
        ImageOps.grayscale(thumbnail).convert("RGB"), Image.new("RGB", size, "white"), 0.55
    )
    copy = _opened(damaged)
    pixels = np.asarray(copy)
    found = watermark.detect(pixels)
    if found is None:
        return faded
    luma = image.luma(np.asarray(thumbnail))
    offset = resemblance.compare(image.luma(pixels), luma, found.geometry.matrix).offset
    in_place = np.array([[1, 0, offset[0]], [0, 1, offset[1]], [0, 0, 1]])
    to_canonical = in_place @ np.reshape(found.geometry.matrix, (3, 3))
    k = resemblance.CANONICAL_SIDE / math.sqrt(size[0] * size[1])
    frame = np.array([[k, 0, -k * size[0] / 2], [0, k, -k * size[1] / 2], [0, 0, 1]])
    back = np.linalg.inv(to_canonical) @ frame
    coefficients = tuple((back / back[2, 2]).ravel()[:8])
    shape = Image.new("L", copy.size, 255)
    perspective = Image.Transform.PERSPECTIVE
    placed = copy.transform(size, perspective, coefficients, Image.Resampling.BICUBIC)
    mask = shape.transform(size, perspective, coefficients, Image.Resampling.BILINEAR)
    return Image.composite(placed, faded, mask)


def _overview(pictures: dict[str, bytes], report: Report) -> Image.Image:
    captions = {
        "before.jpg": "Before",
        "after.jpg": "After: watermark and signed manifest",
        "residual.png": f"What changed, {_MAGNIFICATION} times as strong",
        "damaged.jpg": f"Damaged: turned {_TURN_DEGREES}°, cropped to {_KEPT_SIDE:.0%} of the "
        f"sides, JPEG {_JPEG_QUALITY}, no metadata",
        "recovered.png": "Recovered: in its place on the signed thumbnail",
    }
    panels = [Panel(caption, _opened(pictures[name])) for name, caption in captions.items()]
    stated = report.record.creator if report.record is not None else None
    words = [
        f"Verdict: {report.verdict.value}",
        f"Signer: {report.trust.value}",
        f"Stated creator: {stated or 'unknown'}",
    ]
    return overview(panels, words)


def _text(folder: Path, marked: Marked, pictures: dict[str, bytes], report: Report) -> str:
    before, after = (
        np.asarray(_opened(pictures[name]), float) for name in ("before.jpg", "after.jpg")
    )
    psnr_db = 10 * math.log10(255**2 / np.mean((after - before) ** 2))
    sizes = "{:,} bytes instead of {:,}".format(
        *(len(pictures[name]) for name in ("damaged.jpg", "after.jpg"))
    )
    return f"""\
before.jpg     A photograph of {before.shape[1]} x {before.shape[0]} pixels.
after.jpg      Marked: the payload {marked.payload:016x} is in the pixels (PSNR {psnr_db:.1f} dB),
               a signed C2PA manifest is in the file, and both are in a registry.
residual.png   What marking changed, {_MAGNIFICATION} times as strong.
damaged.jpg    A copy without metadata, turned by {_TURN_DEGREES} degrees, cropped to
               {_KEPT_SIDE:.0%} of the sides, saved as JPEG {_JPEG_QUALITY}: {sizes}.
recovered.png  The copy put back in its place on the thumbnail of the recovered manifest.
overview.png   All of them side by side.

These files are in {folder}. This is what countermark verify says about damaged.jpg:

{report}"""


def _write(folder: Path, pictures: dict[str, bytes]) -> list[Path]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DestinationNotWritable(
            f"The folder {str(folder)!r} cannot be made ({error.strerror}).",
            remedy="Name another one with --out.",
        ) from error
    places = []
    for name, content in pictures.items():
        place = files.target(folder / name)
        with files.replacing(place, content) as put:
            put()
        places.append(place)
    return places
