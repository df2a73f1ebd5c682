"""Reviewers' keys: each under its own passphrase, for its owner only, never overwritten."""

from __future__ import annotations

import stat

import pytest

from countermark import keys
from countermark.errors import (
    InvalidArgument,
    KeyExists,
    KeyMissing,
    UnusableKey,
    WrongPassphrase,
)


def test_a_key_is_kept_encrypted_and_apart(
    home: keys.Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("countermark.keys.private_key._COST", 2)  # scrypt takes its time else
    made = keys.create_reviewer_key(home, "ada@example.org", "one")
    folder = home.folder / "reviewers/ada@example.org"
    (path,) = folder.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert b"ENCRYPTED" in path.read_bytes()
    found = keys.reviewer_key(home, "ada@example.org", "one")
    assert found.public_key() == made.public_key()
    before = path.read_bytes()
    with pytest.raises(KeyExists):
        keys.create_reviewer_key(home, "ada@example.org", "two")
    with pytest.raises(WrongPassphrase):
        keys.reviewer_key(home, "ada@example.org", "two")
    keys.change_passphrase(home, old=None, new="of the home")
    assert path.read_bytes() == before
    path.chmod(0o640)
    with pytest.raises(UnusableKey, match="open to others"):
        keys.reviewer_key(home, "ada@example.org", "one")
    path.chmod(0o600)
    path.write_bytes((home.folder / "claim-signing-key.pem").read_bytes())
    with pytest.raises(UnusableKey, match="not the key of a reviewer"):
        keys.reviewer_key(home, "ada@example.org", "of the home")


@pytest.mark.parametrize("name", ["", ".", "..", "../ada", "a/b", "a\0b"])
def test_a_name_is_no_way_out_of_the_home(home: keys.Home, name: str) -> None:
    with pytest.raises(InvalidArgument):
        keys.create_reviewer_key(home, name, "one")
    assert not (home.folder / "reviewers").exists()


def test_a_passphrase_is_needed(home: keys.Home) -> None:
    with pytest.raises(InvalidArgument):
        keys.create_reviewer_key(home, "ada", "")
    assert not (home.folder / "reviewers").exists()
    with pytest.raises(KeyMissing):
        keys.reviewer_key(home, "ada", "one")
