"""Mark pictures that are no files yet: tensors in a generation server, images in memory.

>>> import tempfile
>>> import numpy as np
>>> from countermark import keys, watermark
>>> from countermark.record import DigitalSource
>>> generated = 0.4 + 0.2 * np.random.default_rng(1).random((2, 3, 256, 256), np.float32)
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
import math
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timezone
from typing import TypeVar

from countermark import credentials, duties, fingerprint, image, keys, tensors, watermark
from countermark.auditing import audited
from countermark.clips import Clip
from countermark.costs import layer
from countermark.credentials import Signer, SoftBinding, TimeStamper, clip_bindings
from countermark.duties import Demands
from countermark.errors import MarkLost, MarkNotReadable
from countermark.fingerprint import Frame, Vpdq
from countermark.frames import ClipDetector
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
        after = tensors.pixels(marked, layout=layout, range=range)
        enter = Entering(record, audited(signer, registry), time_stamper)
        entries = []
        for pixels, payload in zip(after, payloads, strict=True):
            with layer("watermark"):
                found = watermark.detect(pixels, effort="aligned")
            enter.check(found, payload)
            with layer("fingerprint"):
                look = Look(pixels.shape[1], pixels.shape[0], pdq=fingerprint.pdq(pixels))
            entries.append(enter(pixels, pixels, SoftBinding.of_payload(payload), look))
        with layer("registry"), registry.adding(*entries):
            return marked if out is None else tensors.copy_to(out, marked)


def mark_frames(
    x: T,
    *,
    layout: str,
    range: RangeName | Range,
    fps: float,
    record: Record,
    signer: Signer,
    registry: Registry | None = None,
    strength: Strength = Strength.BALANCED,
    time_stamper: TimeStamper | None = None,
    demands: Demands | None = None,
    out: T | None = None,
) -> T:
    """As `mark_pixels`, of videos, whose frames all carry one payload by the schedule.

    `layout`: with F(rame), such as "BFCHW"; `fps`: frames a second, as it will be shown. The entry
    has the fingerprint of the first frame of each second. A movie that is made of them keeps its
    mark when `mark` signs it.

    >>> import tempfile
    >>> import numpy as np
    >>> from countermark.frames import ClipDetector
    >>> from countermark.record import DigitalSource
    >>> scene = np.random.default_rng(1).random((45, 60, 3), np.float32)
    >>> video = np.repeat(scene.repeat(8, 0).repeat(8, 1)[None, None], 24, 1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     home = keys.create_home(folder + "/home")
    ...     with Registry.open(home.registry_path) as registry:
    ...         marked = mark_frames(
    ...             video, layout="BFHWC", range="unit", fps=8, signer=home.signer(),
    ...             record=Record(source=DigitalSource.AI_GENERATED), registry=registry,
    ...         )
    ...         [entry] = registry.all_entries()
    >>> entry.clip.seconds
    3.0
    """
    with ExitStack() as stack:
        if registry is None:
            registry = stack.enter_context(Registry.open(keys.open_home().registry_path))
        duties.check(record, registry, modality=Modality.VIDEO, demands=demands or Demands())
        before = tensors.frames_of(x, layout=layout, range=range)
        payloads = [registry.new_payload() for _ in before]
        with layer("watermark"):
            for frames in before:
                _check_unmarked(frames[0])
            marked = tensors.embed_frames(
                x, payloads, layout=layout, range=range, fps=fps, strength=strength
            )
        enter = Entering(record, audited(signer, registry), time_stamper)
        entries = []
        after = tensors.frames_of(marked, layout=layout, range=range)
        for frames, payload in zip(after, payloads, strict=True):
            seconds = len(frames) / fps
            with layer("watermark"):
                enter.check(_read(frames, fps), payload)
            with layer("fingerprint"):
                clip = Clip(seconds=seconds, video=_fingerprint(frames, fps))
            look = Look(frames.shape[2], frames.shape[1], clip=clip)
            binding = SoftBinding.of_payload(payload, seconds=seconds)
            entries.append(enter(frames, frames[0], binding, look))
        with layer("registry"), registry.adding(*entries):
            return marked if out is None else tensors.copy_to(out, marked)


class Entering:
    """Marked pixels become entries, each with a signed manifest."""

    def __init__(self, record: Record, signer: Signer, time_stamper: TimeStamper | None) -> None:
        self._at = datetime.now(timezone.utc).replace(microsecond=0)  # as manifests state times
        self._record = replace(record, created=record.created or self._at)
        self._signer = signer
        self._time_stamper = time_stamper

    @staticmethod
    def check(found: watermark.Detection | None, payload: int) -> None:
        """Raises `MarkNotReadable` unless that is what was read."""
        if found is None or found.payload != payload:
            raise MarkNotReadable(
                "The watermark cannot be read back from the marked pixels, so none were marked.",
                remedy="Use pictures with more pixels or more structure, or a stronger mark.",
            )

    def __call__(self, content: Pixels, shown: Pixels, binding: SoftBinding, look: Look) -> Entry:
        """`content`: what the manifest is bound to. `shown`: in its thumbnail."""
        with layer("sign"):
            manifest = credentials.sign_detached(
                io.BytesIO(content.tobytes()),
                record=self._record,
                signer=self._signer,
                soft_bindings=(binding,)
                if look.clip is None
                else (binding, *clip_bindings(look.clip)),
                thumbnail=image.thumbnail(Picture(shown, "PNG")),
                time_stamper=self._time_stamper,
            )
        payload = int.from_bytes(binding.value, "big")
        return entry_of(self._record, look, payload, manifest, self._at)


def _read(frames: Pixels, fps: float) -> watermark.Detection | None:
    detector = ClipDetector(effort="aligned")
    for index, frame in enumerate(frames):
        detector.add(frame, seconds=index / fps)
    return detector.detect()


def _fingerprint(frames: Pixels, fps: float) -> Vpdq:
    """Of the first frame of each second."""
    firsts = (math.ceil(second * fps) for second in range(math.ceil(len(frames) / fps)))
    hashed = [(at, fingerprint.pdq(frames[at])) for at in firsts if at < len(frames)]
    return Vpdq.of(Frame(one.bits, one.quality, at / fps) for at, one in hashed)


def _check_unmarked(pixels: Pixels) -> None:
    found = watermark.detect(pixels, effort="aligned")
    if found is not None:
        raise MarkLost(
            f"A picture holds the watermark {found.payload:016x} already, which another one would "
            "disturb, so none was marked.",
            remedy="Mark pictures once: before they are shown, after the last change.",
        )
