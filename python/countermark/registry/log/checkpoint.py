"""Checkpoints: the size and the root of a log at one moment, as a signed note.

>>> from countermark.registry.log.note import NoteKey
>>> key = NoteKey.generate("example.org/log")
>>> signed = Checkpoint("example.org/log", 2, bytes(32)).signed(key)
>>> Checkpoint.open(signed, key.verifier).size
2

Source: C2SP tlog-checkpoint.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from countermark.errors import InvalidCheckpoint
from countermark.registry.log import note
from countermark.registry.log.note import NoteKey, NoteVerifier


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`origin`: which log; `size`: in leaves; `root`: SHA-256 over them as a Merkle tree."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    def signed(self, key: NoteKey) -> str:
        """As a note that the log's key has signed."""
        return note.sign(self.text, key)

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """The checkpoint in the text of a note; lines after the third are passed over.

        Raises `InvalidCheckpoint`.
        """
        lines = text.split("\n")
        try:
            origin, size, root = lines[0], lines[1], note.decoded(lines[2])
        except (IndexError, ValueError) as error:
            raise _malformed() from error
        canonical = size.isascii() and size.isdigit() and (size == "0" or size[0] != "0")
        if not origin or not canonical or len(size) > 19 or len(root) != 32:
            raise _malformed()
        return cls(origin, int(size), root)

    @classmethod
    def in_note(cls, signed: str) -> Checkpoint:
        """The checkpoint in a note, whoever has signed it; raises `InvalidCheckpoint`."""
        return cls.parse(note.parse(signed).text)

    @classmethod
    def open(
        cls, signed: str, verifier: NoteVerifier, *, witnesses: Sequence[NoteVerifier] = ()
    ) -> Checkpoint:
        """The checkpoint in a note, when the log's key and all of the witnesses have signed it.

        Raises `InvalidCheckpoint` when one did not, or the note is another log's.
        """
        opened = note.parse(signed)
        for witness in witnesses:
            if opened.cosigned_at(witness) is None:
                raise InvalidCheckpoint(
                    f"The checkpoint is not cosigned by {witness.name!r:.80}.",
                    remedy="Ask for one that is, or do without this witness.",
                )
        if opened.signed_by(verifier) is None:
            raise InvalidCheckpoint(
                f"The checkpoint is not signed by the key of {verifier.name!r:.80}.",
                remedy="Check the public key of the log, or get the checkpoint again.",
            )
        found = cls.parse(opened.text)
        if found.origin != verifier.name:
            raise InvalidCheckpoint(
                f"The checkpoint is one of the log {found.origin!r:.80}.",
                remedy="Ask for that of the right log.",
            )
        return found


def _malformed() -> InvalidCheckpoint:
    return InvalidCheckpoint(
        "This is not the checkpoint of a log.", remedy="Get it again, unchanged and whole."
    )
