"""Another passphrase: for all private keys of a home or for none, whatever happens meanwhile."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from countermark import keys
from countermark.errors import (
    DestinationNotWritable,
    InvalidArgument,
    UnusableKey,
    WrongPassphrase,
)
from countermark.keys import private_key, storage

REQUEST = {"organisation": "Example Ltd", "name": "Camera", "country": "SE"}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scrypt some hundred times; what it costs is written in each file."""
    monkeypatch.setattr(private_key, "_COST", 2)


@pytest.fixture
def make_home(tmp_path: Path) -> Callable[[str | None], keys.Home]:
    """A home with every kind of private key: two signers, an authority, a request, a pool."""

    def make_home(passphrase: str | None) -> keys.Home:
        home = keys.create_home(tmp_path / "home", passphrase=passphrase)
        keys.rotate(home, algorithm="ed25519", passphrase=passphrase)
        keys.request_certificate(home, **REQUEST, algorithm="es512", passphrase=passphrase)
        authority = home.authority(passphrase)
        assert authority is not None
        pool = keys.Pool(
            home.pool_folder, authority, name="Camera", capacity=1, passphrase=passphrase,
            low_water_mark=0,
        )  # fmt: skip
        pool.refill()
        return home

    return make_home


def contents(home: keys.Home) -> dict[str, bytes]:
    paths = [path for path in home.folder.rglob("*") if path.is_file()]
    return {os.fspath(path.relative_to(home.folder)): path.read_bytes() for path in paths}


def opens(home: keys.Home, passphrase: str | None) -> bool:
    """Whether all private keys open with it; never some of them."""
    opened = []
    for path in home.private_key_paths:
        try:
            opened.append(private_key.open_pem(storage.read_private(path), passphrase))
        except WrongPassphrase:
            opened.append(None)
    assert len(opened) == 5
    assert all(opened) or not any(opened)
    return all(opened)


@pytest.mark.parametrize(
    ("old", "new"), [(None, "new"), ("old", "new"), ("old", None), ("old", "old")]
)
def test_all_keys_change_and_nothing_else(
    make_home: Callable[..., keys.Home], old: str | None, new: str | None
) -> None:
    home = make_home(old)
    before = contents(home)
    changed = keys.change_passphrase(home, old=old, new=new)
    after = contents(home)
    assert opens(home, new)
    assert old == new or not opens(home, old)
    names = {os.fspath(path.relative_to(home.folder)) for path in changed}
    assert names == {name for name in before if before[name] != after[name]}
    assert before.keys() == after.keys()
    assert home.signer(new).sign(b"data")
    authority = home.authority(new)
    assert authority is not None
    options: Any = {"name": "Camera", "passphrase": new, "low_water_mark": 0}
    assert keys.Pool(home.pool_folder, authority, **options).take().sign(b"data")


def test_weaker_derivations_and_keys_in_the_clear_are_brought_up_to_date(
    make_home: Callable[..., keys.Home],
) -> None:
    home = make_home("secret")
    first, second, *_ = home.private_key_paths
    for path, encryption in (
        (first, serialization.BestAvailableEncryption(b"secret")),
        (second, serialization.NoEncryption()),
    ):
        key = private_key.open_pem(path.read_bytes(), "secret")
        form = serialization.PrivateFormat.PKCS8
        path.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, encryption))
    size = first.stat().st_size
    keys.change_passphrase(home, old="secret", new="secret")
    assert opens(home, "secret")
    assert first.stat().st_size != size  # scrypt's parameters are shorter than PBKDF2's


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("wrong", "new", WrongPassphrase),
        (None, "new", WrongPassphrase),
        ("old", "", InvalidArgument),
    ],
)
def test_refusals_change_nothing(
    make_home: Callable[..., keys.Home], old: str | None, new: str, error: type[Exception]
) -> None:
    home = make_home("old")
    before = contents(home)
    with pytest.raises(error):
        keys.change_passphrase(home, old=old, new=new)
    assert contents(home) == before


def test_one_damaged_key_keeps_all_as_they_were(make_home: Callable[..., keys.Home]) -> None:
    home = make_home("old")
    home.private_key_paths[-1].write_bytes(b"damaged")
    before = contents(home)
    with pytest.raises(UnusableKey):
        keys.change_passphrase(home, old="old", new="new")
    assert contents(home) == before


def steps_of(monkeypatch: pytest.MonkeyPatch, fail_at: int) -> list[str]:
    """Whatever touches the disk, counted; the one with that number fails, and all after it."""
    done: list[str] = []

    def count(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **options: Any) -> Any:
            done.append(name)
            if len(done) > fail_at:
                raise OSError(28, "No space left on device")
            return original(*arguments, **options)

        return step

    for name in ("replace", "rename", "fsync", "open", "mkdir"):
        monkeypatch.setattr(os, name, count(name, getattr(os, name)))
    return done


def test_power_cut_at_any_step_leaves_one_passphrase(
    make_home: Callable[..., keys.Home], tmp_path: Path
) -> None:
    home = make_home("old")
    outcomes = []
    old, new = "old", "new"
    for fail_at in range(80):
        with pytest.MonkeyPatch.context() as patch:
            done = steps_of(patch, fail_at)
            with contextlib.suppress(DestinationNotWritable):
                keys.change_passphrase(home, old=old, new=new)
            finished = len(done) <= fail_at
        again = keys.open_home(home.folder)
        outcomes.append(opens(again, new))
        assert outcomes[-1] != opens(again, old)
        assert not (home.folder / ".replacements").exists()
        assert [path.name for path in tmp_path.iterdir()] == ["home"]
        if finished:
            break
        if outcomes[-1]:
            old, new = new, old
    assert finished
    assert outcomes[0] is False
    assert outcomes[-1] is True
    assert len(outcomes) > 20


def test_former_key_in_the_clear_is_overwritten(make_home: Callable[..., keys.Home]) -> None:
    home = make_home(None)
    with (home.folder / "claim-signing-key.pem").open("rb") as former:
        assert b"PRIVATE KEY" in former.read()
        keys.change_passphrase(home, old=None, new="new")
        former.seek(0)
        assert set(former.read()) == {0}


def test_copy_by_hard_link_stays_as_it_was(make_home: Callable[..., keys.Home]) -> None:
    home = make_home(None)
    copy = home.folder.parent / "backup.pem"
    os.link(home.folder / "claim-signing-key.pem", copy)
    before = copy.read_bytes()
    keys.change_passphrase(home, old=None, new="new")
    assert copy.read_bytes() == before
