"""What a log holds: one canonical JSON object for each event, and nothing about a person.

A leaf is public and stays for ever. So it holds no prompt, no file name, no address and no
picture; what may have to be erased, or would give a likeness away, stands in it as a commitment:
a hash over a secret salt and the value, which shows nothing until both are laid open.

>>> encode("deleted", "2026-01-02T03:04:05Z", {"payload": "00000000000000ff"})
b'{"at":"2026-01-02T03:04:05Z","kind":"deleted","payload":"00000000000000ff","schema":1}'

Source: RFC 8785.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any, Final

import rfc8785

from countermark.errors import InvalidArgument
from countermark.registry.log.tiles import MAX_LEAF_BYTES

SCHEMA: Final = 1
"""Of the leaves; a change of what their members mean raises it."""

SALT_BYTES: Final = 32


def encode(kind: str, at: str, members: Mapping[str, str | int]) -> bytes:
    """The leaf of an event of that kind, which was at that time in UTC.

    Raises `InvalidArgument` when it is too long for a log, or a member is no string or number.
    """
    stated = {**members, "schema": SCHEMA, "kind": kind, "at": at}
    try:
        if any(type(value) not in (str, int) for value in stated.values()):
            raise ValueError("neither a string nor a whole number")
        content = bytes(rfc8785.dumps(stated))
    except ValueError as error:  # CanonicalizationError is one
        raise InvalidArgument(
            f"A log entry cannot hold this ({error}).",
            remedy="Use strings and whole numbers below 2^53.",
        ) from error
    if len(content) > MAX_LEAF_BYTES:
        raise InvalidArgument(
            f"A log entry of {len(content)} bytes is too long.",
            remedy=f"Use at most {MAX_LEAF_BYTES} bytes.",
        )
    return content


def decode(leaf: bytes) -> dict[str, Any]:
    """The members of a leaf.

    Raises `InvalidArgument` for anything that `encode` would not write.
    """
    try:
        members = json.loads(leaf)
        canonical = isinstance(members, dict) and rfc8785.dumps(members) == leaf
    except (ValueError, RecursionError):  # CanonicalizationError is a ValueError
        canonical = False
    if not canonical:
        raise InvalidArgument(
            "The log entry is not canonical JSON.", remedy="Get it again, unchanged."
        )
    return dict(members)


def new_salt() -> bytes:
    """A secret for one commitment; it is never used for another."""
    return secrets.token_bytes(SALT_BYTES)


def commitment(salt: bytes, value: bytes) -> str:
    """What a leaf says of a value: SHA-256 over salt and value, hexadecimal.

    >>> commitment(bytes(32), b"value")[:16]
    'df97c47b8acbf86f'
    """
    if len(salt) != SALT_BYTES:  # another length would let two pairs have one commitment
        raise InvalidArgument(
            f"The salt has {len(salt)} bytes.", remedy=f"Use {SALT_BYTES} random bytes."
        )
    return hashlib.sha256(salt + value).hexdigest()
