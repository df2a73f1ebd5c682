"""Labels come before manifests: a label would break one that is there."""

from __future__ import annotations

from pathlib import Path

from countermark import credentials, sidecars
from countermark.errors import LabelError


def demand_unsigned(path: Path) -> None:
    """Raise `LabelError` for a file that carries a manifest, in it or beside it."""
    if sidecars.brought(path).manifest is not None:
        raise LabelError(
            f"The file {str(path)!r} carries a manifest, which a label would break.",
            remedy="Label it before it is marked or signed.",
        )


def demand_sidecar_goes_along(path: Path, out: Path) -> None:
    """Raise `LabelError` for a copy that would not have the manifest beside its source."""
    if sidecars.brought(path).sidecar is not None and not credentials.sidecars(out):
        raise LabelError(
            f"A manifest lies beside {str(path)!r}, and would not lie beside {str(out)!r}.",
            remedy="Copy it along first, under the name of the copy; signing the copy to there "
            "(--out NAME.c2pa) then names it as the parent.",
        )
