"""A marked copy with its manifest and its entry, not yet in its place nor in the registry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from countermark import duties, files
from countermark.costs import layer
from countermark.credentials import Signer, TimeStamper
from countermark.duties import Demands
from countermark.errors import MarkLost
from countermark.marking.entering import entry_of
from countermark.marking.kinds import Asset, modality_of, read
from countermark.marking.originals import Order, Original
from countermark.marking.placing import checked_place, signed
from countermark.record import Record
from countermark.registry import Entry, Registry
from countermark.registry.features import Notice
from countermark.screening import Rules, Use, named_payloads, screen
from countermark.watermark import Strength

if TYPE_CHECKING:
    from countermark.labels.profiles import Profile
    from countermark.labels.visible import Wording
    from countermark.video import MarkedVideo


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is to be put in its place and entered, both or none.

    `content`: in memory, or a draft. `place`: None for a stream. `is_later`: the registry has an
    entry with the payload already, and gets a later manifest of it. `notices`, `video`: as in
    `Marked`.
    """

    content: bytes | Path
    entry: Entry
    place: Path | None
    is_later: bool
    notices: tuple[Notice, ...]
    video: MarkedVideo | None

    def entered(self, registry: Registry) -> AbstractContextManager[object]:
        """The registry has it when the body of the `with` statement has succeeded."""
        if self.is_later:
            return registry.manifests.adding(self.entry.payload, self.entry.manifest)
        return registry.adding(self.entry)


def prepare(
    asset: Asset,
    destination: files.Destination,
    *,
    record: Record,
    signer: Signer,
    registry: Registry,
    folder: Callable[[Path | None], Path],
    payload: int | None = None,
    strength: Strength = Strength.BALANCED,
    time_stamper: TimeStamper | None = None,
    rules: Rules | None = None,
    demands: Demands | None = None,
    profiles: Sequence[Profile] = (),
    wording: Wording | None = None,
    progress: Callable[[int], None] = lambda frames: None,
) -> Prepared:
    """All that `mark` does before anything is written; the registry is only read.

    `signer`: audited. `folder`: makes one for drafts of what will be in that place. `payload`: a
    new one by default; one that the registry has gets a later manifest. The others, and what is
    raised: as of `mark`.
    """
    # Here, so that whoever verifies or signs does not load what labels are made with.
    from countermark.labelling import Labelling
    from countermark.preserving import check_kept

    labelling = Labelling(profiles=tuple(profiles), wording=wording)
    modality = modality_of(asset)
    duties.check(record, registry, modality=modality, demands=demands or labelling.demands)
    original = read(asset, modality)
    place = checked_place(destination, original)
    named = named_payloads(original.past.manifest)
    notices = screen(original.sight, registry, Use.MARK, named=named, rules=rules)
    marked_at = datetime.now(timezone.utc).replace(microsecond=0)  # as manifests state times
    there = _entry_of_mark(original, registry, record)
    is_later = there is not None or (
        payload is not None and registry.find_payload(payload) is not None
    )
    if there is not None:
        payload, record = there.payload, there.record
    elif payload is None:
        payload = registry.new_payload()
    record = replace(record, created=record.created or marked_at)
    record = labelling.numbered(record, f"{payload:016x}")
    is_marked = there is not None
    order = Order(payload, record, strength, labelling, lambda: folder(place), progress, is_marked)
    copy = original.marked(order)
    parent = original.past.parent if record.edits_existing or original.past.manifest else None
    with layer("sign"):
        content, manifest = signed(copy, original.media_type, signer, parent, time_stamper)
    check_kept(original.past.marks, content, original.media_type)
    labelling.check(content, registry)
    entry = entry_of(copy.record, copy.look, payload, manifest, marked_at)
    return Prepared(content, entry, place, is_later, notices, copy.video)


def _entry_of_mark(original: Original, registry: Registry, record: Record) -> Entry | None:
    """Of the watermark that was put in before it was a file, for the same record.

    Raises `MarkLost` when a watermark would be laid over another one that no manifest names. Only
    a mark that lies as it was put is in the way of another one, so that a fast look suffices.
    """
    found = None if original.past.marks.payloads else original.earlier_payload()
    if found is None:
        return None
    entry = registry.find_payload(found)
    if entry is not None:
        stated = replace(record, created=record.created or entry.record.created)
        if stated == entry.record:
            return entry
    raise MarkLost(
        f"The {original.noun} holds the watermark {found:016x}, which another one would "
        "disturb, and no manifest that names it, so nothing was written.",
        remedy="Mark the file that still has its manifest, or sign this one without another "
        "watermark (countermark sign).",
    )
