"""Marks picture, sound and text with an installed wheel's C library, reads, asks its module.

Needs nothing but Python: for the platforms on which something that countermark depends on has no
wheel (docs/platforms.md), so that the package as a whole cannot be imported there.
"""

import ctypes
import importlib.machinery
import importlib.util
import random
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

WIDTH, HEIGHT, RGB8, ALIGNED = 640, 480, 1, 0
CODED_BITS, PILOT_COMPONENTS = 400, 326
RATE, INT16, LOW_LATENCY = 16000, 0, 1
LIBRARY_BYTES_MAX = 500_000
NAMES = {"win32": "countermark.dll", "darwin": "libcountermark.dylib"}


class Image(ctypes.Structure):
    _fields_ = (
        ("struct_size", ctypes.c_uint32),
        ("width", ctypes.c_uint32),
        ("height", ctypes.c_uint32),
        ("format", ctypes.c_uint32),
        ("data", ctypes.c_void_p),
        ("stride_bytes", ctypes.c_ssize_t),
        ("plane_stride_bytes", ctypes.c_ssize_t),
    )


class Detection(ctypes.Structure):
    _fields_ = (
        ("struct_size", ctypes.c_uint32),
        ("score", ctypes.c_float),
        ("payload", ctypes.c_uint64),
        ("false_positive_rate", ctypes.c_double),
        ("geometry", ctypes.c_double * 9),
    )


class Word(ctypes.Structure):
    _fields_ = (
        ("origin_x", ctypes.c_uint16),
        ("origin_y", ctypes.c_uint16),
        ("coded", ctypes.c_uint8 * CODED_BITS),
    )


class TextDetection(ctypes.Structure):
    _fields_ = (
        ("struct_size", ctypes.c_uint32),
        ("tokens_used", ctypes.c_uint32),
        ("payload", ctypes.c_uint32),
        ("variant", ctypes.c_uint32),
        ("false_positive_rate", ctypes.c_double),
    )


class Sound(ctypes.Structure):
    _fields_ = (
        ("struct_size", ctypes.c_uint32),
        ("rate", ctypes.c_uint32),
        ("channels", ctypes.c_uint32),
        ("format", ctypes.c_uint32),
    )


def package() -> Path:
    """The folder of the installed package, without importing it."""
    spec = importlib.util.find_spec("countermark")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent
    assert folder.is_relative_to(sys.prefix), f"{folder} is not the installed one"
    return folder


def scratch(
    function: Callable[..., int], *arguments: object
) -> tuple[ctypes.Array[ctypes.c_char], ctypes.c_size_t]:
    size = ctypes.c_size_t()
    assert function(*arguments, ctypes.byref(size)) == 0
    return ctypes.create_string_buffer(size.value), size


def read_again(library: ctypes.CDLL, payload: int) -> int:
    """The payload that the detector reads after the embedder has written this one."""
    noise = random.Random(1).choices(range(64, 192), k=WIDTH * HEIGHT * 3)
    pixels = (ctypes.c_uint8 * len(noise))(*noise)
    data = ctypes.cast(pixels, ctypes.c_void_p)
    image = ctypes.byref(Image(ctypes.sizeof(Image), WIDTH, HEIGHT, RGB8, data, WIDTH * 3))
    library.cmk_default_key.restype = ctypes.c_void_p
    key = ctypes.c_void_p(library.cmk_default_key())
    number, strength = ctypes.c_uint64(payload), ctypes.c_float(1.0)
    memory = scratch(library.cmk_watermark_embed_scratch_size, image)
    assert library.cmk_watermark_embed(image, image, number, key, strength, *memory) == 0
    memory = scratch(library.cmk_watermark_detect_scratch_size, image, ALIGNED)
    found = Detection(struct_size=ctypes.sizeof(Detection))
    assert library.cmk_watermark_detect(image, key, ALIGNED, *memory, ctypes.byref(found)) == 0
    return found.payload


def pilot_components(library: ctypes.CDLL) -> int:
    """How many components carry none of the 400 coded bits, and a sign each."""
    library.cmk_default_key.restype = ctypes.c_void_p
    library.cmk_band_coefficients.restype = ctypes.c_size_t
    components = (ctypes.c_int16 * 2 * (2 * library.cmk_band_coefficients()))()
    key = ctypes.c_void_p(library.cmk_default_key())
    assert library.cmk_watermark_layout(key, components) == 0
    assert all(sign in (-1, 1) for _, sign in components)
    return sum(bit == CODED_BITS for bit, _ in components)


