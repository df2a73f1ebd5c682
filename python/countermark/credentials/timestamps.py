"""The time of signing, as far as a trusted time-stamping authority proves it.

The library says whether a time stamp is well formed; which authority made it, it does not say, and
it mixes its trust lists. So the token is read here once more: `asn1crypto` takes it apart, the
`cryptography` package checks the signatures.

Source: RFC 3161, section 2.4.2; RFC 5652, section 5; C2PA 2.2, sections 10.3.2.5, 15.8 and 18.17.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from countermark.certificates import load_der, name
from countermark.credentials import cbor, cose, revocation
from countermark.credentials.claim import Claim
from countermark.credentials.paths import may_stamp, path
from countermark.credentials.trust import Kind, Trust
from countermark.errors import UnreadableManifest

LABEL: Final = "c2pa.time-stamp"
"""Of the assertion with time stamps of earlier manifests."""

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
    """A proven time: `at`, by the authority of that name, under an anchor of the list `by`.

    `was_added`: by an update, after the claim was signed.
    """

    at: datetime
    authority: str
    by: str
    was_added: bool = False


@dataclass(frozen=True, slots=True)
class _Token:
    """What an authority signed, with a valid signature: `leaf` is its certificate."""

    at: datetime
    leaf: x509.Certificate
    others: tuple[x509.Certificate, ...]
    algorithm: str
    imprint: bytes


def message(claim: Claim) -> bytes:
    """The bytes that a time stamp in the claim's own signature (sigTst2) covers.

    Source: C2PA 2.2, section 10.3.2.5.2: the whole byte string of the signature, its head too.
    """
    protected, _, _, signature = claim.signature()
    return cose.to_be_countersigned(protected, cbor.encode(signature))


def proven(claim: Claim, trust: Trust, updates: Sequence[Claim] = ()) -> TimeStamp | None:
    """The time stamp of the claim that a trusted authority made; None when there is none.

    `updates`: of the claim, in the same store; they may have added time stamps of it.

    One from another authority proves nothing: anybody can run one, with any clock.
    """
    for content, stamped in _stamps(claim):
        if found := _judged(content, (stamped,), trust):
            return found
    for content in itertools.chain.from_iterable(added(update, claim.label) for update in updates):
        if found := _judged(content, _signature_payloads(claim), trust):
            return replace(found, was_added=True)
    return None


def added(update: Claim, label: object) -> Iterator[bytes]:
    """The DER of the tokens that an update adds for the manifest of that label.

    Source: C2PA 2.2, sections 15.8.1.2 and 18.17.
    """
    with contextlib.suppress(UnreadableManifest):  # the library has a code for it
        for box in update.named(LABEL):
            data = update.decoded(box)
            token = data.get(label) if isinstance(data, Mapping) else None
            if isinstance(token, bytes):
                yield token


def added_message(signature: bytes) -> bytes:
    """The bytes that a time stamp in an assertion covers.

    C2PA 2.2, section 18.17.3, can be read as a countersignature over the signature; the reference
    implementation, whose authors wrote it, takes the signature itself (c2pa-rs, pull request 1867).
    """
    return signature


def _signature_payloads(claim: Claim) -> tuple[bytes, bytes]:
    """Both readings of what `added_message` says: each proves the same."""
    protected, _, _, signature = claim.signature()
    return added_message(signature), cose.to_be_countersigned(protected, signature)


def _judged(content: bytes, payloads: Sequence[bytes], trust: Trust) -> TimeStamp | None:
    """What a token over one of the payloads proves."""
    token = _read(content)
    if token is None or all(
        token.imprint != hashlib.new(token.algorithm, payload).digest() for payload in payloads
    ):
        return None
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
            yield value, cose.to_be_countersigned(protected, payload)


def _read(content: bytes) -> _Token | None:
    """The token, when the one signer's signature over it holds."""
    if len(content) > _MAX_TOKEN_BYTES:
        return None
    from asn1crypto import tsp  # type: ignore[import-untyped]

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
    from asn1crypto import cms, tsp

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
