"""Signed notes: a few lines of text with signatures beneath, each by a named key.

>>> key = NoteKey.generate("example.org/log")
>>> signed = sign("some text\\n", key)
>>> opened = parse(signed)
>>> opened.text
'some text\\n'
>>> opened.signed_by(NoteVerifier.parse(key.verifier.encoded)) is not None
True

Source: C2SP signed-note; C2SP tlog-cosignature.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from countermark.errors import InvalidArgument, InvalidCheckpoint

ED25519: Final = 0x01
"""The kind of a signature over the text."""

COSIGNATURE: Final = 0x04
"""The kind of a witness's signature over the text and a time."""

_DASH: Final = "— "
_MAX_BYTES: Final = 1 << 20
_MAX_SIGNATURES: Final = 100
_ID_BYTES: Final = 4
_TIME_BYTES: Final = 8
_SIGNATURE_BYTES: Final = 64


@dataclass(frozen=True, slots=True)
class NoteVerifier:
    """A public key with its name: `kind` is `ED25519`, or `COSIGNATURE` for a witness.

    Raises `InvalidArgument` for a name that a note cannot hold, another kind or length.
    """

    name: str
    public_key: bytes
    kind: int = ED25519

    def __post_init__(self) -> None:
        if not self.name or "+" in self.name or any(c.isspace() for c in self.name):
            raise InvalidArgument(
                f"{self.name!r:.80} is no name for a key of a log.",
                remedy="Use one without spaces and plus signs, such as example.org/log.",
            )
        if self.kind not in (ED25519, COSIGNATURE) or len(self.public_key) != 32:
            raise InvalidArgument(
                f"The key {self.name!r:.80} is not an Ed25519 key.",
                remedy="Use the line that the operator of the log or the witness publishes.",
            )

    @classmethod
    def parse(cls, encoded: str) -> NoteVerifier:
        """The key in the line `name+ID+base64` that operators publish.

        Raises `InvalidArgument` when it is malformed.
        """
        name, _, rest = encoded.strip().partition("+")
        stated, _, key = rest.partition("+")
        try:
            content = decoded(key)
            verifier: NoteVerifier | None = cls(name, content[1:], content[0] if content else 0)
        except ValueError:
            verifier = None
        if verifier is None or stated != verifier.id.hex():
            raise InvalidArgument(
                f"{encoded!r:.80} is not the public key of a log.",
                remedy="Copy the whole line, name+ID+key, as its operator publishes it.",
            )
        return verifier

    @property
    def id(self) -> bytes:
        """Four bytes that tell keys of the same name apart."""
        content = self.name.encode() + b"\n" + bytes([self.kind]) + self.public_key
        return hashlib.sha256(content).digest()[:_ID_BYTES]

    @property
    def encoded(self) -> str:
        """The line to publish."""
        key = base64.b64encode(bytes([self.kind]) + self.public_key).decode()
        return f"{self.name}+{self.id.hex()}+{key}"


@dataclass(frozen=True, slots=True)
class NoteKey:
    """A private key with its name; `kind` as in `NoteVerifier`."""

    name: str
    private_key: Ed25519PrivateKey = field(repr=False)
    kind: int = ED25519

    @classmethod
    def generate(cls, name: str, kind: int = ED25519) -> NoteKey:
        """A new one."""
        return cls(name, Ed25519PrivateKey.generate(), kind)

    @property
    def verifier(self) -> NoteVerifier:
        """The public key."""
        return NoteVerifier(self.name, self.private_key.public_key().public_bytes_raw(), self.kind)


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One line beneath a note: `id` of the key and what it signed with."""

    name: str
    id: bytes
    content: bytes

    @property
    def line(self) -> str:
        """As it stands in the note."""
        return f"{_DASH}{self.name} {base64.b64encode(self.id + self.content).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text that ends in a newline, and the signatures beneath, none of them checked yet."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def __str__(self) -> str:
        return self.text + "\n" + "".join(signature.line for signature in self.signatures)

    def signed_by(self, verifier: NoteVerifier) -> NoteSignature | None:
        """The valid signature of that key; None when there is none."""
        for signature in self.signatures:
            if (signature.name, signature.id) == (verifier.name, verifier.id):
                return signature if _holds(self.text, signature, verifier) else None
        return None

    def cosigned_at(self, witness: NoteVerifier) -> datetime | None:
        """When that witness saw the note; None without its valid signature."""
        if witness.kind != COSIGNATURE:
            return None
        signature = self.signed_by(witness)
        if signature is None:
            return None
        seconds = int.from_bytes(signature.content[:_TIME_BYTES], "big")
        try:
            return datetime.fromtimestamp(seconds, timezone.utc)
        except (OverflowError, OSError, ValueError):
            return None

    def with_signatures(self, others: Sequence[NoteSignature]) -> Note:
        """The note with these signatures beside its own."""
        return Note(self.text, tuple(dict.fromkeys((*self.signatures, *others))))


def sign(text: str, key: NoteKey, *, at: datetime | None = None) -> str:
    """The note with that text, signed by one key; `at`: of a witness, by default now."""
    return str(Note(text, (signature(text, key, at=at),)))


def signature(text: str, key: NoteKey, *, at: datetime | None = None) -> NoteSignature:
    """The signature of a key over a text; `at` as in `sign`."""
    if key.kind == COSIGNATURE:
        seconds = int((at or datetime.now(timezone.utc)).timestamp())
        signed = key.private_key.sign(_cosigned(text, seconds))
        content = seconds.to_bytes(_TIME_BYTES, "big") + signed
    else:
        content = key.private_key.sign(text.encode())
    return NoteSignature(key.name, key.verifier.id, content)


def parse(content: str) -> Note:
    """The note in a text.

    Raises `InvalidCheckpoint` when it is malformed; signatures of unknown keys are no error.
    """
    text, blank, lines = content.rpartition("\n\n")
    if len(content) > _MAX_BYTES or not blank or not text or not lines.endswith("\n"):
        raise _malformed()
    if any(ord(c) < 0x20 and c != "\n" for c in content):
        raise _malformed()
    signatures = tuple(_parse_line(line) for line in lines[:-1].split("\n"))
    if len(signatures) > _MAX_SIGNATURES:
        raise _malformed()
    return Note(text + "\n", signatures)


def decoded(text: str) -> bytes:
    """The bytes in base64, of which each content has one form only; raises `ValueError`."""
    content = base64.b64decode(text, validate=True)
    if base64.b64encode(content).decode() != text:
        raise ValueError("The last bits are not zero.")
    return content


def _parse_line(line: str) -> NoteSignature:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    try:
        content = decoded(encoded)
    except ValueError as error:
        raise _malformed() from error
    if not line.startswith(_DASH) or not space or not name or len(content) <= _ID_BYTES:
        raise _malformed()
    return NoteSignature(name, content[:_ID_BYTES], content[_ID_BYTES:])


def _holds(text: str, signature: NoteSignature, verifier: NoteVerifier) -> bool:
    content, message = signature.content, text.encode()
    if verifier.kind == COSIGNATURE:
        if len(content) != _TIME_BYTES + _SIGNATURE_BYTES:
            return False
        message = _cosigned(text, int.from_bytes(content[:_TIME_BYTES], "big"))
        content = content[_TIME_BYTES:]
    try:
        Ed25519PublicKey.from_public_bytes(verifier.public_key).verify(content, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _cosigned(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def _malformed() -> InvalidCheckpoint:
    return InvalidCheckpoint(
        "This is not a signed note.", remedy="Get the checkpoint again, unchanged and whole."
    )
