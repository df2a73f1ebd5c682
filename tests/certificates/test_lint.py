"""The linter: each field that is wrong is named, alone, with clause and remedy."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from countermark.certificates import Finding, Scope, ending_soon, lint, load_der, profile_findings

PROFILE, LEVEL_1, LEVEL_2 = Scope.PROFILE, Scope.LEVEL_1, Scope.LEVEL_2
KEY = ec.generate_private_key(ec.SECP256R1())
LEVELS = x509.ObjectIdentifier("1.3.6.1.4.1.62558.3")
RECORD = x509.ObjectIdentifier("1.3.6.1.4.1.62558.4")
EMAIL = ExtendedKeyUsageOID.EMAIL_PROTECTION
CLAIM_SIGNING = x509.ObjectIdentifier("1.3.6.1.4.1.62558.2.1")
DOCUMENTS = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")


def now() -> datetime:
    """Asked anew each time: certificates here begin five minutes before they are made."""
    return datetime.now(timezone.utc)


def level(number: int) -> tuple[x509.UnrecognizedExtension, bool]:
    value = asn1.encode_der(x509.ObjectIdentifier(f"1.3.6.1.4.1.62558.3.{number}0"))
    return x509.UnrecognizedExtension(LEVELS, value), False


def record(value: bytes) -> tuple[x509.UnrecognizedExtension, bool]:
    return x509.UnrecognizedExtension(RECORD, value), False


def purposes(*wanted: x509.ObjectIdentifier) -> tuple[x509.ExtendedKeyUsage, bool]:
    return x509.ExtendedKeyUsage(wanted), False


def found(chain: tuple[x509.Certificate, ...]) -> set[tuple[Scope, int, str]]:
    return {(f.scope, f.certificate, f.field) for f in lint(chain, at=now())}


def signed_with_pss(
    template: x509.Certificate, key: rsa.RSAPrivateKey, digest: Any, mask: Any
) -> x509.Certificate:
    builder = x509.CertificateBuilder(
        template.issuer,
        template.subject,
        template.public_key(),
        template.serial_number,
        template.not_valid_before_utc.replace(tzinfo=None),
        template.not_valid_after_utc.replace(tzinfo=None),
        list(template.extensions),
    )
    masked = padding.PSS(padding.MGF1(mask), padding.PSS.DIGEST_LENGTH)
    return builder.sign(key, digest, rsa_padding=masked)


def both(certificate: int, field: str) -> set[tuple[Scope, int, str]]:
    return {(LEVEL_1, certificate, field), (LEVEL_2, certificate, field)}


WRONG_LEVEL_1 = (LEVEL_1, 1, "id-c2pa-al")
WRONG_LEVEL_2 = (LEVEL_2, 1, "id-c2pa-al")


def test_certificate_of_the_programme_is_of_its_own_level_only(public_authority: Any) -> None:
    second = public_authority.certify(KEY.public_key())
    assert found(second) == {WRONG_LEVEL_1}
    first = public_authority.certify(KEY.public_key(), days=366, extensions={"level": level(1)})
    assert found(first) == {WRONG_LEVEL_2, (LEVEL_2, 1, "validity")}


# Of a leaf of level 2, one thing changed, and what is then found beside its not being of level 1.
LEAVES: dict[str, tuple[dict[str, Any], set[tuple[Scope, int, str]]]] = {
    "91 days": ({"days": 91}, {(LEVEL_2, 1, "validity")}),
    "367 days": ({"days": 367}, both(1, "validity")),
    "no subject key identifier": (
        {"subject_identifier": False},
        {(PROFILE, 1, "subject key identifier"), *both(1, "subject key identifier")},
    ),
    "no authority key identifier": (
        {"authority_identifier": False},
        {(PROFILE, 1, "authority key identifier"), *both(1, "authority key identifier")},
    ),
    "no basic constraints": (
        {"extensions": {"basic_constraints": None}},
        both(1, "basic constraints"),
    ),
    "basic constraints not critical": (
        {"extensions": {"basic_constraints": (x509.BasicConstraints(False, None), False)}},
        both(1, "basic constraints"),
    ),
    "documents": ({"extensions": {"purposes": purposes(EMAIL, CLAIM_SIGNING, DOCUMENTS)}}, set()),
    "documents only": (
        {"extensions": {"purposes": purposes(CLAIM_SIGNING, DOCUMENTS)}},
        {(PROFILE, 1, "extended key usage")},
    ),
    "email only": ({"extensions": {"purposes": purposes(EMAIL)}}, both(1, "extended key usage")),
    "time stamps too": (
        {
            "extensions": {
                "purposes": purposes(EMAIL, CLAIM_SIGNING, ExtendedKeyUsageOID.TIME_STAMPING)
            }
        },
        {(PROFILE, 1, "extended key usage")},
    ),
    "no policy": ({"extensions": {"policies": None}}, both(1, "certificate policies")),
    "no OCSP": ({"extensions": {"access": None}}, both(1, "authority information access")),
    "no level": ({"extensions": {"level": None}}, {WRONG_LEVEL_2}),
    "unknown level": ({"extensions": {"level": level(3)}}, {WRONG_LEVEL_2}),
    "level that is none": (
        {"extensions": {"level": (x509.UnrecognizedExtension(LEVELS, b"\x05\x00"), False)}},
        {WRONG_LEVEL_2},
    ),
    "no record": ({"extensions": {"record": None}}, both(1, "c2pa-cpl-record")),
    "record that is no UUID": (
        {"extensions": {"record": record(asn1.encode_der("camera"))}},
        both(1, "c2pa-cpl-record"),
    ),
    "record that is no text": (
        {"extensions": {"record": record(b"\xff")}},
        both(1, "c2pa-cpl-record"),
    ),
}


@pytest.mark.parametrize("case", LEAVES)
def test_what_is_wrong_with_a_leaf_is_found_alone(public_authority: Any, case: str) -> None:
    changes, expected = LEAVES[case]
    chain = public_authority.certify(KEY.public_key(), **changes)
    assert found(chain) == {*expected, WRONG_LEVEL_1}


def test_key_usage_is_exactly_what_the_policy_says(public_authority: Any) -> None:
    usage = public_authority.usage
    for value, critical, profile in (
        (usage("digital_signature"), True, False),
        (usage("digital_signature", "content_commitment", "key_encipherment"), True, False),
        (usage("digital_signature", "content_commitment"), False, True),
        (usage("content_commitment"), True, True),
    ):
        chain = public_authority.certify(
            KEY.public_key(), extensions={"key_usage": (value, critical)}
        )
        expected = {WRONG_LEVEL_1, *both(1, "key usage")}
        assert found(chain) == (expected | {(PROFILE, 1, "key usage")} if profile else expected)


def test_ocsp_address_is_http(public_authority: Any) -> None:
    for address, fits in (("HTTP://ocsp.example", True), ("ldap://ocsp.example", False)):
        access = (public_authority.access(address), False)
        chain = public_authority.certify(KEY.public_key(), extensions={"access": access})
        assert ((LEVEL_2, 1, "authority information access") not in found(chain)) is fits


@pytest.mark.parametrize("missing", ["C", "O", "CN"])
def test_subject_has_three_parts(public_authority: Any, missing: str) -> None:
    parts = {
        "C": (NameOID.COUNTRY_NAME, "SE"),
        "O": (NameOID.ORGANIZATION_NAME, "Example"),
        "CN": (NameOID.COMMON_NAME, "App"),
    }
    del parts[missing]
    subject = x509.Name([x509.NameAttribute(*pair) for pair in parts.values()])
    chain = public_authority.certify(KEY.public_key(), subject=subject)
    findings = [f for f in lint(chain, at=now()) if f.field == "subject"]
    assert [f.scope for f in findings] == [LEVEL_1, LEVEL_2]
    assert all(f"({missing})" in f.problem for f in findings)


def test_subject_is_plain_ascii(public_authority: Any) -> None:
    chain = public_authority.certify(KEY.public_key(), subject="Kamera Ö")
    assert found(chain) == {WRONG_LEVEL_1, *both(1, "subject")}


# Of the issuing authority, one thing changed.
ISSUERS: dict[str, tuple[dict[str, Any], set[tuple[Scope, int, str]]]] = {
    "1828 days": ({"days": 1828}, both(2, "validity")),
    "no path length": (
        {"extensions": {"basic_constraints": (x509.BasicConstraints(True, None), True)}},
        both(2, "basic constraints"),
    ),
    "no purposes": ({"extensions": {"purposes": None}}, both(2, "extended key usage")),
    "no policy": ({"extensions": {"policies": None}}, both(2, "certificate policies")),
    "no OCSP": ({"extensions": {"access": None}}, both(2, "revocation")),
    "CRL instead": (
        {
            "extensions": {
                "access": (
                    x509.CRLDistributionPoints(
                        [
                            x509.DistributionPoint(
                                [x509.UniformResourceIdentifier("http://crl.example/")],
                                None,
                                None,
                                None,
                            )
                        ]
                    ),
                    False,
                )
            }
        },
        set(),
    ),
    "no authority key identifier": (
        {"authority_identifier": False},
        {(PROFILE, 2, "authority key identifier")},
    ),
}


@pytest.mark.parametrize("case", ISSUERS)
def test_what_is_wrong_with_the_issuer_is_found_alone(public_authority: Any, case: str) -> None:
    changes, expected = ISSUERS[case]
    issuer = public_authority.certify_issuer(**changes)
    chain = public_authority.certify(KEY.public_key(), issued_by=issuer)
    assert found(chain) == {*expected, WRONG_LEVEL_1}


@pytest.mark.parametrize(
    ("key", "fits_profile"),
    [
        (ec.generate_private_key(ec.SECP256R1()), True),
        (ec.generate_private_key(ec.SECP256K1()), False),
        (rsa.generate_private_key(65537, 2048), True),
        (rsa.generate_private_key(65537, 1024), False),
    ],
)
def test_weak_key_of_the_issuer_is_found(
    public_authority: Any, key: Any, fits_profile: bool
) -> None:
    issuer = public_authority.certify_issuer(public_key=key.public_key())
    chain = public_authority.certify(KEY.public_key(), issuer_key=key, issued_by=issuer)
    expected = {WRONG_LEVEL_1, *both(2, "public key")}
    assert found(chain) == (expected if fits_profile else {*expected, (PROFILE, 2, "public key")})


def test_signature_algorithm_is_one_that_c2pa_allows(public_authority: Any) -> None:
    key = rsa.generate_private_key(65537, 3072)
    issuer = public_authority.certify_issuer(public_key=key.public_key())
    for digest, mask, fits in (
        (hashes.SHA256(), hashes.SHA256(), True),
        (hashes.SHA512(), hashes.SHA512(), True),
        (hashes.SHA224(), hashes.SHA224(), False),
        (hashes.SHA256(), hashes.SHA512(), False),
    ):
        leaf = public_authority.certify(KEY.public_key(), issuer_key=key, issued_by=issuer)[0]
        leaf = signed_with_pss(leaf, key, digest, mask)
        expected = {WRONG_LEVEL_1} if fits else {WRONG_LEVEL_1, (PROFILE, 1, "signature algorithm")}
        assert found((leaf, issuer)) == expected, (digest.name, mask.name)


def test_time_is_that_of_the_signature(public_authority: Any) -> None:
    chain = public_authority.certify(KEY.public_key())
    for later, field in ((timedelta(days=91), ["validity"]), (timedelta(days=89), [])):
        findings = profile_findings(chain, at=now() + later)
        assert [finding.field for finding in findings] == field


def test_end_is_announced_30_days_ahead(public_authority: Any) -> None:
    chain = public_authority.certify(KEY.public_key(), days=90)
    assert ending_soon(chain, at=now() + timedelta(days=59)) is None
    assert ending_soon(chain, at=now() + timedelta(days=61)) is chain[0]


def test_every_finding_has_clause_and_remedy_and_is_json(
    public_authority: Any, certificate_cases: Callable[[], list[Finding]]
) -> None:
    findings = certificate_cases()
    assert len({finding.field for finding in findings}) >= 10
    for finding in findings:
        assert finding.clause.startswith(("C2PA", "RFC 5280"))
        assert finding.remedy.endswith(".") or "countermark" in finding.remedy
        assert str(finding).startswith("The chain ")
        assert json.loads(json.dumps(finding.as_dict()))["clause"] == finding.clause


@pytest.fixture
def certificate_cases(public_authority: Any) -> Callable[[], list[Finding]]:
    def findings() -> list[Finding]:
        every: list[Finding] = []
        for changes, _ in LEAVES.values():
            chain = public_authority.certify(KEY.public_key(), **changes)
            every += lint(chain, at=now())
        for changes, _ in ISSUERS.values():
            issuer = public_authority.certify_issuer(**changes)
            every += lint(public_authority.certify(KEY.public_key(), issued_by=issuer), at=now())
        return every

    return findings


@pytest.mark.parametrize("padded", [False, True])
def test_damaged_certificates_are_unreadable_or_linted(public_authority: Any, padded: bool) -> None:
    """1,000 leaves with a byte or two changed; only ValueError comes out of reading them."""
    key = rsa.generate_private_key(65537, 3072) if padded else public_authority.key
    issuer = public_authority.certify_issuer(public_key=key.public_key())
    leaf = public_authority.certify(KEY.public_key(), issuer_key=key, issued_by=issuer)[0]
    if padded:
        leaf = signed_with_pss(leaf, key, hashes.SHA256(), hashes.SHA256())
    der = leaf.public_bytes(serialization.Encoding.DER)
    random = Random(4)
    outcomes = {"read": 0, "refused": 0}
    for _ in range(1000):
        damaged = bytearray(der)
        for _ in range(random.randint(1, 2)):
            damaged[random.randrange(len(der))] = random.randrange(256)
        try:
            (certificate,) = load_der([bytes(damaged)])
        except ValueError:
            outcomes["refused"] += 1
            continue
        outcomes["read"] += 1
        for finding in lint((certificate, issuer), at=now()):
            assert str(finding)
            json.dumps(finding.as_dict())
    assert min(outcomes.values()) > 100, outcomes
