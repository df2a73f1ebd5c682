"""The JSON of glTF scenes: read strictly, and changed member by member.

>>> scene = GltfJson(b'{"asset": {"version": "2.0"}, "scale": 1.50}')
>>> scene.changed({"asset": {"version": "2.0", "generator": "me"}, "extras": 7})
b'{"asset": {"version":"2.0","generator":"me"}, "scale": 1.50,"extras":7}'

Source: glTF 2.0 specification (ISO/IEC 12113:2022), sections 2.7 and 3; RFC 8259.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NoReturn

from countermark.containers.content import DamagedFile

_SPACE: Final = re.compile(r"[ \t\n\r]*")


class GltfJson:
    """A scene as JSON: its members, and the text that they stand in.

    Raises `DamagedFile` for what is no JSON object in UTF-8, for members that stand there twice,
    and for values that are nested too deeply: readers would disagree about them.
    """

    __slots__ = ("_spans", "_text", "members")

    def __init__(self, content: bytes) -> None:
        try:
            self._text = content.decode()
            value = json.loads(
                self._text, object_pairs_hook=_distinct, parse_constant=_refuse_constant
            )
        except RecursionError as error:
            raise DamagedFile("its JSON is nested too deeply") from error
        except DamagedFile:
            raise
        except ValueError as error:
            raise DamagedFile(f"its JSON cannot be read ({error})") from error
        if not isinstance(value, dict):
            raise DamagedFile("its JSON is no object")
        self.members: dict[str, Any] = value
        self._spans = {name: (start, end) for name, start, end in _spans(self._text)}

    def object(self, name: str) -> dict[str, Any]:
        """A member that is an object, empty if it is not there; raises `DamagedFile`."""
        return expect_object(self.members, name)

    def array(self, name: str) -> list[dict[str, Any]]:
        """A member that is an array of objects, empty if it is not there; raises `DamagedFile`."""
        found = self.members.get(name, [])
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise DamagedFile(f"its {name} are no objects in an array")
        return found

    def changed(self, members: Mapping[str, Any]) -> bytes:
        """The text with these members in the place of those of their names, or at the end."""
        text = self._text.rstrip(" \t\n\r")
        new = {name: json.dumps(value, separators=(",", ":")) for name, value in members.items()}
        parts: list[str] = []
        at = 0
        for name, (start, end) in sorted(self._spans.items(), key=lambda item: item[1]):
            if name in new:
                parts += (text[at:start], new.pop(name))
                at = end
        parts.append(text[at:-1])
        added = ",".join(f"{json.dumps(name)}:{value}" for name, value in new.items())
        parts += ("," if added and self._spans else "", added, "}")
        return "".join(parts).encode()


def expect_object(members: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A member of an object that is an object itself, empty if it is not there.

    Raises `DamagedFile`.
    """
    found = members.get(name, {})
    if not isinstance(found, dict):
        raise DamagedFile(f"its {name} is no object")
    return found


def _spans(text: str) -> Iterator[tuple[str, int, int]]:
    """The names of the outermost members, and where their values stand; of JSON that was read."""
    decoder = json.JSONDecoder()

    def after_space(at: int) -> int:
        found = _SPACE.match(text, at)
        assert found is not None
        return found.end()

    at = after_space(after_space(0) + 1)
    while text[at] != "}":
        name, at = decoder.raw_decode(text, at)
        start = after_space(after_space(at) + 1)
        _, end = decoder.raw_decode(text, start)
        yield name, start, end
        at = after_space(end)
        if text[at] == ",":
            at = after_space(at + 1)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise DamagedFile("its JSON states a member twice")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise DamagedFile(f"its JSON holds {name}, which is no number")
