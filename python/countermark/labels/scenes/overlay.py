"""The label of a virtual scene as data, for whatever engine draws it; and a renderer to check it.

>>> from countermark.labels.visible import wording
>>> overlay = Overlay.of(wording("cn"), seconds=3)
>>> overlay.to_json()
'{"jurisdiction":"cn","language":"zh-Hans","text":"AI生成","note":null,\
"anchor":"bottom-right","height":0.05,"seconds":3}'
>>> Overlay.from_json(overlay.to_json()) == overlay
True

Source: GB 45438-2025, 5.5; Measures for Labeling AI-Generated Synthetic Content (2025), article 4.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, fields
from importlib.resources import files
from typing import Any, Final

import numpy as np

from countermark import image
from countermark.errors import CountermarkError, InvalidArgument
from countermark.image import Pixels
from countermark.labels.visible import Corner, Labelled, Wording, label_picture
from countermark.labels.visible.picture import MAX_HEIGHT, MIN_HEIGHT
from countermark.record import ExplicitLabel, Sense

_SCHEMA: Final = "overlay.schema.json"
_MOST_SECONDS: Final = 1e6
_REMEDY: Final = "See docs/schemas/overlay.schema.json."


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """Text that an engine draws over the first frame of a scene, and for how long.

    `jurisdiction`: whose words they are; "" for none. `language`: a tag such as "zh-Hans".
    `text`: the label; `note`: what stands below it, smaller, such as a filing number.
    `anchor`: the corner of the window in which it stands. `height`: of the smallest letter's ink,
    as a share of the window's shortest side, 0.05 to 0.25. `seconds`: how long it stands from the
    start; None for as long as the scene is shown.

    The standard asks for the label in the first frame, at an edge or in a corner, as an image
    would have it; it states no time, and lets the service show it longer.

    Raises `InvalidWording` for words that cannot stand as a label, `InvalidArgument`.

    Source: GB 45438-2025, 5.5.
    """

    jurisdiction: str = ""
    language: str
    text: str
    note: str | None = None
    anchor: Corner = Corner.BOTTOM_RIGHT
    height: float = MIN_HEIGHT
    seconds: float | None = None

    def __post_init__(self) -> None:
        for name in ("jurisdiction", "language", "text"):
            if not isinstance(getattr(self, name), str):
                raise _invalid(name, getattr(self, name))
        if not self.language.strip():
            raise _invalid("language", self.language)
        if self.note is not None and not isinstance(self.note, str):
            raise _invalid("note", self.note)
        _ = self.wording  # which checks the words
        if not isinstance(self.anchor, Corner):
            raise _invalid("anchor", self.anchor)
        if not _is_number(self.height) or not MIN_HEIGHT <= self.height <= MAX_HEIGHT:
            raise _invalid("height", self.height)
        seconds = self.seconds
        if seconds is not None and not (_is_number(seconds) and 0 < seconds <= _MOST_SECONDS):
            raise _invalid("seconds", seconds)

    @classmethod
    def of(
        cls,
        wording: Wording,
        *,
        anchor: Corner = Corner.BOTTOM_RIGHT,
        height: float = MIN_HEIGHT,
        seconds: float | None = None,
    ) -> Overlay:
        """The overlay that shows those words, and the filing number if they have one.

        Example: see the module. Raises as the class.
        """
        return cls(
            jurisdiction=wording.jurisdiction,
            language=wording.language,
            text=wording.text,
            note=wording.note,
            anchor=anchor,
            height=height,
            seconds=seconds,
        )

    @property
    def wording(self) -> Wording:
        """The words, for the other labels."""
        return Wording(
            text=self.text,
            jurisdiction=self.jurisdiction,
            language=self.language,
            filing_number=self.note,
        )

    @property
    def lines(self) -> tuple[str, ...]:
        """The label, and the note if there is one."""
        return self.wording.lines

    @property
    def label(self) -> ExplicitLabel:
        """What a record states of it, once the engine draws it."""
        return ExplicitLabel(
            sense=Sense.SEEN,
            text=self.text,
            place=f"start frame, {self.anchor.value}",
            height=self.height,
            seconds=self.seconds,
        )

    def render(self, frame: Pixels, *, font: str | os.PathLike[str] | None = None) -> Labelled:
        """The frame with the label, as an engine should show it.

        >>> from countermark.labels.visible import wording
        >>> shown = Overlay.of(wording("eu")).render(np.full((480, 640, 3), 90, np.uint8))
        >>> shown.lines, shown.ink_height >= 0.05 * 480
        (('AI-generated',), True)

        `frame`: the first frame without it, as `label_picture` has it; `font`: likewise.

        Raises as `label_picture`.
        """
        return label_picture(
            frame, self.wording, corner=self.anchor, height_fraction=self.height, font=font
        )

    def start_frame(
        self, width: int, height: int, *, font: str | os.PathLike[str] | None = None
    ) -> Labelled:
        """The label alone, to be laid over the first frame of a window of that size.

        >>> from countermark.labels.visible import wording
        >>> shown = Overlay.of(wording("cn")).start_frame(1280, 720)
        >>> shown.pixels.shape, bool(shown.pixels[0, 0, 3]), shown.has_plate
        ((720, 1280, 4), False, True)

        RGBA, transparent but for the label, which stands on a plate: the contrast holds over any
        frame.

        Raises as `label_picture`.
        """
        for name, side in (("width", width), ("height", height)):
            if type(side) is not int or not 1 <= side <= image.MAX_SIDE:
                raise InvalidArgument(
                    f"The {name} of the window is {side!r:.40}.",
                    remedy=f"Use 1 to {image.MAX_SIDE:,} pixels.",
                )
        return self.render(np.zeros((height, width, 4), np.uint8), font=font)

    def members(self) -> dict[str, Any]:
        """The overlay for JSON."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return {**values, "anchor": self.anchor.value}

    def to_json(self) -> str:
        """The overlay as one line of JSON, as docs/schemas/overlay.schema.json has it."""
        return json.dumps(self.members(), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes) -> Overlay:
        """The overlay that `to_json` wrote; raises `InvalidArgument` for anything else."""
        try:
            members = json.loads(text, object_pairs_hook=_distinct)
        except (TypeError, ValueError, RecursionError) as error:
            raise InvalidArgument("The overlay is not JSON.", remedy=_REMEDY) from error
        if not isinstance(members, dict):
            raise InvalidArgument("The overlay is not a JSON object.", remedy=_REMEDY)
        known = [one.name for one in fields(cls)]
        unknown = [name for name in members if name not in known]
        missing = [name for name in ("language", "text") if name not in members]
        if unknown or missing:
            name, is_there = (unknown[0], "holds") if unknown else (missing[0], "lacks")
            raise InvalidArgument(f"The overlay {is_there} {name!r:.60}.", remedy=_REMEDY)
        if "anchor" in members:
            corners = {corner.value: corner for corner in Corner}
            anchor = members["anchor"]
            members["anchor"] = corners.get(anchor) if isinstance(anchor, str) else None
        return cls(**members)


def schema() -> dict[str, Any]:
    """The JSON Schema of `Overlay.to_json`, as a new object each time.

    >>> schema()["title"]
    'countermark overlay'
    """
    text = files(__package__).joinpath(_SCHEMA).read_text(encoding="utf-8")
    return dict(json.loads(text))


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _invalid(name: str, value: object) -> CountermarkError:
    return InvalidArgument(f"The {name} of the overlay is {value!r:.60}.", remedy=_REMEDY)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member is stated twice")
    return members
