"""The home folder as commands use it, and what opens the keys in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from countermark import keys
from countermark.auditing import audited_home
from countermark.registry import Registry


@contextmanager
def open_audited_home() -> Iterator[keys.Home]:
    """The home, each use of whose keys leaves a line in its log."""
    home = keys.open_home()
    with Registry.open(home.registry_path) as registry:
        yield audited_home(home, registry)


def passphrase() -> str | None:
    """Of the private key, from the environment; None when it is not encrypted."""
    return os.environ.get("COUNTERMARK_PASSPHRASE") or None


def secrets() -> keys.Secrets:
    """What opens keys, wherever they are, from the environment."""
    return keys.Secrets(
        passphrase=passphrase(),
        pin=os.environ.get("COUNTERMARK_PIN"),
        est_password=os.environ.get("COUNTERMARK_EST_PASSWORD"),
    )
