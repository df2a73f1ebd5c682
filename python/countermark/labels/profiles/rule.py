"""One duty of a law, as far as a finished file can show that it was met."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Check(Enum):
    """What is looked at in a file to tell whether a duty was met.

    `IMPLICIT_LABEL`: exactly one label in metadata, as GB 45438 has it.
    `EXPLICIT_LABEL`: a label that people see, hear or read.
    `MANIFEST`: a signed manifest that fits the file. `TIME_STAMP`: the proof of its time.
    `WATERMARK`: an invisible mark that leads to this manifest.
    `SOURCE_TYPE`: the digital source type in the manifest. `STATEMENTS`: members of the record.
    `CONSENT`: receipts of those whose face or voice was edited.
    `ASSESSED_MODEL`: the model is in the register, with its assessment.
    `LOGGED`: the registry's log holds the making of the file.
    """

    IMPLICIT_LABEL = "implicit-label"
    EXPLICIT_LABEL = "explicit-label"
    MANIFEST = "manifest"
    TIME_STAMP = "time-stamp"
    WATERMARK = "watermark"
    SOURCE_TYPE = "source-type"
    STATEMENTS = "statements"
    CONSENT = "consent"
    ASSESSED_MODEL = "assessed-model"
    LOGGED = "logged"


class Level(Enum):
    """Whether the law demands it of every file (`SHALL`) or encourages it (`SHOULD`)."""

    SHALL = "shall"
    SHOULD = "should"


class Certainty(Enum):
    """How surely the rule is what the law says.

    `HIGH`: the text itself, or two independent readers of it. `MEDIUM`: one good reading at second
    hand. `LOW`: an inference, to be confirmed before anybody relies on it.
    """

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Medium(Enum):
    """What kind of content a file holds."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    TEXT = "text"
    SCENE = "scene"

    @classmethod
    def of(cls, media_type: str) -> Medium:
        """The medium of files of that type; documents are texts.

        >>> Medium.of("video/mp4").value, Medium.of("application/pdf").value
        ('video', 'text')
        """
        kind = media_type.partition("/")[0]
        if kind == "model":
            return cls.SCENE
        return cls(kind) if kind in ("image", "video", "audio") else cls.TEXT


class Service(Enum):
    """Which services a rule is for.

    `ALL`: whatever made the file. `CONFUSING`: those that may confuse the public about what is
    real; a file that does not say which service made it counts as theirs.
    `BIOMETRIC`: those that edit faces or voices.
    """

    ALL = "all"
    CONFUSING = "confusing"
    BIOMETRIC = "biometric"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One duty.

    `id`: unique in its profile. `duty`, `duty_zh`: what is asked for, in a sentence.
    `clause`: where the law says so. `certainty`: how surely.
    `media`, `service`: of which files it speaks. `statements`: for `Check.STATEMENTS`, members of
    the record with dots, such as system.version. `height`: for `Check.EXPLICIT_LABEL`, what the
    ink of a seen label has at least, as a share of the shortest side.
    """

    id: str
    check: Check
    duty: str
    duty_zh: str
    clause: str
    certainty: Certainty
    level: Level = Level.SHALL
    media: tuple[Medium, ...] = tuple(Medium)
    service: Service = Service.ALL
    statements: tuple[str, ...] = ()
    height: float = 0.0
