"""Who provides the service that made a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from countermark.record.members import opened
from countermark.record.provider_code import ProviderCode
from countermark.record.texts import check_kind, check_text

_WHAT: Final = "The producer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Producer:
    """The provider of the service, by name and, where it has one, by its code.

    >>> Producer(name="Example Works").code is None
    True

    Raises `InvalidRecord`.

    Source: GB 45438-2025, Annex E (ContentProducer); California B&P Code 22757.3(b)(1).
    """

    name: str
    code: ProviderCode | None = None

    def __post_init__(self) -> None:
        check_text(f"{_WHAT}'s name", self.name)
        if self.code is not None:
            remedy = "Give a ProviderCode, or leave it out."
            check_kind(f"{_WHAT}'s code", self.code, ProviderCode, remedy=remedy)

    def __str__(self) -> str:
        return self.name if self.code is None else f"{self.name} ({self.code})"

    def members(self) -> dict[str, Any]:
        """The producer for JSON."""
        code = {} if self.code is None else {"code": str(self.code)}
        return {"name": self.name, **code}

    @classmethod
    def parse(cls, value: object) -> Producer:
        """The producer that `members` wrote; raises `InvalidRecord`."""
        members = opened(_WHAT, value, ("name", "code"))
        if (code := members.pop("code", None)) is not None:
            members["code"] = ProviderCode(code)
        return cls(**{"name": None, **members})
