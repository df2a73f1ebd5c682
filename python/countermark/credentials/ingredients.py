"""What a file was made from: the earlier manifests in its store, as a tree, each judged by itself.

The claim that took an ingredient in vouches for what it says of it: role, title, thumbnail. Who
signed the ingredient's own manifest, and how far they are trusted, is judged as for the claim on
top. The tree is cut where it is deeper or larger than anybody looks at.

Source: C2PA 2.2, sections 10.3.3 "Ingredients", 15.11 "Validate the ingredients" and 18.11.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Any, Final

from countermark import jumbf
from countermark.credentials import claim as claims
from countermark.credentials.claim import Claim
from countermark.credentials.findings import Findings
from countermark.credentials.signers import ClaimSigner, earlier_signer, is_signed
from countermark.credentials.statements import Statements, statements
from countermark.credentials.trust import Trust, TrustStatus
from countermark.errors import UnreadableManifest

LABELS: Final = ("c2pa.ingredient", "c2pa.ingredient.v2", "c2pa.ingredient.v3")
MAX_DEPTH: Final = 8
MAX_SIBLINGS: Final = 24
MAX_INGREDIENTS: Final = 64
"""Of one tree: each takes a signature to check and a path to build, some milliseconds."""

_MAX_TEXT: Final = 512
_MAX_ENTRIES: Final = 32
"""Of a list that a stranger makes."""

_ROLES: Final = ("parentOf", "componentOf", "inputTo")


class IngredientState(Enum):
    """What became of an ingredient's own manifest.

    >>> IngredientState("missing").name
    'MISSING'

    `HOLDS`: its signature and hashes hold, and it is the one that was taken in. `INVALID`: they
    do not, or it is another one. `MISSING`: it is named and not in the store. `REDACTED`: what was
    said of the ingredient was removed later, on purpose. `NONE`: the ingredient had no manifest.
    """

    HOLDS = "holds"
    INVALID = "invalid"
    MISSING = "missing"
    REDACTED = "redacted"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Ingredient:
    """A file that went into another one.

    >>> Ingredient("parentOf", IngredientState.MISSING, title="Lake").trust
    <TrustStatus.NONE: 'none'>

    `role`: parentOf, componentOf or inputTo. `label`: of its manifest. `title`, `media_type`: as
    whoever took it in states them. `thumbnail`: JPEG or PNG bytes that its own manifest signed,
    else those that whoever took it in signed. `recorded_failures`: codes of what was wrong with it
    then, as they state.
    `claim_signer`, `trust`, `trusted_by`, `signed_at`, `time_stamped_by`, `digital_source`,
    `generator`, `created`, `actions`: as in `Manifest`, of its own manifest if that holds.
    `ingredients`: what it was made from in turn. `omitted`: how many more there are, not followed.
    """

    role: str
    state: IngredientState
    label: str | None = None
    title: str | None = None
    media_type: str | None = None
    thumbnail: bytes | None = field(default=None, repr=False)
    recorded_failures: tuple[str, ...] = ()
    claim_signer: str | None = None
    trust: TrustStatus = TrustStatus.NONE
    trusted_by: str | None = None
    signed_at: datetime | None = None
    time_stamped_by: str | None = None
    digital_source: str | None = None
    generator: str | None = None
    created: datetime | None = None
    actions: tuple[str, ...] = ()
    ingredients: tuple[Ingredient, ...] = ()
    omitted: int = 0


def ingredients(
    claim: Claim, findings: Findings, trust: Trust
) -> tuple[tuple[Ingredient, ...], int]:
    """What the content of the active claim was made from, and how many more are left out.

    Nothing for a claim whose own assertions are not what it refers to. `claim`: with a valid
    signature. `findings`: of the library, about the same store.
    """
    if not any(map(_is_ingredient, claim.assertions)):
        return (), 0
    # That an ingredient is another one than was taken in is told there, not here.
    own = claim if claim.hashes_agree else claims.parse_one(claim.store, claim.manifest)
    return _Walk(claim, findings, trust).below((claim,), ()) if own.hashes_agree else ((), 0)


@dataclass(frozen=True, slots=True)
class _Judged:
    """A manifest in the store that holds: its claim, and what it says of itself."""

    claim: Claim
    told: Ingredient


class _Walk:
    """One way through a store, from the active claim down."""

    def __init__(self, active: Claim, findings: Findings, trust: Trust) -> None:
        self._store = active.store
        self._manifests = jumbf.manifests_of(active.store)
        self._responses = active.ocsp_responses()
        self._findings = findings
        self._faults = [uri for _, uri in findings.faults]
        self._trust = trust
        self._room = MAX_INGREDIENTS
        self._judged: dict[tuple[str, tuple[str, ...]], _Judged | None] = {}

    def below(
        self, path: Sequence[Claim], redactions: Sequence[str]
    ) -> tuple[tuple[Ingredient, ...], int]:
        """The ingredients of the last claim on the path from the active one."""
        outer = path[-1]
        stated = _stated(outer, redactions)
        if stated is None:
            return (), sum(map(_is_ingredient, outer.assertions))
        redactions = (*redactions, *outer.redactions)
        taken = min(len(stated), MAX_SIBLINGS, self._room) if len(path) <= MAX_DEPTH else 0
        self._room -= taken
        found = [self._ingredient(each, path, redactions) for each in stated[:taken]]
        return tuple(found), len(stated) - taken

    def _ingredient(
        self, stated: Mapping[Any, Any] | None, path: Sequence[Claim], redactions: Sequence[str]
    ) -> Ingredient:
        if stated is None:
            return Ingredient("", IngredientState.REDACTED)
        told = Ingredient(
            role=_role(stated.get("relationship")),
            state=IngredientState.NONE,
            title=_text(stated.get("dc:title")),
            media_type=_text(stated.get("dc:format")),
            thumbnail=_thumbnail(path[-1], stated),
            recorded_failures=_recorded(stated),
        )
        reference = _reference(stated)
        if reference is None:
            return told
        label = _label(reference.get("url"))
        told = replace(told, label=label[:_MAX_TEXT], state=IngredientState.MISSING)
        if label not in self._manifests:
            return told
        judged = self._manifest(label, path, redactions)
        if judged is None or not self._is_taken_in(label, reference, stated, redactions):
            return replace(told, state=IngredientState.INVALID)
        return self._with_manifest(told, judged, path, redactions)

    def _is_taken_in(
        self,
        label: str,
        reference: Mapping[Any, Any],
        stated: Mapping[Any, Any],
        redactions: Sequence[str],
    ) -> bool:
        """Whether the manifest in the store is the one that was taken in.

        One that was redacted since has another hash, rightly. Older kinds of ingredient are left
        to the library: their hashes cover less.
        """
        if any(f"/{label}/" in f"{uri}/" for uri in self._faults):
            return False
        if "activeManifest" not in stated or any(f"/{label}/" in uri for uri in redactions):
            return True
        algorithm = reference.get("alg", stated.get("alg", "sha256"))
        try:
            found = claims.digest(self._store, self._manifests[label], algorithm)
        except UnreadableManifest:
            return False
        return found == reference.get("hash")

    def _manifest(
        self, label: str, path: Sequence[Claim], redactions: Sequence[str]
    ) -> _Judged | None:
        """The manifest of that label, if it holds; judged once, however often it was taken in."""
        removed = tuple(uri for uri in redactions if f"/{label}/" in uri)
        key = (label, removed)
        if key not in self._judged:
            self._judged[key] = self._judge(label, path, removed)
        return self._judged[key]

    def _judge(self, label: str, path: Sequence[Claim], removed: Sequence[str]) -> _Judged | None:
        try:
            claim = claims.parse_one(self._store, self._manifests[label], removed)
            if not claim.hashes_agree or not is_signed(claim):
                return None
            signer = earlier_signer(claim, path, self._findings, self._trust, self._responses)
            return _Judged(claim, _told(statements(claim), signer))
        except UnreadableManifest:
            return None

    def _with_manifest(
        self, told: Ingredient, judged: _Judged, path: Sequence[Claim], redactions: Sequence[str]
    ) -> Ingredient:
        is_circle = judged.claim.label in {claim.label for claim in path}
        below, omitted = ((), 0) if is_circle else self.below((*path, judged.claim), redactions)
        return replace(
            judged.told,
            role=told.role,
            label=told.label,
            title=judged.told.title or told.title,
            media_type=told.media_type,
            thumbnail=judged.told.thumbnail or told.thumbnail,
            recorded_failures=told.recorded_failures,
            ingredients=below,
            omitted=omitted,
        )


def _told(stated: Statements, signer: ClaimSigner) -> Ingredient:
    stamp = signer.stamp
    return Ingredient(
        role="",
        state=IngredientState.HOLDS,
        title=_text(stated.title),
        thumbnail=stated.thumbnail,
        claim_signer=signer.name,
        trust=signer.standing.status,
        trusted_by=signer.standing.by,
        signed_at=stamp.at if stamp else None,
        time_stamped_by=stamp.authority if stamp else None,
        digital_source=_text(stated.digital_source),
        generator=_text(stated.generator),
        created=stated.created,
        actions=tuple(name[:_MAX_TEXT] for name in stated.actions[:_MAX_ENTRIES]),
    )


def _is_ingredient(label: str) -> bool:
    return label.partition("__")[0] in LABELS


def _stated(outer: Claim, redactions: Sequence[str]) -> list[Mapping[Any, Any] | None] | None:
    """What a claim says of its ingredients, parents first; None for each that was redacted.

    None for all, when it says too much or what does not parse.
    """
    try:
        found = [outer.decoded(box) for label in LABELS for box in outer.named(label)]
    except UnreadableManifest:
        return None
    listed = [data for data in found if isinstance(data, dict)]
    listed.sort(key=lambda data: data.get("relationship") != "parentOf")
    prefix = f"{outer.label}/c2pa.assertions/"
    removed = {uri.rpartition(prefix)[2] for uri in redactions if prefix in uri}
    gone = removed - set(outer.assertions)
    return [*listed, *(None for label in sorted(gone) if _is_ingredient(label))]


def _reference(stated: Mapping[Any, Any]) -> Mapping[Any, Any] | None:
    """The hashed URI of an ingredient's own manifest."""
    found = stated.get("activeManifest", stated.get("c2pa_manifest"))
    return found if isinstance(found, dict) else None


