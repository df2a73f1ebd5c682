"""IDs of 32 bytes that people name by their first digits."""

from __future__ import annotations

from typing import Final

from countermark.errors import InvalidArgument
from countermark.registry.key_use import DIGEST_BYTES

_FEWEST_DIGITS: Final = 4


def id_range(start: str) -> tuple[bytes, bytes]:
    """The first and the last ID that begin so.

    >>> first, last = id_range("abcd")
    >>> first.hex()[:6], last.hex()[:6]
    ('abcd00', 'abcdff')

    Raises `InvalidArgument` for what is no hexadecimal start of 4 digits or more.
    """
    most = 2 * DIGEST_BYTES
    try:
        if not _FEWEST_DIGITS <= len(start) <= most:
            raise ValueError("too short or too long")
        return bytes.fromhex(start.ljust(most, "0")), bytes.fromhex(start.ljust(most, "f"))
    except ValueError as error:
        raise InvalidArgument(
            f"{start!r:.40} is not the start of an ID.",
            remedy=f"Give {_FEWEST_DIGITS} to {most} hexadecimal digits.",
        ) from error
