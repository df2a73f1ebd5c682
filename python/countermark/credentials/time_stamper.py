"""What proves when a signature was made: anything that turns bytes into a time-stamp token."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class TimeStamper(Protocol):
    """Access to a time-stamping authority, such as `countermark.keys.TimestampAuthority`.

    >>> class Remote:
    ...     def stamp(self, message: bytes) -> bytes:
    ...         return b"a TimeStampToken in DER"
    >>> isinstance(Remote(), TimeStamper)
    True

    `stamp`: a TimeStampToken (RFC 3161) in DER over a hash of the message. It raises
    `TimestampFailed` when there is none to be had; then signing goes on without.

    Source: C2PA 2.2, section 10.3.2.5.
    """

    def stamp(self, message: bytes, /) -> bytes:
        """The token over `message`."""
