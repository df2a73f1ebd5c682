"""Reading: what a manifest states, and which of the checks on it passed.

Two readers judge the same bytes: the C2PA library, and countermark's own parser with the
`cryptography` package. Nothing counts as valid or trusted unless both agree. There is never any
network access.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final, Literal

from countermark.containers import StreamContent, TooManyParts
from countermark.credentials import binding_check, bounds, library
from countermark.credentials import claim as claims
from countermark.credentials.assets import Stream, opened
from countermark.credentials.claim import Claim
from countermark.credentials.containers import TEXT_TYPES, UnusableText, locate
from countermark.credentials.containers import media_type as media_type_of
from countermark.credentials.explaining import explanation
from countermark.credentials.findings import BINDING_CODES, TRUST_CODES, Failure, Findings
from countermark.credentials.identity import Identity, identities
from countermark.credentials.ingredients import Ingredient, ingredients
from countermark.credentials.signers import first_stamp, is_signed, least_trusted, signers
from countermark.credentials.soft_binding import SoftBinding
from countermark.credentials.statements import Statements, statements
from countermark.credentials.timestamps import TimeStamp
from countermark.credentials.training_mining import TrainingMining
from countermark.credentials.trust import Standing, Trust, TrustStatus
from countermark.errors import UnreadableManifest
from countermark.record import Record

HardBinding = Literal["match", "mismatch", "absent", "not checked"]

UNREADABLE_ASSET: Final = "general.error"
"""Code for a file so damaged that nobody can say whether it carries a manifest."""

_NOT_A_STORE: Final = ("claim.malformed", "What is there is not a manifest store.")
_ELSEWHERE: Final = (
    "claim.malformed",
    "The manifest lies in a place of the file where countermark does not look.",
)


@dataclass(frozen=True, slots=True)
class Manifest:
    """The active manifest of a file: its statements, and how far each check carries them.

    `bytes`: the whole manifest store. `label`: the active manifest's URN.
    `claim_signer`: name in the certificate behind a valid signature, else None.
    `signed_at`, `time_stamped_by`: the time by which it was signed, as an authority on the
    timestamp list proves, and its name, else None.
    `trust`: of the claim signer's certificate; says nothing about the file. `trusted_by`: the
    list that it rests on. `identities`: who else signed; they never change `trust`.
    `signature_valid`: the claim is as signed. `assertions_valid`: its assertions are as claimed.
    `hard_binding`: whether the file's content is what was signed.
    `failures`: codes of the standard, or claim.malformed for a store that cannot be read, or
    general.error for a file in which none was found because it is damaged itself.
    `ingredient_failures`: what is wrong with earlier manifests; it does not count against this.
    `soft_bindings`: those whose values are byte strings, as the standard demands.
    `digital_source`: IPTC URI. `actions`: their names, in order.
    `title`, `creator`, `generator` (software and version), `created`: as the signer states them.
    `thumbnail`: JPEG or PNG bytes whose hash the claim holds. `record`: as countermark signed it.
    `training_mining`: what machines may do with the file.
    `is_update`: it adds statements to an earlier manifest of the same content; hard binding, soft
    bindings and all statements but the actions are then those of the earlier one. It is trusted
    only if the signers of both are; `claim_signer` is the one of whom `trust` speaks.
    `redactions`: JUMBF URIs of statements that were removed from earlier manifests on purpose.
    `ingredients`: what the content was made from, each judged by itself; none of them changes
    what is said of this one. `omitted`: how many more there are.
    `explanation`: the checks in plain language.

    Statements of a manifest whose signature or assertions are not valid prove nothing.
    """

    bytes: bytes = field(repr=False)
    label: str | None = None
    claim_signer: str | None = None
    signed_at: datetime | None = None
    time_stamped_by: str | None = None
    trust: TrustStatus = TrustStatus.NONE
    trusted_by: str | None = None
    identities: tuple[Identity, ...] = ()
    signature_valid: bool = False
    hard_binding: HardBinding = "absent"
    assertions_valid: bool = False
    failures: tuple[str, ...] = ()
    ingredient_failures: tuple[str, ...] = ()
    soft_bindings: tuple[SoftBinding, ...] = ()
    digital_source: str | None = None
    actions: tuple[str, ...] = ()
    title: str | None = None
    creator: str | None = None
    generator: str | None = None
    created: datetime | None = None
    thumbnail: builtins.bytes | None = field(default=None, repr=False)
    record: Record | None = None
    training_mining: TrainingMining | None = None
    is_update: bool = False
    redactions: tuple[str, ...] = ()
    ingredients: tuple[Ingredient, ...] = ()
    omitted: int = 0
    explanation: str = ""


def read(asset: BinaryIO | Path, media_type: str, *, trust: Trust) -> Manifest | None:
    """The manifest that a file carries; None when it carries none.

    >>> import io
    >>> from PIL import Image
    >>> file = io.BytesIO()
    >>> Image.new("RGB", (160, 160)).save(file, "PNG")
    >>> _ = file.seek(0)
    >>> read(file, "image/png", trust=Trust.nobody()) is None
    True

    A damaged manifest comes back with its failures, as does one that is only linked to
    (manifest.inaccessible): it is never fetched.

    Raises `UnsupportedImage` for other media types, `SourceNotFound` for unreadable files.
    Source: C2PA 2.2, section "Validation".
    """
    library.check_media_type(media_type, or_text=True)
    with opened(asset) as stream:
        return read_stream(stream, media_type, trust=trust)


def read_stream(stream: Stream, media_type: str, *, trust: Trust) -> Manifest | None:
    """As `read`, for an open file, of which only what is needed is ever in memory."""
    content = StreamContent(stream)
    # With a store at hand the library believes the stated type; the content knows better.
    shown = media_type_of(content) or media_type

    def validate(store: bytes | None) -> Findings | None:
        if store is None and shown in TEXT_TYPES:
            return None  # the library knows no texts
        code = None if store is None else binding_check.compare_here(store, content)
        if store is None or code is None:
            return library.validate(shown, stream, store, trust=trust)
        findings = library.validate_store(store, trust=trust)
        return None if findings is None else findings.with_binding(code)

    return _judged(content, validate, trust)


def read_fragment(
    initialisation: BinaryIO | Path,
    fragment: BinaryIO | Path,
    media_type: str = "video/mp4",
    *,
    trust: Trust,
) -> Manifest | None:
    """The manifest of a fragmented MP4 stream, checked against one of its fragments.

    `initialisation`: the segment with the manifest. `hard_binding` is about both files.

    Raises `UnsupportedImage` for other media types, `SourceNotFound` for unreadable files.

    >>> import io
    >>> empty = io.BytesIO(), io.BytesIO()
    >>> read_fragment(*empty, trust=Trust.nobody()).signature_valid
    False

    Source: C2PA 2.2, section "Validating BMFF hashes", fragmented files.
    """
    library.check_media_type(media_type)
    with opened(initialisation) as first, opened(fragment) as second:
        return _judged(
            StreamContent(first),
            lambda _: _fragment_findings(media_type, first, second, trust),
            trust,
        )


def _fragment_findings(
    media_type: str, first: Stream, second: Stream, trust: Trust
) -> Findings | None:
    try:
        locate(StreamContent(second))  # it is no more complex than the library may be given
    except UnreadableManifest as error:
        return Findings(None, ((UNREADABLE_ASSET, str(error)),))
    return library.validate_fragment(media_type, first, second, trust=trust)


def _judged(
    content: StreamContent, validate: Callable[[bytes | None], Findings | None], trust: Trust
) -> Manifest | None:
    try:
        location = locate(content)
        store = None if location is None else location.extract(content)
        if store is not None:
            bounds.check(store)
    except TooManyParts as error:
        return _refused(b"", [(UNREADABLE_ASSET, str(error))])
    except UnusableText as error:
        return _refused(b"", [(error.code, error.problem)])
    except UnreadableManifest as error:
        return _refused(b"", [("claim.malformed", str(error))])
    findings = validate(store)
    if findings is None:
        return None if store is None else _refused(store, [_NOT_A_STORE])
    if store is None:
        if findings.asset_is_damaged:
            return _refused(b"", [(UNREADABLE_ASSET, text) for _, text in findings.failures])
        elsewhere = () if findings.label is None else (_ELSEWHERE,)
        return _refused(b"", (*findings.failures, *elsewhere))
    return _manifest(store, findings, trust, detached=False)


def read_detached(
    manifest: bytes, asset: BinaryIO | Path | None = None, *, trust: Trust
) -> Manifest:
    """Check a stored manifest, against the file that it lies beside if that is at hand.

    >>> read_detached(b"not a manifest", trust=Trust.nobody()).failures
    ('claim.malformed',)

    `asset`: the whole file as it was signed by `sign_detached`, of any kind; without it
    `hard_binding` is "not checked". Signature, assertion hashes and trust are judged as in `read`.

    Raises `SourceNotFound` for unreadable files.
    """
    if asset is not None:
        with opened(asset) as stream:
            return read_beside(manifest, stream, trust=trust)
    return _stored(manifest, lambda: library.validate_store(manifest, trust=trust), trust)


def read_beside(manifest: bytes, stream: Stream, *, trust: Trust) -> Manifest:
    """As `read_detached`, for an open file, of which large ones are read in bounded memory."""

    def validate() -> Findings | None:
        code = binding_check.compare_here(manifest, StreamContent(stream))
        if code is None:
            return library.validate(library.STORE_MEDIA_TYPE, stream, manifest, trust=trust)
        findings = library.validate_store(manifest, trust=trust)
        return None if findings is None else findings.with_binding(code)

    return _stored(manifest, validate, trust, is_alone=False)


def _stored(
    manifest: bytes,
    validate: Callable[[], Findings | None],
    trust: Trust,
    *,
    is_alone: bool = True,
) -> Manifest:
    unbound: HardBinding = "not checked" if is_alone else "absent"
    try:
        bounds.check(manifest)
    except UnreadableManifest as error:
        return _refused(manifest, [("claim.malformed", str(error))], unbound)
    findings = validate()
    if findings is None:
        return _refused(manifest, [_NOT_A_STORE], unbound)
    return _manifest(manifest, findings, trust, detached=is_alone)


def _refused(
    store: bytes, failures: Sequence[Failure], hard_binding: HardBinding = "absent"
) -> Manifest:
    """A manifest of which nothing can be said but why."""
    return Manifest(
        bytes=store,
        hard_binding=hard_binding,
        failures=_codes(failures),
        explanation=" ".join(text for _, text in failures if text),
    )


def _codes(failures: Sequence[Failure]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(code for code, _ in failures))


def _manifest(store: bytes, findings: Findings, trust: Trust, *, detached: bool) -> Manifest:
    hard_binding: HardBinding = "not checked" if detached else _hard_binding(findings)
    failures = (*findings.failures, *findings.ingredient_failures)
    if findings.label is None:
        return _refused(store, failures, hard_binding)
    try:
        return _parsed(store, claims.parse(store), findings, trust, hard_binding, failures)
    except UnreadableManifest as error:
        return _refused(store, (*failures, ("claim.malformed", str(error))), hard_binding)


def _parsed(
    store: bytes,
    claim: Claim,
    findings: Findings,
    trust: Trust,
    hard_binding: HardBinding,
    failures: Sequence[Failure],
) -> Manifest:
    lineage = claim.lineage()
    bound = lineage[-1]
    stated = _stated(claim, bound)
    if hard_binding != "not checked" and claim.is_update:
        hard_binding = _hard_binding(findings, of=bound.label)
    signature_valid = _signature_valid(claim, findings)
    by = signers(lineage, findings, trust) if signature_valid else ()
    made_from, omitted = ingredients(claim, findings, trust) if signature_valid else ((), 0)
    decisive = least_trusted(by)
    standing = decisive.standing if decisive else Standing(TrustStatus.NONE)
    stamp = first_stamp(by)
    manifest = Manifest(
        bytes=store,
        label=claim.label,
        claim_signer=decisive.name if decisive else None,
        signed_at=stamp.at if stamp else None,
        time_stamped_by=stamp.authority if stamp else None,
        trust=standing.status,
        trusted_by=standing.by,
        identities=_identities(claim, findings, trust, by[0].stamp) if by else (),
        signature_valid=signature_valid,
        hard_binding=hard_binding,
        assertions_valid=_assertions_valid(lineage, findings),
        failures=_codes(failures),
        ingredient_failures=_codes(findings.inherited_failures),
        soft_bindings=stated.soft_bindings,
        digital_source=stated.digital_source,
        actions=stated.actions,
        title=stated.title,
        creator=stated.creator,
        generator=stated.generator,
        created=stated.created,
        thumbnail=stated.thumbnail,
        record=stated.record,
        training_mining=stated.training_mining,
        is_update=claim.is_update,
        redactions=stated.redactions,
        ingredients=made_from,
        omitted=omitted,
    )
    earlier = by[-1].name if len(by) > 1 else None
    said = explanation(manifest, failures, stamp=stamp, earlier_signer=earlier)
    return replace(manifest, explanation=said)


def _signature_valid(claim: Claim, findings: Findings) -> bool:
    return (
        "claimSignature.validated" in findings.successes
        and not any(code.startswith("claimSignature.") for code, _ in findings.failures)
        and claim.label == findings.label
        and is_signed(claim)
    )


def _stated(claim: Claim, bound: Claim) -> Statements:
    """Of an update, what the earlier manifest states, and what was done since."""
    latest = statements(claim)
    if bound is claim:
        return latest
    earlier = statements(bound)
    actions = (*earlier.actions, *latest.actions)
    return replace(earlier, actions=actions, redactions=latest.redactions)


def _hard_binding(findings: Findings, of: str | None = None) -> HardBinding:
    """How the content fits the active manifest, or the earlier one of that label."""
    if of is None:
        codes = {*findings.successes, *(code for code, _ in findings.failures)}
    else:
        codes = {code for code, uri in findings.bindings if f"/{of}/" in uri}
    found = {code for code in codes if code.startswith(BINDING_CODES)}
    if not found:
        return "absent"
    return "match" if all(code.endswith(".match") for code in found) else "mismatch"


def _assertions_valid(lineage: Sequence[Claim], findings: Findings) -> bool:
    """Whether nothing failed but what is judged elsewhere: signature, binding, trust, identities.

    C2PA 2.2, section 14.3.4, measures a manifest by that standard alone: an identity assertion
    that fails takes away an identity, and nothing from the claim that holds its hash.
    """
    elsewhere = ("claimSignature.", "cawg.", *BINDING_CODES, *TRUST_CODES)
    own = [code for code, _ in findings.failures if not code.startswith(elsewhere)]
    return (
        all(claim.hashes_agree for claim in lineage)
        and all(map(is_signed, lineage[1:]))
        and not findings.ingredient_failures
        and not own
    )


def _identities(
    claim: Claim, findings: Findings, trust: Trust, stamp: TimeStamp | None
) -> tuple[Identity, ...]:
    codes = {code for code, _ in findings.failures}
    return identities(
        claim,
        trust,
        proven_at=stamp.at if stamp else None,
        library_trusts="cawg.x509.credential.trusted" in findings.successes
        and not any(code.startswith("cawg.") for code in codes),
    )
