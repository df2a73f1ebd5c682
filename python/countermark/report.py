"""What is known about a picture and how: the answer of `countermark.verify`.

>>> seen = FingerprintEvidence(
...     found=False, confidence=Confidence.NONE, check="PDQ, all eight symmetries",
...     explanation="No picture in the registry has a similar fingerprint.", quality=100,
... )
>>> report = Report(
...     verdict=Verdict.UNMARKED, trust=TrustStatus.NONE,
...     summary="Nothing is known about this picture.", evidence=(seen,),
... )
>>> print(report)
UNMARKED: no proof of origin was found
Nothing is known about this picture.
<BLANKLINE>
How this was found:
  fingerprint  No picture in the registry has a similar fingerprint.
               (not found; check: PDQ, all eight symmetries)
>>> report.to_json()[:55]
'{"notices": [], "verdict": "unmarked", "trust": "none",'
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from enum import Enum
from typing import Any, ClassVar, Final, Literal, TypeAlias

from countermark.credentials import Ingredient, TrustStatus
from countermark.record import Record, ServiceClass
from countermark.registry.features import Kind, Notice

Origin: TypeAlias = Literal["file", "sidecar", "registry", "resolver"]
Track: TypeAlias = Literal["sound", "video"]

_WIDTH: Final = 88
_LABEL_WIDTH: Final = 13


class Verdict(Enum):
    """What a verification comes to.

    `INTACT`: the file is as it was signed.
    `ALTERED`: the file was changed after it was signed; it still shows the picture, or its
    credentials themselves were damaged.
    `RECOVERED`: the file carries no usable credentials, but what it shows or says led to them.
    `TRANSPLANTED`: the credentials or the watermark belong to another picture, or the pictures of a
    movie are of one file and its sound of another.
    `UNMARKED`: no proof of origin was found, which says nothing about the picture.
    `UNREADABLE`: the file is of no kind that can be examined, or damaged without a manifest.
    """

    INTACT = "intact"
    ALTERED = "altered"
    RECOVERED = "recovered"
    TRANSPLANTED = "transplanted"
    UNMARKED = "unmarked"
    UNREADABLE = "unreadable"

    @property
    def positive(self) -> bool:
        """Whether the origin of the picture is shown: intact or recovered.

        >>> [verdict.value for verdict in Verdict if verdict.positive]
        ['intact', 'recovered']
        """
        return self in (Verdict.INTACT, Verdict.RECOVERED)


class Confidence(Enum):
    """How sure a finding is.

    `PROVEN`: a signature and hashes say so. `STRONG`: chance is as good as excluded.
    `WEAK`: a hint that needs another check. `NONE`: nothing was found.
    """

    PROVEN = "proven"
    STRONG = "strong"
    WEAK = "weak"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestEvidence:
    """A C2PA manifest (Content Credentials): from the file itself, beside it, or from elsewhere.

    `origin`: "sidecar" for one in a file of its own, whose path is `sidecar`; "registry";
    "resolver". `sha256`: of the manifest store, hexadecimal. `claim_signer`: who vouches for the
    statements.
    `signed_at`, `time_stamped_by`: the proven time, and the authority that proves it.
    `trusted_by`: the trust list that decided. `hard_binding`: whether these are the very bytes
    that were signed.
    `names_watermark`: whether its soft binding names the payload in the pixels.
    `correlation`, `overlap`: of the received picture with the signed thumbnail, the share of it
    that is shown; None when they were not compared. `failures`: codes of the standard.
    """

    kind: ClassVar[str] = "manifest"
    found: bool
    confidence: Confidence
    check: str
    explanation: str
    origin: Origin = "file"
    sidecar: str | None = None
    label: str | None = None
    sha256: str | None = None
    claim_signer: str | None = None
    signed_at: datetime | None = None
    time_stamped_by: str | None = None
    trust: TrustStatus = TrustStatus.NONE
    trusted_by: str | None = None
    signature_valid: bool = False
    assertions_valid: bool = False
    hard_binding: str = "absent"
    names_watermark: bool | None = None
    correlation: float | None = None
    overlap: float | None = None
    failures: tuple[str, ...] = ()
    ingredients: tuple[Ingredient, ...] = ()
    omitted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WatermarkEvidence:
    """The invisible watermark in the pixels, or the inaudible one in the sound.

    `payload`: the 64 bits. `false_positive_rate`: upper bound of the probability to read
    anything in an unmarked picture. `registered`: whether the registry knows the payload.
    `rotation_degrees` (anticlockwise), `scale` and `mirrored`: what happened to the picture;
    `scale` is relative to 512 x 512 pixels of area. In sound, `stretches`: from when to when it is
    there, in seconds; `speed`, `pitch`: 1.02 when it runs 2 % faster, or is 2 % higher. Of a sound
    or movie, `of`: in which track it is; `named`: whether the manifest on which the verdict rests
    names it there, None without one.
    """

    kind: ClassVar[str] = "watermark"
    found: bool
    confidence: Confidence
    check: str
    explanation: str
    payload: int | None = None
    false_positive_rate: float | None = None
    registered: bool | None = None
    rotation_degrees: float | None = None
    scale: float | None = None
    mirrored: bool | None = None
    stretches: tuple[tuple[float, float], ...] | None = None
    speed: float | None = None
    pitch: float | None = None
    of: Track | None = None
    named: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FingerprintEvidence:
    """The perceptual hash of the pixels, compared with those of all marked pictures.

    `distance`: differing bits of 256 to the nearest one within 31; None when there is none.
    `quality`: 0 to 100; under 50 the hash means too little and is not searched for.
    """

    kind: ClassVar[str] = "fingerprint"
    found: bool
    confidence: Confidence
    check: str
    explanation: str
    distance: int | None = None
    quality: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipEvidence:
    """The fingerprint of a sound or of moving pictures, compared with those in the registry.

    `of`: "sound" or "video". `at_seconds`: where in the known one the part begins; of moving
    pictures how much later they are there. `seconds`: of sound that is alike. `error_rate`: share
    of bits in which the best part of the sound differs. `query_share`: of the seconds of this file
    that are like some of the known one; `share`: of the frames of that one that are like some here.
    """

    kind: ClassVar[str] = "fingerprint"
    found: bool
    confidence: Confidence
    check: str
    explanation: str
    of: Track
    at_seconds: float | None = None
    seconds: float | None = None
    error_rate: float | None = None
    query_share: float | None = None
    share: float | None = None


Evidence: TypeAlias = ManifestEvidence | WatermarkEvidence | FingerprintEvidence | ClipEvidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Verdict, trust and the evidence for both; `str` gives a text, `to_json` the same as data.

    `trust`: of the claim signer behind the manifest that the verdict rests on; it never changes
    the verdict. `claim_signer`: the name in their certificate. `trusted_by`: the trust list that
    decided, with its date. `record`: what they state about the picture, when a valid manifest of
    this picture was found. `evidence`: one item for each thing that was looked at, in order.
    `media_type`: the kind of file that the content shows; None when it is none that is known.
    `notices`: what the registry knows of this content, such as a refutation; it stands first,
    whatever the verdict is.
    """

    verdict: Verdict
    trust: TrustStatus
    summary: str
    evidence: tuple[Evidence, ...] = ()
    record: Record | None = None
    claim_signer: str | None = None
    trusted_by: str | None = None
    media_type: str | None = None
    notices: tuple[Notice, ...] = ()

    @property
    def is_lead(self) -> bool:
        """Whether what led to the manifest leaves open that part of the file is something else.

        So with sounds and movies, where nothing that was signed shows all that is in them.
        """
        return self.verdict is Verdict.RECOVERED and self.trust is TrustStatus.NONE

    def __str__(self) -> str:
        return "\n".join(_lines(self))

    def to_json(self) -> str:
        """The report as one line of JSON.

        Absent values are null; payloads are hexadecimal texts, for JSON numbers have 53 bits.
        """
        return json.dumps(
            {
                "notices": [notice.members() for notice in self.notices],
                "verdict": self.verdict.value,
                "trust": self.trust.value,
                "media_type": self.media_type,
                "trusted_by": self.trusted_by,
                "claim_signer": self.claim_signer,
                "summary": self.summary,
                "record": None if self.record is None else json.loads(self.record.to_json()),
                "evidence": [_members(item) for item in self.evidence],
            },
            ensure_ascii=False,
        )


