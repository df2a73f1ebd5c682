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
