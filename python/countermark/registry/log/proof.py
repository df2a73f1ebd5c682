"""Proofs that can be given away: that a leaf, or an older log, belongs to the log of a checkpoint.

>>> proof = InclusionProof(position=0, size=1, leaf=b"{}", hashes=())
>>> InclusionProof.from_json(proof.to_json()) == proof
True
>>> ConsistencyProof.from_json('{"old": 0, "new": 2, "hashes": []}').new
2

Source: RFC 6962, sections 2.1.1 and 2.1.2.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass

from countermark.errors import InvalidProof
from countermark.registry.log import merkle
from countermark.registry.log.checkpoint import Checkpoint
from countermark.registry.log.note import decoded


@dataclass(frozen=True, slots=True, kw_only=True)
class InclusionProof:
    """`leaf`: its bytes; `position` and `size`: in leaves; `hashes`: 32 bytes each."""

    position: int
    size: int
    leaf: bytes
    hashes: tuple[bytes, ...]

    def check(self, checkpoint: Checkpoint) -> None:
        """Raises `InvalidProof` unless the leaf belongs to the log of that checkpoint."""
        found = merkle.root_from_inclusion(
            merkle.leaf_hash(self.leaf), self.position, self.size, self.hashes
        )
        if (self.size, found) != (checkpoint.size, checkpoint.root):
            raise InvalidProof(
                "The proof does not lead to the root of this checkpoint.",
                remedy="Ask for the checkpoint that it was made for, or for a new proof.",
            )

    def to_json(self) -> str:
        """Bytes in base64."""
        members = {
            "position": self.position,
            "size": self.size,
            "leaf": base64.b64encode(self.leaf).decode(),
            "hashes": [base64.b64encode(value).decode() for value in self.hashes],
        }
        return json.dumps(members)

    @classmethod
    def from_json(cls, text: str) -> InclusionProof:
        """The proof in a text; raises `InvalidProof` when it is malformed."""
        try:
            members = json.loads(text)
            position, size = members["position"], members["size"]
            hashes = tuple(decoded(value) for value in members["hashes"])
            leaf = decoded(members["leaf"])
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise _malformed() from error
        if type(position) is not int or type(size) is not int or any(len(h) != 32 for h in hashes):
            raise _malformed()
        return cls(position=position, size=size, leaf=leaf, hashes=hashes)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsistencyProof:
    """That a log of `new` leaves begins with the `old` ones; `hashes`: 32 bytes each."""

    old: int
    new: int
    hashes: tuple[bytes, ...]

    def check(self, old: Checkpoint, new: Checkpoint) -> None:
        """Raises `InvalidProof` unless the log of one checkpoint begins with that of the other."""
        if (self.old, self.new) != (old.size, new.size):
            raise InvalidProof(
                f"The proof is for {self.old} and {self.new} leaves, not for {old.size} and "
                f"{new.size}.",
                remedy="Use the checkpoints that it was made for, or ask for a new proof.",
            )
        merkle.check_consistency(self.old, old.root, self.new, new.root, self.hashes)

    def to_json(self) -> str:
        """Bytes in base64."""
        hashes = [base64.b64encode(value).decode() for value in self.hashes]
        return json.dumps({"old": self.old, "new": self.new, "hashes": hashes})

    @classmethod
    def from_json(cls, text: str) -> ConsistencyProof:
        """The proof in a text; raises `InvalidProof` when it is malformed."""
        try:
            members = json.loads(text)
            old, new = members["old"], members["new"]
            hashes = tuple(decoded(value) for value in members["hashes"])
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise _malformed() from error
        if type(old) is not int or type(new) is not int or any(len(h) != 32 for h in hashes):
            raise _malformed()
        return cls(old=old, new=new, hashes=hashes)


def _malformed() -> InvalidProof:
    return InvalidProof("This is not a proof by a log.", remedy="Ask for a new one.")
