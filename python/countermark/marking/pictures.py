"""Pictures on their way to a marked copy: all in memory, upright where they are looked at."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from countermark import files, fingerprint, image, watermark
from countermark.costs import layer
from countermark.credentials import Beside, SoftBinding
from countermark.errors import MarkNotReadable
from countermark.image import SUFFIXES, Picture
from countermark.labelling import Labelling
from countermark.marking.originals import Copy, Look, Order
from countermark.marking.past import Past
from countermark.preserving import Marks, labels_in
from countermark.record import Record
from countermark.screening import Sight
from countermark.sidecars import brought_in
from countermark.watermark import Strength

_UNTURNING: Final = {6: 8, 8: 6}  # the other EXIF orientations undo themselves


def read_picture(asset: Path | bytes) -> OriginalPicture:
    """The picture in a file, and what it brought along; raises `SourceNotFound`, `ImageError`."""
    content = asset if isinstance(asset, bytes) else files.load(asset)
    with layer("codec"):
        picture = image.read(io.BytesIO(content))
    found = brought_in(io.BytesIO(content), asset if isinstance(asset, Path) else None)
    marks = Marks.of(found.manifest, labels_in(io.BytesIO(content)))
    parent = Beside(io.BytesIO(content), picture.media_type, found.store)
    return OriginalPicture(content, picture, Past(found.manifest, marks, parent))


@dataclass(frozen=True)
class OriginalPicture:
    """An `Original`. `content`: the file as it is."""

    content: bytes
    picture: Picture
    past: Past
    noun = "picture"

    @property
    def form(self) -> str:
        return f"a {self.picture.format}"

    @property
    def endings(self) -> tuple[str, ...]:
        return SUFFIXES[self.picture.format]

    @property
    def media_type(self) -> str:
        return self.picture.media_type

    @cached_property
    def sight(self) -> Sight:
        return Sight(image.upright(self.picture.pixels, self.picture.orientation))

    def may_end_in(self, suffix: str) -> bool:
        others = (known for form, known in SUFFIXES.items() if form != self.picture.format)
        return not any(suffix in known for known in others)

    def earlier_payload(self) -> int | None:
        with layer("watermark"):
            found = watermark.detect(self.sight.pixels, effort="aligned")
        return None if found is None else found.payload

    def marked(self, order: Order) -> Copy:
        picture, record = _labelled(self.picture, order.record, order.labelling)
        if not order.is_marked:
            with layer("watermark"):
                picture = _watermarked(picture, order.payload, order.strength)
        with layer("codec"):
            is_as_it_was = order.is_marked and record.label is order.record.label
            encoded = self.content if is_as_it_was else image.encode(picture)
        encoded = order.labelling.stated(encoded, record, self.past.marks.label)
        _check_readable(encoded, order.payload)
        with layer("fingerprint"):
            hash_ = fingerprint.pdq(image.upright(picture.pixels, picture.orientation))
        with layer("sign"):
            thumbnail = image.thumbnail(picture)
        return Copy(
            encoded,
            record,
            (SoftBinding.of_payload(order.payload),),
            Look(picture.width, picture.height, pdq=hash_),
            thumbnail,
        )


def _labelled(picture: Picture, record: Record, labelling: Labelling) -> tuple[Picture, Record]:
    """The picture with the label that people see, which stands upright as a viewer shows it."""
    turn = picture.orientation
    pixels, record = labelling.shown(image.upright(picture.pixels, turn), record)
    stored = image.upright(pixels, _UNTURNING.get(turn, turn))
    return replace(picture, pixels=np.ascontiguousarray(stored)), record


def _watermarked(picture: Picture, payload: int, strength: Strength) -> Picture:
    """The picture with the mark, whose canonical plane lies upright as a viewer shows it."""
    turn = picture.orientation
    marked = watermark.embed(image.upright(picture.pixels, turn), payload, strength=strength)
    stored = image.upright(marked, _UNTURNING.get(turn, turn))
    return replace(picture, pixels=np.ascontiguousarray(stored))


def _check_readable(encoded: bytes, payload: int) -> None:
    with layer("codec"):
        received = image.read(io.BytesIO(encoded))
    with layer("watermark"):
        pixels = image.upright(received.pixels, received.orientation)
        found = watermark.detect(pixels, effort="aligned")
    if found is None or found.payload != payload:
        raise MarkNotReadable(
            "The watermark cannot be read back from the marked picture, so nothing was written.",
            remedy="Use a picture with more pixels or more structure, less compressed, or "
            "a stronger mark.",
        )