_HEADLINES: Final = {
    Verdict.INTACT: "the file is exactly as it was signed",
    Verdict.ALTERED: "the file was changed after it was signed",
    Verdict.RECOVERED: "lost credentials were found again",
    Verdict.TRANSPLANTED: "the proof of origin belongs to something else",
    Verdict.UNMARKED: "no proof of origin was found",
    Verdict.UNREADABLE: "the file could not be examined",
}
_LEAD: Final = "a lead to lost credentials was found, and no proof"
_TRUST: Final = {
    TrustStatus.TRUSTED: "trusted by {by}",
    TrustStatus.UNTRUSTED: "untrusted: no trust list vouches for their certificate",
    TrustStatus.EXPIRED: "expired: known to {by}, but their certificate had run out",
    TrustStatus.REVOKED: "revoked: their certificate was withdrawn",
}
_STATEMENTS: Final = {
    "title": "title",
    "creator": "creator",
    "producer": "provided by",
    "filing": "filed as",
    "system": "made with",
    "service_class": "service",
    "content_id": "content ID",
    "grant": "label",
    "refusal": "label",
    "created": "created",
}


_NOTICES: Final = {
    Kind.ILLEGAL: "this content is on record as illegal",
    Kind.REFUTED: "what is said with this content is not so",
    Kind.PROTECTED: "this content is on record as protected",
}


