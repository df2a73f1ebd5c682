"""A development issuer, and pictures signed by whatever signer a test brings."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from PIL import Image

from countermark.credentials import Signer, SoftBinding, Trust, TrustStatus, read, sign
from countermark.keys import DevelopmentIssuer
from countermark.keys.issuing import pem
from countermark.record import DigitalSource, Record


@pytest.fixture(scope="session")
def issuer() -> DevelopmentIssuer:
    return DevelopmentIssuer.create(organisation="Example")


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
            soft_binding=SoftBinding.of_payload(7),
            thumbnail=as_file(photograph(long_edge=64)),
        ).asset

    return sign_photo


@pytest.fixture
def expect_trusted(issuer: DevelopmentIssuer) -> Callable[[bytes, str], None]:
    """The signed picture reads back whole, trusted and by this claim signer."""

    def expect_trusted(asset: bytes, claim_signer: str) -> None:
        manifest = read(io.BytesIO(asset), "image/jpeg", trust=Trust(pem(issuer.root)))
        assert manifest is not None
        assert manifest.failures == ()
        assert manifest.trust is TrustStatus.TRUSTED
        assert manifest.claim_signer == claim_signer

    return expect_trusted
