"""What a platform decided about a file that somebody published, as the log says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from countermark.errors import InvalidArgument
from countermark.registry.key_use import DIGEST_BYTES

CODES: Final = ("is", "possible", "suspected", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestDecision:
    """A decision about a file: a code, and which file it was by its digests alone.

    >>> IngestDecision(code="is", source_sha256=bytes(32), published_sha256=bytes(32)).code
    'is'

    `code`: one of `CODES`. `source_sha256`, `published_sha256`: of the file that came in, and of
    the one that went out with the label of the platform in it; the same when nothing was written.

    Raises `InvalidArgument` for another code, or digests of another length.

    Source: Measures for Labeling AI-Generated Synthetic Content (2025), article 6.
    """

    code: str
    source_sha256: bytes
    published_sha256: bytes

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise InvalidArgument(
                f"{self.code!r:.40} is no decision about a file.",
                remedy=f"Use one of {', '.join(CODES)}.",
            )
        if {len(self.source_sha256), len(self.published_sha256)} != {DIGEST_BYTES}:
            raise InvalidArgument(
                f"A SHA-256 of the file does not have {DIGEST_BYTES} bytes.",
                remedy="Give the digest itself, not its hexadecimal form.",
            )
