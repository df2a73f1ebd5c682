"""Under which number a service is filed with the authority."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from countermark.errors import InvalidRecord
from countermark.record.members import opened
from countermark.record.texts import check_text

_WHAT: Final = "The filing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing:
    """The filing of an algorithm or a service, which is shown wherever a label is.

    >>> print(Filing(number="Filing 1234567890", url="https://example.org/filing"))
    Filing 1234567890, https://example.org/filing

    `number`: as the authority gave it. `url`: where it is announced; http or https.

    Raises `InvalidRecord`.

    Source: Deep Synthesis Provisions, Art. 19: display of the filing number with a link.
    """

    number: str
    url: str

    def __post_init__(self) -> None:
        check_text(f"{_WHAT}'s number", self.number)
        check_text(f"{_WHAT}'s url", self.url)
        if not _is_link(self.url):
            raise InvalidRecord(
                f"{_WHAT}'s url {self.url!r:.100} is no link.",
                remedy="Give an ASCII one that begins with https:// or http://, without a user.",
            )

    def __str__(self) -> str:
        return f"{self.number}, {self.url}"

    def members(self) -> dict[str, Any]:
        """The filing for JSON."""
        return {"number": self.number, "url": self.url}

    @classmethod
    def parse(cls, value: object) -> Filing:
        """The filing that `members` wrote; raises `InvalidRecord`."""
        return cls(**{"number": None, "url": None, **opened(_WHAT, value, ("number", "url"))})


def _is_link(url: str) -> bool:
    """Whether a page may show it as a link that leads where it seems to."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    is_plain = url.isascii() and url.isprintable() and not set(url) & set(' "<>\\^`{|}')
    return (
        is_plain
        and url.startswith(("https://", "http://"))
        and bool(parts.hostname)
        and ("@" not in parts.netloc)
    )
