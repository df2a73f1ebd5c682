"""What producers and propagators put into a label to protect it: read, and never judged.

>>> protection("ReservedCode1", '{"SecurityData":{"Type":"TC260PG","Version":1}}').form
'TC260PG 1'

Nothing says whether such data is false: what is signed is known at second hand only, and files of
known producers do not verify by it. So it is unverifiable, whatever it holds.

Source: TC260-PG-202511A, "SecurityData" (as quoted by public works).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

_DATA: Final = "SecurityData"
_MOST: Final = 64
"""Characters of a text by a stranger that are shown."""
_MAX_ENTRIES: Final = 8
_ALGORITHMS: Final = {"1.2.156.10197.1.501": "SM2 with SM3", "1.2.156.10197.1.301": "SM2"}
"""Names of object identifiers. Source: GM/T 0006-2012."""


@dataclass(frozen=True, slots=True)
class Protection:
    """Data for the protection of a label.

    `member`: in which it stands. `form`: its type and version as it states them; None for data of
    a form of its own, such as a number or a hash. `algorithms`: which it names.
    """

    member: str
    form: str | None
    algorithms: tuple[str, ...] = ()

    def __str__(self) -> str:
        form = "data of a form of its own" if self.form is None else self.form
        named = f", {', '.join(self.algorithms)}" if self.algorithms else ""
        return f"{form}{named}: unverifiable"


def protection(member: str, value: str) -> Protection:
    """What the value of a member is, as far as it says so itself."""
    data = _parsed(value)
    if isinstance(data, dict) and _DATA in data:
        data = data[_DATA]
        data = _parsed(data) if isinstance(data, str) else data
    if not isinstance(data, dict) or not isinstance(data.get("Type"), str):
        return Protection(member, None)
    version = data.get("Version")
    stated = (data["Type"], *([version] if type(version) in (str, int) else []))
    algorithms = dict.fromkeys(map(_shown, _identifiers(data)))
    return Protection(member, " ".join(map(_shown, stated)), tuple(algorithms))


def _identifiers(data: dict[str, Any]) -> Iterator[str]:
    """The algorithms in the public data, of which some producers write the name otherwise."""
    public = next((data[name] for name in ("PubSD", "PubSd") if name in data), None)
    for entry in (public if isinstance(public, list) else [public])[:_MAX_ENTRIES]:
        named = entry.get("AlgID") if isinstance(entry, dict) else None
        if isinstance(named, str):
            yield _ALGORITHMS.get(named, named)


def _shown(value: object) -> str:
    return ascii(str(value))[1:-1][:_MOST]


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