def _label(uri: object) -> str:
    return str(uri).rpartition("/")[2]


def _role(value: object) -> str:
    return value if isinstance(value, str) and value in _ROLES else ""


def _text(value: object) -> str | None:
    """Of a stranger: short, and not what countermark itself writes for want of a name."""
    if not isinstance(value, str) or value in ("", "parent", "component"):
        return None
    return value[:_MAX_TEXT]


def _thumbnail(outer: Claim, stated: Mapping[Any, Any]) -> bytes | None:
    """The one that the outer claim signed; of its own assertions, none of other manifests."""
    reference = stated.get("thumbnail")
    uri = reference.get("url") if isinstance(reference, dict) else None
    box = outer.assertions.get(str(uri).rpartition("c2pa.assertions/")[2])
    content = box.content(b"bidb") if box else None
    return outer.data(content) if content else None


def _recorded(stated: Mapping[Any, Any]) -> tuple[str, ...]:
    """Codes of what was wrong when it was taken in: older kinds list them, newer ones sort them."""
    results = stated.get("validationResults")
    active = results.get("activeManifest") if isinstance(results, dict) else None
    listed = active.get("failure") if isinstance(active, dict) else stated.get("validationStatus")
    entries = listed if isinstance(listed, (list, tuple)) else ()
    codes = (entry.get("code") for entry in entries if isinstance(entry, dict))
    texts = dict.fromkeys(code[:_MAX_TEXT] for code in codes if isinstance(code, str))
    return tuple(texts)[:_MAX_ENTRIES]
