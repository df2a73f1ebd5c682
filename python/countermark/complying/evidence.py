"""What a finished file shows of the duties that were met."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from countermark import duties, image, watermark
from countermark.containers import StreamContent
from countermark.credentials import Manifest, Trust, TrustStatus
from countermark.credentials.assets import opened
from countermark.credentials.containers import media_type
from countermark.errors import (
    ImageError,
    LabelError,
    MissingExtra,
    UnassessedModel,
    UnreadableScene,
    UnsupportedContainer,
)
from countermark.labels import aigc, scenes
from countermark.labels.aigc import Reading, Verdict
from countermark.labels.profiles import Medium
from countermark.record import DigitalSource, Record
from countermark.registry import Registry
from countermark.screening import named_payloads
from countermark.verifying import verify
from countermark.verifying.carried import Carried, carried

if TYPE_CHECKING:
    from countermark.labels.audible import HeardRhythm


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was found in and about one file.

    `media_type`: by its content; None for an unknown kind. `labels`: in its metadata; None where
    files of this kind have no place for them. `manifest`: whether it holds or not; in the file,
    beside it, or in the file that was named, which is `sidecar` then.
    `record`: what its maker states, from a manifest that holds, in the file or recovered by its
    watermark or fingerprint. `is_recovered`: in the latter case. `trust`: of whoever states it.
    `heard`: the rhythm that says so, in a sound. `payload`: in the pixels; None when there is none.
    `can_hold_watermark`: whether countermark looks for one in such files. `is_assessed`: whether
    the register of models has the assessment of the model that made it; None without a registry or
    a model. `is_logged`: whether the registry's log has its making; None without a registry.
    """

    media_type: str | None
    labels: Reading | None
    manifest: Manifest | None
    record: Record | None
    is_recovered: bool
    trust: TrustStatus
    heard: HeardRhythm | None
    payload: int | None
    can_hold_watermark: bool
    is_assessed: bool | None
    is_logged: bool | None
    sidecar: Path | None = None

    @property
    def medium(self) -> Medium:
        """The medium of the file; what is of no known kind counts as text."""
        return Medium.of(self.media_type or "")

    @property
    def is_bound(self) -> bool:
        """Whether the manifest holds, and is for exactly this file."""
        found = self.manifest
        return (
            found is not None
            and found.signature_valid
            and found.assertions_valid
            and found.hard_binding == "match"
        )

    @property
    def is_generated(self) -> bool | None:
        """Whether a machine generated or edited it, as the file says; None when it does not say.

        That none did is believed of those alone whom a trust list names.
        """
        if self.labels is not None and self.labels.verdict is not Verdict.NOT_FOUND:
            return True
        source = None if self.record is None else self.record.source.uri
        if source is None and self.manifest is not None and self.is_bound:
            source = self.manifest.digital_source
        if source is None or source in [each.uri for each in DigitalSource if each.is_by_ai]:
            return None if source is None else True
        return False if self.trust is TrustStatus.TRUSTED else None


def examine(
    source: Path | bytes, *, trust: Trust, registry: Registry | None, sidecar: Path | None = None
) -> Evidence:
    """Look at a file; raises `SourceNotFound`, `RegistryError` and what `verify` raises.

    `sidecar`: the file with its manifest, as in `verify`.
    """
    report = verify(_file(source), manifest=sidecar, trust=trust, registry=registry)
    shown = aigc.media_type(_file(source))
    found = _carried(source, sidecar, trust)
    manifest = found.manifest
    record = report.record
    payload, can_hold = _watermark(source, shown)
    return Evidence(
        media_type=shown,
        labels=_labels(source),
        heard=_heard(source, shown),
        manifest=manifest,
        sidecar=found.sidecar,
        record=record,
        is_recovered=record is not None and (manifest is None or record != manifest.record),
        payload=payload,
        can_hold_watermark=can_hold,
        trust=report.trust,
        is_assessed=_is_assessed(record, registry),
        is_logged=_is_logged(manifest, payload, registry),
    )


def _carried(source: Path | bytes, sidecar: Path | None, trust: Trust) -> Carried:
    """As `verify` finds it."""
    path = None if isinstance(source, bytes) else source
    with opened(_file(source)) as stream:
        shown = media_type(StreamContent(stream))
        return carried(stream, shown, trust=trust, path=path, sidecar=sidecar)


def _file(source: Path | bytes) -> Path | BinaryIO:
    return io.BytesIO(source) if isinstance(source, bytes) else source


def _labels(source: Path | bytes) -> Reading | None:
    try:
        return aigc.read(_file(source))
    except UnsupportedContainer:
        return None


def _heard(source: Path | bytes, media_type: str | None) -> HeardRhythm | None:
    """The first rhythm in a sound; None where there is none, or it cannot be listened to."""
    if isinstance(source, bytes) or Medium.of(media_type or "") is not Medium.AUDIO:
        return None
    # Here, so that whoever marks pictures does not wait for it.
    from countermark.labels.audible import rhythms_in

    try:
        return next(iter(rhythms_in(source)), None)
    except (LabelError, MissingExtra):
        return None


def _watermark(source: Path | bytes, shown: str | None) -> tuple[int | None, bool]:
    """The payload in the pixels, and whether there are any."""
    if shown == scenes.GLB:
        return _watermark_of_scene(source)
    with opened(_file(source)) as stream:
        if not image.is_decodable(stream.read(image.HEAD_BYTES)):
            return None, False
        stream.seek(0)
        try:
            picture = image.read(io.BytesIO(stream.read()))
            found = watermark.detect(image.upright(picture.pixels, picture.orientation))
        except ImageError:  # nor can one be in a picture that is too small for it
            return None, False
    return None if found is None else found.payload, True


def _watermark_of_scene(source: Path | bytes) -> tuple[int | None, bool]:
    try:
        found = scenes.find_payloads(_file(source))
        return (found[0], True) if found else (None, scenes.has_textures(_file(source)))
    except UnreadableScene:
        return None, False


def _is_assessed(record: Record | None, registry: Registry | None) -> bool | None:
    system = None if record is None else record.system
    if registry is None or record is None or system is None or system.model_sha256 is None:
        return None
    try:
        duties.check_model(system.model_sha256, record.service_class, registry)
    except UnassessedModel:
        return False
    return True


def _is_logged(
    manifest: Manifest | None, payload: int | None, registry: Registry | None
) -> bool | None:
    if registry is None:
        return None
    payloads = named_payloads(manifest) if payload is None else [payload]
    if any(registry.find_leaf(each) is not None for each in payloads):
        return True
    label = None if manifest is None else manifest.label
    return label is not None and (
        registry.manifests.find_leaf(label) is not None
        or any(use.manifest == label for use in registry.key_uses())
    )
