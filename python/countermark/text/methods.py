"""Where a manifest goes in a text of which kind.

>>> default_method("text/x-python", b"print(1)"), default_method("text/plain", b"A lake.")
('structured', 'unstructured')

Source: C2PA 2.4, appendices A.7 to A.9.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from countermark.credentials.containers.texts import Kind

Method: TypeAlias = Kind

_SLASHES: Final = ("//", "")
_HASH: Final = ("#", "")
_MARKUP: Final = ("<!--", "-->")
COMMENTS: Final = {
    "application/toml": _HASH,
    "application/xml": _MARKUP,
    "application/yaml": _HASH,
    "text/css": ("/*", "*/"),
    "text/javascript": _SLASHES,
    "text/markdown": _MARKUP,
    "text/x-c": _SLASHES,
    "text/x-go": _SLASHES,
    "text/x-java": _SLASHES,
    "text/x-python": _HASH,
    "text/x-rust": _SLASHES,
    "text/x-shellscript": _HASH,
    "text/x-sql": ("--", ""),
    "text/x-swift": _SLASHES,
    "text/x-tex": ("%", ""),
}
"""How comments begin and end in texts of each media type."""

_LOOSE: Final = ("text/plain", "text/markdown", "text/csv")
"""In which more characters at the end are no error."""

_HEAD_END: Final = b"</head>"
_RESERVED: Final = re.compile(
    rb"\xef\xbb\xbf|#!|<\?|---\s|\+\+\+\s|@charset|# syntax=|<!doctype", re.IGNORECASE
)
"""How first lines begin that must stay where they are."""


def default_method(media_type: str, text: bytes) -> Method | None:
    """The method that is usual for such a text; None where there is none.

    JSON has neither comments nor anything that may follow it.

    >>> default_method("text/html", b"<p>A lake"), default_method("application/json", b"{}")
    (None, None)
    """
    if media_type == "text/html":
        return "html" if _HEAD_END in text else None
    if media_type in COMMENTS:
        return "structured"
    return "unstructured" if media_type in _LOOSE else None


def is_possible(method: Method, media_type: str, text: bytes) -> bool:
    """Whether such a text has a place for a manifest by that method.

    >>> is_possible("unstructured", "text/markdown", b"# A lake"), is_possible(
    ...     "unstructured", "text/x-python", b"print(1)"
    ... )
    (True, False)
    """
    if method == "html":
        return media_type == "text/html" and _HEAD_END in text
    if method == "structured":
        return media_type in COMMENTS
    # At the beginning of a file the mark of a wrapper would pass for that of its encoding.
    return media_type in _LOOSE and text not in (b"", b"\xef\xbb\xbf")


def first_is_reserved(text: bytes) -> bool:
    """Whether the first line of a text has a meaning where it is.

    >>> first_is_reserved(b"#!/bin/sh\\necho 1"), first_is_reserved(b"echo 1")
    (True, False)
    """
    return _RESERVED.match(text) is not None
