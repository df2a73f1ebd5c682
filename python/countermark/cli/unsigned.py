"""Labels come before manifests: a label would break one that is there."""

from __future__ import annotations

from pathlib import Path

from countermark import credentials
from countermark.credentials import Trust
from countermark.errors import LabelError, UnsupportedImage


def demand_unsigned(path: Path) -> None:
    """Raise `LabelError` for a file that carries a manifest."""
    try:
        media_type = credentials.media_type_of(path)
    except UnsupportedImage:  # a container that carries none
        return
    if credentials.read(path, media_type, trust=Trust.nobody()):
        raise LabelError(
            f"The file {str(path)!r} carries a manifest, which a label would break.",
            remedy="Label it before it is signed.",
        )


def demand_sidecar_goes_along(path: Path, out: Path) -> None:
    """Raise `LabelError` for a copy that would not have the manifest beside its source."""
    if credentials.store_beside(path) is not None and credentials.store_beside(out) is None:
        raise LabelError(
            f"A manifest lies beside {str(path)!r}, and would not lie beside {str(out)!r}.",
            remedy="Copy it along first, under the name of the copy; signing the copy then names "
            "it as the parent.",
        )
