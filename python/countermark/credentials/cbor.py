"""CBOR as manifests use it: definite, without duplicate keys, tags left as they stand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import cbor2

from countermark.jumbf import damaged

# The library turns these tags into dates, numbers, regular expressions and addresses. From a
# hostile file that is work for nothing, and what is read could not be written back unchanged.
_INTERPRETED_TAGS: Final = (
    *(0, 1, 2, 3, 4, 5, 25, 28, 29, 30, 35, 36, 37, 52, 54, 100),
    *(256, 258, 260, 261, 1004, 43000, 55799),
)


def _keep(tag: int) -> Callable[[Any, bool], cbor2.CBORTag]:
    return lambda item, _immutable: cbor2.CBORTag(tag, item)


_KEPT: Final = {tag: _keep(tag) for tag in _INTERPRETED_TAGS}
_MAX_DEPTH: Final = 64
MAX_BYTES: Final = 2**20
"""An empty array takes one byte here and some 60 in memory: a bound for what a file can cost."""


def decode(data: bytes) -> Any:
    """The one data item that `data` is.

    >>> decode(bytes.fromhex("a1636b65794161"))
    {'key': b'a'}

    Raises `UnreadableManifest` for anything else. Source: RFC 8949.
    """
    if len(data) > MAX_BYTES:
        raise damaged(f"The manifest store holds {len(data)} bytes of CBOR in one place")
    try:
        return cbor2.loads(
            data, semantic_decoders=_KEPT, max_depth=_MAX_DEPTH, allow_duplicate_keys=False
        )
    # The library lets a few of these through from values that it cannot hash or convert.
    except (cbor2.CBORError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise damaged(f"The manifest store holds invalid CBOR ({error})") from error


def encode(item: Any) -> bytes:
    """`item` in CBOR, shortest form, map entries in their given order."""
    return cbor2.dumps(item)
