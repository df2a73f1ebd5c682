"""The log of a home folder as it is given away: its key, and checkpoints that never go back.

>>> import tempfile
>>> from countermark import keys
>>> from countermark.registry import Registry
>>> from countermark.registry.log import Checkpoint
>>> with tempfile.TemporaryDirectory() as folder:
...     home = keys.create_home(folder + "/home")
...     key = note_key(home)
...     with Registry.open(home.registry_path) as registry:
...         signed = sign_checkpoint(home, registry, key)
...     Checkpoint.open(signed, key.verifier).size
0
"""

from __future__ import annotations

import hashlib

from countermark import files, keys
from countermark.errors import InvalidProof
from countermark.keys import Home
from countermark.registry import Registry
from countermark.registry.log import Checkpoint, NoteKey


def note_key(home: Home, passphrase: str | None = None) -> NoteKey:
    """The key of the home's log; its name comes from it, so that no two logs have the same.

    Raises as `keys.log_key`.
    """
    private = keys.log_key(home, passphrase)
    digest = hashlib.sha256(private.public_key().public_bytes_raw()).hexdigest()
    return NoteKey(f"countermark/{digest[:16]}", private)


def sign_checkpoint(home: Home, registry: Registry, key: NoteKey) -> str:
    """A new checkpoint, after the log was held to the one that the home remembers.

    Raises `InvalidProof` when the log was rolled back, forked or changed: a checkpoint of it
    would contradict what others have seen. `InvalidCheckpoint`, `DestinationNotWritable`.
    """
    former = remembered(home, key)
    if former is not None:
        try:
            registry.log.check_past(former)
        except InvalidProof as error:
            raise InvalidProof(
                error.problem,
                remedy=f"{error.remedy} If nothing of it is left, remove "
                f"{str(home.log_checkpoint_path)!r} and tell those who rely on the log.",
            ) from error
    signed = registry.log.checkpoint(key)
    with files.replacing(home.log_checkpoint_path, signed.encode()) as put:
        put()
    return signed


def remembered(home: Home, key: NoteKey) -> Checkpoint | None:
    """The latest checkpoint that was signed here, as the home remembers it; None before that.

    Raises `InvalidCheckpoint` when it is damaged or another key's.
    """
    if not home.log_checkpoint_path.is_file():
        return None
    text = files.load(home.log_checkpoint_path).decode("utf-8", "replace")
    return Checkpoint.open(text, key.verifier)
