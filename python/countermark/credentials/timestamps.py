"""The time of signing, as far as a trusted time-stamping authority proves it.

The library says whether a time stamp is well formed; which authority made it, it does not say, and
it mixes its trust lists. So the token is read here once more: `asn1crypto` takes it apart, the
`cryptography` package checks the signatures.

Source: RFC 3161, section 2.4.2; RFC 5652, section 5; C2PA 2.2, sections 10.3.2.5 and 15.8.2.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from asn1crypto import cms, tsp  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from countermark.certificates import load_der, name
from countermark.credentials import cbor, revocation
from countermark.credentials.claim import Claim
from countermark.credentials.paths import may_stamp, path
from countermark.credentials.trust import Kind, Trust

_DIGESTS: Final[Mapping[str, hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_STILL_VALID: Final = frozenset(
    (
        x509.ReasonFlags.unspecified,
        x509.ReasonFlags.affiliation_changed,
        x509.ReasonFlags.superseded,
        x509.ReasonFlags.cessation_of_operation,
    )
)
"""Reasons for which older time stamps of a revoked authority live on: RFC 3161, section 4."""

_MAX_TOKEN_BYTES: Final = 1 << 16
"""Tokens of today take 3,000 to 10,000; each object in one takes the parser some 30 microseconds.
"""

_PARSE_ERRORS: Final = (
    *(ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError),
)


@dataclass(frozen=True, slots=True)
class TimeStamp:
    """A proven time: `at`, by the authority of that name, under an anchor of the list `by`."""

    at: datetime
    authority: str
    by: str


@dataclass(frozen=True, slots=True)
class _Token:
    """What an authority signed, with a valid signature: `leaf` is its certificate."""

    at: datetime
    leaf: x509.Certificate
    others: tuple[x509.Certificate, ...]
    algorithm: str
    imprint: bytes


def proven(claim: Claim, trust: Trust) -> TimeStamp | None:
    """The time stamp of the claim that a trusted authority made; None when there is none.

    One from another authority proves nothing: anybody can run one, with any clock.
    """
    for content, stamped in _stamps(claim):
        token = _read(content)
        if token is None or token.imprint != hashlib.new(token.algorithm, stamped).digest():
            continue
        for trusted in trust.of(Kind.TIMESTAMP):
            if _vouches(token, trusted.certificates, trust):
                return TimeStamp(token.at, name(token.leaf), trusted.title)
    return None


def _stamps(claim: Claim) -> Iterator[tuple[bytes, bytes]]:
    """The DER of each token in the header, and the bytes that it should cover."""
    protected, _, unprotected, signature = claim.signature()
    payloads = {"sigTst2": cbor.encode(signature), "sigTst": claim.data(claim.claim_box)}
    for header, payload in payloads.items():
        listed = unprotected.get(header)
        tokens = listed.get("tstTokens") if isinstance(listed, Mapping) else None
        if not isinstance(tokens, (list, tuple)) or len(tokens) != 1:
            continue  # C2PA, 10.3.2.5: exactly one
        value = tokens[0].get("val") if isinstance(tokens[0], Mapping) else None
        if isinstance(value, bytes):
            yield value, cbor.encode(["CounterSignature", protected, b"", payload])


def _read(content: bytes) -> _Token | None:
    """The token, when the one signer's signature over it holds."""
    if len(content) > _MAX_TOKEN_BYTES:
        return None
    try:
        data = _signed_data(content)
        content_info = data["encap_content_info"]
        info = content_info["content"].parsed
        if content_info["content_type"].native != "tst_info" or not isinstance(info, tsp.TSTInfo):
            return None
        (signer,) = data["signer_infos"]
        certificates = load_der(dict.fromkeys(item.dump() for item in data["certificates"]))
        leaf, *more = (c for c in certificates if _is_signer(c, signer["sid"]))
        if more or not _signed(signer, bytes(content_info["content"]), leaf):
            return None
        imprint = info["message_imprint"]
        algorithm = imprint["hash_algorithm"]["algorithm"].native
        if algorithm not in _DIGESTS:
            return None
        return _Token(
            at=info["gen_time"].native,
            leaf=leaf,
            others=tuple(c for c in certificates if c != leaf),
            algorithm=algorithm,
            imprint=imprint["hashed_message"].native,
        )
    except _PARSE_ERRORS:  # of a hostile token; the library parses lazily
        return None


def _signed_data(content: bytes) -> Any:
    """Of a token (sigTst2), or of the response that holds one (sigTst)."""
    try:
        response = tsp.TimeStampResp.load(content, strict=True)
        if response["status"]["status"].native in ("granted", "granted_with_mods"):
            return response["time_stamp_token"]["content"]
    except _PARSE_ERRORS:
        pass
    return cms.ContentInfo.load(content, strict=True)["content"]


def _is_signer(certificate: x509.Certificate, identifier: Any) -> bool:
    if identifier.name != "issuer_and_serial_number":
        return False
    issuer: bytes = identifier.chosen["issuer"].dump()
    number: int = identifier.chosen["serial_number"].native
    return certificate.serial_number == number and certificate.issuer.public_bytes() == issuer


def _signed(signer: Any, content: bytes, leaf: x509.Certificate) -> bool:
    """Whether the signed attributes are the leaf's, and name this content.

    Source: RFC 5652, section 5.4: they are signed as a SET, whatever their tag in the token.
    """
    attributes = signer["signed_attrs"]
    values = {item["type"].native: item["values"] for item in attributes}
    if len(values) != len(attributes) or values["content_type"].native != ["tst_info"]:
        return False
    stated = signer["digest_algorithm"]["algorithm"].native
    digest = _DIGESTS.get(stated)
    if digest is None or values["message_digest"].native != [hashlib.new(stated, content).digest()]:
        return False
    data = attributes.untag().dump()
    return revocation.verifies(leaf.public_key(), signer["signature"].native, data, digest)


def _vouches(token: _Token, anchors: tuple[x509.Certificate, ...], trust: Trust) -> bool:
    """Whether the authority was trusted at the time that it states."""
    found = path((token.leaf, *token.others), anchors)
    if found is None or not may_stamp(token.leaf):
        return False
    if any(not c.not_valid_before_utc <= token.at <= c.not_valid_after_utc for c in found):
        return False
    revocations = (
        entry
        for certificate, issuer in itertools.pairwise(found)
        for entry in revocation.find(certificate, issuer, trust.crls, ())
    )
    return all(entry.reason in _STILL_VALID and token.at < entry.at for entry in revocations)
