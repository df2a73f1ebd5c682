"""A proof of inclusion as one text: leaf, position, hashes and checkpoint, to be checked offline.

>>> from countermark.registry.log import NoteKey
>>> key = NoteKey.generate("example.org/log")
>>> signed = Checkpoint("example.org/log", 1, merkle.leaf_hash(b"{}")).signed(key)
>>> text = encode(InclusionProof(position=0, size=1, leaf=b"{}", hashes=()), signed)
>>> text.splitlines()[:3]
['c2sp.org/tlog-proof@v1', 'extra e30=', 'index 0']
>>> proof, found = decode(text)
>>> proof.check(Checkpoint.open(found, key.verifier))

The extra line holds the leaf: its hash is what the proof begins with.

Source: C2SP tlog-proof.
"""

from __future__ import annotations

import base64
from typing import Final

from countermark.errors import InvalidProof
from countermark.registry.log import merkle, note
from countermark.registry.log.checkpoint import Checkpoint
from countermark.registry.log.proof import InclusionProof

FORMAT: Final = "c2sp.org/tlog-proof@v1"
_MAX_HASHES: Final = 64
_MAX_DIGITS: Final = 19


def encode(proof: InclusionProof, signed: str) -> str:
    """The text of a proof and the checkpoint that it is for."""
    lines = [
        FORMAT,
        f"extra {base64.b64encode(proof.leaf).decode()}",
        f"index {proof.position}",
        *(base64.b64encode(value).decode() for value in proof.hashes),
    ]
    return "\n".join(lines) + "\n\n" + signed


def decode(text: str) -> tuple[InclusionProof, str]:
    """The proof in a text, and the checkpoint as it was signed; nothing is checked yet.

    Raises `InvalidProof` when it is malformed or holds no leaf, `InvalidCheckpoint`.
    """
    head, blank, signed = text.partition("\n\n")
    lines = head.split("\n")
    if not blank or not 3 <= len(lines) <= 3 + _MAX_HASHES or lines[0] != FORMAT:
        raise _malformed()
    if not lines[1].startswith("extra ") or not lines[2].startswith("index "):
        raise _malformed()
    index = lines[2].removeprefix("index ")
    if not index.isascii() or not index.isdigit() or len(index) > _MAX_DIGITS:
        raise _malformed()
    try:
        leaf = note.decoded(lines[1].removeprefix("extra "))
        hashes = tuple(note.decoded(line) for line in lines[3:])
    except ValueError as error:
        raise _malformed() from error
    if str(int(index)) != index or any(len(value) != merkle.HASH_BYTES for value in hashes):
        raise _malformed()
    size = Checkpoint.in_note(signed).size
    return InclusionProof(position=int(index), size=size, leaf=leaf, hashes=hashes), signed


def _malformed() -> InvalidProof:
    return InvalidProof(
        "This is not a proof of a leaf in a log.", remedy="Get it again, unchanged and whole."
    )
