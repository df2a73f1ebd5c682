"""What software or model made a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from countermark.record.members import opened, parse_digest
from countermark.record.texts import check_digest, check_text

_WHAT: Final = "The system"
_MODEL: Final = "The system's model_sha256"


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """The software or model that made or edited a file.

    >>> print(System(name="Example Model", version="3"))
    Example Model 3

    `model_sha256`: the 32 bytes over the model's weights, which say exactly which model it was.

    Raises `InvalidRecord`.

    Source: California B&P Code 22757.3(b)(2): name and version of the system.
    """

    name: str
    version: str | None = None
    model_sha256: bytes | None = None

    def __post_init__(self) -> None:
        check_text(f"{_WHAT}'s name", self.name)
        if self.version is not None:
            check_text(f"{_WHAT}'s version", self.version)
        if self.model_sha256 is not None:
            check_digest(_MODEL, self.model_sha256)

    def __str__(self) -> str:
        return self.name if self.version is None else f"{self.name} {self.version}"

    def members(self) -> dict[str, Any]:
        """The system for JSON."""
        members = {"name": self.name}
        if self.version is not None:
            members["version"] = self.version
        if self.model_sha256 is not None:
            members["model_sha256"] = self.model_sha256.hex()
        return members

    @classmethod
    def parse(cls, value: object) -> System:
        """The system that `members` wrote; raises `InvalidRecord`."""
        members = opened(_WHAT, value, ("name", "version", "model_sha256"))
        digest = parse_digest(_MODEL, members.pop("model_sha256", None))
        return cls(**{"name": None, **members, "model_sha256": digest})
