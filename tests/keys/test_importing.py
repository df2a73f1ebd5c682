"""Requests to a real authority, and its answers: checked whole before anything is written."""

from __future__ import annotations

import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from countermark import keys
from countermark.certificates import Scope, lint, load_pem
from countermark.errors import (
    DestinationNotWritable,
    InvalidArgument,
    SourceNotFound,
    UnknownKey,
    UnusableCertificate,
    UnusableKey,
    WrongPassphrase,
)
from countermark.keys import private_key, storage
from countermark.keys.algorithms import generate
from countermark.keys.home import KEY

PRODUCT = keys.ConformingProduct(level=2, record="7F3D3C53-9a0c-4d6a-8a3b-2f1a5d0c9e11")
NAMES = {"organisation": "Example Ltd", "name": "Camera App", "country": "se"}


@pytest.fixture
def home(tmp_path: Path) -> keys.Home:
    return keys.create_home(tmp_path / "home")


@pytest.fixture
def answer(home: keys.Home, public_authority: Any) -> Callable[..., bytes]:
    """The chain for a new request of the home."""

    def make(**changes: Any) -> bytes:
        csr = keys.request_certificate(home, **NAMES).csr
        chain: bytes = public_authority.pem(*public_authority.certify(csr.public_key(), **changes))
        return chain

    return make


def snapshot(home: keys.Home) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in home.folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("algorithm", keys.ALGORITHMS)
def test_request_says_what_is_asked_for(
    home: keys.Home, tmp_path: Path, openssl: Callable[..., str], algorithm: str
) -> None:
    request = keys.request_certificate(home, **NAMES, algorithm=algorithm, product=PRODUCT)
    path = tmp_path / "request.pem"
    path.write_bytes(request.pem)
    said = openssl("req", "-in", path, "-verify", "-noout", "-text", "-nameopt", "RFC2253")
    assert "verify OK" in said
    for part in (
        "Subject: CN=Camera App,O=Example Ltd,C=SE",
        "CA:FALSE",
        "Digital Signature, Non Repudiation",
        "E-mail Protection, 1.3.6.1.4.1.62558.2.1",
        "Policy: 1.3.6.1.4.1.62558.1.1",
        "1.3.6.1.4.1.62558.3:",
        "$7f3d3c53-9a0c-4d6a-8a3b-2f1a5d0c9e11",  # $ is the length of a UTF8String of 36 bytes
    ):
        assert part in said, said
    assert request.algorithm == algorithm
    assert keys.list_requests(home) == (request,)


def test_request_leaves_the_signing_key_alone(home: keys.Home) -> None:
    before = home.signer().certificate_chain
    keys.request_certificate(home, **NAMES)
    assert home.signer().certificate_chain == before
    assert [entry.state.value for entry in keys.list_keys(home)] == ["signing"]


def test_requested_key_is_encrypted_and_private(tmp_path: Path) -> None:
    home = keys.create_home(tmp_path / "home", passphrase="secret")
    with pytest.raises(WrongPassphrase):
        keys.request_certificate(home, **NAMES)
    assert keys.list_requests(home) == ()
    request = keys.request_certificate(home, **NAMES, passphrase="secret")
    path = request.folder / KEY
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert private_key.is_encrypted(path.read_bytes())


@pytest.mark.parametrize(
    "changes",
    [
        {"organisation": ""},
        {"name": "x" * 65},
        {"country": "Sweden"},
        {"country": "ß"},
        {"country": ""},
        {"algorithm": "es257"},
    ],
)
def test_request_that_no_authority_takes_is_not_made(
    home: keys.Home, changes: dict[str, str]
) -> None:
    before = snapshot(home)
    with pytest.raises(InvalidArgument):
        keys.request_certificate(home, **{**NAMES, **changes})
    assert snapshot(home) == before


@pytest.mark.parametrize(
    "product", [(0, PRODUCT.record), (3, PRODUCT.record), (1, "no uuid"), (1, None)]
)
def test_product_must_be_one(product: Any) -> None:
    with pytest.raises(InvalidArgument):
        keys.ConformingProduct(*product)


