"""Pictures: what is marked, the marks, and copies as they come back."""

from __future__ import annotations

import io
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt
from implementations import library
from making.cases import PUBLISHED, VECTORS, Cases
from PIL import Image

from countermark import fingerprint, watermark

Pixels = npt.NDArray[Any]
PAYLOAD = 0x0123456789ABCDEF
LAST = 2**64 - 1
SECRET = "00112233445566778899aabbccddeeff"


def write(name: str, pixels: Pixels) -> Pixels:
    """As Netpbm: P5 or P6, 16 bits with the highest byte first."""
    kind, highest = ("P6" if pixels.ndim == 3 else "P5"), np.iinfo(pixels.dtype).max
    head = f"{kind}\n{pixels.shape[1]} {pixels.shape[0]}\n{highest}\n".encode()
    body = pixels.astype(pixels.dtype.newbyteorder(">")).tobytes()
    (VECTORS / name).write_bytes(head + body)
    return pixels


def photograph(width: int, height: int) -> Image.Image:
    """A cup of coffee, by Rachel Michetti: CC0, see python/countermark/assets/README.md."""
    with Image.open(str(resources.files("countermark") / "assets" / "coffee.jpg")) as picture:
        box = (0, 0, picture.width, picture.width * height // width)
        return picture.convert("RGB").resize((width, height), Image.Resampling.LANCZOS, box)


def scene(width: int, height: int, seed: int) -> npt.NDArray[np.float64]:
    """Hills under a sky, made up: large forms, edges, and texture at all sizes. 0 to 1."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width] / height
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width))
    spectrum = np.fft.rfft2(generator.normal(size=(height, width))) / (frequency + 0.01)
    texture = np.fft.irfft2(spectrum, (height, width))
    texture /= np.abs(texture).max()
    ridge = 0.45 + 0.12 * np.sin(5 * x + seed) + 0.05 * np.sin(17 * x)
    ground = 0.35 + 0.2 * texture + 0.06 * np.sin(60 * (y + 0.2 * texture)) * (y - ridge)
    sky = 0.85 - 0.3 * y + 0.05 * texture
    return np.clip(np.where(y > ridge, ground, sky), 0.02, 0.98)


def marked(pixels: Pixels, payload: int, key: str = PUBLISHED, strength: float = 1) -> Pixels:
    """By our embedder."""
    return np.asarray(watermark.embed(pixels, payload, key=bytes.fromhex(key), strength=strength))


def embedding(cases: Cases) -> None:
    """The golden marks."""
    colours = write("photograph.ppm", np.asarray(photograph(288, 192)))
    grey = write("scene.pgm", (255 * scene(240, 180, 1)).astype(np.uint8))
    least = write("least.pgm", (255 * scene(128, 128, 2)).astype(np.uint8))
    write("small.pgm", (255 * scene(127, 160, 2)).astype(np.uint8))
    deep = write("deep.pgm", (65535 * scene(200, 150, 3)).astype(np.uint16))
    wide = np.stack([scene(128, 128, seed) for seed in (4, 5, 6)], axis=-1)
    wide = write("deep.ppm", (65535 * wide).astype(np.uint16))

    def golden(
        title: str,
        source: str,
        pixels: Pixels,
        target: str,
        payload: int,
        key: str = PUBLISHED,
        strength: float = 1,
    ) -> None:
        write(target, marked(pixels, payload, key, strength))
        ending = target[-4:]
        request = f"embed picture={source} payload={payload:016x} key={key} strength={strength}"
        cases.add(title, f"{request} out=out{ending}", f"ok out={target}")

    cases.group("embed")
    golden("a photograph in colour", "photograph.ppm", colours, "photograph-marked.ppm", PAYLOAD)
    golden("a grey picture, the first payload", "scene.pgm", grey, "scene-first.pgm", 0)
    golden("a grey picture, the last payload", "scene.pgm", grey, "scene-last.pgm", LAST)
    golden("a key of one's own", "scene.pgm", grey, "scene-keyed.pgm", PAYLOAD, SECRET)
    golden("half the strength", "scene.pgm", grey, "scene-faint.pgm", PAYLOAD, strength=0.5)
    golden("the greatest strength", "scene.pgm", grey, "scene-strong.pgm", PAYLOAD, strength=4)
    golden("the smallest picture", "least.pgm", least, "least-marked.pgm", PAYLOAD)
    for title, change in {
        "a side of 127 pixels": {"picture": "small.pgm"},
        "a key of 15 bytes": {"key": PUBLISHED[:30]},
        "a key of 17 bytes": {"key": PUBLISHED + "00"},
        "strength 0": {"strength": "0"},
        "more than the greatest strength": {"strength": "4.001"},
        "a strength that is no number": {"strength": "nan"},
        "a picture that is not there": {"picture": "missing.pgm"},
    }.items():
        fields = {"picture": "scene.pgm", "payload": f"{PAYLOAD:016x}", "key": PUBLISHED}
        fields |= {"strength": "1", "out": "out.pgm", **change}
        request = " ".join(["embed", *(f"{name}={value}" for name, value in fields.items())])
        cases.add(title, request, "refused")

    cases.group("embed-16")
    golden("grey of 16 bits", "deep.pgm", deep, "deep-marked.pgm", PAYLOAD)
    golden("colour of 16 bits", "deep.ppm", wide, "deep-marked.ppm", PAYLOAD)


def detecting(cases: Cases) -> None:
    """Marks that are to be read, and pictures in which there is none."""

    def expect(
        title: str, name: str, payload: int | None, key: str = PUBLISHED, effort: str = "full"
    ) -> None:
        answer = "none" if payload is None else f"ok payload={payload:016x}"
        pixels = library.picture(VECTORS / name)
        found = watermark.detect(pixels, key=bytes.fromhex(key), effort=effort)  # type: ignore[arg-type]
        told = "none" if found is None else f"ok payload={found.payload:016x}"
        assert told == answer, (title, told)
        cases.add(title, f"detect picture={name} key={key} effort={effort}", answer)

    large = Image.fromarray(marked(np.asarray(photograph(600, 400)), PAYLOAD)).convert("L")
    copies = {
        "half": large.resize((300, 200), Image.Resampling.LANCZOS),
        "cropped": large.crop((190, 100, 440, 300)),
        "mirrored": large.transpose(Image.Transpose.FLIP_LEFT_RIGHT).crop((100, 80, 360, 300)),
        "quarter-turn": large.transpose(Image.Transpose.ROTATE_90).crop((60, 120, 300, 380)),
        "turned": large.rotate(7, Image.Resampling.BICUBIC).crop((130, 80, 410, 310)),
        "stretched": large.resize((420, 380), Image.Resampling.BICUBIC).crop((60, 60, 360, 320)),
        "brighter": large.resize((300, 200)).point(lambda value: min(255, value * 5 // 4 + 10)),
    }
    for quality in (75, 60):
        stream = io.BytesIO()
        large.resize((300, 200), Image.Resampling.LANCZOS).save(stream, "JPEG", quality=quality)
        copies[f"jpeg-{quality}"] = Image.open(stream)
    for name, copy in copies.items():
        write(f"{name}.pgm", np.asarray(copy.convert("L")))

    cases.group("detect")
    for name, title in {
        "half": "half the size",
        "brighter": "brighter, with white that is cut off",
        "jpeg-75": "compressed by JPEG, quality 75",
        "jpeg-60": "compressed by JPEG, quality 60",
    }.items():
        expect(title, f"{name}.pgm", PAYLOAD, effort="aligned")
    for name, title in {
        "cropped": "a fifth of it",
        "mirrored": "mirrored, and a quarter of it",
        "quarter-turn": "turned by 90 degrees",
        "turned": "turned by 7 degrees",
        "stretched": "stretched to another shape",
    }.items():
        expect(title, f"{name}.pgm", PAYLOAD)
    expect("as it was marked, in colour", "photograph-marked.ppm", PAYLOAD)
    expect("the first payload", "scene-first.pgm", 0)
    expect("the last payload", "scene-last.pgm", LAST)
    expect("not marked, in colour", "photograph.ppm", None)
    expect("not marked, grey", "scene.pgm", None)
    expect("marked with another key", "scene-keyed.pgm", None)
    request = f"detect picture=small.pgm key={PUBLISHED} effort=full"
    cases.add("a side of 127 pixels", request, "refused | none")

    cases.group("detect-keyed")
    expect("a key of one's own", "scene-keyed.pgm", PAYLOAD, SECRET)
    expect("another key than that of the mark", "photograph-marked.ppm", None, SECRET)
    for length in (15, 17):
        request = f"detect picture=scene-keyed.pgm key={(SECRET * 2)[: 2 * length]} effort=full"
        cases.add(f"a key of {length} bytes", request, "refused")

    cases.group("detect-16")
    expect("grey of 16 bits", "deep-marked.pgm", PAYLOAD)
    expect("colour of 16 bits", "deep-marked.ppm", PAYLOAD)
    expect("grey of 16 bits, not marked", "deep.pgm", None)


def fingerprints(cases: Cases) -> None:
    """PDQ."""
    write("flat.pgm", np.full((64, 80), 128, np.uint8))
    write("tiny.pgm", np.random.default_rng(8).integers(0, 256, (5, 5), np.uint8))
    write("four.pgm", np.arange(20, dtype=np.uint8).reshape(4, 5))

    def expect(title: str, name: str) -> None:
        told = fingerprint.pdq(library.picture(VECTORS / name))
        answer = f"ok hash={told.bits.hex()} quality={told.quality}"
        cases.add(title, f"pdq picture={name}", answer)

    cases.group("pdq")
    expect("a photograph in colour", "photograph.ppm")
    expect("a grey picture", "scene.pgm")
    expect("turned by 7 degrees", "turned.pgm")
    expect("the smallest picture", "tiny.pgm")
    flat = fingerprint.pdq(library.picture(VECTORS / "flat.pgm"))
    cases.add("nothing to be seen", "pdq picture=flat.pgm", f"ok quality={flat.quality}")
    cases.add("a side of four pixels", "pdq picture=four.pgm", "refused")
    cases.group("pdq-16")
    expect("grey of 16 bits", "deep.pgm")
    expect("colour of 16 bits", "deep.ppm")
