"""The active manifest inside a manifest store, found without judging it.

A repository answers with manifests by their identifiers; what they are worth is for `read` and
`read_detached` to say.

Source: C2PA 2.2, sections "Unique identifiers" and "Manifest store".
"""

from __future__ import annotations

import struct

from countermark import jumbf


def active_label(store: bytes) -> str:
    """The identifier of the active manifest of a store: its label, a URN.

    >>> active_label(b"short")
    Traceback (most recent call last):
    ...
    countermark.errors.UnreadableManifest: The manifest store is not a JUMBF superbox. Use the \
file or store as first written.

    Raises `UnreadableManifest` for anything that is not a manifest store.
    """
    return _active(store).label


def active_alone(store: bytes) -> bytes:
    """A manifest store that holds the active manifest of another one and none besides.

    The signature stays as it was; ingredients that refer to the manifests left out lead nowhere.

    Raises `UnreadableManifest` as `active_label` does.
    """
    manifest = _active(store)
    root = jumbf.parse(store)
    description = root.children[0]
    content = store[description.start : description.end] + store[manifest.start : manifest.end]
    return struct.pack(">I4s", len(content) + 8, root.kind) + content


def _active(store: bytes) -> jumbf.Box:
    return list(jumbf.manifests_of(store).values())[-1]
