"""Whom a verifier trusts: only signers under its own anchors, allowed to sign claims, in time."""

from __future__ import annotations

import dataclasses
import io
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from countermark import certificates
from countermark.credentials import (
    Kind,
    Manifest,
    Signed,
    Trust,
    TrustList,
    TrustStatus,
    library,
    profile,
    read,
    read_detached,
    signing,
)
from countermark.credentials.trust import judge
from countermark.errors import CertificateExpiresSoon, UnusableTrust

CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH
EMAIL_PROTECTION = ExtendedKeyUsageOID.EMAIL_PROTECTION
DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")
TIME_STAMPING = ExtendedKeyUsageOID.TIME_STAMPING
CLAIM_SIGNING = x509.ObjectIdentifier("1.3.6.1.4.1.62558.2.1")


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch, signed: Callable[..., Signed]) -> Any:
    """Sign with certificates that `sign` would refuse, as another tool might."""
    monkeypatch.setattr(profile, "check", lambda s: certificates.load_pem(s.certificate_chain))
    monkeypatch.setattr(signing, "_check", lambda *_: None)
    return signed


def judged(signed: Signed, trust: Trust) -> Manifest:
    manifest = read(io.BytesIO(signed.asset), "image/jpeg", trust=trust)
    assert manifest is not None
    assert manifest.hard_binding == "match"
    assert manifest.trust is read_detached(signed.manifest, trust=trust).trust
    return manifest


def test_signer_under_an_anchor_is_trusted(signed_files: dict[str, Signed], trust: Trust) -> None:
    assert judged(signed_files["image/jpeg"], trust).trust is TrustStatus.TRUSTED


def test_any_authority_of_the_path_can_be_the_anchor(
    signed: Callable[..., Signed], signer_to_order: Callable[..., Any], trust_in: Any
) -> None:
    signer = signer_to_order()
    result = signed(signer=signer)
    signer.root = signer.chain[1]
    assert judged(result, trust_in(signer)).trust is TrustStatus.TRUSTED


def test_signer_under_a_root_in_its_chain_is_trusted(
    signed: Callable[..., Signed], signer_to_order: Callable[..., Any], trust_in: Any
) -> None:
    signer = signer_to_order()
    signer.chain = (*signer.chain, signer.root)
    assert judged(signed(signer=signer), trust_in(signer)).trust is TrustStatus.TRUSTED


def test_other_anchors_leave_the_signer_untrusted_and_the_file_intact(
    signed_files: dict[str, Signed], signer_to_order: Callable[..., Any], trust_in: Any
) -> None:
    for trust in (Trust.nobody(), trust_in(signer_to_order())):
        manifest = judged(signed_files["image/jpeg"], trust)
        assert manifest.trust is TrustStatus.UNTRUSTED
        assert manifest.failures == ("signingCredential.untrusted",)
        assert (manifest.signature_valid, manifest.assertions_valid) == (True, True)
        assert manifest.claim_signer == "leaf, countermark tests"


def test_one_of_several_anchors_is_enough(
    signed_files: dict[str, Signed], signer: Any, signer_to_order: Callable[..., Any], trust_in: Any
) -> None:
    trust = trust_in(signer_to_order(), signer, signer_to_order("es384"))
    assert judged(signed_files["image/jpeg"], trust).trust is TrustStatus.TRUSTED


def test_same_names_with_other_keys_are_not_trusted(
    signed_files: dict[str, Signed], signer_to_order: Callable[..., Any], trust_in: Any
) -> None:
    namesake = signer_to_order()  # all test authorities have the same names
    trust = trust_in(namesake)
    assert judged(signed_files["image/jpeg"], trust).trust is TrustStatus.UNTRUSTED


def test_expired_signer_is_expired_only_under_a_known_root(
    signed: Callable[..., Signed], signer_to_order: Callable[..., Any], trust_in: Any
) -> None:
    signer = signer_to_order(end=timedelta(seconds=2))
    with pytest.warns(CertificateExpiresSoon, match="renew it"):
        result = signed(signer=signer)
    time.sleep(2.5)
    manifest = judged(result, trust_in(signer))
    assert manifest.trust is TrustStatus.EXPIRED
    assert (manifest.signature_valid, manifest.assertions_valid) == (True, True)
    assert judged(result, Trust.nobody()).trust is TrustStatus.UNTRUSTED


def test_signer_for_time_stamps_is_not_trusted(
    unchecked: Callable[..., Signed], signer_to_order: Callable[..., Any], trust_in: Any
) -> None:
    signer = signer_to_order(purposes=[TIME_STAMPING])
    manifest = judged(unchecked(signer=signer), trust_in(signer))
    assert manifest.trust is TrustStatus.UNTRUSTED


