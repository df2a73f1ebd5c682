"""One-time certificates: each is used at most once, whatever else happens."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from countermark import files, keys
from countermark.credentials import Signer
from countermark.errors import (
    DestinationNotWritable,
    InvalidArgument,
    IssuingFailed,
    KeyAlreadyUsed,
    PoolEmpty,
    PoolLow,
    UnusableKey,
    WrongPassphrase,
)
from countermark.keys import DevelopmentAuthority, LocalSigner, OneTimeSigner, Pool
from countermark.keys.issuing import common_name, request
from countermark.keys.one_time_store import SEALING_KEY

WORKER = [sys.executable, os.fspath(Path(__file__).with_name("pool_worker.py"))]


@pytest.fixture
def make_pool(tmp_path: Path, issuer: DevelopmentAuthority) -> Callable[..., Pool]:
    def make_pool(filled: int = 0, **options: Any) -> Pool:
        options = {"issuer": issuer, "capacity": filled or 3, "low_water_mark": 0} | options
        pool = Pool(tmp_path / "pool", name="Camera", **options)
        assert not filled or pool.refill() == filled
        return pool

    return make_pool


def leaf(signer: Any) -> x509.Certificate:
    return x509.load_pem_x509_certificate(signer.certificate_chain)


def entries(pool: Pool) -> list[Path]:
    return [path for path in pool.folder.iterdir() if path.name != SEALING_KEY]


def names(pool: Pool) -> list[str]:
    return [path.suffix for path in entries(pool)]


def worker(pool: Pool, *death: str) -> subprocess.Popen[str]:
    command = [*WORKER, os.fspath(pool.folder), *death]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_pictures_of_a_device_have_nothing_in_common_but_the_name(
    make_pool: Callable[..., Pool],
    sign_photo: Callable[[Signer], bytes],
    expect_trusted: Callable[[bytes, str], None],
) -> None:
    pool = make_pool(2)
    first, second = pool.take(), pool.take()
    for signer in (first, second):
        assert isinstance(signer, Signer)
        expect_trusted(sign_photo(signer), "Camera")
    one, other = leaf(first), leaf(second)
    assert one.public_key() != other.public_key()
    assert one.serial_number != other.serial_number
    assert one.subject == other.subject
    assert one.not_valid_before_utc == other.not_valid_before_utc
    assert one.not_valid_before_utc.strftime("%H%M%S") == "000000"  # no trace of the batch


def test_key_signs_once(make_pool: Callable[..., Pool]) -> None:
    signer = make_pool(1).take()
    signer.sign(b"data")
    for _ in range(2):
        with pytest.raises(KeyAlreadyUsed, match="Take another one"):
            signer.sign(b"data")


def test_what_is_taken_is_on_no_disk(make_pool: Callable[..., Pool]) -> None:
    pool = make_pool(1)
    (entry,) = entries(pool)
    other_name = entry.with_name("hard-link")  # shows what becomes of the content
    os.link(entry, other_name)
    signer = pool.take()
    assert not entry.exists()
    assert set(other_name.read_bytes()) == {0}
    other_name.unlink()
    assert names(pool) == []
    signer.sign(b"data")


@pytest.mark.parametrize("passphrase", [None, "correct horse"])
def test_entries_at_rest_open_with_the_passphrase_alone(
    make_pool: Callable[..., Pool], passphrase: str | None
) -> None:
    pool = make_pool(1, passphrase=passphrase)
    (entry,) = entries(pool)
    for trace in (b"PRIVATE KEY", b"CERTIFICATE"):
        assert trace not in entry.read_bytes()
    sealing = (pool.folder / SEALING_KEY).read_bytes()
    assert (b"ENCRYPTED" in sealing) is (passphrase is not None)
    for wrong in {None, "correct horse", "battery staple"} - {passphrase}:
        with pytest.raises(WrongPassphrase):
            make_pool(passphrase=wrong)
    make_pool(passphrase=passphrase).take().sign(b"data")


def test_passphrase_costs_nothing_a_picture(make_pool: Callable[..., Pool]) -> None:
    """Scrypt once for the pool: some 200 ms, of which 30 takings would make 6 s."""
    pool = make_pool(30, passphrase="correct horse")
    started = time.process_time()
    for _ in range(30):
        pool.take().sign(b"data")
    assert time.process_time() - started < 1.5


def test_entry_under_another_name_is_refused(make_pool: Callable[..., Pool]) -> None:
    """Its name says when it ends, and is sealed with it."""
    pool = make_pool(1)
    (entry,) = entries(pool)
    entry.rename(entry.with_name("9" + entry.name))
    with pytest.raises(PoolEmpty):
        pool.take()


def test_folder_of_other_things_is_left_alone(tmp_path: Path, issuer: DevelopmentAuthority) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(UnusableKey, match="other things"):
        Pool(tmp_path, issuer, name="Camera")
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_low_water_mark_and_refill(make_pool: Callable[..., Pool]) -> None:
    pool = make_pool(capacity=4, low_water_mark=3)
    assert pool.is_low
    assert (pool.refill(), len(pool), pool.is_low) == (4, 4, False)
    pool.take()
    assert (len(pool), pool.is_low) == (3, False)
    with pytest.warns(PoolLow, match="below its low-water mark of 3"):
        pool.take()
    assert (len(pool), pool.is_low) == (2, True)
    assert (pool.refill(), len(pool)) == (2, 4)
    assert pool.refill() == 0


def test_empty_pool_refuses(make_pool: Callable[..., Pool]) -> None:
    pool = make_pool(1)
    pool.take()
    with pytest.raises(PoolEmpty, match="Refill it"):
        pool.take()


def test_empty_pool_falls_back_to_a_shared_key_when_told_to(
    make_pool: Callable[..., Pool], home: keys.Home
) -> None:
    pool = make_pool(1, fallback=home.signer())
    assert isinstance(pool.take(), OneTimeSigner)
    shared = pool.take()
    assert isinstance(shared, LocalSigner)
    assert pool.take() is shared


def test_threads_never_share_a_certificate(make_pool: Callable[..., Pool]) -> None:
    pool = make_pool(24)
    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(lambda _: leaf(pool.take()).serial_number, range(24)))
    assert len(set(taken)) == 24


def test_processes_never_share_a_certificate(make_pool: Callable[..., Pool]) -> None:
    pool = make_pool(60)
    workers = [worker(pool) for _ in range(3)]
    shares = [w.communicate(timeout=60)[0].split() for w in workers]
    assert [w.returncode for w in workers] == [0, 0, 0]
    taken = [serial for share in shares for serial in share]
    assert len(taken) == len(set(taken)) == 60
    assert names(pool) == []


def test_killed_process_wastes_one_certificate_at_most(make_pool: Callable[..., Pool]) -> None:
    pool = make_pool(40)
    killed = worker(pool)
    assert killed.stdout is not None
    used = [killed.stdout.readline().strip() for _ in range(3)]
    killed.kill()
    used += killed.communicate()[0].split()
    left = len(pool)
    assert 40 - len(used) - left in (0, 1)
    used += [str(leaf(pool.take()).serial_number) for _ in range(left)]
    assert len(used) == len(set(used))


@pytest.mark.parametrize("step", ["rename", "fsync", "unlink"])
def test_certificate_is_not_used_after_a_crash_while_taking(
    make_pool: Callable[..., Pool], step: str
) -> None:
    pool = make_pool(2)
    before = {path.name for path in entries(pool)}
    died = worker(pool, "die", step)
    assert died.communicate(timeout=60)[0] == ""
    assert died.returncode == -9
    assert (
        names(pool) == [".key", ".taken"]
        or names(pool) == [".taken", ".key"]
        or (step == "unlink" and names(pool) == [".key"])
    )
    pool.take()
    with pytest.raises(PoolEmpty):
        pool.take()
    for leftover in entries(pool):
        os.utime(leftover, (0, 0))
    assert pool.refill() == 2
    assert names(pool) == [".key", ".key"]
    assert before.isdisjoint(path.name for path in entries(pool))


def test_key_is_gone_from_the_disk_before_it_is_handed_out(
    make_pool: Callable[..., Pool], monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = make_pool(1)
    seen: list[list[str]] = []

    def refuse(folder: Path) -> None:
        seen.append(names(pool))
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(files, "sync_folder", refuse)
    with pytest.raises(DestinationNotWritable, match="Input/output error"):
        pool.take()
    assert seen == [[]]


def test_expired_certificates_are_neither_counted_nor_used(
    make_pool: Callable[..., Pool],
) -> None:
    pool = make_pool(2, low_water_mark=1)
    first, second = entries(pool)
    first.rename(pool.folder / f"{int(time.time()) - 1}-{first.name.partition('-')[2]}")
    second.rename(pool.folder / f"{int(time.time()) + 60}-{second.name.partition('-')[2]}")
    assert (len(pool), pool.is_low) == (0, True)
    with pytest.raises(PoolEmpty):
        pool.take()
    assert pool.refill() == 2
    assert len(names(pool)) == 2


def test_name_of_an_entry_says_when_it_ends(make_pool: Callable[..., Pool]) -> None:
    pool = make_pool(1)
    (entry,) = entries(pool)
    end = leaf(pool.take()).not_valid_after_utc
    assert entry.name.startswith(f"{end.timestamp():.0f}-")


def test_damaged_entry_is_passed_over(make_pool: Callable[..., Pool]) -> None:
    pool = make_pool(2)
    damaged = entries(pool)[0]
    damaged.write_bytes(b"damaged")
    pool.take()
    with pytest.raises(PoolEmpty):
        pool.take()
    assert names(pool) == []


def test_foreign_files_are_left_alone(make_pool: Callable[..., Pool]) -> None:
    pool = make_pool(1)
    (pool.folder / "README.txt").write_text("dear")
    (pool.folder / "notes.key").write_text("not ours, but never handed out either")
    assert len(pool) == 1
    pool.take()
    with pytest.raises(PoolEmpty):
        pool.take()
    assert (pool.folder / "README.txt").exists()


def test_only_the_owner_may_enter(make_pool: Callable[..., Pool]) -> None:
    pool = make_pool(1)
    assert stat.S_IMODE(pool.folder.stat().st_mode) == 0o700
    assert [stat.S_IMODE(path.stat().st_mode) for path in entries(pool)] == [0o600]
    for mode in (0o755, 0o710, 0o701):
        pool.folder.chmod(mode)
        with pytest.raises(UnusableKey, match=f"mode 0{mode:o}"):
            make_pool()


@dataclass(frozen=True)
class Broken:
    """An issuer that gives something else after `good` certificates."""

    issuer: DevelopmentAuthority
    spoil: Callable[[Sequence[x509.Certificate]], Sequence[x509.Certificate]]
    good: int = 0

    def issue(self, request: x509.CertificateSigningRequest) -> Sequence[x509.Certificate]:
        counted.append(request)
        chain = self.issuer.issue(request)
        return chain if len(counted) <= self.good else self.spoil(chain)


counted: list[x509.CertificateSigningRequest] = []


def _refuse(chain: Sequence[x509.Certificate]) -> Sequence[x509.Certificate]:
    raise IssuingFailed("No more.", remedy="Pay.")


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda chain: (), "not for the key"),
        (lambda chain: chain[::-1], "not for the key"),
        (lambda chain: (chain[0], chain[0]), "not in order"),
        (_refuse, "No more"),
    ],
)
def test_what_the_issuer_gives_is_checked(
    make_pool: Callable[..., Pool], issuer: DevelopmentAuthority, spoil: Any, sentence: str
) -> None:
    counted.clear()
    pool = make_pool(issuer=Broken(issuer, spoil, good=1), capacity=3)
    with pytest.raises(IssuingFailed, match=sentence):
        pool.refill()
    assert len(pool) == 1  # what was issued before stays
    pool.take().sign(b"data")


def test_expired_chain_is_refused(
    make_pool: Callable[..., Pool], issuer: DevelopmentAuthority
) -> None:
    past = replace(issuer, validity=timedelta(seconds=0))
    with pytest.raises(IssuingFailed, match="not valid now"):
        make_pool(issuer=past).refill()


@pytest.mark.parametrize(
    "options",
    [
        {"capacity": 0, "low_water_mark": 0},
        {"capacity": 2, "low_water_mark": 3},
        {"capacity": 2, "low_water_mark": -1},
    ],
)
def test_marks_that_cannot_be_are_refused(
    make_pool: Callable[..., Pool], options: dict[str, int]
) -> None:
    with pytest.raises(InvalidArgument, match="low-water mark"):
        make_pool(**options)


@pytest.mark.parametrize("name", ["", "x" * 65, None])
def test_name_that_fits_no_certificate_is_refused(
    tmp_path: Path, issuer: DevelopmentAuthority, name: Any
) -> None:
    with pytest.raises(InvalidArgument, match="common name"):
        Pool(tmp_path / "pool", issuer, name=name)


def test_folder_that_vanished_is_said(make_pool: Callable[..., Pool]) -> None:
    pool = make_pool(1)
    shutil.rmtree(pool.folder)
    for use in (pool.take, pool.refill):
        with pytest.raises(DestinationNotWritable, match="No such file"):
            use()


def test_folder_that_cannot_be_made_is_said(tmp_path: Path, issuer: DevelopmentAuthority) -> None:
    (tmp_path / "file").write_text("in the way")
    for folder in (tmp_path / "file", tmp_path / "file" / "pool", Path("\0")):
        with pytest.raises(DestinationNotWritable):
            Pool(folder, issuer, name="Camera")


def test_no_key_is_shown(make_pool: Callable[..., Pool], home: keys.Home) -> None:
    pool = make_pool(1, fallback=home.signer())
    key = pool.take()
    shown = repr(pool) + repr(key) + repr(pool.issuer)
    assert "PRIVATE" not in shown
    assert "Key object" not in shown


def test_request_must_be_signed_by_its_key(issuer: DevelopmentAuthority) -> None:
    key, other = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    der = request(key, "Camera").public_bytes(serialization.Encoding.DER)
    forged = der.replace(_point(key), _point(other))
    with pytest.raises(IssuingFailed, match="not signed by the key"):
        issuer.issue(x509.load_der_x509_csr(forged))
    assert issuer.certify(other.public_key(), common_name("x"))[0].public_key() == (
        other.public_key()
    )


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
