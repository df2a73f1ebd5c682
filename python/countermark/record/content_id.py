"""The provider's own number of a file."""

from __future__ import annotations

import re
from typing import Final

from countermark.errors import InvalidRecord
from countermark.record.texts import check_text

PATTERN: Final = r"[!#-\[\]-~]+"
"""Printable ASCII without space, quotation mark and backslash."""


def check_content_id(what: str, content_id: object) -> None:
    """Raises `InvalidRecord` for anything that a ProduceID cannot hold.

    Source: GB 45438-2025, Annex E j).
    """
    check_text(what, content_id)
    if not re.fullmatch(PATTERN, str(content_id)):
        raise InvalidRecord(
            f"{what} {content_id!r:.100} holds characters that labels cannot.",
            remedy='Use ASCII letters, digits and signs, without spaces, " and \\.',
        )
