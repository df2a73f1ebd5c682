"""Withdrawn certificates: revocation lists of the user, OCSP responses in the manifest."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from countermark import jumbf
from countermark.credentials import (
    Signed,
    Trust,
    TrustStatus,
    cbor,
    read_detached,
    revocation,
    stapling,
)
from countermark.credentials import claim as claims
from countermark.errors import UnusableTrust

NOW = datetime.now(timezone.utc)
WITHDRAWN = ocsp.OCSPCertStatus.REVOKED
GOOD = ocsp.OCSPCertStatus.GOOD


def trust(signer: Any, *revocations: bytes) -> Trust:
    anchor = signer.root.public_bytes(serialization.Encoding.PEM)
    return Trust(anchor, revocation_lists=revocations)


def standing(store: bytes, trust: Trust) -> TrustStatus:
    manifest = read_detached(store, trust=trust)
    assert manifest.signature_valid
    return manifest.trust


@pytest.fixture(scope="module")
def store(signed: Callable[..., Signed]) -> bytes:
    return signed().manifest


# ---- revocation lists ----
def test_list_of_the_issuer_counts(
    store: bytes, signer: Any, crl_to_order: Callable[..., bytes]
) -> None:
    leaf, intermediate = signer.chain
    listed = crl_to_order(intermediate, signer.issuer_key, leaf)
    assert standing(store, trust(signer, listed)) is TrustStatus.REVOKED
    assert standing(store, Trust(revocation_lists=(listed,))) is TrustStatus.UNTRUSTED


def test_lists_of_others_do_not_count(
    store: bytes,
    signer: Any,
    signer_to_order: Callable[..., Any],
    crl_to_order: Callable[..., bytes],
) -> None:
    leaf, intermediate = signer.chain
    other = signer_to_order()  # its authorities have the same names, and other keys
    lists = (
        crl_to_order(intermediate, other.issuer_key, leaf),
        crl_to_order(other.chain[1], other.issuer_key, other.chain[0]),
        crl_to_order(intermediate, signer.issuer_key, other.chain[0]),
    )
    assert standing(store, trust(signer, *lists)) is TrustStatus.TRUSTED


def test_revoked_authority_leaves_its_signers_untrusted(
    signed: Callable[..., Signed],
    certificate_to_order: Callable[..., x509.Certificate],
    signer_to_order: Callable[..., Any],
    crl_to_order: Callable[..., bytes],
) -> None:
    """C2PA 2.2, section 15.9: signingCredential.untrusted, not revoked."""
    signer = signer_to_order()
    key = ec.generate_private_key(ec.SECP256R1())
    signer.root = certificate_to_order("upper", key, authority=True)
    intermediate = certificate_to_order(
        "intermediate", signer.issuer_key, (signer.root, key), authority=True
    )
    signer.chain = (signer.chain[0], intermediate)
    store = signed(signer=signer).manifest
    assert standing(store, trust(signer)) is TrustStatus.TRUSTED
    listed = crl_to_order(signer.root, key, intermediate)
    assert standing(store, trust(signer, listed)) is TrustStatus.UNTRUSTED


def test_indirect_and_unreadable_lists_are_refused(
    signer: Any, crl_to_order: Callable[..., bytes]
) -> None:
    leaf, intermediate = signer.chain
    point = x509.IssuingDistributionPoint(
        full_name=None,
        relative_name=None,
        only_contains_user_certs=False,
        only_contains_ca_certs=False,
        only_some_reasons=None,
        indirect_crl=True,
        only_contains_attribute_certs=False,
    )
    indirect = crl_to_order(intermediate, signer.issuer_key, leaf, extensions=[point])
    for listed in (indirect, b"", b"-----BEGIN X509 CRL-----", signer.certificate_chain):
        with pytest.raises(UnusableTrust, match="revocation list"):
            trust(signer, listed)


# ---- OCSP responses in the manifest ----
def response(
    signer: Any,
    status: ocsp.OCSPCertStatus = WITHDRAWN,
    *,
    about: x509.Certificate | None = None,
    by: tuple[x509.Certificate, Any] | None = None,
    reason: x509.ReasonFlags | None = None,
    digest: hashes.HashAlgorithm | None = None,
) -> bytes:
    """An OCSP response about the leaf, by its issuer unless told otherwise."""
    leaf, issuer = signer.chain
    responder, key = by or (issuer, signer.issuer_key)
    withdrawn = status is WITHDRAWN
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            about or leaf,
            issuer,
            digest or hashes.SHA256(),
            status,
            NOW - timedelta(hours=1),
            NOW + timedelta(hours=1),
            NOW - timedelta(hours=2) if withdrawn else None,
            reason,
        )
        .responder_id(ocsp.OCSPResponderEncoding.NAME, responder)
    )
    if responder is not issuer:
        builder = builder.certificates([responder])
    made = builder.sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.DER)


@pytest.fixture
def responder(
    signer: Any, certificate_to_order: Callable[..., x509.Certificate]
) -> Callable[..., tuple[x509.Certificate, Any]]:
    """A responder that the signer's issuer delegated, unless told otherwise."""

    def make(**form: Any) -> tuple[x509.Certificate, Any]:
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = form.pop("issuer", (signer.chain[1], signer.issuer_key))
        form = {"purposes": [ExtendedKeyUsageOID.OCSP_SIGNING], **form}
        return certificate_to_order("responder", key, issuer, **form), key

    return make


def stapled(with_headers: Callable[..., bytes], store: bytes, *responses: object) -> bytes:
    return with_headers(store, rVals={"ocspVals": list(responses)})


