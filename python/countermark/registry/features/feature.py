"""Features: content that is known to be illegal, refuted or protected, and how it is recognised.

>>> feature = Feature(
...     kind=Kind.REFUTED, reason="false-context", source="https://checkers.example/47",
...     at=datetime(2026, 11, 26, 12, tzinfo=timezone.utc), payload=7,
...     statement=Statement(
...         texts=(Text("en", "Not the flood of 2026", "The picture is of 2011."),),
...         dated=date(2026, 11, 26),
...     ),
... )
>>> Feature.from_json(feature.to_json()) == feature
True
>>> feature.to_json()[:47]
'{"at":"2026-11-26T12:00:00.000000Z","kind":"ref'

Source: RFC 8785 (the canonical form, over which signatures go); RFC 5646 (language tags).
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from enum import Enum
from typing import Any, Final
from urllib.parse import urlsplit

import rfc8785

from countermark.clips.sounds import is_telling
from countermark.errors import InvalidArgument, InvalidFeature
from countermark.fingerprint import Chromaprint, Vpdq
from countermark.registry.entry import MIN_QUALITY, PDQ_BYTES, check_payload
from countermark.registry.key_use import utc

REASONS: Final[dict[str, tuple[str, ...]]] = {
    "illegal": ("child-abuse", "non-consensual-intimate", "terrorism", "court-order", "fraud"),
    "refuted": ("fabricated", "manipulated", "false-context", "impersonation", "satire-as-news"),
    "protected": ("copyright", "likeness", "minor", "state-secret", "embargo"),
}
"""The usual reason codes of each kind; others of the same form may be used."""

_CODE: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST_CODE: Final = 48
_LANGUAGE: Final = re.compile(r"[a-zA-Z]{2,8}(-[a-zA-Z0-9]{1,8})*")
_LONGEST_TITLE: Final = 200
_LONGEST_TEXT: Final = 4000
_LONGEST_SOURCE: Final = 300
_LONGEST_CLIP: Final = 4 * 3600 * 37
"""Bytes of a fingerprint; one of moving pictures has 37 a second."""

_SCHEMA: Final = 2
"""Of features with the fingerprint of a sound or movie, which earlier programs do not know."""

_DIGEST_BYTES: Final = 32
_TIME: Final = "%Y-%m-%dT%H:%M:%S.%fZ"
_REMEDY: Final = "Correct it and try again."


class Kind(Enum):
    """Why content has a feature.

    `ILLEGAL`: having or spreading it is forbidden. `REFUTED`: what is said with it was examined
    and is not so. `PROTECTED`: somebody has a right that it is not used.
    """

    ILLEGAL = "illegal"
    REFUTED = "refuted"
    PROTECTED = "protected"


@dataclass(frozen=True, slots=True)
class Text:
    """A title and a text for people, in one language (RFC 5646, such as en or zh-Hans)."""

    language: str
    title: str
    text: str

    def __post_init__(self) -> None:
        if not isinstance(self.language, str) or not _LANGUAGE.fullmatch(self.language):
            raise _invalid(f"{self.language!r:.40} is no language tag.")
        _check_words("title", self.title, _LONGEST_TITLE)
        _check_words("text", self.text, _LONGEST_TEXT, lines=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a refutation says to people. `link`: https, where more is said.

    Raises `InvalidArgument` when a part is missing, too long, or said twice in a language.
    """

    texts: tuple[Text, ...]
    dated: date
    link: str | None = None

    def __post_init__(self) -> None:
        languages = {text.language.lower() for text in self.texts}
        if not self.texts or len(languages) != len(self.texts):
            raise _invalid("A statement needs a text, and only one in each language.")
        if self.link is not None and not _is_https(self.link):
            raise _invalid(f"{self.link!r:.80} is no address that begins with https://.")

    def text(self, language: str) -> Text:
        """What it says in that language, or else in the first one."""
        found = [text for text in self.texts if text.language.lower().startswith(language)]
        return (*found, *self.texts)[0]

    def members(self) -> dict[str, Any]:
        """For JSON; the languages in alphabetical order."""
        ordered = sorted(self.texts, key=lambda text: text.language)
        stated: dict[str, Any] = {
            "date": self.dated.isoformat(),
            "texts": {text.language: {"title": text.title, "text": text.text} for text in ordered},
        }
        return stated if self.link is None else {**stated, "link": self.link}


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One piece of known content. It counts for nothing until two people have signed for it.

    `kind`, `reason`: why; the reason is a code such as those in `REASONS`. `source`: who says so,
    a name or an address. `at`: when it was written down, with a time zone.
    `evidence_sha256`: of what the decision rests on, which is kept elsewhere.
    `pdq`, `pdq_quality`: of the content, by its fingerprint; near copies are recognised too.
    `payload`: of the content, by the watermark in it.
    `sound`, `video`: of a sound or movie, `bits` of its Chromaprint and its vPDQ; parts and copies
    are recognised too. One of all these is needed.
    `statement`: of a refutation, which needs one; other kinds have none.

    Raises `InvalidArgument` for what contradicts this, `InvalidPayload`.
    """

    kind: Kind
    reason: str
    source: str
    at: datetime
    evidence_sha256: bytes | None = None
    pdq: bytes | None = None
    pdq_quality: int | None = None
    payload: int | None = None
    sound: bytes | None = None
    video: bytes | None = None
    statement: Statement | None = None
    _canonical: str = field(init=False, repr=False, compare=False)  # takes 0.1 ms to write

    def __post_init__(self) -> None:
        check_code(self.reason)
        _check_words("source", self.source, _LONGEST_SOURCE)
        if self.at.utcoffset() is None:
            raise _invalid("The time has no time zone.")
        if self.evidence_sha256 is not None and len(self.evidence_sha256) != _DIGEST_BYTES:
            raise _invalid("The SHA-256 of the evidence does not have 32 bytes.")
        _check_clip(self.sound, self.video)
        if all(each is None for each in (self.pdq, self.payload, self.sound, self.video)):
            raise _invalid("A feature needs a fingerprint or a payload.")
        if self.payload is not None:
            check_payload(self.payload)
        _check_fingerprint(self.pdq, self.pdq_quality)
        if (self.kind is Kind.REFUTED) != (self.statement is not None):
            raise _invalid("A refutation, and nothing else, has a statement.")
        object.__setattr__(self, "_canonical", bytes(rfc8785.dumps(self.members())).decode())

    @property
    def id(self) -> bytes:
        """SHA-256 of its canonical form."""
        return hashlib.sha256(self._canonical.encode()).digest()

    def members(self) -> dict[str, Any]:
        """For JSON; what is absent is left out, bytes are hexadecimal."""
        stated = {
            "schema": _SCHEMA if self._is_of_clip else 1,
            "kind": self.kind.value,
            "reason": self.reason,
            "source": self.source,
            "at": utc(self.at),
            "evidence_sha256": None if self.evidence_sha256 is None else self.evidence_sha256.hex(),
            "pdq": None if self.pdq is None else self.pdq.hex(),
            "pdq_quality": self.pdq_quality,
            "payload": None if self.payload is None else f"{self.payload:016x}",
            "sound": None if self.sound is None else self.sound.hex(),
            "video": None if self.video is None else self.video.hex(),
            "statement": None if self.statement is None else self.statement.members(),
        }
        return {name: value for name, value in stated.items() if value is not None}

    @property
    def _is_of_clip(self) -> bool:
        return self.sound is not None or self.video is not None

    def to_json(self) -> str:
        """The canonical form (RFC 8785)."""
        return self._canonical

    @classmethod
    def from_json(cls, text: str) -> Feature:
        """The feature whose canonical form this is.

        Raises `InvalidFeature` for every other text, unknown members included.
        """
        try:
            found = cls.from_members(json.loads(text))
            is_canonical = found.to_json() == text
        except (ValueError, TypeError, RecursionError) as error:
            raise _damaged() from error
        if not is_canonical:
            raise _damaged()
        return found

    @classmethod
    def from_members(cls, members: Mapping[str, Any]) -> Feature:
        """The feature that `members` gave; raises `InvalidFeature`."""
        try:
            known = dict(members)
            schema = known.pop("schema")
            if schema != (_SCHEMA if known.keys() & {"sound", "video"} else 1):
                raise ValueError("of another schema")
            at = datetime.strptime(known.pop("at"), _TIME).replace(tzinfo=timezone.utc)
            statement = known.pop("statement", None)
            payload, pdq = known.pop("payload", None), known.pop("pdq", None)
            sound, video = known.pop("sound", None), known.pop("video", None)
            evidence = known.pop("evidence_sha256", None)
            return cls(
                kind=Kind(known.pop("kind")),
                at=at,
                evidence_sha256=None if evidence is None else bytes.fromhex(evidence),
                pdq=None if pdq is None else bytes.fromhex(pdq),
                payload=None if payload is None else int(payload, 16),
                sound=None if sound is None else bytes.fromhex(sound),
                video=None if video is None else bytes.fromhex(video),
                statement=None if statement is None else _statement(statement),
                **known,
            )
        except (InvalidArgument, ValueError, LookupError, TypeError, AttributeError) as error:
            raise _damaged() from error


def check_code(code: str) -> None:
    """Whether it is a reason code.

    >>> check_code("false-context")

    Raises `InvalidArgument` when not: codes stand in the public log, where no text may.
    """
    if not isinstance(code, str) or len(code) > _LONGEST_CODE or not _CODE.fullmatch(code):
        raise InvalidArgument(
            f"{code!r:.60} is no reason code.",
            remedy=f"Use small letters, digits and hyphens, at most {_LONGEST_CODE}, such as "
            "false-context.",
        )


def _statement(members: Mapping[str, Any]) -> Statement:
    if members.keys() - {"date", "texts", "link"}:
        raise ValueError("a statement has an unknown member")
    texts = tuple(
        Text(language=language, **dict(words)) for language, words in members["texts"].items()
    )
    return Statement(
        texts=texts, dated=date.fromisoformat(members["date"]), link=members.get("link")
    )


def _check_fingerprint(pdq: bytes | None, quality: int | None) -> None:
    if (pdq is None) != (quality is None):
        raise _invalid("A fingerprint and its quality belong together.")
    if pdq is None or quality is None:
        return
    if len(pdq) != PDQ_BYTES or type(quality) is not int or quality > 100:
        raise _invalid("The fingerprint does not have 32 bytes, or its quality is over 100.")
    if quality < MIN_QUALITY:
        raise InvalidArgument(
            "The picture has too little structure for a meaningful fingerprint.",
            remedy="Name its payload instead, if it carries a watermark.",
        )


def _check_clip(sound: bytes | None, video: bytes | None) -> None:
    for bits in (sound, video):
        if bits is not None and len(bits) > _LONGEST_CLIP:
            raise InvalidArgument(
                "The sound or movie is too long for a feature.",
                remedy="Cut out the part that it is about, of at most four hours.",
            )
    if (sound is not None and not is_telling(Chromaprint(sound))) or (
        video is not None and not Vpdq(video).telling
    ):
        raise InvalidArgument(
            "The sound or movie cannot be told from others by its fingerprint.",
            remedy="Use a longer part in which something happens, or name its payload.",
        )


def _check_words(name: str, words: object, longest: int, *, lines: bool = False) -> None:
    if not isinstance(words, str) or not words.strip() or len(words) > longest:
        raise _invalid(f"The {name} is empty or has more than {longest:,} characters.")
    allowed = "\n" if lines else ""
    # Cc and Cf: what ends lines or turns the direction of the words around it; Cs: no UTF-8.
    if any(unicodedata.category(c) in ("Cc", "Cf", "Cs") and c not in allowed for c in words):
        raise _invalid(f"The {name} holds control characters.")


def _is_https(link: object) -> bool:
    try:
        parts = urlsplit(link) if isinstance(link, str) and len(link) <= 500 else None
        named = parts is not None and bool(parts.hostname) and parts.username is None
    except ValueError:
        return False
    return (
        named
        and parts is not None
        and parts.scheme == "https"
        and str(link).isascii()
        and str(link).isprintable()
        and " " not in str(link)
    )


def _invalid(problem: str) -> InvalidArgument:
    return InvalidArgument(problem, remedy=_REMEDY)


def _damaged() -> InvalidFeature:
    return InvalidFeature(
        "This is no feature of known content.", remedy="Get it again, unchanged and whole."
    )
