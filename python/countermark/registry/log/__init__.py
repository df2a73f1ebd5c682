"""The transparency log: append-only, provable, and readable by foreign tools."""

from countermark.registry.log.checkpoint import Checkpoint
from countermark.registry.log.exported import check_exported
from countermark.registry.log.note import COSIGNATURE, ED25519, NoteKey, NoteVerifier
from countermark.registry.log.proof import ConsistencyProof, InclusionProof
from countermark.registry.log.tiles import TilePlace
from countermark.registry.log.transparency import TransparencyLog

__all__ = [
    "COSIGNATURE",
    "ED25519",
    "Checkpoint",
    "ConsistencyProof",
    "InclusionProof",
    "NoteKey",
    "NoteVerifier",
    "TilePlace",
    "TransparencyLog",
    "check_exported",
]
