"""Files that are named by their SHA-256: given as that, or as the file itself."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Final

from countermark.errors import SourceNotFound

_DIGEST: Final = re.compile("[0-9a-fA-F]{64}")
_PIECE: Final = 1 << 20


def digest_of(named: str) -> bytes:
    """The SHA-256 in 64 hexadecimal digits, or of the file at a path, however large that is.

    >>> digest_of("00" * 32) == bytes(32)
    True

    Raises `SourceNotFound` for what is neither.
    """
    if _DIGEST.fullmatch(named):
        return bytes.fromhex(named)
    digest = hashlib.sha256()
    try:
        with Path(named).open("rb") as file:
            for piece in iter(lambda: file.read(_PIECE), b""):
                digest.update(piece)
    except (OSError, ValueError) as error:
        raise SourceNotFound(
            f"{named!r:.200} is neither a file that can be read nor a SHA-256.",
            remedy="Name a file, or give 64 hexadecimal digits.",
        ) from error
    return digest.digest()
