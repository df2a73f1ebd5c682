"""What every text, time and digest in a record has to be.

Texts are kept as they are given, code point for code point: a statement that is signed is not
rewritten, and Unicode's normal form C would change characters in Chinese and Japanese names.

Source: RFC 8785, section 3.1 (strings are not normalised); Unicode Standard Annex 15.
"""

from __future__ import annotations

import unicodedata
from datetime import datetime, timezone
from typing import Final

from countermark.errors import InvalidRecord

MAX_TEXT_LENGTH: Final = 1024
"""Characters allowed in one text; every statement is a name or a title, none is a document."""

DIGEST_BYTES: Final = 32
REMEDY: Final = "Correct the record and try again."


def check_text(what: str, text: object) -> None:
    """Raises `InvalidRecord` for anything but a line of text; `what` is the subject of that."""
    if not isinstance(text, str):
        raise InvalidRecord(f"{what} is {_kind(text)}, not a text.", remedy=REMEDY)
    if not text.strip():
        raise InvalidRecord(f"{what} is empty.", remedy="Leave it out instead, or state it.")
    if len(text) > MAX_TEXT_LENGTH:
        raise InvalidRecord(
            f"{what} has {len(text):,} characters.",
            remedy=f"Shorten it to at most {MAX_TEXT_LENGTH:,}.",
        )
    # Cc would break lines in reports and XML, Cs cannot be written as UTF-8.
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        raise InvalidRecord(
            f"{what} holds control characters.", remedy="State it as plain text on one line."
        )


def check_kind(what: str, value: object, kind: type, *, remedy: str) -> None:
    """Raises `InvalidRecord` for anything but a value of that type.

    Without the value: it may be the account that a Subject would have hidden.
    """
    if not isinstance(value, kind):
        raise InvalidRecord(
            f"{what} is {_kind(value)}, not of the type {kind.__name__}.", remedy=remedy
        )


def check_time(what: str, time: object) -> None:
    """Raises `InvalidRecord` for anything but a time that can be told in UTC."""
    if not isinstance(time, datetime):
        raise InvalidRecord(f"{what} is {_kind(time)}, not a datetime.", remedy=REMEDY)
    if time.utcoffset() is None:
        raise InvalidRecord(
            f"{what} has no time zone.",
            remedy="State one, for example datetime.now(timezone.utc).",
        )
    try:
        time.astimezone(timezone.utc)
    except OverflowError as error:
        raise InvalidRecord(f"{what} is in no year from 1 to 9999.", remedy=REMEDY) from error


def check_digest(what: str, digest: object) -> None:
    """Raises `InvalidRecord` for anything but the 32 bytes of a SHA-256."""
    if not isinstance(digest, bytes) or len(digest) != DIGEST_BYTES:
        raise InvalidRecord(
            f"{what} is not the {DIGEST_BYTES} bytes of a SHA-256.",
            remedy="Give hashlib.sha256(content).digest().",
        )


def _kind(value: object) -> str:
    return "missing" if value is None else f"of the type {type(value).__name__}"
