"""The manifest that a file carries: in it, beside it, or in the file that was named.

Source: C2PA 2.2, section 11.4 "External Manifests".
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from countermark import credentials
from countermark.credentials import Manifest, Trust
from countermark.credentials.assets import Stream
from countermark.credentials.containers import TEXT_TYPES
from countermark.credentials.reading import read_beside, read_stream


@dataclass(frozen=True, slots=True)
class Carried:
    """A manifest and where it was found.

    `manifest`: whether it holds or not; None when there is none. `sidecar`: the file that holds it;
    None when it is in the file itself. `in_text`: whether that is a text.
    """

    manifest: Manifest | None
    sidecar: Path | None = None
    in_text: bool = False

    @property
    def store(self) -> bytes | None:
        """The manifest store, where the C2PA library does not find it in the file itself.

        That is one in a file of its own, or in a text.
        """
        found = self.manifest
        if found is None or (self.in_text and found.label is None):
            return None
        return None if self.sidecar is None and not self.in_text else found.bytes

    @property
    def is_strange(self) -> bool:
        """Whether it lies beside the file, and is not one for these very bytes.

        The file may have been changed, or it belongs to another one: a name ties nothing, so that
        nothing it states counts.
        """
        found = self.manifest
        return (
            self.sidecar is not None
            and found is not None
            and not (
                found.signature_valid and found.assertions_valid and found.hard_binding == "match"
            )
        )


def carried(
    asset: Stream,
    media_type: str | None,
    *,
    trust: Trust,
    path: Path | None = None,
    sidecar: Path | None = None,
) -> Carried:
    """The manifest of an open file.

    `media_type`: by its content, of those that hold manifests; else None. `path`: where it lies,
    to look beside it when it holds none itself. `sidecar`: the one to take, whatever else there is.

    Of two files beside it, the one that fits counts. Raises `SourceNotFound`.
    """
    if sidecar is not None:
        return Carried(_beside(asset, sidecar, trust), sidecar)
    embedded = None if media_type is None else read_stream(asset, media_type, trust=trust)
    is_here = embedded is not None and not _is_elsewhere(embedded)
    inside = Carried(embedded, in_text=is_here and media_type in TEXT_TYPES)
    if path is None or is_here:
        return inside
    found = [Carried(_beside(asset, one, trust), one) for one in credentials.sidecars(path)]
    fitting = [one for one in found if not one.is_strange]
    return next(iter(fitting or found), inside)


def _beside(asset: Stream, sidecar: Path, trust: Trust) -> Manifest:
    asset.seek(0)
    return read_beside(credentials.load_sidecar(sidecar), asset, trust=trust)


def _is_elsewhere(embedded: Manifest) -> bool:
    """Whether the file only links to its manifest, which is never fetched."""
    return "manifest.inaccessible" in embedded.failures