def tile_begins(library: ctypes.CDLL, payload: int) -> list[tuple[int, int]]:
    """Where the tile of each variant of a payload begins."""
    words = (Word * library.cmk_variants())()
    key = ctypes.c_void_p(library.cmk_default_key())
    assert library.cmk_watermark_words(ctypes.c_uint64(payload), key, words) == 0
    return [(word.origin_x, word.origin_y) for word in words]


def marked_frames(library: ctypes.CDLL, payload: int) -> int:
    """How many frames of a second of noise come out marked."""
    noise = random.Random(1).choices(range(-3000, 3000), k=RATE)
    frames, before = (ctypes.c_int16 * RATE)(*noise), (ctypes.c_int16 * RATE)(*noise)
    sound = ctypes.byref(Sound(ctypes.sizeof(Sound), RATE, 1, INT16))
    library.cmk_default_key.restype = ctypes.c_void_p
    key = ctypes.c_void_p(library.cmk_default_key())
    memory, size = scratch(library.cmk_audio_embedder_size, sound, LOW_LATENCY)
    settings = ctypes.c_uint64(payload), key, ctypes.c_float(1.0)
    assert library.cmk_audio_embedder_init(memory, size, sound, LOW_LATENCY, *settings) == 0
    count, rest = ctypes.c_size_t(), ctypes.c_size_t()
    length = ctypes.c_size_t(RATE)
    push, finish = library.cmk_audio_embedder_push, library.cmk_audio_embedder_finish
    assert push(memory, frames, length, frames, ctypes.byref(count)) == 0
    last = ctypes.byref(frames, count.value * ctypes.sizeof(ctypes.c_int16))
    left = ctypes.c_size_t(RATE - count.value)
    assert finish(memory, last, left, ctypes.byref(rest)) == 0
    assert list(frames) != list(before)
    return count.value + rest.value


def read_in_a_text(library: ctypes.CDLL, payload: int) -> int:
    """The payload that is read in a text, each token of which had the least draw of a hundred."""
    library.cmk_default_key.restype = ctypes.c_void_p
    key = ctypes.c_void_p(library.cmk_default_key())
    text, seed, draws = [1, 2, 3], (ctypes.c_uint32 * 4)(), (ctypes.c_uint32 * 100)()
    for _ in range(60):
        context = (ctypes.c_uint32 * 3)(*text[-3:])
        number = ctypes.c_uint16(payload)
        assert library.cmk_text_seed(key, context, number, ctypes.c_uint8(3), seed) == 0
        assert library.cmk_text_draws(seed, ctypes.c_size_t(len(draws)), draws) == 0
        text.append(min(range(len(draws)), key=list(draws).__getitem__))
    count, tokens = ctypes.c_size_t(len(text)), (ctypes.c_uint32 * len(text))(*text)
    memory = scratch(library.cmk_text_detect_scratch_size, count)
    found = TextDetection(struct_size=ctypes.sizeof(TextDetection))
    detect = library.cmk_text_detect
    assert detect(tokens, count, key, *memory, ctypes.byref(found)) == 0
    assert found.false_positive_rate < 1e-20
    return found.payload


def extension_module(folder: Path) -> ModuleType:
    [file] = [
        candidate
        for suffix in importlib.machinery.EXTENSION_SUFFIXES
        if (candidate := folder / f"_core{suffix}").exists()
    ]
    spec = importlib.util.spec_from_file_location("_core", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    folder = package()
    file = folder / NAMES.get(sys.platform, "libcountermark.so")
    assert file.stat().st_size <= LIBRARY_BYTES_MAX
    library = ctypes.CDLL(str(file))
    library.cmk_version_string.restype = ctypes.c_char_p
    module = extension_module(folder)
    assert module.version() == library.cmk_version_string().decode()
    assert read_again(library, 2026) == 2026
    assert pilot_components(library) == PILOT_COMPONENTS
    assert tile_begins(library, 0x0123456789ABCDEF)[5] == (24, 32)  # docs/watermark.md, section 10
    assert marked_frames(library, 2026) == RATE
    assert read_in_a_text(library, 2026) == 2026
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        assert not sys._is_gil_enabled(), "the extension module switched the GIL on"
    print(f"countermark {module.version()} ({module.target_name()}) in {folder}")


if __name__ == "__main__":
    main()
