"""Keys in a token: a SoftHSM of the tests' own, with keys that never leave it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import pkcs11
import pytest
from cryptography import x509
from pkcs11 import Attribute, KeyType, ObjectClass
from pkcs11.util.ec import encode_named_curve_parameters

from countermark.certificates import dump_pem
from countermark.credentials import Signer
from countermark.errors import (
    CertificateExpiresSoon,
    InvalidArgument,
    KeyMissing,
    SigningFailed,
    TokenMissing,
    UnusableCertificate,
    UnusableKey,
    WrongPin,
)
from countermark.keys import DevelopmentAuthority, Pkcs11Key, Pkcs11Signer, remote_request
from countermark.keys.issuing import common_name

TOKEN, PIN = "enlarger", "correct-horse"
CURVES = {
    "es256": "secp256r1",
    "es384": "secp384r1",
    "es512": "secp521r1",
    "ed25519": "1.3.101.112",
}
ALGORITHMS = [*CURVES, "ps256"]


class SoftHsm(Protocol):
    """What the fixture `softhsm` gives."""

    library: str

    def make_token(self, label: str, pin: str) -> None: ...


@dataclass(frozen=True)
class Key:
    """What `Pkcs11Signer` is told about a key in the token."""

    algorithm: str
    certificate_chain: bytes
    key_label: str | None
    library: str
    token_label: str = TOKEN
    pin: str | Callable[[], str] = PIN
    key_id: bytes | None = None

    def signer(self) -> Pkcs11Signer:
        options = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return Pkcs11Signer(options.pop("library"), **options)


@pytest.fixture(scope="session")
def session(softhsm: SoftHsm) -> Any:
    """A session with a new token, through which its keys are made."""
    for label in (TOKEN, "twin", "twin"):
        softhsm.make_token(label, PIN)
    return pkcs11.lib(softhsm.library).get_token(token_label=TOKEN).open(user_pin=PIN, rw=True)


def generate(session: Any, algorithm: str, label: str) -> None:
    """A key pair in the token, by its defaults: not extractable."""
    options = {"store": True, "label": label, "id": label.encode()}
    if algorithm == "ps256":
        session.generate_keypair(KeyType.RSA, 2048, **options)
        return
    kind = KeyType.EC_EDWARDS if algorithm == "ed25519" else KeyType.EC
    curve = encode_named_curve_parameters(CURVES[algorithm])
    domain = session.create_domain_parameters(kind, {Attribute.EC_PARAMS: curve}, local=True)
    domain.generate_keypair(**options)


@pytest.fixture(scope="session")
def key(session: Any, softhsm: SoftHsm, issuer: DevelopmentAuthority) -> Callable[[str], Key]:
    """A certified key in the token for each algorithm, made when first asked for."""
    made: dict[str, Key] = {}

    def key(algorithm: str = "es256") -> Key:
        if algorithm not in made:
            generate(session, algorithm, algorithm)
            options = {"key_label": algorithm, "pin": PIN, "algorithm": algorithm}
            key = Pkcs11Key(softhsm.library, token_label=TOKEN, **options)
            request = remote_request(
                key.sign,
                public_key=key.public_key,
                algorithm=algorithm,
                subject=common_name(f"Camera {algorithm}"),
            )
            made[algorithm] = Key(
                algorithm, dump_pem(*issuer.issue(request)), algorithm, softhsm.library
            )
        return made[algorithm]

    return key


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_picture_signed_in_the_token_is_trusted(
    key: Callable[[str], Key],
    sign_photo: Callable[[Signer], bytes],
    expect_trusted: Callable[[bytes, str], None],
    algorithm: str,
) -> None:
    signer = key(algorithm).signer()
    assert isinstance(signer, Signer)
    expect_trusted(sign_photo(signer), f"Camera {algorithm}")


def test_key_cannot_leave_the_token(session: Any, key: Callable[..., Key]) -> None:
    key().signer()
    found = session.get_key(object_class=ObjectClass.PRIVATE_KEY, label="es256")
    assert found[Attribute.SENSITIVE]
    assert not found[Attribute.EXTRACTABLE]
    assert found[Attribute.NEVER_EXTRACTABLE]
    with pytest.raises(pkcs11.AttributeSensitive):
        found[Attribute.VALUE]


def test_key_is_found_by_its_id(key: Callable[..., Key]) -> None:
    by_id = replace(key(), key_label=None, key_id=b"es256")
    assert len(by_id.signer().sign(b"data")) == 64


@pytest.mark.parametrize(("algorithm", "length"), [("es256", 64), ("es384", 96), ("es512", 132)])
def test_ecdsa_is_r_and_s_of_equal_length(
    key: Callable[..., Key], algorithm: str, length: int
) -> None:
    assert len(key(algorithm).signer().sign(b"data")) == length


def test_threads_share_a_signer(key: Callable[..., Key]) -> None:
    """`sign` checks each signature against the leaf, so a mixed-up one raises."""
    signers = [key("es256").signer(), key("ed25519").signer()]
    with ThreadPoolExecutor(8) as threads:
        signed = threads.map(lambda n: signers[n % 2].sign(b"%d" % n), range(200))
        assert len(set(signed)) == 200


def worker(verb: str, wanted: Key, pin: str) -> subprocess.CompletedProcess[str]:
    """A process of its own: this one has logged in already, and is to keep its sessions."""
    script = os.fspath(Path(__file__).with_name("token_worker.py"))
    command = [sys.executable, script, verb, wanted.library, TOKEN, pin]
    chain = wanted.certificate_chain.decode()
    return subprocess.run(command, input=chain, capture_output=True, text=True, timeout=60)


def test_wrong_pin_is_said(key: Callable[..., Key]) -> None:
    run = worker("open", key(), "swordfish")
    assert run.returncode == 1
    last = run.stderr.splitlines()[-1]
    assert last.startswith(f"{WrongPin.__module__}.WrongPin: The token '{TOKEN}' does not open")
    assert "swordfish" not in run.stderr
    assert worker("open", key(), PIN).returncode == 0


def test_lost_session_is_said_and_a_new_signer_works(key: Callable[..., Key]) -> None:
    run = worker("lose", key(), PIN)
    assert run.stderr == ""
    asked = "asked for the PIN"
    first, lost, second, *rest = run.stdout.splitlines()
    assert (first, second, rest) == (asked, asked, ["64", asked, "64"])
    assert "has ended (SessionHandleInvalid)" in lost
    assert "make the signer anew" in lost


def test_missing_token_is_said(key: Callable[..., Key]) -> None:
    with pytest.raises(TokenMissing, match="There is no token 'tripods'"):
        replace(key(), token_label="tripods").signer()


def test_two_tokens_of_one_label_are_not_guessed_between(key: Callable[..., Key]) -> None:
    with pytest.raises(TokenMissing, match="more than one token 'twin'"):
        replace(key(), token_label="twin").signer()


def test_library_that_is_none_is_said(key: Callable[..., Key], tmp_path: Path) -> None:
    (tmp_path / "libhsm.so").write_text("no library")
    for path in ("libhsm.so", "absent.so"):
        with pytest.raises(TokenMissing, match="library"):
            replace(key(), library=str(tmp_path / path)).signer()


def test_missing_key_is_said(key: Callable[..., Key]) -> None:
    with pytest.raises(KeyMissing, match="no key"):
        replace(key(), key_label="lost").signer()


def test_ambiguous_key_is_said(session: Any, key: Callable[..., Key]) -> None:
    for _ in range(2):
        generate(session, "es256", "double")
    with pytest.raises(KeyMissing, match="more than one key"):
        replace(key(), key_label="double").signer()


def test_key_must_be_named(key: Callable[..., Key]) -> None:
    with pytest.raises(InvalidArgument, match="key_label or key_id"):
        replace(key(), key_label=None).signer()


def test_algorithm_of_another_key_is_refused(key: Callable[..., Key]) -> None:
    with pytest.raises(UnusableCertificate, match="does not fit es384"):
        replace(key(), algorithm="es384").signer()
    with pytest.raises(InvalidArgument, match="rs256"):
        replace(key(), algorithm="rs256").signer()


def test_key_that_is_not_the_leafs_is_refused(session: Any, key: Callable[..., Key]) -> None:
    generate(session, "es256", "other")
    with pytest.raises(SigningFailed, match="does not verify"):
        replace(key(), key_label="other").signer().sign(b"data")


def test_key_that_may_not_sign_is_said(session: Any, key: Callable[..., Key]) -> None:
    curve = encode_named_curve_parameters("secp256r1")
    domain = session.create_domain_parameters(KeyType.EC, {Attribute.EC_PARAMS: curve}, local=True)
    domain.generate_keypair(store=True, label="agreement", private_template={Attribute.SIGN: False})
    with pytest.raises(UnusableKey, match="not one for signing"):
        replace(key(), key_label="agreement").signer()


def test_mechanism_that_the_key_cannot_do_is_said(key: Callable[..., Key]) -> None:
    mixed = replace(key("es256"), key_label=key("ps256").key_label)
    with pytest.raises(SigningFailed, match="refused"):
        mixed.signer().sign(b"data")


def test_public_half_that_the_token_does_not_hold_is_missed(
    session: Any, key: Callable[..., Key]
) -> None:
    generate(session, "es256", "half")
    half = Pkcs11Key(key().library, token_label=TOKEN, key_label="half", pin=PIN, algorithm="es256")
    assert half.public_key
    session.get_key(object_class=ObjectClass.PUBLIC_KEY, label="half").destroy()
    with pytest.raises(KeyMissing, match="no key"):
        _ = half.public_key
    wrong = Pkcs11Key(
        key().library, token_label=TOKEN, key_label="es256", pin=PIN, algorithm="es384"
    )
    with pytest.raises(UnusableKey, match="not one for es384"):
        _ = wrong.public_key


def test_pin_is_nowhere_in_the_signer(key: Callable[..., Key]) -> None:
    signer = key().signer()
    assert PIN not in repr(signer)
    assert not any(PIN in repr(getattr(signer, name)) for name in signer.__slots__)


def test_end_of_its_certificate_is_announced(
    key: Callable[[str], Key], issuer: DevelopmentAuthority, sign_photo: Callable[[Signer], bytes]
) -> None:
    known = key("es256")
    (leaf, *_) = x509.load_pem_x509_certificates(known.certificate_chain)
    ending = replace(issuer, validity=timedelta(days=20))
    chain = dump_pem(*ending.certify(leaf.public_key(), common_name("Darkroom")))
    signer = replace(known, certificate_chain=chain).signer()
    with pytest.warns(CertificateExpiresSoon, match="CN=Darkroom expires on"):
        sign_photo(signer)
