"""Rows that are written with a leaf of the log, and held to it whenever they are read."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Final

import rfc8785

from countermark.errors import InvalidArgument, InvalidProof, UnreadableRegistry
from countermark.registry.database import Database
from countermark.registry.duties.tables import FIRST_VERSION
from countermark.registry.key_use import DIGEST_BYTES, utc
from countermark.registry.log import journal, leaf

_LONGEST_TEXT: Final = 256
_NOT_COMPARED: Final = ("schema", "kind", "at")
_TIME: Final = "%Y-%m-%dT%H:%M:%S.%fZ"


class LoggedRows:
    """The rows of one table; threads take turns. `_NAME`: what one of them is."""

    _NAME: str

    def __init__(self, database: Database, lock: threading.RLock) -> None:
        self._database = database
        self._lock = lock

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """A transaction, or the one that is open, as in the body of `Registry.adding`."""
        with self._lock:
            self._database.prepare()
            if self._database.in_transaction():
                yield
                return
            with self._database.writing():
                yield

    @contextmanager
    def _reading(self) -> Iterator[bool]:
        """One state of the database; whether it has the table."""
        with self._lock:
            if self._database.version() < FIRST_VERSION:
                yield False
                return
            with self._database.reading():
                yield True

    def _tell(self, kind: str, members: Mapping[str, str | int], at: datetime) -> int:
        """Append a leaf; its position."""
        return journal.append(self._database, [leaf.encode(kind, utc(at), members)])

    def _since(self, position: int, kind: str, members: Mapping[str, str | int]) -> datetime:
        """When the leaf at that position told this; raises `UnreadableRegistry` if it did not."""
        try:
            told = leaf.decode(journal.leaf(self._database, position))
        except InvalidProof as error:  # there is no such leaf
            raise self._damaged() from error
        stated = {name: told[name] for name in told if name not in _NOT_COMPARED}
        if told["kind"] != kind or stated != members:
            raise self._damaged()
        return parse_time(told["at"])

    def _damaged(self) -> UnreadableRegistry:
        return UnreadableRegistry(
            f"The registry holds a damaged {self._NAME}.", remedy="Restore a backup."
        )


def canonical(members: Mapping[str, str | None]) -> str:
    """What a commitment is over: JSON in its canonical form, without members that are None.

    Source: RFC 8785.
    """
    stated = {name: value for name, value in members.items() if value is not None}
    return bytes(rfc8785.dumps(stated)).decode()


def check_text(what: str, text: str, longest: int = _LONGEST_TEXT) -> None:
    """Raises `InvalidArgument` unless it is one line of text that can be shown."""
    if not (0 < len(text) <= longest and text.isprintable()):
        raise InvalidArgument(
            f"The {what} is empty, too long or not printable.",
            remedy=f"Use one line of at most {longest} characters.",
        )


def check_sha256(what: str, digest: bytes) -> None:
    """Raises `InvalidArgument` unless it has 32 bytes."""
    if len(digest) != DIGEST_BYTES:
        raise InvalidArgument(
            f"The SHA-256 of the {what} does not have {DIGEST_BYTES} bytes.",
            remedy="Give the digest itself, not its hexadecimal form.",
        )


def check_at(at: datetime) -> datetime:
    """The time in UTC; raises `InvalidArgument` when it has no zone."""
    if at.utcoffset() is None:
        raise InvalidArgument("The time has no time zone.", remedy="State one, such as UTC.")
    return at.astimezone(timezone.utc)


def parse_time(text: str) -> datetime:
    """The time in a row or leaf."""
    return datetime.strptime(text, _TIME).replace(tzinfo=timezone.utc)
