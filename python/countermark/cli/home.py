"""The home folder as commands use it, and what opens the keys in it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from countermark import keys
from countermark.auditing import audited_home
from countermark.errors import InvalidArgument
from countermark.registry import Registry


@contextmanager
def open_audited_home() -> Iterator[keys.Home]:
    """The home, each use of whose keys leaves a line in its log."""
    home = keys.open_home()
    with Registry.open(home.registry_path) as registry:
        yield audited_home(home, registry)


def payload_number(payload: str) -> int:
    """The payload that people write in hexadecimal; raises `InvalidArgument`."""
    try:
        return int(payload, 16)
    except ValueError as error:
        raise InvalidArgument(
            f"{payload!r:.40} is no payload.", remedy="Give up to 16 hexadecimal digits."
        ) from error


def reviewer_passphrase(*, is_new: bool = False) -> str:
    """Of a reviewer's key, from the environment or the terminal; raises `InvalidArgument`."""
    stated = os.environ.get("COUNTERMARK_REVIEWER_PASSPHRASE")
    if stated:
        return stated
    if not sys.stdin.isatty():
        raise InvalidArgument(
            "The passphrase of the reviewer is not given.",
            remedy="Put it into COUNTERMARK_REVIEWER_PASSPHRASE, or run this in a terminal.",
        )
    typed: str = typer.prompt("Reviewer's passphrase", hide_input=True, confirmation_prompt=is_new)
    return typed


def passphrase() -> str | None:
    """Of the private key, from the environment; None when it is not encrypted."""
    return os.environ.get("COUNTERMARK_PASSPHRASE") or None


def secrets() -> keys.Secrets:
    """What opens keys, wherever they are, from the environment."""
    return keys.Secrets.from_environment()
