"""The label that people see, hear or read in a file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from countermark.errors import InvalidRecord
from countermark.record.members import opened, parse_name
from countermark.record.texts import check_kind, check_text

_WHAT: Final = "The label"


class Sense(Enum):
    """How people notice a label: in the picture, in the sound, or in the text."""

    SEEN = "seen"
    HEARD = "heard"
    READ = "read"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplicitLabel:
    """What was put into the content, as whoever put it there states.

    >>> ExplicitLabel(sense=Sense.SEEN, text="AI生成", place="bottom right", height=0.05).text
    'AI生成'

    `text`: the words, or the name of the sound. `place`: where it is, such as "bottom right" or
    "start". `height`: of the smallest sign's ink, as a share of the shortest side; only of what is
    seen. `seconds`: how long it is there from the start; None for the whole.

    Raises `InvalidRecord`.

    Source: GB 45438-2025, 5; Deep Synthesis Provisions, Art. 17.
    """

    sense: Sense
    text: str
    place: str
    height: float | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        check_kind(f"{_WHAT}'s sense", self.sense, Sense, remedy="State seen, heard or read.")
        check_text(f"{_WHAT}'s text", self.text)
        check_text(f"{_WHAT}'s place", self.place)
        for name, limit in (("height", 1.0), ("seconds", 1e6)):
            value = getattr(self, name)
            if value is None:
                continue
            is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not is_number or not 0 < value <= limit:
                raise InvalidRecord(
                    f"{_WHAT}'s {name} is {value!r:.40}.",
                    remedy=f"State a number above 0, at most {limit:g}.",
                )

    def members(self) -> dict[str, Any]:
        """The label for JSON."""
        numbers = {"height": self.height, "seconds": self.seconds}
        return {
            "sense": self.sense.value,
            "text": self.text,
            "place": self.place,
            **{name: value for name, value in numbers.items() if value is not None},
        }

    @classmethod
    def parse(cls, value: object) -> ExplicitLabel:
        """The label that `members` wrote; raises `InvalidRecord`."""
        known = ("sense", "text", "place", "height", "seconds")
        members = opened(_WHAT, value, known)
        sense = parse_name(f"{_WHAT}'s sense", Sense, members.pop("sense", None))
        return cls(**{"sense": sense, "text": None, "place": None, **members})