@pytest.mark.parametrize("algorithm", keys.ALGORITHMS)
def test_answer_makes_the_key_sign(home: keys.Home, public_authority: Any, algorithm: str) -> None:
    request = keys.request_certificate(home, **NAMES, algorithm=algorithm)
    chain = public_authority.certify(request.csr.public_key())
    trusted = home.trust_path.read_bytes()
    entry = keys.import_chain(home, public_authority.pem(*chain))
    signer = keys.open_home(home.folder).signer()
    assert (signer.algorithm, load_pem(signer.certificate_chain)) == (algorithm, chain)
    assert [e.state.value for e in keys.list_keys(home)] == ["retired", "signing"]
    assert (entry.subject, entry.is_chosen) == ("CN=Camera App,O=Example Ltd,C=SE", True)
    assert keys.list_requests(home) == ()
    assert home.trust_path.read_bytes() == trusted


def test_what_the_request_asked_for_reaches_level_2(home: keys.Home, public_authority: Any) -> None:
    """An authority that copies the requested extensions issues a certificate of that level."""
    csr = keys.request_certificate(home, **NAMES, product=PRODUCT).csr
    asked = {str(e.oid.dotted_string): (e.value, e.critical) for e in csr.extensions}
    dropped = ("basic_constraints", "key_usage", "purposes", "policies", "level", "record")
    extensions = {**dict.fromkeys(dropped), **asked}
    chain = public_authority.certify(csr.public_key(), extensions=extensions)
    scopes = {finding.scope for finding in lint(chain, at=soon_after(chain))}
    assert scopes == {Scope.LEVEL_1}  # which is not what it states


def soon_after(chain: tuple[x509.Certificate, ...]) -> Any:
    return chain[0].not_valid_before_utc + timedelta(minutes=10)


def test_root_may_be_in_the_chain(
    home: keys.Home, answer: Callable[..., bytes], public_authority: Any
) -> None:
    whole = answer() + public_authority.pem(public_authority.root)
    keys.import_chain(home, whole)
    assert len(load_pem(home.signer().certificate_chain)) == 3


def test_key_from_elsewhere(home: keys.Home, tmp_path: Path, public_authority: Any) -> None:
    path = tmp_path / "key.pem"
    key = generate("es384")
    storage.write_file(path, private_key.encode(key, None))
    chain = public_authority.pem(*public_authority.certify(key.public_key()))
    for mode in (0o644, 0o640):
        path.chmod(mode)
        with pytest.raises(UnusableKey, match="open to others"):
            keys.import_chain(home, chain, key=path)
    path.chmod(0o600)
    keys.import_chain(home, chain, key=path)
    assert home.signer().algorithm == "es384"
    with pytest.raises(InvalidArgument, match="already"):
        keys.import_chain(home, chain, key=path)


def test_open_key_from_elsewhere_is_encrypted_in_the_home(
    tmp_path: Path, public_authority: Any
) -> None:
    home = keys.create_home(tmp_path / "home", passphrase="secret")
    path = tmp_path / "key.pem"
    key = generate("ed25519")
    storage.write_file(path, private_key.encode(key, None))
    chain = public_authority.pem(*public_authority.certify(key.public_key()))
    entry = keys.import_chain(home, chain, key=path, passphrase="secret")
    assert private_key.is_encrypted((entry.folder / KEY).read_bytes())
    assert home.signer("secret").algorithm == "ed25519"


