"""Each use of a key leaves a line in the log, and a signature without a line does not exist."""

from __future__ import annotations

import hashlib
import io
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from countermark import errors, keys, mark
from countermark.auditing import audited, audited_home
from countermark.certificates import load_pem
from countermark.credentials import Signer, Trust, read, read_detached, signed_label
from countermark.record import DigitalSource, Record
from countermark.registry import KeyUse, Outcome, Purpose, Registry

RECORD = Record(source=DigitalSource.CAPTURED, title="Secret title", creator="Ada Example")


class Spy:
    """A real signer, whose calls are kept; it fails when it is told to."""

    def __init__(self, signer: keys.LocalSigner, failure: BaseException | None = None) -> None:
        self.signer, self.failure = signer, failure
        self.algorithm, self.certificate_chain = signer.algorithm, signer.certificate_chain
        self.signed: list[bytes] = []

    def sign(self, data: bytes) -> bytes:
        self.signed.append(data)
        if self.failure is not None:
            raise self.failure
        return self.signer.sign(data)


def uses(home: keys.Home) -> list[KeyUse]:
    with Registry.open(home.registry_path) as registry:
        return list(registry.key_uses())


def leaf_sha256(signer: Signer) -> bytes:
    return load_pem(signer.certificate_chain)[0].fingerprint(hashes.SHA256())


def der_sha256(certificate: x509.Certificate) -> bytes:
    encoded = certificate.public_bytes(serialization.Encoding.DER)
    return hashlib.sha256(encoded).digest()


def test_mark_leaves_a_line_that_names_key_and_manifest(photo: Path, home: keys.Home) -> None:
    spy = Spy(home.signer())
    mark(photo, photo, record=RECORD, signer=spy)
    (use,) = uses(home)
    found = read(photo, "image/jpeg", trust=Trust.nobody())
    assert found is not None
    assert use.manifest == found.label
    assert (use.purpose, use.outcome, use.algorithm) == (Purpose.CLAIM, Outcome.SIGNED, "es256")
    assert use.key_sha256 == leaf_sha256(spy)
    assert [use.signed_sha256] == [hashlib.sha256(data).digest() for data in spy.signed]
    assert use.key_sha256.hex().startswith(keys.list_keys(home)[0].id)


def test_line_holds_nothing_personal(photo: Path, home: keys.Home) -> None:
    mark(photo, photo, record=RECORD, signer=home.signer())
    (use,) = uses(home)
    line = use.to_json()
    for private in ("photo", "jpg", "Secret", "Ada", "CN=", str(photo.parent)):
        assert private not in line


