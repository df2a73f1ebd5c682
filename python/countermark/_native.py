"""The C library as it stands in countermark.h, for whoever needs it without the extension module.

>>> ffi.string(library.cmk_version_string()).decode() == _core.version()
True
"""

import re
import sys
from pathlib import Path

import cffi

from countermark import _core

__all__ = ["declarations", "ffi", "library"]

_NAMES = {"win32": "countermark.dll", "darwin": "libcountermark.dylib"}

# The header and the library lie beside the module; an editable installation has the Python files
# elsewhere.
_FOLDER = Path(_core.__file__).parent


def declarations() -> str:
    """Gives the header without comments and preprocessor lines, as cffi reads it."""
    text = (_FOLDER / "include/countermark/countermark.h").read_text(encoding="utf-8")
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"\bCMK_(API|MUST_USE)\b", "", text)
    return re.sub(r'extern "C" \{(.*)\}', r"\1", text, flags=re.DOTALL)


ffi = cffi.FFI()
ffi.cdef(declarations())
library = ffi.dlopen(str(_FOLDER / _NAMES.get(sys.platform, "libcountermark.so")))
