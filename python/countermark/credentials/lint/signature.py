"""The signature: its headers, its certificates, its time stamp.

Source: C2PA 2.2, sections 10.3.2.5, 10.4.2, 13.2 and 14.5; RFC 9052, section 4.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from countermark.certificates import load_der, profile_findings
from countermark.credentials import cose
from countermark.credentials.lint import rules
from countermark.credentials.lint.finding import Finding, Rule
from countermark.credentials.lint.parts import Parts
from countermark.errors import UnreadableManifest

_CHAIN: Final = 33
_DEPRECATED_CHAIN: Final = "x5chain"
_PADDING: Final = ("pad", "pad2")
_TIME_STAMPS: Final = ("sigTst", "sigTst2")
_UNPROTECTED: Final = frozenset((*_PADDING, *_TIME_STAMPS, "rVals", _CHAIN, _DEPRECATED_CHAIN))
_MAX_CERTIFICATES: Final = 16

_RULES: Final[Mapping[str, Rule]] = {
    "issuer": rules.CERTIFICATE_ORDER,
    "issuers": rules.CERTIFICATE_ORDER,
    "validity": rules.CERTIFICATE_VALIDITY,
    "key usage": rules.CERTIFICATE_USAGE,
    "extended key usage": rules.CERTIFICATE_USAGE,
    "signature algorithm": rules.CERTIFICATE_KEY,
    "public key": rules.CERTIFICATE_KEY,
}
"""By the field of a certificate; all other fields are extensions."""

Header = Mapping[Any, Any]


def check(parts: Parts, signed_at: datetime | None, is_stamped: bool) -> Iterator[Finding]:
    """The signature of one manifest.

    `signed_at`: when its certificates have to be valid; None when that cannot be judged.
    `is_stamped`: whether a later manifest holds a time stamp of it.
    """
    where = f"{parts.uri}/c2pa.signature"
    if parts.signature is None:
        yield rules.SIGNATURE_MALFORMED.found(where, "The manifest has no signature.")
        return
    try:
        found = cose.read_sign1(parts.signature)
    except UnreadableManifest as error:
        yield rules.SIGNATURE_MALFORMED.found(where, error.problem)
        return
    if not found.is_tagged:
        problem = "The signature lacks the tag of a COSE_Sign1."
        yield rules.SIGNATURE_MALFORMED.found(where, problem)
    yield from _unprotected(found.unprotected, where)
    yield from _time_stamp(found.unprotected, is_stamped, where)
    yield from _chain_place(found.protected, found.unprotected, where)
    yield from _certificates(_chain(found.protected, found.unprotected), signed_at, where)


def _unprotected(header: Header, where: str) -> Iterator[Finding]:
    for name in _PADDING:
        padding = header.get(name, b"")
        if not isinstance(padding, bytes) or any(padding):
            problem = f"The header {name} holds more than zeros, and nothing protects it."
            yield rules.SIGNATURE_PADDING.found(where, problem)
    for name in header:
        if name not in _UNPROTECTED:
            problem = f"Nothing protects the header {name!r:.80}."
            yield rules.SIGNATURE_HEADER.found(where, problem)


def _time_stamp(header: Header, is_stamped: bool, where: str) -> Iterator[Finding]:
    if "sigTst" in header:
        problem = "The time stamp is of version 1 and covers the claim, not the signature."
        yield rules.TIME_STAMP_DEPRECATED.found(where, problem)
    if not is_stamped and not any(name in header for name in _TIME_STAMPS):
        problem = "No time stamp says when the claim was signed."
        yield rules.TIME_STAMP_MISSING.found(where, problem)


def _chain_place(protected: Header, unprotected: Header, where: str) -> Iterator[Finding]:
    if _CHAIN in unprotected or _DEPRECATED_CHAIN in unprotected:
        yield rules.CHAIN_HEADER.found(where, "The certificate chain is not protected.")
    if _DEPRECATED_CHAIN in protected:
        yield rules.CHAIN_HEADER.found(where, "The certificate chain is labelled x5chain.")


def _chain(protected: Header, unprotected: Header) -> object:
    places = ((h, name) for h in (protected, unprotected) for name in (_CHAIN, _DEPRECATED_CHAIN))
    return next((header[name] for header, name in places if name in header), None)


def _certificates(chain: object, at: datetime | None, where: str) -> Iterator[Finding]:
    ders = [chain] if isinstance(chain, bytes) else chain
    if not isinstance(ders, (list, tuple)) or not ders:
        yield rules.CERTIFICATE_UNREADABLE.found(where, "The signature names no certificate.")
        return
    if len(ders) > _MAX_CERTIFICATES or not all(isinstance(der, bytes) for der in ders):
        problem = "The certificate chain is not a short list of byte strings."
        yield rules.CERTIFICATE_UNREADABLE.found(where, problem)
        return
    try:
        certificates = load_der(ders)
    except ValueError as error:
        problem = f"The certificate chain does not parse ({error})."
        yield rules.CERTIFICATE_UNREADABLE.found(where, problem)
        return
    judged_at = at or certificates[0].not_valid_before_utc
    for item in profile_findings(certificates, at=judged_at):
        if (item.required and item.field != "validity") or at is not None:
            rule = _RULES.get(item.field, rules.CERTIFICATE_EXTENSION)
            yield rule.found(where, f"The chain {item.problem}.")
