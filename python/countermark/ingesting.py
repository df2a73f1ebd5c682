"""What a platform does with a file that is published: decide, label, sign, keep what is there.

>>> from countermark.labels.aigc.reading import judged
>>> decided(judged(()), is_declared=True, has_traces=False).notice_zh
'可能'

Source: Measures for Labeling AI-Generated Synthetic Content (2025), article 6; GB 45438-2025,
annex E.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Final

from countermark import credentials, files, sidecars
from countermark.complying import Evidence, examine
from countermark.credentials import (
    FINGERPRINTS,
    WATERMARKS,
    Beside,
    Signer,
    SoftBinding,
    TimeStamper,
    Trust,
    TrustStatus,
)
from countermark.credentials.containers import MEDIA_TYPES, TEXT_TYPES
from countermark.errors import LabelNotWritten, UnsupportedContainer
from countermark.labels import aigc
from countermark.labels.aigc import AigcLabel, Reading, Status, Verdict
from countermark.preserving import Marks, compare, deposit
from countermark.record import DigitalSource, ProviderCode, Record
from countermark.registry import IngestDecision, Registry
from countermark.screening import named_payloads
from countermark.text import sign_inside

EDITED_METADATA: Final = "c2pa.edited.metadata"
"""What the manifest says was done to the file: nothing that is seen or heard."""


class Decision(Enum):
    """What the platform tells its public about a file.

    `IS`: a label in its metadata says that it was generated. `POSSIBLE`: none does, but whoever
    publishes it says so. `SUSPECTED`: neither, but there are traces. `NONE`: nothing is to be said.
    """

    IS = "is"
    POSSIBLE = "possible"
    SUSPECTED = "suspected"
    NONE = "none"

    @property
    def status(self) -> Status | None:
        """As the label in the metadata has it."""
        return _STATUS.get(self)

    @property
    def notice(self) -> str | None:
        """What people are told, in English."""
        return None if self is Decision.NONE else _NOTICES[self][0]

    @property
    def notice_zh(self) -> str | None:
        """The word for it in the Measures."""
        return None if self is Decision.NONE else _NOTICES[self][1]


_OWN: Final = WATERMARKS | FINGERPRINTS
_STATUS: Final = {
    Decision.IS: Status.GENERATED,
    Decision.POSSIBLE: Status.POSSIBLE,
    Decision.SUSPECTED: Status.SUSPECTED,
}
_DECISIONS: Final = {status: decision for decision, status in _STATUS.items()}
_NOTICES: Final = {
    Decision.IS: ("This content was generated or edited by AI.", "是"),
    Decision.POSSIBLE: ("This content may have been generated or edited by AI.", "可能"),
    Decision.SUSPECTED: ("This content is suspected to be generated or edited by AI.", "疑似"),
}


@dataclass(frozen=True, slots=True)
class Ingested:
    """What `ingest` has done.

    `label`: as it stands in the destination; None when there was nothing to be said, and the file
    was copied as it is. `manifest`: the label of the new one; None when the file had none.
    """

    decision: Decision
    label: AigcLabel | None
    manifest: str | None


def decided(reading: Reading, *, is_declared: bool, has_traces: bool) -> Decision:
    """The decision on a file.

    `reading`: of the labels in its metadata. A label that is not as the standard has it still says
    what it says. `is_declared`: whether whoever publishes it says that it was generated.
    `has_traces`: whether there are other signs of it.

    Raises `LabelNotWritten` for a file of which nobody can say whether it has a label.
    """
    if reading.found:
        states = [one.members.get("Label") for one in reading.found]
        known = [Status(each) for each in states if each in [status.value for status in Status]]
        # Of several labels the firmest counts; one without a known value is a label all the same.
        return _DECISIONS[min(known, key=lambda status: status.value)] if known else Decision.IS
    if reading.verdict is Verdict.INCONCLUSIVE:
        raise LabelNotWritten(
            "The file cannot be searched for labels as a whole, so nothing was written.",
            remedy="Obtain a whole copy.",
        )
    if is_declared:
        return Decision.POSSIBLE
    return Decision.SUSPECTED if has_traces else Decision.NONE


def ingest(
    source: Path,
    destination: Path,
    *,
    propagator: ProviderCode,
    propagate_id: str,
    is_declared: bool = False,
    is_suspected: bool = False,
    origin: DigitalSource | None = None,
    signer: Signer | None = None,
    trust: Trust | None = None,
    registry: Registry | None = None,
    time_stamper: TimeStamper | None = None,
) -> Ingested:
    """Write a copy of a file for publication, labelled by the platform that publishes it.

    `source`, `destination`: paths; they may be the same. `propagator`, `propagate_id`: the code of
    the platform, and its number of the content. `is_declared`: whether whoever uploads it says that
    it was generated; `is_suspected`: whether a detector of the platform thinks so. `origin`: where
    the content comes from, for a manifest that does not say so. `signer`: needed
    for a file with a manifest, which gets a new one with the old one as parent. `trust`: whose
    signatures count; `registry`: where traces are looked for and the new manifest is remembered.

    In the label only the members of the propagator are written; those of the producer stay as they
    are, and stay empty where nobody has stated them. Signed statements of a record that is trusted
    are stated again; of another, the digital source type alone. A manifest that lies beside a
    document or scene, and fits, gets its successor beside the destination; that of a file with a
    place for one, in it. The decision, whichever it is, becomes a leaf of the registry's log with
    the two digests of the file.

    Raises `SourceNotFound`, `UnsupportedContainer` for files without a place for a label,
    `LabelNotWritten`, `MarkLost` when something that came in would not go out, `InvalidLabel`,
    `CredentialError`, `DestinationNotWritable`.
    """
    trust = Trust.nobody() if trust is None else trust
    seen = _own(examine(source, trust=trust, registry=registry))
    if seen.labels is None:
        raise UnsupportedContainer(
            f"Files of type {seen.media_type} have no place for the label that readers know.",
            remedy="Convert it before it is published.",
        )
    traces = is_suspected or seen.is_generated is True or _has_explicit_label(seen)
    decision = decided(seen.labels, is_declared=is_declared, has_traces=traces)
    if decision is Decision.NONE:
        _publish(decision, source, source, destination, _store_beside(seen), registry)
        return Ingested(decision, None, None)
    label = _label(seen.labels, decision, propagator, propagate_id)
    if seen.manifest is None:
        with _labelled(source, label) as draft:
            _check_kept(seen, draft, trust)
            _publish(decision, source, draft, destination, None, registry)
        return Ingested(decision, label, None)
    if signer is None:
        raise LabelNotWritten(
            "The file has a manifest, which would not fit it any more with another label.",
            remedy="Give the signer of the platform, who signs it with the old one as parent.",
        )
    record = restated(seen, decision, origin)
    in_text = seen.media_type in TEXT_TYPES and seen.sidecar is None
    beside = seen.media_type not in MEDIA_TYPES and not in_text
    with _labelled(source, label) as draft:
        if in_text:
            store = _sign_in_text(source, draft, seen, record, signer, time_stamper)
        elif beside:
            store = _sign_beside(source, draft, seen, record, signer, time_stamper)
        else:
            store = _sign(source, draft, seen, record, signer, time_stamper)
        _check_kept(seen, draft, trust)
        _publish(decision, source, draft, destination, store if beside else None, registry)
    if registry is not None and beside:
        deposit(registry, store, named_payloads(seen.manifest))
    elif registry is not None:
        _remember(registry, store, named_payloads(seen.manifest))
    return Ingested(decision, label, credentials.active_label(store))


def _own(seen: Evidence) -> Evidence:
    """Without the manifest beside it that was signed for other bytes, which is none of its own."""
    is_strange = seen.sidecar is not None and not seen.is_bound
    return replace(seen, manifest=None, sidecar=None) if is_strange else seen


def _store_beside(seen: Evidence) -> bytes | None:
    return None if seen.sidecar is None or seen.manifest is None else seen.manifest.bytes


def _label(
    reading: Reading, decision: Decision, propagator: ProviderCode, propagate_id: str
) -> AigcLabel:
    """The label with the members of the propagator, and what the producer has stated."""
    if reading.label is not None:
        return reading.label.spread(str(propagator), propagate_id)
    stated = reading.found[0].members if reading.found else {}
    kept = {name: stated.get(name, "") for name in ("ContentProducer", "ProduceID")}
    if not all(aigc.is_allowed(text) for text in kept.values()):
        raise LabelNotWritten(
            "What the producer states in the label is not as the standard has it, so nothing was "
            "written.",
            remedy="Ask the producer for a copy with a right label.",
        )
    assert decision.status is not None
    return AigcLabel(
        status=decision.status,
        producer=kept["ContentProducer"],
        produce_id=kept["ProduceID"],
        propagator=str(propagator),
        propagate_id=propagate_id,
    )


def _has_explicit_label(seen: Evidence) -> bool:
    return seen.record is not None and seen.record.label is not None


@contextmanager
def _labelled(source: Path, label: AigcLabel) -> Iterator[Path]:
    """A copy with the label, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / source.name
        aigc.write(source, draft, label)
        yield draft