def notice_lines(notice: Notice) -> Iterator[str]:
    """A notice as people read it; a statement in English, or else in its first language."""
    said = None if notice.statement is None else notice.statement.text("en")
    title = _NOTICES[notice.kind] if said is None else said.title
    yield f"{notice.kind.value.upper()}: {title}"
    if said is not None and notice.statement is not None:
        for paragraph in said.text.splitlines():
            yield from _wrapped("", paragraph)
        yield from _wrapped("dated", notice.statement.dated.isoformat())
        if notice.statement.link is not None:
            yield f"  {'more':{_LABEL_WIDTH}}{notice.statement.link}"
    yield from _wrapped("reason", f"{notice.reason}, according to {notice.source}")
    ways = [] if notice.distance is None else [f"fingerprint, {notice.distance} of 256 bits differ"]
    if notice.share is not None:
        ways.append(f"fingerprint, {notice.share:.0%} of the shorter sound or movie is alike")
    ways += ["watermark, which could be copied"] if notice.by_watermark else []
    yield from _wrapped("known by", "; ".join(ways))
    people = " and ".join(notice.signed_by) or f"the list of {notice.authority}"
    yield from _wrapped("signed by", f"{people}; in force since {notice.since.date()}")


def _lines(report: Report) -> Iterator[str]:
    for notice in report.notices:
        yield from notice_lines(notice)
        yield ""
    headline = _LEAD if report.is_lead else _HEADLINES[report.verdict]
    yield f"{report.verdict.value.upper()}: {headline}"
    yield from textwrap.wrap(report.summary, _WIDTH)
    if report.trust is not TrustStatus.NONE:
        standing = _TRUST[report.trust].format(by=report.trusted_by)
        yield from _wrapped("signer", f"{report.claim_signer} ({standing})")
    if report.record is not None:
        yield ""
        yield "What the signer states:"
        yield from _wrapped("source", report.record.source.value.replace("-", " "))
        for name, label in _STATEMENTS.items():
            if (value := getattr(report.record, name)) is not None:
                yield from _wrapped(label, _said(value))
        if report.record.consents:
            yield from _wrapped("consents", f"{len(report.record.consents)} on record")
    if report.evidence:
        yield ""
        yield "How this was found:"
        for item in report.evidence:
            sure = item.confidence.value if item.found else "not found"
            yield from _wrapped(item.kind, item.explanation)
            yield from _wrapped("", f"({sure}; check: {item.check})")


def _said(value: object) -> str:
    return value.value.replace("-", " ") if isinstance(value, ServiceClass) else str(value)


def _wrapped(label: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=f"  {label:{_LABEL_WIDTH}}",
        subsequent_indent=" " * (_LABEL_WIDTH + 2),
    )


def _members(item: Evidence) -> dict[str, Any]:
    values = {field.name: _plain(getattr(item, field.name)) for field in fields(item)}
    if isinstance(item, WatermarkEvidence) and item.payload is not None:
        values["payload"] = f"{item.payload:016x}"
    if isinstance(item, ManifestEvidence):
        values["ingredients"] = [ingredient_members(each) for each in item.ingredients]
    return {"kind": item.kind, **values}


def ingredient_members(
    ingredient: Ingredient, thumbnail: Callable[[bytes | None], Any] | None = None
) -> dict[str, Any]:
    """An ingredient and those below it, for JSON; `thumbnail` makes data of pictures.

    >>> from countermark.credentials import IngredientState
    >>> members = ingredient_members(Ingredient("parentOf", IngredientState.MISSING, title="Lake"))
    >>> members["role"], members["state"], members["title"], members["ingredients"]
    ('parentOf', 'missing', 'Lake', [])
    """
    values = {field.name: _plain(getattr(ingredient, field.name)) for field in fields(ingredient)}
    values["ingredients"] = [ingredient_members(each, thumbnail) for each in ingredient.ingredients]
    del values["thumbnail"]
    return values if thumbnail is None else {**values, "thumbnail": thumbnail(ingredient.thumbnail)}


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if isinstance(value, datetime) else value
