"""Manifests by identifier and by soft binding, as the registry has them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from countermark.credentials import WATERMARKS
from countermark.registry import Registry
from countermark.service.registry_file import RegistryFile

_PAYLOAD_BYTES: Final = 8
_RECENT_KEPT: Final = 10_000
_FRESH_SECONDS: Final = 1.0


class Repository:
    """Where a service looks manifests up, and where it keeps deposited ones.

    The registry decides: what it no longer holds is not found a second later. `bound_to` and
    `manifest` are quick, and for the thread that listens; `keeper` is for other threads, so that
    nobody who looks up waits for a disk.
    """

    def __init__(self, registry_path: Path) -> None:
        self._registry = RegistryFile(registry_path)
        self._recent: dict[bytes, tuple[str, float]] = {}
        self._kept = RegistryFile(registry_path)

    def close(self) -> None:
        """Lets go of the files."""
        self._registry.close()
        self._kept.close()

    @property
    def keeper(self) -> Registry:
        """The registry for threads that may wait."""
        return self._kept.registry()

    def bound_to(self, algorithm: str, value: bytes, *, limit: int) -> list[str]:
        """Identifiers of manifests to which exactly this soft binding leads, ours first."""
        found = self._marked_with(value) if algorithm in WATERMARKS else []
        deposited = self._registry.registry().manifests.bound_to(algorithm, value, limit=limit)
        return list(dict.fromkeys([*found, *deposited]))[:limit]

    def manifest(self, identifier: str) -> bytes | None:
        """The manifest store with that active manifest."""
        return self._registry.registry().manifests.find(identifier)

    def _marked_with(self, value: bytes) -> list[str]:
        """What many ask for at a time is looked up once in `_FRESH_SECONDS`."""
        if len(value) != _PAYLOAD_BYTES:
            return []
        label, until = self._recent.get(value, ("", 0.0))
        if label and time.monotonic() < until:
            return [label]
        payload = int.from_bytes(value, "big")
        found = self._registry.registry().manifests.identifier(payload)
        if found is None:
            return []
        if len(self._recent) >= _RECENT_KEPT:
            self._recent.clear()
        self._recent[value] = found, time.monotonic() + _FRESH_SECONDS
        return [found]