@pytest.mark.parametrize("digest", [hashes.SHA256(), hashes.SHA1()])
def test_stapled_revocation_counts(
    store: bytes, signer: Any, with_headers: Callable[..., bytes], digest: hashes.HashAlgorithm
) -> None:
    for status, expected in ((WITHDRAWN, TrustStatus.REVOKED), (GOOD, TrustStatus.TRUSTED)):
        content = response(signer, status, digest=digest)
        assert standing(stapled(with_headers, store, content), trust(signer)) is expected


def test_certificate_taken_off_hold_is_trusted(
    store: bytes, signer: Any, with_headers: Callable[..., bytes]
) -> None:
    """C2PA 2.2, section 15.9.1: removeFromCRL is equivalent to good."""
    content = response(signer, reason=x509.ReasonFlags.remove_from_crl)
    assert standing(stapled(with_headers, store, content), trust(signer)) is TrustStatus.TRUSTED


def test_delegated_responder_counts(
    store: bytes, signer: Any, with_headers: Callable[..., bytes], responder: Callable[..., Any]
) -> None:
    content = response(signer, by=responder())
    assert standing(stapled(with_headers, store, content), trust(signer)) is TrustStatus.REVOKED


@pytest.mark.parametrize("case", ["stranger", "other purpose", "expired", "other certificate"])
def test_responses_without_authority_do_not_count_for_us(
    store: bytes,
    signer: Any,
    with_headers: Callable[..., bytes],
    responder: Callable[..., Any],
    signer_to_order: Callable[..., Any],
    case: str,
) -> None:
    other = signer_to_order()
    contents = {
        "stranger": lambda: response(
            signer, by=responder(issuer=(other.chain[1], other.issuer_key))
        ),
        "other purpose": lambda: response(
            signer, by=responder(purposes=[ExtendedKeyUsageOID.EMAIL_PROTECTION])
        ),
        "expired": lambda: response(signer, by=responder(end=timedelta(hours=-1))),
        "other certificate": lambda: response(signer, about=other.chain[0]),
    }
    content = contents[case]()
    assert not revocation.find(*signer.chain, (), [content])
    # The library is less strict about purposes; it can only take trust away.
    expected = TrustStatus.REVOKED if case == "other purpose" else TrustStatus.TRUSTED
    assert standing(stapled(with_headers, store, content), trust(signer)) is expected


@pytest.mark.parametrize("content", [b"", b"no response", 7, None])
def test_garbage_is_no_response(
    store: bytes, signer: Any, with_headers: Callable[..., bytes], content: object
) -> None:
    assert standing(stapled(with_headers, store, content), trust(signer)) is TrustStatus.TRUSTED
    odd = with_headers(store, rVals=content)
    assert standing(odd, trust(signer)) is TrustStatus.TRUSTED


def boxed(kind: bytes, *contents: bytes) -> bytes:
    return struct.pack(">I4s", 8 + sum(map(len, contents)), kind) + b"".join(contents)


def superbox(identity: bytes, label: str, *contents: bytes) -> bytes:
    description = jumbf.type_uuid(identity) + b"\x03" + label.encode() + b"\0"
    return boxed(b"jumb", boxed(b"jumd", description), *contents)


@pytest.mark.parametrize("place", ["earlier", "later"])
def test_responses_in_status_assertions_of_any_manifest_are_found(
    store: bytes, signer: Any, place: str
) -> None:
    """C2PA 2.2, sections 15.9 and 18.18; the library writes none, so one is made by hand."""
    content = response(signer)
    status = boxed(b"cbor", cbor.encode({"ocspVals": [content, 7, bytes(20_000)]}))
    assertion = superbox(b"cbor", "c2pa.certificate-status", status)
    other = superbox(b"c2um", "urn:c2pa:other", superbox(b"c2as", "c2pa.assertions", assertion))
    claim = claims.parse(store)
    assert claim.ocsp_responses() == ()
    root = jumbf.parse(store).children[0]
    head, own = store[8 : root.end], store[root.end :]
    manifests = [other, own] if place == "earlier" else [own, other]
    found = stapling.responses(boxed(b"jumb", head, *manifests))
    assert found == (content,)
    assert revocation.find(*signer.chain, (), found)
    if place == "earlier":
        assert claims.parse(boxed(b"jumb", head, *manifests)).ocsp_responses() == found


def test_no_more_responses_are_tried_than_anybody_needs(
    store: bytes, with_headers: Callable[..., bytes]
) -> None:
    many = stapled(with_headers, store, *(b"%d" % number for number in range(10_000)))
    assert len(claims.parse(many).ocsp_responses()) == 64


def test_mutated_responses_and_lists_raise_nothing(
    signer: Any, responder: Callable[..., Any], crl_to_order: Callable[..., bytes]
) -> None:
    content = response(signer, by=responder())
    assert revocation.find(*signer.chain, (), [content])
    listed = crl_to_order(signer.chain[1], signer.issuer_key, signer.chain[0])
    chance = random.Random(2026)
    for _ in range(1000):
        mutants = []
        for whole in (content, listed):
            mutant = bytearray(whole)
            for _ in range(chance.randint(1, 4)):
                place = chance.randrange(len(mutant))
                mutant[place] = chance.choice((0x30, 0x80, 0xFF, mutant[place] ^ 1))
            mutants.append(bytes(mutant))
        revocation.find(*signer.chain, (), mutants[:1])
        try:
            crls = [revocation.load_crl(mutants[1])]
        except ValueError:
            continue
        assert len(revocation.find(*signer.chain, crls, ())) <= 1
