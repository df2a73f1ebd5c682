"""Profiles: the duties of one jurisdiction as data, in TOML.

>>> profile("eu").rule("eu-watermark").clause
'Code of Practice on Transparency of AI-Generated Content (2026), measure 1.1.2'
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from importlib.resources import files as resources
from pathlib import Path
from typing import Any, Final

from countermark.errors import InvalidProfile
from countermark.labels.profiles.rule import Certainty, Check, Level, Medium, Rule, Service

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

NAMES: Final = ("cn", "eu", "us-ca", "in", "kr")
"""The profiles that come with countermark."""

_REMEDY: Final = "Correct the profile; docs/compliance.md says what it may hold."


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What one jurisdiction asks of a file that was generated or edited by a machine.

    `id`: its name on the command line. `title`, `title_zh`: for people. `as_of`: the day on which
    its sources were read. `wording`: which wording its visible labels have; None where it asks for
    none. `rules`: its duties, in order.
    """

    id: str
    title: str
    title_zh: str
    as_of: date
    wording: str | None = None
    rules: tuple[Rule, ...] = field(default=(), repr=False)

    def rule(self, id: str) -> Rule:
        """The rule of that name; raises `InvalidProfile` when there is none."""
        for rule in self.rules:
            if rule.id == id:
                return rule
        raise InvalidProfile(
            f"The profile {self.id!r} has no rule {id!r}.",
            remedy=f"It has {', '.join(rule.id for rule in self.rules)}.",
        )


def profile(name: str | Path) -> Profile:
    """A profile that comes with countermark, by its name, or one of your own, by its file.

    >>> profile("cn").title
    'China: deep synthesis and labelling of generated content'

    A file may build on another profile: `extends` names it, rules with the same id take its
    rules' place, others are added.

    Raises `InvalidProfile` for an unknown name and a file that is not a profile.
    """
    if name in NAMES:
        text = (resources(__package__) / f"{name}.toml").read_text(encoding="utf-8")
        return _parsed(text, f"The profile {name!r}")
    path = Path(name)
    if path.suffix != ".toml":
        raise InvalidProfile(
            f"There is no profile {str(name)!r:.100}.",
            remedy=f"Use {', '.join(NAMES)}, or a TOML file of your own.",
        )
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InvalidProfile(
            f"The profile {str(path)!r} cannot be read ({error}).", remedy="Check the path."
        ) from error
    return _parsed(text, f"The profile {str(path)!r}")


def _parsed(text: str, what: str) -> Profile:
    try:
        members = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidProfile(f"{what} is not TOML ({error}).", remedy=_REMEDY) from error
    base = members.pop("extends", None)
    rules: dict[str, Rule] = {}
    if base is not None:
        extended = profile(base) if base in NAMES else None
        if extended is None:
            raise InvalidProfile(
                f"{what} extends {base!r:.40}.", remedy=f"Extend one of {', '.join(NAMES)}."
            )
        rules = {rule.id: rule for rule in extended.rules}
        given = {"wording": extended.wording, "as_of": extended.as_of}
        members = {**given, "title_zh": members.get("title", extended.title_zh), **members}
    for number, one in enumerate(_list(members.pop("rule", []), what)):
        rule = _rule(one, f"Rule {number + 1} of {what[0].lower()}{what[1:]}")
        rules[rule.id] = rule
    _check_members(members, Profile, what)
    if type(members["as_of"]) is not date:
        raise InvalidProfile(f"{what} has no date as_of.", remedy=_REMEDY)
    return Profile(**members, rules=tuple(rules.values()))


def _rule(members: Any, what: str) -> Rule:
    if not isinstance(members, Mapping):
        raise InvalidProfile(f"{what} is not a table.", remedy=_REMEDY)
    values = dict(members)
    enums = (("check", Check), ("certainty", Certainty), ("level", Level), ("service", Service))
    for name, kind in enums:
        if name in values:
            values[name] = _member(kind, values[name], f"{what}: {name}")
    if "media" in values:
        listed = _list(values["media"], what)
        values["media"] = tuple(_member(Medium, each, f"{what}: media") for each in listed)
    if "statements" in values:
        values["statements"] = tuple(_list(values["statements"], what))
        for each in values["statements"]:
            _check_text(each, f"{what}: statements")
    if not isinstance(values.get("height", 0), (int, float)):
        raise InvalidProfile(f"{what}: height is no number.", remedy=_REMEDY)
    _check_members(values, Rule, what)
    return Rule(**values)


def _check_members(members: Mapping[str, Any], kind: type, what: str) -> None:
    """Whether they are those of the class: none unknown, none missing, texts where texts belong."""
    known = {one.name: one for one in fields(kind)}
    unknown = sorted(members.keys() - known.keys())
    if unknown:
        raise InvalidProfile(f"{what} holds {unknown[0]!r:.40}.", remedy=_REMEDY)
    for name, one in known.items():
        if name not in members and name in _REQUIRED:
            raise InvalidProfile(f"{what} lacks {name!r}.", remedy=_REMEDY)
        if name in members and one.type in ("str", "str | None"):
            _check_text(members[name], f"{what}: {name}")


_REQUIRED: Final = frozenset(
    ("id", "title", "title_zh", "as_of", "check", "duty", "duty_zh", "clause", "certainty")
)


def _check_text(value: object, what: str) -> None:
    if not isinstance(value, str) or not value.strip():
        raise InvalidProfile(f"{what} is not a text.", remedy=_REMEDY)


def _list(value: object, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise InvalidProfile(f"{what} has no list where one belongs.", remedy=_REMEDY)
    return value


def _member(kind: Any, value: object, what: str) -> Any:
    try:
        return kind(value)
    except ValueError as error:
        names = ", ".join(each.value for each in kind)
        raise InvalidProfile(f"{what} is {value!r:.40}.", remedy=f"Use one of {names}.") from error