USAGE = ExtendedKeyUsageOID
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "ended": ({"begin": timedelta(days=-100)}, r"expired on .*Renew"),
    "not begun": ({"begin": timedelta(days=1)}, r"not valid before .*wait"),
    "authority": (
        {"extensions": {"basic_constraints": (x509.BasicConstraints(True, None), True)}},
        r"begins with an authority.*14\.5\.1\.2",
    ),
    "no key usage": ({"extensions": {"key_usage": None}}, "digitalSignature"),
    "no purposes": ({"extensions": {"purposes": None}}, "emailProtection"),
    "any purpose": (
        {
            "extensions": {
                "purposes": (
                    x509.ExtendedKeyUsage([USAGE.EMAIL_PROTECTION, USAGE.ANY_EXTENDED_KEY_USAGE]),
                    False,
                )
            }
        },
        "anyExtendedKeyUsage",
    ),
    "no authority key identifier": ({"authority_identifier": False}, "authority key identifier"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_leaf_that_may_not_sign_is_refused_and_nothing_written(
    home: keys.Home, answer: Callable[..., bytes], case: str
) -> None:
    changes, reason = REFUSED[case]
    expect_refusal(home, answer(**changes), reason)


def expect_refusal(home: keys.Home, chain: bytes, reason: str) -> None:
    before = snapshot(home)
    with pytest.raises(UnusableCertificate, match=reason) as caught:
        keys.import_chain(home, chain)
    assert caught.value.remedy
    assert snapshot(home) == before
    assert len(keys.list_requests(home)) == 1


def test_chain_must_be_whole_and_in_order(home: keys.Home, answer: Callable[..., bytes]) -> None:
    leaf, issuer = load_pem(answer())
    expect_refusal(home, pem(leaf), "only the leaf")
    expect_refusal(home, pem(issuer, leaf), "breaks at certificate 1")
    expect_refusal(home, pem(leaf, leaf), "breaks at certificate 1")
    expect_refusal(home, b"no certificate", "no readable certificate")
    expect_refusal(home, pem(leaf) + pem(issuer)[:-200], "readable certificate|only the leaf")


def pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(c.public_bytes(serialization.Encoding.PEM) for c in certificates)


ISSUERS: dict[str, tuple[dict[str, Any], str]] = {
    "no authority": (
        {"extensions": {"basic_constraints": (x509.BasicConstraints(False, None), True)}},
        "certificate 2, which is not an authority",
    ),
    "no constraints": (
        {"extensions": {"basic_constraints": None}},
        "certificate 2, which is not an authority",
    ),
    "no key usage": ({"extensions": {"key_usage": None}}, "may not sign certificates"),
    "ended": ({"begin": timedelta(days=-1801)}, "certificate 2, which expired"),
    "no identifier": ({"subject_identifier": False}, "without a subject key identifier"),
}


@pytest.mark.parametrize("case", ISSUERS)
def test_issuer_that_may_not_issue_is_refused(
    home: keys.Home, answer: Callable[..., bytes], public_authority: Any, case: str
) -> None:
    changes, reason = ISSUERS[case]
    issuer = public_authority.certify_issuer(**changes)
    expect_refusal(home, answer(issued_by=issuer), reason)


def test_path_length_is_kept(
    home: keys.Home, answer: Callable[..., bytes], public_authority: Any
) -> None:
    """The root allows one authority below itself; here are two."""
    authority = public_authority
    key = ec.generate_private_key(ec.SECP384R1())
    above = authority.certify_issuer(
        subject="First CA",
        public_key=key.public_key(),
        extensions={"basic_constraints": (x509.BasicConstraints(True, 0), True)},
    )
    issuer = authority.certify_issuer(issuer="First CA", issuer_key=key)
    leaf, _ = load_pem(answer(issued_by=issuer))
    chain = authority.pem(leaf, issuer, above)
    expect_refusal(home, chain, "certificate 3, which allows 0 authorities")


def test_certificate_of_an_unknown_key_is_refused(
    home: keys.Home, answer: Callable[..., bytes], public_authority: Any, tmp_path: Path
) -> None:
    answer()
    before = snapshot(home)
    chain = public_authority.pem(*public_authority.certify(generate("es256").public_key()))
    with pytest.raises(UnknownKey, match=r"keys csr.*--key"):
        keys.import_chain(home, chain)
    path = tmp_path / "key.pem"
    storage.write_file(path, private_key.encode(generate("es256"), None))
    with pytest.raises(UnusableCertificate, match="belongs to another key"):
        keys.import_chain(home, chain, key=path)
    with pytest.raises(SourceNotFound):
        keys.import_chain(home, chain, key=tmp_path / "nowhere.pem")
    assert snapshot(home) == before


@pytest.mark.parametrize("step", ["write_file", "files.sync_folder", "files._sync"])
def test_import_that_was_cut_off_can_be_repeated(
    home: keys.Home, answer: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    chain, before = answer(), home.signer().certificate_chain

    def fail(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(f"{storage.__name__}.{step}", fail)
        with pytest.raises(DestinationNotWritable):
            keys.import_chain(home, chain)
    assert keys.open_home(home.folder).signer().certificate_chain == before
    assert not list(home.folder.rglob(".*"))
    keys.import_chain(home, chain)
    assert home.signer().certificate_chain == chain
    assert keys.list_requests(home) == ()


def test_damaged_request_is_named(home: keys.Home, answer: Callable[..., bytes]) -> None:
    chain = answer()
    (request,) = keys.list_requests(home)
    (request.folder / "request.pem").write_bytes(request.pem[:100])
    with pytest.raises(UnusableKey, match=request.id):
        keys.import_chain(home, chain)
