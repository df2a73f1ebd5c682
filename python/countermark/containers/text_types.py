"""Texts, which do not show by themselves what they are: by their names."""

from __future__ import annotations

from pathlib import PurePath
from typing import Final

MAX_TEXT_BYTES: Final = 1 << 26
"""Of a text that is looked through for a manifest: it is held in memory."""

_NAMES: Final = {
    "application/json": ("json",),
    "application/toml": ("toml",),
    "application/xml": ("xml",),
    "application/yaml": ("yaml", "yml"),
    "text/css": ("css",),
    "text/csv": ("csv",),
    "text/html": ("html", "htm"),
    "text/javascript": ("js", "mjs", "ts"),
    "text/markdown": ("md", "markdown"),
    "text/plain": ("txt", "text"),
    "text/x-c": ("c", "h", "cc", "cpp", "hpp"),
    "text/x-go": ("go",),
    "text/x-java": ("java", "kt"),
    "text/x-python": ("py", "pyi"),
    "text/x-rust": ("rs",),
    "text/x-shellscript": ("sh", "bash"),
    "text/x-sql": ("sql",),
    "text/x-swift": ("swift",),
    "text/x-tex": ("tex",),
}
_BY_SUFFIX: Final = {f".{suffix}": name for name, all_ in _NAMES.items() for suffix in all_}

TEXT_TYPES: Final = frozenset(_NAMES)
"""The media types of texts that a manifest is put in."""


def text_type(name: str | PurePath) -> str | None:
    """The media type of a text with that file name; None for other names.

    >>> text_type("README.md"), text_type("photo.jpg")
    ('text/markdown', None)
    """
    return _BY_SUFFIX.get(PurePath(name).suffix.lower())
