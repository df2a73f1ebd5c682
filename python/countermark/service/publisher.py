"""Checkpoints of a running service: signed as the log grows, or those that were signed elsewhere.

The process that listens holds the log's key, which signs checkpoints and nothing else; keys that
sign claims are with the workers that mark.
"""

from __future__ import annotations

import os
import threading
import time
from typing import Final

from starlette.exceptions import HTTPException

from countermark.errors import CountermarkError
from countermark.keys import Home
from countermark.publishing import note_key, sign_checkpoint
from countermark.registry.log import Checkpoint, NoteKey
from countermark.service.observing import LOGGER
from countermark.service.repository import Repository

EVERY_SECONDS: Final = 10.0
"""At most one checkpoint in that time, unless a leaf has to be proven that none covers yet."""


class Publisher:
    """Gives the log's checkpoints; for threads that may wait."""

    def __init__(self, home: Home, repository: Repository) -> None:
        self._home = home
        self._repository = repository
        self._signing = threading.Lock()
        self._signed_at = 0.0
        self.key = _key(home)

    def checkpoint(self, *, covering: int = 0) -> str:
        """A signed checkpoint, recent or with at least that many leaves.

        Raises an `HTTPException` 404 when there is none, because the log is empty or its key is
        not open here; `InvalidProof` when the log was rolled back; `RegistryError`.
        """
        log = self._repository.keeper.log
        with self._signing:
            latest = log.latest_checkpoint()
            size = -1 if latest is None else Checkpoint.in_note(latest).size
            if self.key is not None and self._is_due(size, max(covering, 1), log.size):
                latest = sign_checkpoint(self._home, self._repository.keeper, self.key)
                size = Checkpoint.in_note(latest).size
                self._signed_at = time.monotonic()
        if latest is None or size < covering:
            raise HTTPException(404, "The log has no checkpoint that covers this yet.")
        return latest

    def open(self, signed: str) -> Checkpoint:
        """The checkpoint in a note, when it is one of this log as it is.

        Raises `InvalidCheckpoint` when another key signed it, `InvalidProof` when this log has
        another past.
        """
        found = (
            Checkpoint.in_note(signed)
            if self.key is None
            else Checkpoint.open(signed, self.key.verifier)
        )
        self._repository.keeper.log.check_past(found)
        return found

    def _is_due(self, signed: int, wanted: int, now: int) -> bool:
        if now < wanted or now == signed:
            return False
        return signed < wanted or time.monotonic() - self._signed_at >= EVERY_SECONDS


def _key(home: Home) -> NoteKey | None:
    """None when it does not open; the service then gives out what the command line signs."""
    try:
        return note_key(home, os.environ.get("COUNTERMARK_PASSPHRASE") or None)
    except CountermarkError as error:
        LOGGER.warning("no checkpoints of the log are signed here: %s", error.problem)
        return None
