"""What the signer lets machines do with a file: the assertion cawg.training-mining.

Source: CAWG Training and Data Mining Assertion 1.1.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import Enum
from typing import Any, Final

from countermark.errors import InvalidArgument

LABEL: Final = "cawg.training-mining"

_CONSTRAINTS: Final = "constraints"


class Permission(Enum):
    """What the standard lets a signer say about one use."""

    ALLOWED = "allowed"
    NOT_ALLOWED = "notAllowed"
    CONSTRAINED = "constrained"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingMining:
    """Permissions for each use that the standard knows; None says nothing about one.

    >>> TrainingMining(ai_training=Permission.NOT_ALLOWED).data_mining is None
    True

    `ai_training`: of models that do not generate. `ai_generative_training`: of those that do.
    `ai_inference`: as input of a trained model. `data_mining`: text and data mining.
    `constraints`: in words, of whatever is constrained.

    Raises `InvalidArgument` when nothing is said, or constraints of nothing.
    """

    ai_training: Permission | None = None
    ai_generative_training: Permission | None = None
    ai_inference: Permission | None = None
    data_mining: Permission | None = None
    constraints: str | None = None

    def __post_init__(self) -> None:
        said = set(self._said().values())
        if not said or not said <= set(Permission):
            raise InvalidArgument(
                "The permissions for training and data mining say nothing.",
                remedy="State a Permission for at least one use, or leave them out.",
            )
        if self.constraints is not None and Permission.CONSTRAINED not in said:
            raise InvalidArgument(
                "There are constraints, but no use is constrained.",
                remedy="State Permission.CONSTRAINED for the use that they belong to.",
            )

    def _said(self) -> dict[str, Permission]:
        found = {one.name: getattr(self, one.name) for one in fields(self)}
        return {
            name: value
            for name, value in found.items()
            if value is not None and name != _CONSTRAINTS
        }


def assertion(permissions: TrainingMining) -> dict[str, Any]:
    """The assertion's data."""
    entries = {}
    for name, permission in permissions._said().items():
        entries[f"cawg.{name}"] = entry = {"use": permission.value}
        if permission is Permission.CONSTRAINED and permissions.constraints is not None:
            entry["constraint_info"] = permissions.constraints
    return {"entries": entries}


def parse(data: object) -> TrainingMining | None:
    """The permissions in a decoded assertion; what the standard does not know is left out."""
    entries = data.get("entries") if isinstance(data, dict) else None
    if not isinstance(entries, dict):
        return None
    found: dict[str, Any] = {}
    for one in fields(TrainingMining):
        entry = entries.get(f"cawg.{one.name}")
        use = entry.get("use") if isinstance(entry, dict) else None
        if isinstance(entry, dict) and use in [permission.value for permission in Permission]:
            found[one.name] = Permission(use)
            told = entry.get("constraint_info")
            if found[one.name] is Permission.CONSTRAINED and isinstance(told, str):
                found[_CONSTRAINTS] = told
    return TrainingMining(**found) if found else None
