"""signer.toml: understood wholly, or refused with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from countermark.errors import UnusableSettings
from countermark.keys.settings import (
    SETTINGS,
    EstSettings,
    KeyringSettings,
    PoolSettings,
    TokenSettings,
    read_settings,
)


def test_home_without_settings_has_none(tmp_path: Path) -> None:
    assert read_settings(tmp_path) is None


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ('kind = "keyring"\nname = "x"', KeyringSettings("x", "countermark")),
        (
            'kind = "pkcs11"\nlibrary = "l"\ntoken_label = "t"\nkey_id = "0a"\nalgorithm = "es256"',
            TokenSettings("l", "t", "es256", key_id="0a"),
        ),
        ('kind = "pool"\nname = "x"\ncapacity = 50', PoolSettings("x", 50, None, "refuse")),
        (
            'kind = "pool"\nname = "x"\ncapacity = 4\n[est]\nurl = "https://x"\nanchors = "a.pem"',
            PoolSettings("x", 4, est=EstSettings("https://x", "a.pem")),
        ),
    ],
)
def test_settings_are_read(tmp_path: Path, text: str, settings: object) -> None:
    (tmp_path / SETTINGS).write_text(text)
    assert read_settings(tmp_path) == settings


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("kind = ", "Invalid value"),
        ('kind = "kms"', "none of pkcs11, keyring, pool"),
        ('kind = "keyring"', "'name' is missing"),
        ('kind = "keyring"\nname = "x"\npin = "1234"', "'pin' is not known"),
        ('kind = "pool"\nname = "x"\ncapacity = "many"', "'capacity' is no int"),
        ('kind = "pool"\nname = "x"\nwhen_empty = "cry"', "refuse or sign-with-shared-key"),
        ('kind = "pool"\nname = "x"\n[est]\nurl = "https://x"', "'anchors' is missing"),
        ('kind = "pool"\nname = "x"\nest = 3', "est is no table"),
        ('kind = "pkcs11"\nlibrary = "x"\ntoken_label = "x"\nalgorithm = "es256"', "names no key"),
    ],
)
def test_what_is_not_understood_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / SETTINGS
    path.write_text(text)
    with pytest.raises(UnusableSettings) as caught:
        read_settings(tmp_path)
    assert reason in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("content", [b"\xff", b"", b"kind = 3"])
def test_file_that_is_no_settings_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / SETTINGS).write_bytes(content)
    with pytest.raises(UnusableSettings):
        read_settings(tmp_path)
