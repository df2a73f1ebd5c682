"""Texts with a manifest in them, one of each method."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from countermark import keys, text
from countermark.credentials import Trust
from countermark.record import DigitalSource, Record
from countermark.registry import Registry

RECORD: Final = Record(source=DigitalSource.AI_GENERATED, title="A lake")
TEXTS: Final = {
    "unstructured": ("text/plain", "The café lies at a lake.\nIt is calm \U0001f600\ufe0f.\n"),
    "structured": ("text/markdown", "# A lake\n\nIt is *calm*, as the café says.\n"),
    "last": ("text/x-python", "#!/usr/bin/env python\nprint('a lake, a café')\n"),
    "html": (
        "text/html",
        "<!doctype html>\n<html><head><title>A lake</title>\n</head>"
        "<body><p>It is calm at the café.</p></body></html>\n",
    ),
}
"""Media type and text, by how the manifest lies in it."""


@pytest.fixture(scope="session")
def _world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("texts")
    keys.create_home(folder / "home")
    return folder / "home"


@pytest.fixture(scope="session")
def _signed(_world: Path) -> Callable[[str], str]:
    home = keys.open_home(_world)

    @functools.cache
    def signed(name: str) -> str:
        media_type, content = TEXTS[name]
        with Registry.open(home.registry_path) as registry:
            return text.sign(
                content,
                record=RECORD,
                signer=home.signer(),
                registry=registry,
                media_type=media_type,
            )

    return signed


@pytest.fixture
def signed(_signed: Callable[[str], str]) -> Callable[[str], str]:
    """The signed text of that name; the home of its signer is `home`."""
    return _signed


@pytest.fixture
def home(_world: Path, tmp_path: Path) -> keys.Home:
    """A copy of the home that has signed the texts."""
    shutil.copytree(_world, tmp_path / "countermark-home")
    return keys.open_home()


@pytest.fixture
def verdict(home: keys.Home, registry: Registry) -> Callable[..., str]:
    """The verdict on a text, in one word."""
    trust = Trust.from_file(home.trust_path)

    def verdict(content: str, media_type: str = "text/plain") -> str:
        report = text.verify(content, media_type=media_type, trust=trust, registry=registry)
        return report.verdict.value

    return verdict
