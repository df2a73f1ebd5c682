"""Whether a file is what was signed, where that is found here and not by the C2PA library.

It takes too much memory for large files, and does not know texts that hold their manifest. Such a
text is compared as it is, then, when it holds a wrapper of variation selectors, in Unicode's
composed form, in which it was signed: canonically equivalent texts are the same one.

Source: C2PA 2.4, appendices A.7 to A.9; Unicode Standard Annex 15.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator
from typing import Any, Final

from countermark import containers
from countermark.containers import Content, Span
from countermark.credentials import claim as claims
from countermark.credentials import hard_binding
from countermark.credentials.claim import Claim
from countermark.credentials.containers import Location, texts
from countermark.credentials.containers.texts import Wrapper
from countermark.errors import UnreadableManifest

_MAX_MARKS: Final = 256
"""In a row. Sorting them takes time that grows with the square of their number."""

_COMMENTS: Final = frozenset(
    [
        *((sign, b"") for sign in (b"", b"#", b"//", b"--", b"%", b";")),
        *((b"<!--", b"-->"), (b"/*", b"*/"), (b"(*", b"*)"), (b"{-", b"-}")),
    ]
)
"""What may begin and end the comment with a manifest, which is not hashed."""


def compare_here(store: bytes, content: Content) -> str | None:
    """The code that says whether a file is what was signed; None where the library shall find out.

    `store`: in the file or beside it.
    """
    try:
        held = _holding(store, content)
        if held is None and len(content) <= hard_binding.LARGE_BYTES:
            return None
        claim = claims.parse(store)
        if held is None:
            return hard_binding.compare(claim, content)
        outcome = _outcome(claim, content[: len(content)], held)
    except UnreadableManifest:
        return None
    return hard_binding.CODES[hard_binding.DATA] + outcome


def composed(text: bytes) -> bytes | None:
    """A text in UTF-8 in composed form (NFC); None when nobody should be made to compose it.

    >>> composed("cafe\\u0301".encode()) == "caf\\u00e9".encode()
    True
    """
    decoded = text.decode()
    if decoded.isascii():
        return text
    if _long_runs().search(decoded):
        return None
    return unicodedata.normalize("NFC", decoded).encode()


@functools.cache
def _long_runs() -> re.Pattern[str]:
    marks = "".join(chr(c) for c in range(0x300, 0x1F000) if unicodedata.combining(chr(c)))
    return re.compile(f"[{marks}]{{{_MAX_MARKS},}}")


def _holding(store: bytes, content: Content) -> Location | None:
    """Where a text holds that store; None when it does not, or is no text."""
    if containers.media_type(content) is not None:
        return None
    location = texts.find(content)
    return location if location is not None and location.extract(content) == store else None


def _outcome(claim: Claim, text: bytes, location: Location) -> str:
    labels = [label for label in claim.assertions if label.startswith("c2pa.hash.")]
    data = claim.decoded(claim.assertions[labels[0]]) if labels == [hard_binding.DATA] else None
    if claim.is_update or not isinstance(data, dict):
        return "malformed"
    stated = {"alg": claim.content.get("alg"), **data}
    for view, at in _views(text, location):
        if _excludes_it_alone(stated, view, at, location):
            hashed = hard_binding.digest(hard_binding.DATA, stated, view)
            if hashed is not None and hashed == data.get("hash"):
                return "match"
    return "mismatch"


def _views(text: bytes, location: Location) -> Iterator[tuple[bytes, Span]]:
    """The text as it may have been signed, and where its manifest lies then."""
    (start, end) = location.exclusions[0]
    yield text, (start, end)
    if isinstance(location, Wrapper):
        before, after = composed(text[:start]), composed(text[end:])
        if before is not None and after is not None:
            at = len(before), len(before) + end - start
            yield before + text[start:end] + after, at


def _excludes_it_alone(data: dict[Any, Any], text: bytes, at: Span, location: Location) -> bool:
    """Whether nothing but the manifest, and what belongs to it, is left out of the hash."""
    exclusions = data.get("exclusions")
    if not isinstance(exclusions, list) or len(exclusions) != 1:
        return False
    if not isinstance(exclusions[0], dict):
        return False
    start, length = (exclusions[0].get(name) for name in ("start", "length"))
    if type(start) is not int or type(length) is not int:
        return False
    inner = at[0] + location.around[0], at[1] - location.around[1]
    if isinstance(location, Wrapper):
        return (start, start + length) == at
    # Writers differ on whether the ends of the lines before and behind a block belong to it.
    if not (at[0] - 2 <= start <= inner[0] and inner[1] <= start + length <= at[1] + 2):
        return False
    if texts.kind(location, text) == "html":
        return at[0] <= start and start + length <= at[1]
    return _is_comment(text, start, start + length, inner)


def _is_comment(text: bytes, start: int, end: int, reference: Span) -> bool:
    """Whether what is left out is a comment that ends where its lines do, and does nothing.

    Else one byte that is not hashed could let it swallow what follows, or set free what is in it.
    """
    head, begin, before = text[start : reference[0]].partition(texts.BEGIN)
    after, finish, tail = text[reference[1] : end].partition(texts.END)
    if not begin or not finish:  # the delimiters are hashed, and all around them
        return text[start : reference[0]] in (b"", texts.DATA_URI) and end == reference[1]
    signs = head.strip(), tail.strip()
    is_one_line = b"\n" not in before and b"\n" not in after
    begins = text[:start] in (b"", b"\xef\xbb\xbf") or text[start - 1 : start] == b"\n"
    begins = begins or head.startswith((b"\n", b"\r\n"))
    ends = end == len(text) or tail.endswith(b"\n") or text[end : end + 2] == b"\r\n"
    ends = ends or text[end : end + 1] == b"\n"
    return signs in _COMMENTS and (is_one_line or signs == (b"", b"")) and begins and ends
