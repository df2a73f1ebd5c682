"""Marks and reads a picture with the C library of an installed wheel, and asks its module.

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
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        assert not sys._is_gil_enabled(), "the extension module switched the GIL on"
    print(f"countermark {module.version()} ({module.target_name()}) in {folder}")


if __name__ == "__main__":
    main()
