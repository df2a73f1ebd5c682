"""OCSP responses in a manifest store: stapled to signatures, or added by later manifests.

Whoever put them there, and whether anything holds the assertion that they are in: what they are
worth is said by their own signatures, which `revocation` checks.

Source: C2PA 2.2, sections 14.5.2 "Certificate Revocation", 15.9 and 18.18 "Certificate Status".
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Mapping
from typing import Any, Final

from countermark import jumbf
from countermark.credentials import cbor
from countermark.errors import UnreadableManifest
from countermark.jumbf import Box

_STATUS: Final = "c2pa.certificate-status"
_MAX_RESPONSES: Final = 64
_MAX_RESPONSE_BYTES: Final = 1 << 14
"""With a responder's certificate a response takes some 2,000."""


def responses(store: bytes) -> tuple[bytes, ...]:
    """The responses (DER) in all manifests of a store, the youngest manifest's first.

    >>> responses(b"")
    Traceback (most recent call last):
    ...
    countermark.errors.UnreadableManifest: The manifest store is not a JUMBF superbox. Use the \
file or store as first written.

    Raises `UnreadableManifest` for what is no store.
    """
    found = _responses(store, jumbf.parse(store))
    small = (response for response in found if len(response) <= _MAX_RESPONSE_BYTES)
    return tuple(itertools.islice(small, _MAX_RESPONSES))


def _responses(store: bytes, root: Box) -> Iterator[bytes]:
    for manifest in reversed(root.children):
        for holder in _holders(store, manifest):
            listed = holder.get("ocspVals") if isinstance(holder, Mapping) else None
            for value in listed if isinstance(listed, (list, tuple)) else ():
                if isinstance(value, bytes):
                    yield value


def _holders(store: bytes, manifest: Box) -> Iterator[object]:
    """What may be a map with a list of responses."""
    for box in manifest.children:
        if box.label == "c2pa.signature":
            signed = _decoded(store, box)
            parts = getattr(signed, "value", signed)  # files before 1.3 lack the tag
            if isinstance(parts, (list, tuple)) and len(parts) == 4:
                unprotected = parts[1]
                yield unprotected.get("rVals") if isinstance(unprotected, Mapping) else None
        elif box.label == "c2pa.assertions":
            for assertion in box.children:
                if assertion.label.partition("__")[0] == _STATUS:
                    yield _decoded(store, assertion)


def _decoded(store: bytes, box: Box) -> Any:
    content = box.content(b"cbor")
    with contextlib.suppress(UnreadableManifest):  # the library has a code for it
        return None if content is None else cbor.decode(store[content.body : content.end])
    return None