def _sign(
    source: Path,
    draft: Path,
    seen: Evidence,
    record: Record,
    signer: Signer,
    time_stamper: TimeStamper | None,
) -> bytes:
    """Sign the copy where it lies, with the source as its parent; the manifest store."""
    manifest, media_type = seen.manifest, seen.media_type
    assert manifest is not None
    assert media_type is not None
    return credentials.sign_file(
        draft,
        draft,
        media_type,
        record=record,
        signer=signer,
        soft_bindings=_soft_bindings(seen),
        thumbnail=manifest.thumbnail if _is_jpeg(manifest.thumbnail) else None,
        parent=Beside(source, media_type, _store_beside(seen)),
        actions=(EDITED_METADATA,),
        time_stamper=time_stamper,
    )


def _sign_beside(
    source: Path,
    draft: Path,
    seen: Evidence,
    record: Record,
    signer: Signer,
    time_stamper: TimeStamper | None,
) -> bytes:
    """As `_sign`, for a manifest beside the file; it is written beside the draft."""
    store = credentials.sign_detached(
        draft,
        record=record,
        signer=signer,
        soft_bindings=_soft_bindings(seen),
        parent=Beside(source, seen.media_type or "application/octet-stream", _store_beside(seen)),
        actions=(EDITED_METADATA,),
        time_stamper=time_stamper,
    )
    draft.with_suffix(credentials.SIDECAR).write_bytes(store)
    return store


