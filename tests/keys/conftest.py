"""A development issuer, a SoftHSM, and pictures signed by whatever signer a test brings."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from PIL import Image

from countermark.certificates import dump_pem
from countermark.credentials import Signer, SoftBinding, Trust, TrustStatus, read, sign
from countermark.keys import DevelopmentAuthority, create_authority
from countermark.record import DigitalSource, Record

_ISSUER, _ROOT = create_authority("Example")


@pytest.fixture(scope="session")
def issuer() -> DevelopmentAuthority:
    return _ISSUER


@pytest.fixture(scope="session")
def root() -> x509.Certificate:
    """Of that issuer."""
    return _ROOT


@pytest.fixture(scope="session")
def examples() -> list[str]:
    """The Python code in docs/keys-stores.md, block by block."""
    document = Path(__file__).parents[2] / "docs/keys-stores.md"
    text = document.read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


@pytest.fixture
def sign_photo(
    photograph: Callable[..., Image.Image], as_file: Callable[..., bytes]
) -> Callable[[Signer], bytes]:
    """A photograph, signed."""

    def sign_photo(signer: Signer) -> bytes:
        return sign(
            io.BytesIO(as_file(photograph(long_edge=320))),
            "image/jpeg",
            record=Record(source=DigitalSource.CAPTURED),
            signer=signer,
            soft_bindings=[SoftBinding.of_payload(7)],
            thumbnail=as_file(photograph(long_edge=64)),
        ).asset

    return sign_photo


@pytest.fixture
def expect_trusted(root: x509.Certificate) -> Callable[[bytes, str], None]:
    """The signed picture reads back whole, trusted and by this claim signer."""

    def expect_trusted(asset: bytes, claim_signer: str) -> None:
        manifest = read(io.BytesIO(asset), "image/jpeg", trust=Trust(dump_pem(root)))
        assert manifest is not None
        assert manifest.failures == ()
        assert manifest.trust is TrustStatus.TRUSTED
        assert manifest.claim_signer == claim_signer

    return expect_trusted
