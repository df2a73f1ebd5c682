"""Who asked for a file, or is shown in it, without saying who that is."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Any, Final

from countermark.errors import InvalidRecord
from countermark.record.members import opened, parse_digest
from countermark.record.texts import check_digest

MIN_KEY_BYTES: Final = 32

_WHAT: Final = "The subject"
_HASH: Final = "The subject's hash"
_CONTEXT: Final = "countermark subject"
_PERIOD: Final = re.compile("[0-9A-Za-z][0-9A-Za-z._-]{0,31}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A verified account of the host, as a hash that only the host can lead back to it.

    >>> import secrets
    >>> key = secrets.token_bytes(32)  # kept by the host, another one for each period
    >>> subject = Subject.of("account 4711", key=key, period="2026-11")
    >>> subject == Subject.of("account 4711", key=key, period="2026-11")
    True
    >>> subject == Subject.of("account 4711", key=key, period="2026-12")
    False

    The account is not in it, in no form that can be tried out without the key: whoever destroys
    the key of a period has cut the hashes of that period off from the accounts.

    `hash`: 32 bytes. `period`: the name of the key's period, such as 2026-11.

    Raises `InvalidRecord`.

    Source: Deep Synthesis Provisions, Art. 9 (real identity is verified by the host); RFC 2104.
    """

    hash: bytes
    period: str

    def __post_init__(self) -> None:
        check_digest(_HASH, self.hash)
        _check_period(self.period)

    @classmethod
    def of(cls, account: str, *, key: bytes, period: str) -> Subject:
        """The hash of an account: HMAC-SHA-256 under the key of the period.

        Example: see the class.

        `account`: the host's own name of it, always in the same form. `key`: 32 bytes or more,
        of that period only.

        Raises `InvalidRecord`, which never repeats the account or the key.
        """
        _check_period(period)
        if not isinstance(account, str) or not account.strip():
            raise InvalidRecord(
                "The account of the subject is no text, or empty.",
                remedy="Give the host's name of a verified account.",
            )
        if not isinstance(key, bytes) or len(key) < MIN_KEY_BYTES:
            raise InvalidRecord(
                f"The key of the subject is not {MIN_KEY_BYTES} bytes or more.",
                remedy=f"Make one for each period, by secrets.token_bytes({MIN_KEY_BYTES}).",
            )
        # No part can run into the next: neither context nor period holds a NUL.
        message = "\0".join((_CONTEXT, period, account)).encode("utf-8", "surrogatepass")
        return cls(hash=hmac.digest(key, message, hashlib.sha256), period=period)

    def members(self) -> dict[str, Any]:
        """The subject for JSON."""
        return {"hash": self.hash.hex(), "period": self.period}

    @classmethod
    def parse(cls, value: object) -> Subject:
        """The subject that `members` wrote; raises `InvalidRecord`."""
        members = opened(_WHAT, value, ("hash", "period"))
        digest = parse_digest(_HASH, members.get("hash"))
        return cls(**{"period": None, **members, "hash": digest})


def _check_period(period: object) -> None:
    if not isinstance(period, str) or not _PERIOD.fullmatch(period):
        raise InvalidRecord(
            f"The period of the subject is {period!r:.60}.",
            remedy="Name it in at most 32 letters and digits, such as 2026-11.",
        )
