"""A personal record as it stands in its row: encrypted, and bound to what stands beside it.

>>> row = (bytes(16), "personal", None, 1_800_000_000)
>>> secret, salt = new_key(), bytes(32)
>>> sealed = seal(secret, salt, encode({"prompt": "a cup"}), row, 5)
>>> unseal((*row, 5, sealed), secret).values
{'prompt': 'a cup'}

Source: NIST SP 800-38D (AES-GCM); RFC 8785.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Final

import rfc8785
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from countermark.errors import InvalidArgument, UnreadableRegistry
from countermark.registry.database import Row
from countermark.registry.log import leaf

_KEY_BITS: Final = 256
_NONCE_BYTES: Final = 12
_MAX_BYTES: Final = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalRecord:
    """What is kept about a person.

    `id`: 32 hexadecimal digits, public. `retention_class`: how long it is kept. `payload`: of the
    picture that it belongs to. `since`: when it arose. `position`: of its leaf in the log.
    `salt`, `content`: what the commitment in that leaf is over.
    """

    id: str
    retention_class: str
    payload: int | None
    since: datetime
    position: int
    salt: bytes = field(repr=False)
    content: bytes = field(repr=False)

    @property
    def values(self) -> dict[str, Any]:
        """What was given to `keep`."""
        return dict(json.loads(self.content))


def new_key() -> bytes:
    """A key for one record."""
    return AESGCM.generate_key(_KEY_BITS)


def seal(secret: bytes, salt: bytes, content: bytes, row: Sequence[Any], position: int) -> bytes:
    """Salt and content, encrypted, for the row that begins with ID, class, payload and time."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(secret).encrypt(nonce, salt + content, _bound(row, position))


def unseal(row: Row, secret: bytes) -> PersonalRecord:
    """The record in a row; raises `UnreadableRegistry` when it is not what was written there."""
    record, retention_class, payload, since, position, sealed = row
    sealed = bytes(sealed)
    try:
        plain = AESGCM(secret).decrypt(
            sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _bound(row[:4], position)
        )
    except (InvalidTag, ValueError, TypeError, OverflowError, OSError) as error:
        raise UnreadableRegistry(
            f"The record {bytes(record).hex()} is damaged, or was changed.",
            remedy="Restore a backup.",
        ) from error
    return PersonalRecord(
        id=bytes(record).hex(),
        retention_class=retention_class,
        payload=None if payload is None else int.from_bytes(payload, "big"),
        since=from_seconds(since),
        position=position,
        salt=plain[: leaf.SALT_BYTES],
        content=plain[leaf.SALT_BYTES :],
    )


def members(row: Sequence[Any]) -> dict[str, str]:
    """What leaves say of a record: nothing that is in it."""
    record, retention_class, payload, since = row[:4]
    stated = {
        "record": bytes(record).hex(),
        "class": str(retention_class),
        "since": from_seconds(since).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    if payload is not None:
        stated["payload"] = bytes(payload).hex()
    return stated


def encode(values: Mapping[str, Any]) -> bytes:
    """The values in their one form; raises `InvalidArgument` when they cannot be kept."""
    try:
        is_object = isinstance(values, Mapping) and len(values) > 0
        content = bytes(rfc8785.dumps(dict(values))) if is_object else b""
    except (ValueError, TypeError, RecursionError):  # CanonicalizationError is the first
        content = b""
    if not 0 < len(content) <= _MAX_BYTES:
        raise InvalidArgument(  # without the cause, which might show what is in it
            "This cannot be kept as a personal record.",
            remedy=f"Give an object of strings, numbers and lists, at most {_MAX_BYTES} bytes.",
        )
    return content


def to_seconds(at: datetime) -> int:
    """The time as it stands in a row."""
    return int(at.timestamp())


def from_seconds(seconds: int) -> datetime:
    """The time in a row."""
    return datetime.fromtimestamp(seconds, timezone.utc)


def _bound(row: Sequence[Any], position: int) -> bytes:
    """What the ciphertext is bound to: put elsewhere, it does not open."""
    return bytes(rfc8785.dumps({**members(row), "position": position}))