def _sign_in_text(
    source: Path,
    draft: Path,
    seen: Evidence,
    record: Record,
    signer: Signer,
    time_stamper: TimeStamper | None,
) -> bytes:
    """As `_sign`, for a text, whose manifest stays where it is."""
    assert seen.manifest is not None
    assert seen.media_type is not None
    signed = sign_inside(
        draft.read_bytes(),
        media_type=seen.media_type,
        method=None,
        record=record,
        signer=signer,
        parent=Beside(source, seen.media_type, seen.manifest.bytes),
        actions=(EDITED_METADATA,),
        time_stamper=time_stamper,
    )
    draft.write_bytes(signed.asset)
    return signed.manifest


def _soft_bindings(seen: Evidence) -> Sequence[SoftBinding]:
    """Those of our own that the manifest names, unless another watermark is read."""
    assert seen.manifest is not None
    named = [one for one in seen.manifest.soft_bindings if one.algorithm in _OWN]
    read = None if seen.payload is None else SoftBinding.of_payload(seen.payload)
    return named if read is None or read in named else [read]


def _is_jpeg(thumbnail: bytes | None) -> bool:
    return thumbnail is not None and thumbnail.startswith(b"\xff\xd8")


def restated(seen: Evidence, decision: Decision, origin: DigitalSource | None) -> Record:
    """What the platform states: the record of whom it trusts, else where the content comes from."""
    manifest = seen.manifest
    assert manifest is not None
    if seen.is_bound and manifest.trust is TrustStatus.TRUSTED and manifest.record is not None:
        return manifest.record
    stated = {one.uri: one for one in DigitalSource}.get(manifest.digital_source or "", origin)
    if stated is None and decision is Decision.IS:
        stated = DigitalSource.AI_GENERATED  # as the label of its producer says
    if stated is None:
        raise LabelNotWritten(
            "The manifest in the file does not say where the content comes from, and nobody else "
            "does.",
            remedy="State it, as origin (--source).",
        )
    return Record(source=stated)


def _remember(registry: Registry, store: bytes, payloads: list[int]) -> None:
    """Keep the new manifest beside that of the picture, or by itself; the log tells of it."""
    known = [payload for payload in payloads if registry.find_payload(payload) is not None]
    if known:
        registry.manifests.add(known[0], store)
    else:
        registry.manifests.deposit(store)


def _check_kept(seen: Evidence, draft: Path, trust: Trust) -> None:
    before = Marks.of(seen.manifest, seen.labels, payload=seen.payload)
    done = examine(draft, trust=trust, registry=None)
    compare(before, Marks.of(done.manifest, done.labels, payload=done.payload))


def _publish(
    decision: Decision,
    source: Path,
    draft: Path,
    destination: Path,
    store: bytes | None,
    registry: Registry | None,
) -> None:
    """Put the file in its place, with its manifest beside it if there is one, and log the decision.

    All of it, or nothing.
    """
    place = files.target(destination)
    with ExitStack() as stack:
        puts = []
        if not (place.exists() and place.samefile(draft)):
            out, put = stack.enter_context(files.drafting(place, like=source))
            with draft.open("rb") as content, files.writing(repr(str(place))):
                shutil.copyfileobj(content, out)
            puts.append(put)
        if store is not None:
            sidecar = files.target(sidecars.place_for(destination))
            puts.append(stack.enter_context(files.replacing(sidecar, store, like=source)))
        if registry is not None:  # last, so that the files go back when it fails
            stack.enter_context(registry.deciding(_told(decision, source, draft)))
        for put in puts:
            put()


def _told(decision: Decision, source: Path, draft: Path) -> IngestDecision:
    came_in = files.sha256(source)
    goes_out = came_in if draft == source else files.sha256(draft)
    return IngestDecision(code=decision.value, source_sha256=came_in, published_sha256=goes_out)