@pytest.mark.parametrize("purpose", [CLAIM_SIGNING, DOCUMENT_SIGNING, EMAIL_PROTECTION])
def test_each_purpose_of_the_standard_is_enough(
    unchecked: Callable[..., Signed],
    signer_to_order: Callable[..., Any],
    trust_in: Any,
    purpose: x509.ObjectIdentifier,
) -> None:
    signer = signer_to_order(purposes=[purpose])
    manifest = judged(unchecked(signer=signer), trust_in(signer))
    assert (manifest.trust, manifest.failures) == (TrustStatus.TRUSTED, ())
    assert manifest.trusted_by == "your trust list"


@pytest.mark.parametrize("purpose", [CLAIM_SIGNING, EMAIL_PROTECTION])
def test_official_list_is_for_claim_signing_only(
    unchecked: Callable[..., Signed],
    signer_to_order: Callable[..., Any],
    purpose: x509.ObjectIdentifier,
) -> None:
    signer = signer_to_order(purposes=[purpose])
    anchor = signer.root.public_bytes(serialization.Encoding.PEM)
    listed = TrustList(
        Kind.CLAIM, anchor, name="A list", published=date(2026, 8, 21), official=True
    )
    manifest = judged(unchecked(signer=signer), Trust(lists=(listed,)))
    if purpose == CLAIM_SIGNING:
        assert manifest.trust is TrustStatus.TRUSTED
        assert manifest.trusted_by == "A list of 2026-08-21"
        assert "The signer is trusted by A list of 2026-08-21." in manifest.explanation
    else:
        assert (manifest.trust, manifest.trusted_by) == (TrustStatus.UNTRUSTED, None)


def test_library_alone_would_trust_a_time_stamping_leaf(
    unchecked: Callable[..., Signed], signer_to_order: Callable[..., Any], trust_in: Any
) -> None:
    """The reason for our own check; when this fails, the library has learned it."""
    signer = signer_to_order(purposes=[TIME_STAMPING])
    store = unchecked(signer=signer).manifest
    trust = trust_in(signer)
    findings = library.validate(library.STORE_MEDIA_TYPE, store, None, trust=trust)
    assert findings is not None
    assert "signingCredential.trusted" in findings.successes


def test_root_in_a_list_for_time_stamps_does_not_vouch_for_claims(
    monkeypatch: pytest.MonkeyPatch,
    signed_files: dict[str, Signed],
    signer: Any,
    signer_to_order: Callable[..., Any],
    trust_in: Any,
) -> None:
    stamps = {
        "trust_anchors": trust_in(signer).anchors.decode(),
        "trust_uri": "urn:test:tsa",
        "trust_kind": "tsa",
    }
    settings = library.settings

    def with_stamps(trust: Trust) -> dict[str, Any]:
        told = settings(trust)
        listed = told["trust"]["anchors"]
        return {**told, "trust": {**told["trust"], "anchors": [*listed, stamps]}}

    monkeypatch.setattr(library, "settings", with_stamps)
    strangers = trust_in(signer_to_order())
    store = signed_files["image/jpeg"].manifest
    findings = library.validate(library.STORE_MEDIA_TYPE, store, None, trust=strangers)
    assert findings is not None
    assert "signingCredential.trusted" in findings.successes  # the library mixes its lists
    assert read_detached(store, trust=strangers).trust is TrustStatus.UNTRUSTED


def test_our_own_check_alone_does_not_make_trust(
    monkeypatch: pytest.MonkeyPatch, signed_files: dict[str, Signed], trust: Trust
) -> None:
    validate = library.validate

    def doubting(*arguments: Any, **keywords: Any) -> Any:
        findings = validate(*arguments, **keywords)
        assert findings is not None
        return dataclasses.replace(findings, trust_list="urn:another")

    monkeypatch.setattr(library, "validate", doubting)
    store = signed_files["image/jpeg"].manifest
    assert read_detached(store, trust=trust).trust is TrustStatus.UNTRUSTED


def test_revoked_signer_is_revoked(
    monkeypatch: pytest.MonkeyPatch, signed_files: dict[str, Signed], trust: Trust
) -> None:
    validate = library.validate

    def revoking(*arguments: Any, **keywords: Any) -> Any:
        findings = validate(*arguments, **keywords)
        assert findings is not None
        return dataclasses.replace(findings, failures=(("signingCredential.ocsp.revoked", ""),))

    monkeypatch.setattr(library, "validate", revoking)
    store = signed_files["image/jpeg"].manifest
    assert read_detached(store, trust=trust).trust is TrustStatus.REVOKED


def test_leaf_as_anchor_does_not_vouch_for_others(
    signed_files: dict[str, Signed], signer_to_order: Callable[..., Any], trust_in: Any
) -> None:
    other = signer_to_order()
    other.root = other.chain[0]
    manifest = judged(signed_files["image/jpeg"], trust_in(other))
    assert manifest.trust is TrustStatus.UNTRUSTED


def standing(chain: list[x509.Certificate], anchor: x509.Certificate) -> TrustStatus:
    """Our own judgement, as if the library trusted everybody."""
    trust = Trust(anchor.public_bytes(serialization.Encoding.PEM))
    return judge(chain, trust, proven_at=None, library_trusts=True, codes=frozenset()).status


