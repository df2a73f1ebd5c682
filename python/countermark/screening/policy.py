"""What happens to known content: the file features.toml in the home folder, or what stands here.

    [mark]
    illegal = "refuse"      # nothing is written
    refuted = "flag"        # it is marked, and said so
    protected = "refuse"

    [verify]
    illegal = "flag"        # it stands first in the report
    refuted = "flag"
    protected = "flag"      # or "log": it leaves a leaf in the log, and nothing else

These are the values without a file, and of what a file leaves out.

Source: TOML 1.0.0.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Final

from countermark.errors import UnusablePolicy
from countermark.registry.features import Kind

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


class Use(Enum):
    """What is done with a picture."""

    MARK = "mark"
    VERIFY = "verify"


class Action(Enum):
    """What happens when it is known.

    `REFUSE`: that is an error. `FLAG`: it is done, and the caller is told. `LOG`: it is done, and
    only the log is told.
    """

    REFUSE = "refuse"
    FLAG = "flag"
    LOG = "log"


_DEFAULTS: Final[Mapping[Use, Mapping[Kind, Action]]] = {
    Use.MARK: {
        Kind.ILLEGAL: Action.REFUSE,
        Kind.REFUTED: Action.FLAG,
        Kind.PROTECTED: Action.REFUSE,
    },
    Use.VERIFY: dict.fromkeys(Kind, Action.FLAG),
}


@dataclass(frozen=True, slots=True)
class Policy:
    """The action for each use and kind.

    >>> Policy().action(Use.MARK, Kind.ILLEGAL).value
    'refuse'
    """

    actions: Mapping[Use, Mapping[Kind, Action]] = field(default_factory=lambda: _DEFAULTS)

    def action(self, use: Use, kind: Kind) -> Action:
        return self.actions[use][kind]


def read_policy(path: Path) -> Policy:
    """What the file says; the defaults when there is none.

    Raises `UnusablePolicy` for a file that is damaged or holds a word that is not known: one that
    is misspelt must not go unnoticed.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        actions = {use: {**_DEFAULTS[use], **_actions(use, values)} for use in Use}
        _check_known("table", values, [use.value for use in Use])
    except FileNotFoundError:
        return Policy()
    except (OSError, ValueError) as error:  # TOML errors are ValueErrors
        raise UnusablePolicy(
            f"{str(path)!r} cannot be used ({error}).",
            remedy="Correct it as docs/features.md shows, or remove it for the usual policy.",
        ) from error
    return Policy(actions)


def _actions(use: Use, values: Mapping[str, Any]) -> dict[Kind, Action]:
    table = values.get(use.value, {})
    if not isinstance(table, Mapping):
        raise ValueError(f"{use.value!r} is no table")
    _check_known("kind", table, [kind.value for kind in Kind])
    _check_known("action", table.values(), [action.value for action in Action])
    return {Kind(kind): Action(action) for kind, action in table.items()}


def _check_known(what: str, words: Any, known: list[str]) -> None:
    for word in words:
        if word not in known:
            raise ValueError(f"{word!r} is not known as {what}: use {', '.join(known)}")
