"""Keys of every algorithm sign files that read back as trusted."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from PIL import Image

from countermark import keys
from countermark.credentials import Manifest, SoftBinding, Trust, TrustStatus, read, sign
from countermark.errors import CertificateExpiresSoon, UnusableKey
from countermark.keys.algorithms import generate
from countermark.record import DigitalSource, Record

LENGTHS = {"es256": 64, "es384": 96, "es512": 132, "ps256": 384, "ed25519": 64}


def signed_by(signer: keys.LocalSigner) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (160, 160)).save(file, "JPEG")
    return sign(
        io.BytesIO(file.getvalue()),
        "image/jpeg",
        record=Record(source=DigitalSource.CAPTURED),
        signer=signer,
        soft_bindings=[SoftBinding.of_payload(1)],
        thumbnail=file.getvalue(),
    ).asset


def read_by(asset: bytes, home: keys.Home) -> Manifest:
    manifest = read(io.BytesIO(asset), "image/jpeg", trust=Trust.from_file(home.trust_path))
    assert manifest is not None
    return manifest


@pytest.mark.parametrize("algorithm", keys.ALGORITHMS)
def test_every_algorithm_signs_and_is_trusted(tmp_path: Path, algorithm: str) -> None:
    home = keys.create_home(tmp_path / "home", algorithm=algorithm)
    signer = home.signer()
    assert signer.algorithm == algorithm
    assert len(signer.sign(b"data")) == LENGTHS[algorithm]
    manifest = read_by(signed_by(signer), home)
    assert manifest.trust is TrustStatus.TRUSTED
    assert manifest.signature_valid


def test_raw_signatures_keep_their_leading_zeros() -> None:
    """Of 1,000 signatures some have r or s with a zero byte in front."""
    signer = keys.LocalSigner(generate("es256"), b"")
    signatures = [signer.sign(bytes([i % 256, i // 256])) for i in range(1000)]
    assert {len(signature) for signature in signatures} == {64}
    assert any(0 in (signature[0], signature[32]) for signature in signatures)


@pytest.mark.parametrize(
    "key", [ec.generate_private_key(ec.SECP256K1()), rsa.generate_private_key(65537, 1024), None]
)
def test_other_keys_do_not_become_signers(key: Any) -> None:
    with pytest.raises(UnusableKey):
        keys.LocalSigner(key, b"")


def test_what_was_signed_before_a_rotation_stays_trusted(tmp_path: Path) -> None:
    home = keys.create_home(tmp_path / "home")
    open_signer = home.signer()
    before = signed_by(open_signer)
    keys.rotate(home, algorithm="ed25519")
    after = signed_by(home.signer())
    meanwhile = signed_by(open_signer)  # by a process that has not noticed yet
    for asset in (before, meanwhile, after):
        assert read_by(asset, home).trust is TrustStatus.TRUSTED


def test_key_whose_certificate_ends_within_30_days_warns(
    tmp_path: Path, public_authority: Any, pem_signer: Callable[..., keys.LocalSigner]
) -> None:
    with pytest.warns(CertificateExpiresSoon, match=r"CN=Camera App.*expires on \d{4}-"):
        signed_by(pem_signer(days=29))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        signed_by(pem_signer(days=32))


@pytest.fixture
def pem_signer(public_authority: Any) -> Callable[..., keys.LocalSigner]:
    def make(**changes: Any) -> keys.LocalSigner:
        key = generate("es256")
        chain = public_authority.certify(key.public_key(), **changes)
        return keys.LocalSigner(key, public_authority.pem(*chain))

    return make
