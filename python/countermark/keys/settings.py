"""Which signer signs for a home: the file signer.toml in it, when its own keys do not.

A key in a token:

    kind = "pkcs11"
    library = "/usr/lib/softhsm/libsofthsm2.so"
    token_label = "cameras"
    key_label = "camera 3"            # or key_id = "03", hexadecimal, or both
    algorithm = "es256"

A key in the keyring of the operating system:

    kind = "keyring"
    name = "studio"
    service = "countermark"           # by default

One-time keys, certified by the development authority of the home or by an EST server:

    kind = "pool"
    name = "Example camera"
    capacity = 50                     # by default
    low_water_mark = 10               # by default a fifth of the capacity
    when_empty = "refuse"             # by default; or "sign-with-shared-key", that of the home

    [est]
    url = "https://ca.example"
    anchors = "est-anchors.pem"       # paths are relative to the home
    user = "camera"                   # if the server asks for a password
    client_certificate = "device.pem" # if it asks for a certificate

Secrets are never in it: PIN and password come from whoever opens the signer.

Source: TOML 1.0.0.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

from countermark.errors import UnusableSettings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SETTINGS: Final = "signer.toml"
SHARED_KEY: Final = "sign-with-shared-key"
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class TokenSettings:
    """A key in a PKCS#11 token."""

    library: str
    token_label: str
    algorithm: str
    key_label: str | None = None
    key_id: str | None = None

    def __post_init__(self) -> None:
        if self.key_label is None and self.key_id is None:
            raise ValueError("names no key: key_label or key_id is missing")
        bytes.fromhex(self.key_id or "")

    def __str__(self) -> str:
        named = [repr(self.key_label)] if self.key_label is not None else []
        named += [f"0x{self.key_id}"] if self.key_id is not None else []
        return f"key {' '.join(named)} in the token {self.token_label!r}"


@dataclass(frozen=True, slots=True)
class KeyringSettings:
    """A key in the keyring of the operating system."""

    name: str
    service: str = "countermark"

    def __str__(self) -> str:
        return f"key {self.name!r} of {self.service!r} in the keyring"


@dataclass(frozen=True, slots=True)
class EstSettings:
    """An EST server that certifies one-time keys."""

    url: str
    anchors: str
    user: str | None = None
    client_certificate: str | None = None


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """One-time keys."""

    name: str
    capacity: int = 50
    low_water_mark: int | None = None
    when_empty: str = "refuse"
    est: EstSettings | None = None

    def __post_init__(self) -> None:
        if self.when_empty not in ("refuse", SHARED_KEY):
            raise ValueError(f"when_empty is {self.when_empty!r}: refuse or {SHARED_KEY}")

    def __str__(self) -> str:
        return f"one-time keys for {self.name!r}"


Settings: TypeAlias = TokenSettings | KeyringSettings | PoolSettings
_KINDS: Final[dict[str, type[Settings]]] = {
    "pkcs11": TokenSettings,
    "keyring": KeyringSettings,
    "pool": PoolSettings,
}
_TYPES: Final = {"int": int, "int | None": int, "EstSettings | None": EstSettings}


def read_settings(folder: Path) -> Settings | None:
    """What signer.toml in a home says; None when there is none.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, SETTINGS).write_text('kind = "keyring"\\nname = "studio"')
    ...     str(read_settings(Path(folder)))
    "key 'studio' of 'countermark' in the keyring"

    Raises `UnusableSettings` for a file that is damaged, lacks something, or holds something that
    is not known: a word that is misspelt must not go unnoticed.
    """
    path = folder / SETTINGS
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        kind = _KINDS.get(values.pop("kind", ""))
        if kind is None:
            raise ValueError(f"its kind is none of {', '.join(_KINDS)}")
        if kind is PoolSettings and "est" in values:
            values["est"] = _checked(EstSettings, values["est"])
        return _checked(kind, values)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:  # TOML errors are ValueErrors
        raise UnusableSettings(
            f"{str(path)!r} cannot be used ({error}).",
            remedy="Correct it as docs/keys.md shows, or remove it to sign with the home's key.",
        ) from error


def _checked(kind: type[_Value], values: Mapping[str, Any]) -> _Value:
    if not isinstance(values, Mapping):
        raise ValueError("est is no table")
    known: dict[str, Any] = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    for name, value in values.items():
        if name not in known:
            raise ValueError(f"{name!r} is not known")
        wanted = _TYPES.get(known[name].type, str)
        if type(value) is not wanted:
            raise ValueError(f"{name!r} is no {wanted.__name__}")
    missing = [n for n, f in known.items() if f.default is MISSING and n not in values]
    if missing:
        raise ValueError(f"{missing[0]!r} is missing")
    return kind(**values)
