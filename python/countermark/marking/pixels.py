"""Mark pictures that are no files yet: tensors in a generation server, images in memory.

>>> import tempfile
>>> from countermark import keys, watermark
>>> from countermark.record import DigitalSource
>>> generated = np.random.default_rng(1).random((2, 3, 256, 256), np.float32)
>>> with tempfile.TemporaryDirectory() as folder:
...     home = keys.create_home(folder + "/home")
...     with Registry.open(home.registry_path) as registry:
...         marked = mark_pixels(
...             generated, layout="BCHW", range="unit", signer=home.signer(), registry=registry,
...             record=Record(source=DigitalSource.AI_GENERATED, creator="Ada Example"),
...         )
...         both = tensors.pixels(marked, layout="BCHW", range="unit")
...         [registry.find_payload(watermark.detect(one).payload).record.creator for one in both]
['Ada Example', 'Ada Example']
"""

from __future__ import annotations

import io
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TypeVar

import numpy as np

from countermark import credentials, duties, fingerprint, image, keys, tensors, watermark
from countermark.auditing import audited
from countermark.costs import layer
from countermark.credentials import Signer, SoftBinding, TimeStamper
from countermark.duties import Demands
from countermark.errors import MarkLost, MarkNotReadable
from countermark.image import Picture, Pixels
from countermark.marking.entering import entry_of
from countermark.marking.originals import Look
from countermark.record import Modality, Record
from countermark.registry import Entry, Registry
from countermark.screening import Rules, Sight, Use, screen
from countermark.tensors import Range, RangeName
from countermark.watermark import Strength

T = TypeVar("T")


def mark_pixels(
    x: T,
    *,
    record: Record,
    signer: Signer,
    layout: str | None = None,
    range: RangeName | Range | None = None,
    registry: Registry | None = None,
    strength: Strength = Strength.BALANCED,
    time_stamper: TimeStamper | None = None,
    rules: Rules | None = None,
    demands: Demands | None = None,
    out: T | None = None,
) -> T:
    """Pictures of the same type, dtype and device with watermarks, remembered in the registry.

    Example: see the module.

    `x`, `layout`, `range`, `out`: as for `tensors.embed`; each picture of a batch gets a payload of
    its own. `record`, `signer`, `registry`, `strength`, `time_stamper`, `rules`, `demands`: as for
    `mark`.

    The registry gets an entry for each picture, with a signed manifest that is bound to the
    watermark, and to the bytes of the pixels with 8 bits: so a bare copy is resolved, whatever is
    done with the pixels. `mark` gives the file that is made of them a manifest of its own: for the
    same record it keeps the watermark that is there, and the pixels.

    All pictures of a batch are entered, or none: when anything fails, `out` is not written to and
    nothing is returned.

    Raises `InvalidArgument`, `ImageError` for what is no picture, `MarkNotReadable` when a picture
    does not hold the watermark, `MarkLost` when one is marked already, and as `mark`.
    """
    with ExitStack() as stack:
        if registry is None:
            registry = stack.enter_context(Registry.open(keys.open_home().registry_path))
        duties.check(record, registry, modality=Modality.IMAGE, demands=demands or Demands())
        before = tensors.pixels(x, layout=layout, range=range)
        for pixels in before:
            screen(Sight(pixels), registry, Use.MARK, rules=rules)
        payloads = [registry.new_payload() for _ in before]
        with layer("watermark"):
            for pixels in before:
                _check_unmarked(pixels)
            marked = tensors.embed(x, payloads, layout=layout, range=range, strength=strength)
        now = datetime.now(timezone.utc).replace(microsecond=0)  # as manifests state times
        record = replace(record, created=record.created or now)
        enter = _Entering(record, audited(signer, registry), time_stamper, now)
        after = tensors.pixels(marked, layout=layout, range=range)
        entries = [enter(each, payload) for each, payload in zip(after, payloads, strict=True)]
        with layer("registry"), registry.adding(*entries):
            return marked if out is None else tensors.copy_to(out, marked)


@dataclass(frozen=True, slots=True)
class _Entering:
    """Marked pixels become entries, each with a signed manifest."""

    record: Record
    signer: Signer
    time_stamper: TimeStamper | None
    at: datetime

    def __call__(self, pixels: Pixels, payload: int) -> Entry:
        with layer("watermark"):
            found = watermark.detect(pixels, effort="aligned")
        if found is None or found.payload != payload:
            raise MarkNotReadable(
                "The watermark cannot be read back from a marked picture, so none was marked.",
                remedy="Use pictures with more pixels or more structure, or a stronger mark.",
            )
        with layer("sign"):
            manifest = credentials.sign_detached(
                io.BytesIO(np.ascontiguousarray(pixels).tobytes()),
                record=self.record,
                signer=self.signer,
                soft_bindings=[SoftBinding.of_payload(payload)],
                thumbnail=image.thumbnail(Picture(pixels, "PNG")),
                time_stamper=self.time_stamper,
            )
        with layer("fingerprint"):
            look = Look(pixels.shape[1], pixels.shape[0], pdq=fingerprint.pdq(pixels))
        return entry_of(self.record, look, payload, manifest, self.at)


def _check_unmarked(pixels: Pixels) -> None:
    found = watermark.detect(pixels, effort="aligned")
    if found is not None:
        raise MarkLost(
            f"A picture holds the watermark {found.payload:016x} already, which another one would "
            "disturb, so none was marked.",
            remedy="Mark pictures once: before they are shown, after the last change.",
        )
