"""Manifests by identifier and by soft binding: those of the registry, and deposited ones."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import OrderedDict
from pathlib import Path
from typing import Final

from countermark import credentials
from countermark.credentials import WATERMARK_ALGORITHM
from countermark.errors import UnreadableManifest
from countermark.registry import Entry
from countermark.service.deposits import Deposits
from countermark.service.registry_file import RegistryFile

_PAYLOAD_BYTES: Final = 8
_LABELS_KEPT: Final = 100_000
_RECENT_KEPT: Final = 10_000
_FRESH_SECONDS: Final = 1.0


class Repository:
    """Where a service looks manifests up.

    The registry decides: what it no longer holds is not found a second later. An identifier is the
    label of the active manifest, a URN (C2PA 2.2, section "Unique identifiers").
    """

    def __init__(self, registry_path: Path, deposits: Deposits) -> None:
        self.deposits = deposits
        self._registry = RegistryFile(registry_path)
        self._registry_path = registry_path
        self._labels: OrderedDict[bytes, str] = OrderedDict()
        self._recent: dict[bytes, tuple[str, float]] = {}
        self._indexing = threading.Lock()

    def close(self) -> None:
        """Lets go of the files."""
        self._registry.close()
        self.deposits.close()

    def bound_to(self, algorithm: str, value: bytes, *, limit: int) -> list[str]:
        """Identifiers of manifests to which exactly this soft binding leads, ours first."""
        found = [] if algorithm != WATERMARK_ALGORITHM else self._marked_with(value)
        deposited = self.deposits.bound_to(algorithm, value, limit=limit)
        return list(dict.fromkeys([*found, *deposited]))[:limit]

    async def manifest(self, identifier: str) -> bytes | None:
        """The manifest store with that active manifest."""
        found = self.registered(identifier) or self.deposits.manifest(identifier)
        if found is None:
            await asyncio.to_thread(self.catch_up)
            found = self.registered(identifier)
        return found

    def registered(self, identifier: str) -> bytes | None:
        """The same, in the registry alone and as far as it is indexed."""
        payload = self.deposits.payload_of(identifier)
        entry = None if payload is None else self._registry.registry().find_payload(payload)
        return entry.manifest if entry is not None and self._label(entry) == identifier else None

    def catch_up(self) -> None:
        """Index what the registry has taken in since the last time; for a thread of its own.

        It goes once through the whole registry, so the first time takes about a second for
        3,000 entries.
        """
        with self._indexing:
            own = RegistryFile(self._registry_path)  # whoever looks up shall not wait for this
            try:
                registry, place = own.registry(), self.deposits.last_place()
                while entries := registry.entries(place):
                    named = ((self._label(entry), entry.payload, at) for at, entry in entries)
                    self.deposits.index([item for item in named if item[0]])
                    place = entries[-1][0]
            finally:
                own.close()

    def _marked_with(self, value: bytes) -> list[str]:
        """What many ask for at a time is looked up once in `_FRESH_SECONDS`."""
        if len(value) != _PAYLOAD_BYTES:
            return []
        label, until = self._recent.get(value, ("", 0.0))
        if label and time.monotonic() < until:
            return [label]
        found = self._look_up(value)
        if found:
            if len(self._recent) >= _RECENT_KEPT:
                self._recent.clear()
            self._recent[value] = found[0], time.monotonic() + _FRESH_SECONDS
        return found

    def _look_up(self, value: bytes) -> list[str]:
        entry = self._registry.registry().find_payload(int.from_bytes(value, "big"))
        label = None if entry is None else self._label(entry)
        return [] if not label else [label]

    def _label(self, entry: Entry) -> str:
        """Of the entry's active manifest; "" when its manifest is damaged."""
        known = self._labels.get(entry.manifest_sha256)
        if known is None:
            try:
                known = credentials.active_label(entry.manifest)
            except UnreadableManifest:
                known = ""
            self._labels[entry.manifest_sha256] = known
            if len(self._labels) > _LABELS_KEPT:
                self._labels.popitem(last=False)
        return known
