"""Remember a signed sound or movie, so that copies that lost their manifest lead back to it.

>>> from countermark.registry import Registry
>>> import tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     path = Path(folder) / "letter.txt"
...     _ = path.write_text("no sound")
...     try:
...         enroll(path, registry=Registry.open(folder + "/registry"))
...     except InvalidArgument as error:
...         print(error.problem.endswith("is no sound and no movie."))
True
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timezone
from pathlib import Path
from typing import BinaryIO, cast

from countermark import clips, containers
from countermark.containers import StreamContent
from countermark.credentials import Manifest, Trust
from countermark.credentials.assets import opened
from countermark.credentials.containers import media_type
from countermark.errors import InvalidArgument
from countermark.record import Record
from countermark.registry import Entry, Registry
from countermark.screening import named_payloads
from countermark.verifying.carried import carried


def enroll(source: Path, *, registry: Registry) -> Entry:
    """Add the manifest of a sound or movie, in it or beside it, with the file's fingerprints.

    `source`: a file that is exactly as it was signed by countermark. The payload of the entry is
    that of the watermark that its manifest names, or one that stands in no file.

    Raises `SourceNotFound`, `InvalidArgument` for a file of another kind, one that is not as it was
    signed, one by whose fingerprints nothing could be recognised (silence, a few seconds, a picture
    that never changes and has no structure), or one that is there already; `UnreadableVideo`,
    `MissingExtra`, `PayloadTaken`, `RegistryError`, `DestinationNotWritable`.
    """
    with opened(source) as asset:
        content = StreamContent(asset)
        kind = containers.media_type(content)
        if kind not in clips.FORMATS:
            raise InvalidArgument(
                f"{str(source)!r} is no sound and no movie.",
                remedy=f"Name a file of one of the types {', '.join(clips.FORMATS)}.",
            )
        manifest = carried(asset, media_type(content), trust=Trust.nobody(), path=source).manifest
        store, record = _checked(source, manifest, registry)
        clip = clips.read(cast(BinaryIO, asset), kind)
        width, height = clips.frame_size(cast(BinaryIO, asset), kind)
    if not clip.is_telling:
        raise InvalidArgument(
            f"{str(source)!r} holds nothing by which it could be told from others.",
            remedy="There is nothing to add: silence, noise, steady tones, less than five seconds "
            "of sound and flat pictures are not recognised.",
        )
    payloads = named_payloads(manifest)
    entry = Entry(
        payload=payloads[0] if payloads else registry.new_payload(),
        clip=clip,
        manifest=store,
        manifest_sha256=hashlib.sha256(store).digest(),
        record=record,
        width=width,
        height=height,
        marked_at=datetime.now(timezone.utc).replace(microsecond=0),
    )
    registry.put(entry)
    return entry


def _checked(source: Path, manifest: Manifest | None, registry: Registry) -> tuple[bytes, Record]:
    """The manifest store and its record, when countermark signed it for exactly this file."""
    holds = manifest is not None and manifest.signature_valid and manifest.assertions_valid
    if manifest is None or not holds or manifest.hard_binding != "match":
        raise InvalidArgument(
            f"{str(source)!r} is not as it was signed, or carries no manifest.",
            remedy="Sign it first (countermark sign), and add it before it is changed.",
        )
    if manifest.record is None:
        raise InvalidArgument(
            f"The manifest of {str(source)!r} holds no record of countermark.",
            remedy="Sign it with countermark sign; the manifest that it has becomes the parent.",
        )
    if registry.manifests.leaf_of(manifest.bytes) is not None:
        raise InvalidArgument(
            f"{str(source)!r} is in the registry already.", remedy="There is nothing to do."
        )
    return manifest.bytes, manifest.record
