"""Files that are named by their SHA-256: given as that, or as the file itself."""

from __future__ import annotations

import re
from typing import Final

from countermark import files
from countermark.errors import SourceNotFound

_DIGEST: Final = re.compile("[0-9a-fA-F]{64}")


def digest_of(named: str) -> bytes:
    """The SHA-256 in 64 hexadecimal digits, or of the file at a path, however large that is.

    >>> digest_of("00" * 32) == bytes(32)
    True

    Raises `SourceNotFound` for what is neither.
    """
    if _DIGEST.fullmatch(named):
        return bytes.fromhex(named)
    try:
        return files.sha256(named)
    except SourceNotFound as error:
        raise SourceNotFound(
            f"{named!r:.200} is neither a file that can be read nor a SHA-256.",
            remedy="Name a file, or give 64 hexadecimal digits.",
        ) from error
