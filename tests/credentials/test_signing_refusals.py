"""What `sign` refuses, in words that a person can act on, and never with a foreign exception."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509.oid import ExtendedKeyUsageOID

from countermark.credentials import Signed, SoftBinding, sign, signing
from countermark.errors import (
    CountermarkError,
    InvalidArgument,
    InvalidPayload,
    SigningFailed,
    SourceNotFound,
    UnsupportedImage,
    UnusableCertificate,
)
from countermark.record import DigitalSource, Record

EMAIL = ExtendedKeyUsageOID.EMAIL_PROTECTION
PRIVATE = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")
LEAVES: dict[str, tuple[dict[str, Any], str]] = {
    "expired": ({"end": timedelta(minutes=-1)}, "expired on"),
    "not yet valid": ({"begin": timedelta(days=1)}, "not valid before"),
    "authority": ({"authority": True}, "not with a leaf"),
    "no digital signature": ({"digital_signature": False}, "digitalSignature"),
    "no key identifier": ({"key_identifier": False}, "authority key identifier"),
    "no purpose": ({"purposes": ()}, "emailProtection"),
    "claim signing only": (
        {"purposes": [x509.ObjectIdentifier("1.3.6.1.4.1.62558.2.1")]},
        "emailProtection",
    ),
    "time stamping": (
        {"purposes": [EMAIL, ExtendedKeyUsageOID.TIME_STAMPING]},
        "timeStamping",
    ),
    "any purpose": (
        {"purposes": [EMAIL, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]},
        "anyExtendedKeyUsage",
    ),
    "server": ({"purposes": [EMAIL, ExtendedKeyUsageOID.SERVER_AUTH]}, "serverAuth"),
    "revocation": ({"purposes": [EMAIL, ExtendedKeyUsageOID.OCSP_SIGNING]}, "OCSPSigning"),
}


@dataclass
class Stand:
    """A signer with one part replaced."""

    algorithm: str
    certificate_chain: bytes
    answer: Callable[[bytes], Any]

    def sign(self, data: bytes) -> bytes:
        return self.answer(data)  # type: ignore[no-any-return]


@pytest.fixture
def stand(signer: Any) -> Callable[..., Stand]:
    def make(**changes: Any) -> Stand:
        parts = {
            "algorithm": signer.algorithm,
            "certificate_chain": signer.certificate_chain,
            "answer": signer.sign,
        }
        return Stand(**{**parts, **changes})

    return make


@pytest.mark.parametrize("case", LEAVES)
def test_leaf_outside_the_profile_is_refused_with_the_reason(
    signed: Callable[..., Signed], signer_to_order: Callable[..., Any], case: str
) -> None:
    leaf, reason = LEAVES[case]
    signer = signer_to_order(**leaf)
    with pytest.raises(UnusableCertificate, match=reason) as caught:
        signed(signer=signer)
    assert caught.value.remedy
    assert signer.signed == []


def test_unknown_extension_is_no_reason_to_refuse(
    signed: Callable[..., Signed], signer_to_order: Callable[..., Any]
) -> None:
    assert signed(signer=signer_to_order(extensions=[PRIVATE])).manifest


def test_chain_must_be_whole_and_in_order(
    signed: Callable[..., Signed], signer_to_order: Callable[..., Any]
) -> None:
    alone = signer_to_order()
    alone.chain = alone.chain[:1]
    with pytest.raises(UnusableCertificate, match="only the leaf"):
        signed(signer=alone)
    turned = signer_to_order()
    turned.chain = turned.chain[::-1]
    with pytest.raises(UnusableCertificate, match="breaks at certificate 1"):
        signed(signer=turned)


@pytest.mark.parametrize("chain", [b"", b"no certificate", b"\xff", None, "text"])
def test_chain_that_is_not_pem_is_refused(
    signed: Callable[..., Signed], stand: Callable[..., Stand], chain: Any
) -> None:
    with pytest.raises(UnusableCertificate, match="does not parse"):
        signed(signer=stand(certificate_chain=chain))


@pytest.mark.parametrize("algorithm", ["es384", "ps256", "ed25519"])
def test_algorithm_must_fit_the_key(
    signed: Callable[..., Signed], stand: Callable[..., Stand], algorithm: str
) -> None:
    with pytest.raises(UnusableCertificate, match="does not fit"):
        signed(signer=stand(algorithm=algorithm))


@pytest.mark.parametrize("algorithm", ["rs256", "", None])
def test_unknown_algorithm_is_refused(
    signed: Callable[..., Signed], stand: Callable[..., Stand], algorithm: Any
) -> None:
    with pytest.raises(UnusableCertificate, match="Use one of: es256"):
        signed(signer=stand(algorithm=algorithm))


def test_key_of_another_certificate_is_detected(
    signed: Callable[..., Signed], stand: Callable[..., Stand], signer_to_order: Callable[..., Any]
) -> None:
    with pytest.raises(SigningFailed, match="belongs to the leaf"):
        signed(signer=stand(answer=signer_to_order().sign))


def test_signature_in_der_is_explained(
    signed: Callable[..., Signed], stand: Callable[..., Stand]
) -> None:
    with pytest.raises(SigningFailed, match="not DER"):
        signed(signer=stand(answer=lambda _: encode_dss_signature(2**255, 2**255)))


def test_text_of_the_signers_exception_is_kept(
    signed: Callable[..., Signed], stand: Callable[..., Stand]
) -> None:
    def fail(_: bytes) -> bytes:
        raise RuntimeError("HSM gone")

    with pytest.raises(SigningFailed, match="RuntimeError: HSM gone") as caught:
        signed(signer=stand(answer=fail))
    assert isinstance(caught.value.__cause__, RuntimeError)


@pytest.mark.parametrize("answer", [None, "text", b"", 3, bytes(63)])
def test_nonsense_from_the_signer_is_refused(
    signed: Callable[..., Signed], stand: Callable[..., Stand], answer: Any
) -> None:
    with pytest.raises(SigningFailed):
        signed(signer=stand(answer=lambda _: answer))


@pytest.mark.parametrize("asset", [b"", b"\xff\xd8", b"no picture at all"])
def test_asset_that_is_no_picture_is_refused(
    signed: Callable[..., Signed], media_type: str, asset: bytes
) -> None:
    with pytest.raises(SigningFailed):
        signed(media_type, asset=asset)


def test_other_media_types_are_refused(signed: Callable[..., Signed]) -> None:
    with pytest.raises(UnsupportedImage, match="image/png"):
        signed("text/plain", asset=b"text")


def test_missing_file_is_named(signer: Any, record: Record, tmp_path: Path) -> None:
    binding = SoftBinding.of_payload(1)
    with pytest.raises(SourceNotFound, match="nowhere"):
        sign(
            tmp_path / "nowhere.jpg",
            "image/jpeg",
            record=record,
            signer=signer,
            soft_bindings=[binding],
            thumbnail=b"",
        )


def test_edited_picture_needs_its_parent(signed: Callable[..., Signed]) -> None:
    with pytest.raises(InvalidArgument, match="as the parent"):
        signed(record=Record(source=DigitalSource.AI_EDITED))


@pytest.mark.parametrize("parent", [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", bytes(100)])
def test_damaged_parent_is_recorded_or_refused(
    signed: Callable[..., Signed], parent: bytes
) -> None:
    record = Record(source=DigitalSource.HUMAN_EDITED)
    try:
        result = signed(record=record, parent=(io.BytesIO(parent), "image/png"))
    except CountermarkError:
        return
    assert b"c2pa.ingredient.v3" in result.manifest


def test_file_that_does_not_read_back_is_not_handed_out(
    signed: Callable[..., Signed], monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoil(store: bytes, _: Any) -> bytes:
        return store  # leaves the placeholders, as a library that writes arrays would

    monkeypatch.setattr(signing, "with_soft_bindings", spoil)
    with pytest.raises(SigningFailed, match="does not read back valid"):
        signed()


@pytest.mark.parametrize("payload", [-1, 2**64])
def test_payload_of_more_than_64_bits_is_refused(payload: int) -> None:
    with pytest.raises(InvalidPayload):
        SoftBinding.of_payload(payload)
