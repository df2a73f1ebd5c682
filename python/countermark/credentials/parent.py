"""The files that a manifest names: the one that its own was made from, and those placed in it.

The library reads the manifest in such a file. One that lies beside it becomes the data of the
ingredient, with what the library found in it: the standard demands of an ingredient with a manifest
that it says what was found.

Source: C2PA 2.2, section 10.3.3 "Ingredients".
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeAlias

from countermark.containers import StreamContent
from countermark.credentials import binding_check, build, library
from countermark.credentials.active import active_label
from countermark.credentials.assets import opened
from countermark.credentials.findings import BINDING_CODES

Asset: TypeAlias = tuple[BinaryIO | Path, str]
"""A file and its media type."""

_STORE: Final = "parent.c2pa"
"""Name under which the library is given the store of the parent."""


@dataclass(frozen=True, slots=True)
class Beside:
    """A file that another one was made from.

    `asset`: the file; `media_type`: its own; `store`: the manifest store that lies beside it; None
    where there is none, or it is in the file.
    """

    asset: BinaryIO | Path
    media_type: str
    store: bytes | None = None

    @classmethod
    def of(cls, parent: Asset | Beside | None) -> Beside | None:
        """The same for a file and its media type."""
        return cls(*parent) if isinstance(parent, tuple) else parent


@dataclass(frozen=True, slots=True)
class Ingredients:
    """What the library is told of them.

    `named`: all, for `build.definition`. `stated`, `resources`: what belongs in the definition,
    and what that refers to. `files`: those that the library reads.
    """

    named: Sequence[dict[str, Any]]
    stated: Sequence[dict[str, Any]]
    resources: dict[str, bytes]
    files: Sequence[library.Ingredient]

    def within(self, definition: dict[str, Any]) -> dict[str, Any]:
        """The definition with what is stated."""
        return {**definition, "ingredients": list(self.stated)} if self.stated else definition


@contextlib.contextmanager
def ingredients(parent: Beside | None, components: Sequence[Asset] = ()) -> Iterator[Ingredients]:
    """The files, open for the library; raises `SourceNotFound`, `UnreadableManifest`."""
    named = build.ingredients(parent is not None, len(components))
    assets = [*([parent] if parent else []), *(Beside(*one) for one in components)]
    with contextlib.ExitStack() as stack:
        stated = []
        resources = {}
        files: list[library.Ingredient] = []
        for name, one in zip(named, assets, strict=True):
            if one.store is None:
                files.append((name, stack.enter_context(opened(one.asset)), one.media_type))
            else:
                stated.append({**name, **_stated(one, one.store)})
                resources[_STORE] = one.store
        yield Ingredients(named, stated, resources, files)


def _stated(parent: Beside, store: bytes) -> dict[str, Any]:
    """The parent as the library takes it, with what it finds in its manifest."""
    return {
        "format": parent.media_type,
        "manifest_data": {"format": library.STORE_MEDIA_TYPE, "identifier": _STORE},
        "active_manifest": active_label(store),
        "validation_results": _results(parent.asset, store),
    }


def _results(asset: BinaryIO | Path, store: bytes) -> dict[str, Any]:
    """What was found in a manifest; large files are compared here, in bounded memory."""
    with opened(asset) as stream:
        code = binding_check.compare_here(store, StreamContent(stream))
        stream.seek(0)
        results = library.results(store, stream if code is None else io.BytesIO())
    if code is None:
        return results
    active = results["activeManifest"]
    for kind in ("success", "failure"):
        active[kind] = [e for e in active[kind] if not e["code"].startswith(BINDING_CODES)]
    active["success" if code.endswith(".match") else "failure"].append({"code": code})
    return results