@pytest.mark.parametrize("case", ["taken payload", "closed stream", "does not read back"])
def test_signature_that_was_thrown_away_leaves_a_line(
    case: str, photo: Path, home: keys.Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = io.BytesIO()
    if case == "taken payload":
        monkeypatch.setattr(Registry, "new_payload", lambda self: 7)
        mark(photo, io.BytesIO(), record=RECORD, signer=home.signer())
    elif case == "closed stream":
        out.close()
    else:
        monkeypatch.setattr("countermark.credentials.reading.read_stream", lambda *_, **__: None)
    before = uses(home)
    with pytest.raises(errors.CountermarkError):
        mark(photo, out, record=RECORD, signer=home.signer())
    (use,) = uses(home)[len(before) :]
    assert (use.outcome, use.key_sha256) == (Outcome.SIGNED, leaf_sha256(home.signer()))
    assert use.manifest is not None
    assert out.closed or out.getvalue() == b""


@pytest.mark.parametrize("failure", [RuntimeError("token removed"), KeyboardInterrupt()])
def test_failed_use_leaves_a_line_and_its_own_error(
    failure: BaseException, home: keys.Home
) -> None:
    with Registry.open(home.registry_path) as registry, pytest.raises(type(failure)) as caught:
        audited(Spy(home.signer(), failure), registry).sign(b"data")
    assert caught.value is failure
    (use,) = uses(home)
    assert (use.outcome, use.manifest) == (Outcome.FAILED, None)


def test_failure_is_said_even_when_it_cannot_be_recorded(home: keys.Home) -> None:
    failure = RuntimeError("token removed")
    registry = Registry.open(home.folder / "missing" / "registry")
    with pytest.raises(RuntimeError, match="token removed"):
        audited(Spy(home.signer(), failure), registry).sign(b"data")


def test_signature_that_cannot_be_recorded_is_refused(photo: Path, home: keys.Home) -> None:
    content, spy = photo.read_bytes(), Spy(home.signer())
    with Registry.open(home.folder / "missing" / "registry") as registry:
        with pytest.raises(errors.DestinationNotWritable, match="registry"):
            audited(spy, registry).sign(b"data")
        with pytest.raises(errors.DestinationNotWritable, match="registry"):
            mark(photo, photo, record=RECORD, signer=spy, registry=registry)
    assert len(spy.signed) == 2
    assert photo.read_bytes() == content


def test_locked_registry_refuses_the_signature(
    home: keys.Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("countermark.registry.store.BUSY_TIMEOUT_SECONDS", 0.1)
    with Registry.open(home.registry_path) as registry:
        audited(home.signer(), registry).sign(b"data")
        with closing(sqlite3.connect(home.registry_path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(errors.UnreadableRegistry, match="locked"):
                audited(home.signer(), registry).sign(b"data")
    assert len(uses(home)) == 1


def test_wrapping_again_does_not_count_twice(home: keys.Home, tmp_path: Path) -> None:
    with (
        Registry.open(home.registry_path) as registry,
        Registry.open(tmp_path / "other") as other,
    ):
        once = audited(home.signer(), registry)
        audited(once, registry).sign(b"data")
        audited(once, other).sign(b"data")
        assert (len(list(registry.key_uses())), len(list(other.key_uses()))) == (2, 1)


def test_chain_that_does_not_parse_is_an_error_of_ours(home: keys.Home) -> None:
    spy = Spy(home.signer())
    spy.certificate_chain = b"no chain"
    with pytest.raises(errors.UnusableCertificate):
        audited(spy, Registry.open(home.registry_path)).sign(b"data")
    assert spy.signed == []


def test_line_is_there_before_the_signature_is_given_back(home: keys.Home) -> None:
    """A process that dies on the spot, with the signature in its hand."""
    script = textwrap.dedent("""
        import os, signal, sys
        from countermark import keys
        from countermark.auditing import audited
        from countermark.registry import Registry
        home = keys.open_home()
        registry = Registry.open(home.registry_path)
        if audited(home.signer(), registry).sign(b"data"):
            os.kill(os.getpid(), signal.SIGKILL)
    """)
    done = subprocess.run([sys.executable, "-c", script], timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    (use,) = uses(home)
    assert use.signed_sha256 == hashlib.sha256(b"data").digest()


def test_signed_label_is_that_of_the_manifest(photo: Path, home: keys.Home) -> None:
    spy = Spy(home.signer())
    mark(photo, photo, record=RECORD, signer=spy)
    mark(photo, photo, record=RECORD, signer=spy)  # with an earlier manifest inside
    found = read(photo, "image/jpeg", trust=Trust.nobody())
    assert found is not None
    assert signed_label(spy.signed[1]) == read_detached(found.bytes, trust=Trust.nobody()).label
    assert signed_label(spy.signed[0]) != signed_label(spy.signed[1])
    for other in (b"", b"data", b"\x84" * 100, b"\x80", b"\x84jSignature1@@\x80", bytes(2**20 + 1)):
        assert signed_label(other) is None


def test_authority_and_requests_leave_lines(home: keys.Home) -> None:
    first = home.authority()
    assert first is not None
    with Registry.open(home.registry_path) as registry:
        watched = audited_home(home, registry)
        assert watched == home
        rotated = keys.rotate(watched, algorithm="ed25519")
        request = keys.request_certificate(
            watched, organisation="Example Ltd", name="Camera", country="SE", algorithm="ps256"
        )
        keys.revoke(watched, rotated.id, reason=keys.RevocationReason.SUPERSEDED)
        keys.renew_revocation_lists(watched)
        for folder in home.authority_folders:
            (folder / "authority-key.pem").unlink()
        keys.rotate(watched)  # makes an authority under a root of its own
        found = list(registry.key_uses())
    second = home.authority()
    assert second is not None
    crl_path = home.revocation_list_paths[0]
    crl = x509.load_pem_x509_crl(crl_path.read_bytes())
    own = [(use.purpose.value, use.key_sha256, use.algorithm) for use in found]
    authority, public = der_sha256(first.certificate), bytes.fromhex(request.id)
    assert own[0] == ("certificate", authority, "es256")
    assert own[1][0] == "certificate-request"
    assert own[1][1].startswith(public)
    assert own[1][2] == "ps256"
    assert own[2:4] == [("revocation-list", authority, "es256")] * 2
    assert [purpose for purpose, _, _ in own[4:]] == ["certificate"] * 3
    assert own[4][1] == own[5][1] != own[6][1] == der_sha256(second.certificate)
    signed = [use.signed_sha256 for use in found]
    assert signed[0] == hashlib.sha256(rotated.chain[0].tbs_certificate_bytes).digest()
    assert signed[1] == hashlib.sha256(request.csr.tbs_certrequest_bytes).digest()
    assert signed[3] == hashlib.sha256(crl.tbs_certlist_bytes).digest()
    assert {use.manifest for use in found} == {None}


@pytest.mark.parametrize("act", ["rotate", "request", "revoke", "renew"])
def test_authority_that_cannot_be_recorded_gives_nothing_out(act: str, home: keys.Home) -> None:
    verbs: dict[str, Callable[[keys.Home], object]] = {
        "rotate": keys.rotate,
        "request": lambda home: keys.request_certificate(
            home, organisation="Example Ltd", name="Camera", country="SE"
        ),
        "revoke": lambda home: keys.revoke(
            home, keys.list_keys(home)[0].id, reason=keys.RevocationReason.SUPERSEDED
        ),
        "renew": keys.renew_revocation_lists,
    }
    before = {path: path.read_bytes() for path in home.folder.rglob("*") if path.is_file()}
    registry = Registry.open(home.folder / "missing" / "registry")
    with pytest.raises(errors.DestinationNotWritable, match="registry"):
        verbs[act](audited_home(home, registry))
    after = {path: path.read_bytes() for path in home.folder.rglob("*") if path.is_file()}
    assert after == before
    verbs[act](home)