def path(
    certify: Callable[..., x509.Certificate], *steps: dict[str, Any]
) -> tuple[list[x509.Certificate], x509.Certificate]:
    """A chain of certificates, each issued by the one before; the last step is the leaf."""
    chain: list[x509.Certificate] = []
    issuer = None
    for number, step in enumerate(steps):
        key = ec.generate_private_key(ec.SECP256R1())
        chain.insert(0, certify(f"step {number}", key, issuer, **step))
        issuer = (chain[0], key)
    return chain[:-1], chain[-1]


ANY_PURPOSE = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE
NAMES = x509.NameConstraints([x509.DNSName("example.org")], None)
AUTHORITY: dict[str, Any] = {"authority": True}
EXPIRED: dict[str, Any] = {"end": timedelta(minutes=-1)}
PATHS: dict[str, tuple[tuple[dict[str, Any], ...], TrustStatus]] = {
    "one authority": ((AUTHORITY, {}), TrustStatus.TRUSTED),
    "three authorities": ((AUTHORITY, AUTHORITY, AUTHORITY, {}), TrustStatus.TRUSTED),
    "leaf that issues": ((AUTHORITY, {}, {}), TrustStatus.UNTRUSTED),
    "limit kept": (({**AUTHORITY, "path_length": 1}, AUTHORITY, {}), TrustStatus.TRUSTED),
    "limit broken": (({**AUTHORITY, "path_length": 0}, AUTHORITY, {}), TrustStatus.UNTRUSTED),
    "inner limit broken": (
        (AUTHORITY, {**AUTHORITY, "path_length": 0}, AUTHORITY, {}),
        TrustStatus.UNTRUSTED,
    ),
    "expired authority": ((AUTHORITY, {**AUTHORITY, **EXPIRED}, {}), TrustStatus.EXPIRED),
    "expired root": (({**AUTHORITY, **EXPIRED}, {}), TrustStatus.EXPIRED),
    "leaf of tomorrow": ((AUTHORITY, {"begin": timedelta(days=1)}), TrustStatus.UNTRUSTED),
    "endless": ((*[AUTHORITY] * 12, {}), TrustStatus.UNTRUSTED),
    "client": ((AUTHORITY, {"purposes": [CLIENT]}), TrustStatus.UNTRUSTED),
    "any purpose": (
        (AUTHORITY, {"purposes": [CLAIM_SIGNING, ANY_PURPOSE]}),
        TrustStatus.UNTRUSTED,
    ),
    "key not for signatures": (
        (AUTHORITY, {"digital_signature": False}),
        TrustStatus.UNTRUSTED,
    ),
    "authority as leaf": ((AUTHORITY, AUTHORITY), TrustStatus.UNTRUSTED),
    "names constrained": (
        (AUTHORITY, {**AUTHORITY, "critical": [NAMES]}, {}),
        TrustStatus.UNTRUSTED,
    ),
    "no purpose": ((AUTHORITY, {"purposes": ()}), TrustStatus.UNTRUSTED),
    "time stamps too": (
        (AUTHORITY, {"purposes": [ExtendedKeyUsageOID.EMAIL_PROTECTION, TIME_STAMPING]}),
        TrustStatus.UNTRUSTED,
    ),
}


@pytest.mark.parametrize("case", PATHS)
def test_path_to_the_anchor(
    certificate_to_order: Callable[..., x509.Certificate], case: str
) -> None:
    steps, expected = PATHS[case]
    assert standing(*path(certificate_to_order, *steps)) is expected


def test_missing_intermediate_leaves_the_signer_untrusted(
    certificate_to_order: Callable[..., x509.Certificate],
) -> None:
    chain, anchor = path(certificate_to_order, AUTHORITY, AUTHORITY, {})
    assert standing(chain[:1], anchor) is TrustStatus.UNTRUSTED
    assert standing([], anchor) is TrustStatus.UNTRUSTED


def test_trust_file_is_read(tmp_path: Path, trust: Trust) -> None:
    path = tmp_path / "trust.pem"
    path.write_bytes(trust.anchors)
    assert Trust.from_file(path) == Trust.from_file(str(path)) == trust
    assert len(trust.certificates) == 1


@pytest.mark.parametrize("content", [b"", b" \n", b"no certificate", b"\xff", "ü".encode()])
def test_trust_file_without_certificates_is_unusable(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "trust.pem"
    path.write_bytes(content)
    with pytest.raises(UnusableTrust):
        Trust.from_file(path)


def test_missing_trust_file_is_unusable(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere", tmp_path, "\0"):
        with pytest.raises(UnusableTrust, match="cannot be read"):
            Trust.from_file(path)


def test_damaged_certificate_in_a_trust_list_is_unusable(trust: Trust) -> None:
    with pytest.raises(UnusableTrust):
        Trust(trust.anchors.replace(b"M", b"N"))
