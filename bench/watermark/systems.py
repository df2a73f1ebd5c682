"""countermark and the other watermarks that pip installs, behind one front.

A system writes a message of `bits` bits into a picture and reads it back. The others are told how
many bits to read and always give as many, right or wrong; none can say that there is no mark.
"""

import functools
import hashlib
import importlib
import importlib.metadata
import importlib.util
import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.watermark.attacks import Pixels
from countermark import _core, watermark

#: The named strengths, and the one that is meant when none is.
LEVELS = tuple(level.value for level in watermark.Strength)
DEFAULT = watermark.Strength.BALANCED.value


@dataclass(frozen=True, slots=True)
class System:
    """A way to write messages into pictures and read them back.

    Attributes:
        name: As the tables show it.
        version: Names the code that reads: the same pixels always give the same reading.
        bits: Length of its messages.
        embed: Writes a message of as many bits.
        read: What it reads, or None.
        every: It is measured with every so many-th picture only, because it takes so long.
    """

    name: str
    version: str
    bits: int
    embed: Callable[[Pixels, int], Pixels]
    read: Callable[[Pixels], int | None]
    every: int = 1


def countermark(strength: str | float = DEFAULT) -> System:
    """This package."""
    folder = Path(_core.__file__).parent
    # The algorithms are in the library, the module only leads to it.
    binaries = sorted(path for path in folder.iterdir() if path.suffix in {".so", ".dylib", ".dll"})
    core = hashlib.sha256(b"".join(path.read_bytes() for path in binaries)).hexdigest()[:16]
    embed = functools.partial(_countermark_embed, strength)
    return System("countermark", core, 64, embed, _countermark_read)


def _countermark_embed(strength: str | float, pixels: Pixels, payload: int) -> Pixels:
    return np.asarray(watermark.embed(pixels, payload, strength=strength))


def _countermark_read(pixels: Pixels) -> int | None:
    found = watermark.detect(pixels)
    return None if found is None else found.payload


def peers() -> list[System]:
    """The other packages that are installed, at their only strength."""
    found = []
    if importlib.util.find_spec("imwatermark"):
        found += [_invisible_watermark(method, 64) for method in ("dwtDct", "dwtDctSvd")]
    if importlib.util.find_spec("blind_watermark"):
        version = importlib.metadata.version("blind-watermark")
        read = functools.partial(_unless_refused, _blind_read)
        found.append(System("blind-watermark", version, 64, _blind_embed, read))
    if importlib.util.find_spec("imwatermark") and importlib.util.find_spec("onnxruntime"):
        found.append(_invisible_watermark("rivaGan", 32, every=4))  # its only length
    return found


def packages() -> str:
    """The packages of the peers with their versions."""
    modules = {"invisible-watermark": "imwatermark", "blind-watermark": "blind_watermark"}
    here = [name for name, module in modules.items() if importlib.util.find_spec(module)]
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in here) or "none"


def _unless_refused(read: Callable[[Pixels], int], pixels: Pixels) -> int | None:
    """The other packages refuse pictures that are too small for them with all kinds of errors."""
    try:
        return read(pixels)
    except Exception:
        return None


def _invisible_watermark(method: str, bits: int, every: int = 1) -> System:
    version = importlib.metadata.version("invisible-watermark")
    embed = functools.partial(_invisible_embed, method, bits)
    read = functools.partial(_unless_refused, functools.partial(_invisible_read, method, bits))
    return System(method, version, bits, embed, read, every)


def _invisible_embed(method: str, bits: int, pixels: Pixels, payload: int) -> Pixels:
    encoder = _imwatermark().WatermarkEncoder()
    encoder.set_watermark("bits", _to_bits(payload, bits))
    return _reversed(encoder.encode(_reversed(pixels), method))


def _invisible_read(method: str, bits: int, pixels: Pixels) -> int:
    return _from_bits(
        _imwatermark().WatermarkDecoder("bits", bits).decode(_reversed(pixels), method)
    )


@functools.cache
def _imwatermark() -> Any:
    """The package, its networks loaded for one thread."""
    package = importlib.import_module("imwatermark")
    if importlib.util.find_spec("onnxruntime"):
        onnxruntime = importlib.import_module("onnxruntime")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        riva = importlib.import_module("imwatermark.rivaGan")
        for part in ("encoder", "decoder"):
            file = Path(str(riva.__file__)).with_name(f"rivagan_{part}.onnx")
            setattr(riva.RivaWatermark, part, onnxruntime.InferenceSession(file, options))
    return package


def _blind_embed(pixels: Pixels, payload: int) -> Pixels:
    mark = _blind_watermark().WaterMark(password_img=1, password_wm=1)
    mark.read_img(img=_reversed(pixels))
    mark.read_wm([bit == 1 for bit in _to_bits(payload, 64)], mode="bit")
    return _reversed(np.rint(mark.embed()).astype(np.uint8))


def _blind_read(pixels: Pixels) -> int:
    mark = _blind_watermark().WaterMark(password_img=1, password_wm=1)
    return _from_bits(mark.extract(embed_img=_reversed(pixels), wm_shape=64, mode="bit") > 0.5)


@functools.cache
def _blind_watermark() -> Any:
    multiprocessing.set_start_method(None, force=True)  # it insists on being the first to set it
    package = importlib.import_module("blind_watermark")
    package.bw_notes.close()  # it greets on every construction
    return package


def _to_bits(payload: int, bits: int) -> list[int]:
    return [payload >> place & 1 for place in range(bits)]


def _from_bits(values: Any) -> int:
    return sum(1 << place for place, bit in enumerate(values) if bit)


def _reversed(pixels: Any) -> Pixels:
    """RGB from BGR, which the other packages take, and back."""
    return np.ascontiguousarray(pixels[..., ::-1])
