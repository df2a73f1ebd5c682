"""How large a manifest store may be before anybody is given it to read.

The C2PA library takes many times the size of a store in memory, and time that grows with the
square of the number of assertions, ingredients and manifests in it. The numbers below keep both,
for a hostile store, within 2 s and 200 MB; stores of today hold a few dozen of everything.

Source: measured with c2pa-rs 0.91.3.
"""

from __future__ import annotations

from typing import Final

from countermark import jumbf
from countermark.errors import UnreadableManifest
from countermark.jumbf import Box, damaged

MAX_BYTES: Final = 1 << 24
"""Of a store. The library holds it five times."""

_MAX_CHILDREN: Final = 1 << 10
"""Superboxes in one: 1,000 assertions take 0.3 s, 10,000 take minutes."""

_MAX_SUPERBOXES: Final = 1 << 12
_MAX_MANIFESTS: Final = 1 << 8
_MAX_INGREDIENTS: Final = 1 << 8
"""Of all manifests together: 200 of the same one take 0.6 s, 1,000 take half a minute."""

_MAX_STATED_BYTES: Final = 1 << 21
"""Of CBOR and JSON in all manifests together: 11 MiB of actions take the library 7 s and 540 MB."""


def check(store: bytes) -> None:
    """Raise `UnreadableManifest` for a store of more parts than anybody needs, or of no boxes.

    >>> check(b"short")
    Traceback (most recent call last):
    ...
    countermark.errors.UnreadableManifest: The manifest store is not a JUMBF superbox. Use the \
file or store as first written.
    """
    if len(store) > MAX_BYTES:
        raise too_large()
    root = jumbf.parse(store)
    manifests = _superboxes(root)
    pending, number, ingredients, stated = [root], 0, 0, 0
    while pending:
        box = pending.pop()
        inner = _superboxes(box)
        pending += inner
        number += len(inner)
        stated += sum(c.end - c.body for c in box.children if c.kind in (b"cbor", b"json"))
        ingredients += sum(box.label.startswith("c2pa.ingredient") for box in inner)
        if len(inner) > _MAX_CHILDREN or number > _MAX_SUPERBOXES:
            raise damaged("The manifest store holds too many boxes")
    if stated > _MAX_STATED_BYTES:
        raise damaged(f"The manifest store states more than {_MAX_STATED_BYTES >> 20} MiB")
    if len(manifests) > _MAX_MANIFESTS or ingredients > _MAX_INGREDIENTS:
        raise damaged("The manifest store holds too many earlier manifests")


def too_large() -> UnreadableManifest:
    """The error for a store that is not even parsed."""
    return damaged(f"The manifest store holds more than {MAX_BYTES >> 20} MiB")


def _superboxes(box: Box) -> list[Box]:
    return [child for child in box.children if child.kind == b"jumb"]
