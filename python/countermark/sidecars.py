"""The manifest that a file brings along, in it or beside it, and where its successor goes.

>>> brought(Path(__file__)).manifest is None
True

Source: C2PA 2.2, section 11.4 "External Manifests".
"""

from __future__ import annotations

from pathlib import Path

from countermark import credentials
from countermark.containers import StreamContent
from countermark.containers.text_types import text_type
from countermark.credentials import SIDECAR, Beside, Trust, containers
from countermark.credentials.assets import Stream, opened
from countermark.errors import MarkLost
from countermark.labels import aigc
from countermark.verifying.carried import Carried, carried


def brought(path: Path) -> Carried:
    """The manifest in a file, whether it holds or not, or beside it, if it fits.

    Example: see the module. What lies beside it and was not signed for these very bytes is that of
    another file, or of this one before it was changed: none at all. Raises `SourceNotFound`.
    """
    with opened(path) as stream:
        return brought_in(stream, path)


def brought_in(asset: Stream, path: Path | None) -> Carried:
    """As `brought`, for an open file; `path`: where it lies, if anywhere."""
    kind = containers.media_type(StreamContent(asset))
    found = carried(asset, kind, trust=Trust.nobody(), path=path)
    return carried(asset, kind, trust=Trust.nobody()) if found.is_strange else found


def as_parent(path: Path, found: Carried | None = None) -> Beside:
    """A file as the one that another one is made from; `found`: the manifest that it brought."""
    found = found or brought(path)
    with opened(path) as stream:
        shown = containers.media_type(StreamContent(stream))
    kind = aigc.media_type(path) or text_type(path) or shown
    return Beside(path, kind or "application/octet-stream", found.store)


def place_for(destination: Path) -> Path:
    """Where the manifest of that file goes, if beside it: in the place of its own alone.

    >>> place_for(Path("no such folder/room.glb")).name
    'room.c2pa'

    Raises `MarkLost` where both names are taken by manifests of other bytes.
    """
    found = credentials.sidecars(destination) if destination.is_file() else ()
    own = [one for one in found if _fits(one, destination)]
    usual, full = (
        destination.with_suffix(SIDECAR),
        destination.with_name(destination.name + SIDECAR),
    )
    if own or not usual.exists():
        return own[0] if own else usual
    if full.is_file():
        raise MarkLost(
            f"Beside {str(destination)!r} lie {usual.name!r} and {full.name!r} already, which were "
            "signed for other bytes, so nothing was written.",
            remedy="Keep them elsewhere.",
        )
    return full


def _fits(sidecar: Path, path: Path) -> bool:
    with opened(path) as stream:
        return not carried(stream, None, trust=Trust.nobody(), sidecar=sidecar).is_strange
