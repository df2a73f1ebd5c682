"""Bearer tokens: who may store, mark, and read what is private.

Source: RFC 6750; the scopes are those of the Soft Binding Resolution API and three of our own.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from countermark import files
from countermark.errors import InvalidArgument

FETCH: Final = "fetch:manifests"
STORE_MANIFESTS: Final = "store:manifests"
STORE_BINDINGS: Final = "store:bindings"
MARK: Final = "mark:pictures"
COMPLAINTS: Final = "file:complaints"
METRICS: Final = "read:metrics"
SCOPES: Final = (FETCH, STORE_MANIFESTS, STORE_BINDINGS, MARK, COMPLAINTS, METRICS)

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Tokens:
    """The scopes of each token, by the SHA-256 of the token.

    A file of them has a line a token: the digest, then its scopes. What stands behind # is a
    comment. Whoever reads the file cannot use the tokens.

    >>> digest = hashlib.sha256(b"a long random text").hexdigest()
    >>> tokens = Tokens.parse(f"{digest} store:manifests store:bindings  # the archive")
    >>> sorted(tokens.scopes("Bearer a long random text"))
    ['store:bindings', 'store:manifests']
    >>> tokens.scopes("Bearer another") is None
    True
    """

    _scopes: Mapping[str, frozenset[str]] = field(
        default_factory=lambda: MappingProxyType({}), repr=False
    )

    @classmethod
    def load(cls, path: Path | None) -> Tokens:
        """Those of a file; none without one.

        Raises `SourceNotFound` for a file that cannot be read, `InvalidArgument` for one that
        is no list of tokens.
        """
        if path is None:
            return cls()
        try:
            text = files.load(path).decode()
        except UnicodeDecodeError as error:
            raise _malformed(f"The token file {str(path)!r} is not text") from error
        return cls.parse(text)

    @classmethod
    def parse(cls, text: str) -> Tokens:
        """Those in the text of a file; raises `InvalidArgument`."""
        found: dict[str, frozenset[str]] = {}
        for number, line in enumerate(text.splitlines(), 1):
            digest, *scopes = line.partition("#")[0].split() or ("",)
            if not digest:
                continue
            if not _DIGEST.fullmatch(digest):
                raise _malformed(f"Line {number} of the tokens does not begin with a SHA-256")
            unknown = [scope for scope in scopes if scope not in SCOPES]
            if unknown or not scopes:
                raise _malformed(f"Line {number} of the tokens names no or an unknown scope")
            found[digest] = found.get(digest, frozenset()) | frozenset(scopes)
        return cls(MappingProxyType(found))

    def scopes(self, authorization: str | None) -> frozenset[str] | None:
        """What the bearer of an Authorization header may do; None for no or an unknown token."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        # Looked up by digest: how long that takes tells nothing about the token.
        return self._scopes.get(hashlib.sha256(token.strip().encode()).hexdigest())

    def grants(self, scope: str) -> bool:
        """Whether any token has the scope."""
        return any(scope in scopes for scopes in self._scopes.values())


def _malformed(problem: str) -> InvalidArgument:
    return InvalidArgument(
        f"{problem}.",
        remedy="Write a line a token: the SHA-256 of the token in hexadecimal, then of "
        f"{', '.join(SCOPES)} what its bearer may do.",
    )
