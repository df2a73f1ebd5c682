"""The in-browser reader of credentials: fetched from npm when a service is set up, never shipped.

`python -m countermark.service.reader FOLDER` puts it into a folder, which `countermark serve
--reader FOLDER` serves to the page. It is the worker and the WebAssembly of @contentauth/c2pa-web
(MIT, by the Content Authenticity Initiative), which need nothing beside them; the main module of
the package needs a bundler, and refuses workers over http, as on loopback.

>>> READER_FILES["c2pa_bg.wasm"].member
'package/dist/resources/c2pa_bg.wasm'
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from countermark import files
from countermark.errors import CountermarkError, ReaderUnavailable

PACKAGE: Final = "@contentauth/c2pa-web"
VERSION: Final = "0.13.1"
INTEGRITY: Final = (
    "sha512-K4GLdhqIdLE3DUdO0Ub2M6rnyopAnCtdOQhFx2ACayVXo6uLuYlMPRlBivqc4RlvuXMpvJcW2BMu6B1F"
    "ZpbYhw=="
)
"""Of the package as published (W3C Subresource Integrity, as in lock files of npm)."""

_MAX_PACKAGE_BYTES: Final = 16 * 1024 * 1024
_TIMEOUT_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class ReaderFile:
    """One file of the reader. `member`: its name in the package. `sha256`: hexadecimal."""

    member: str
    sha256: str


READER_FILES: Final[Mapping[str, ReaderFile]] = {
    "c2pa_worker.js": ReaderFile(
        "package/dist/c2pa_worker.js",
        "e4859b282d83f2d177c4508d5adcc46d7492a7805d9972a612d08fe81952c24d",
    ),
    "c2pa_bg.wasm": ReaderFile(
        "package/dist/resources/c2pa_bg.wasm",
        "eb8b3557c7da472e9d0b347936e8ac72e9ebfb0dff05aba3ca00dd5e2dd8c499",
    ),
    "LICENSE": ReaderFile(
        "package/LICENSE",
        "5aeea31bc245dd31213e7ff878a40362d6d4d8bc8093e34a0f30ed7639fe93c6",
    ),
}
"""By their names in the folder."""


def fetch(folder: Path) -> None:
    """Fetch the package from the npm registry, check it, and put the reader into `folder`.

    The registry is the one that npm is told to use (`npm_config_registry`, `.npmrc` in the home
    folder), else npm's own. What comes from there counts only with the hash that is known here.

    Raises `ReaderUnavailable` and `DestinationNotWritable`.
    """
    address = f"{registry()}{PACKAGE}/-/{PACKAGE.rpartition('/')[2]}-{VERSION}.tgz"
    try:
        with urllib.request.urlopen(address, timeout=_TIMEOUT_SECONDS) as answer:
            package = answer.read(_MAX_PACKAGE_BYTES + 1)
    except (OSError, ValueError) as error:
        raise ReaderUnavailable(
            f"{PACKAGE} cannot be fetched from {urlsplit(address).hostname} ({error}).",
            remedy=f"Check the network, or run npm pack {PACKAGE}@{VERSION} where npm may fetch it "
            "and name the file after the folder.",
        ) from error
    unpack(package, folder)


def unpack(package: bytes, folder: Path) -> None:
    """Put the reader into `folder`, from the package as `npm pack` writes it.

    >>> unpack(b"another package", Path("nowhere"))
    Traceback (most recent call last):
    ...
    countermark.errors.ReaderUnavailable: This is not @contentauth/c2pa-web 0.13.1 as its authors \
published it. Fetch it again, from another registry if need be.

    Raises `ReaderUnavailable` for any other package, `DestinationNotWritable`.
    """
    digest = base64.b64encode(hashlib.sha512(package).digest()).decode()
    if f"sha512-{digest}" != INTEGRITY:
        raise ReaderUnavailable(
            f"This is not {PACKAGE} {VERSION} as its authors published it.",
            remedy="Fetch it again, from another registry if need be.",
        )
    with files.writing(repr(str(folder))):
        folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(package)) as archive:
        for name, file in READER_FILES.items():
            member = archive.extractfile(file.member)
            assert member is not None
            with files.replacing(folder / name, member.read()) as put:
                put()


def check(folder: Path) -> None:
    """Raise `ReaderUnavailable` unless the folder holds the reader, whole and of this version.

    >>> check(Path("nowhere"))
    Traceback (most recent call last):
    ...
    countermark.errors.ReaderUnavailable: 'nowhere/c2pa_worker.js' is not that of \
@contentauth/c2pa-web 0.13.1. Fetch it with python -m countermark.service.reader FOLDER.
    """
    for name, file in READER_FILES.items():
        try:
            found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        except (OSError, ValueError):
            found = ""
        if found != file.sha256:
            raise ReaderUnavailable(
                f"{str(folder / name)!r} is not that of {PACKAGE} {VERSION}.",
                remedy="Fetch it with python -m countermark.service.reader FOLDER.",
            )


def registry() -> str:
    """The address of the npm registry, with a slash at its end."""
    scope, lines = PACKAGE.partition("/")[0], dict(_npmrc())
    told = (lines.get(f"{scope}:registry"), _told("registry"), lines.get("registry"))
    address = next(filter(None, told), None) or _asked_of_npm()
    parts = urlsplit(address)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ReaderUnavailable(
            "npm is told to use a registry that has no address on the web.",
            remedy="Correct the line registry= in .npmrc, or npm_config_registry.",
        )
    return address.rstrip("/") + "/"


def _asked_of_npm() -> str:
    """The registry that npm itself would use."""
    command = shutil.which("npm")
    try:
        told = subprocess.run(
            [command or "npm", "config", "get", "registry"],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ReaderUnavailable(
            "It is not said which npm registry to use, and npm cannot be asked.",
            remedy="Name it by npm_config_registry or in .npmrc, or install npm.",
        ) from error
    return told.stdout.strip()


def _npmrc() -> Iterator[tuple[str, str]]:
    """The lines of the user's settings for npm that name registries."""
    path = Path(_told("userconfig") or "~/.npmrc")
    with contextlib.suppress(OSError, RuntimeError, UnicodeDecodeError):
        for line in path.expanduser().read_text(encoding="utf-8").splitlines():
            name, is_set, value = line.partition("=")
            if is_set and name.strip().endswith("registry"):
                yield name.strip(), os.path.expandvars(value.strip().strip("\"'"))


def _told(setting: str) -> str | None:
    """A setting for npm in the environment, whatever its letters' case."""
    found = (v for k, v in os.environ.items() if k.lower() == f"npm_config_{setting}")
    return next(filter(None, found), None)


def main(arguments: Sequence[str]) -> int:
    """`python -m countermark.service.reader FOLDER [PACKAGE]`; the exit code."""
    if len(arguments) not in (1, 2) or arguments[0].startswith("-"):
        print("usage: python -m countermark.service.reader FOLDER [PACKAGE.tgz]", file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    try:
        if len(arguments) == 1:
            fetch(folder)
        else:
            unpack(files.load(Path(arguments[1])), folder)
    except CountermarkError as error:
        print(error, file=sys.stderr)
        return 3
    print(f"{PACKAGE} {VERSION} is in {folder}. Serve it: countermark serve --reader {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
