"""Whether a claim signer is one of those that the verifier trusts.

This is a statement about certificates only; whether the file is intact is another. The library
mixes its lists (a claim signer whose root is only listed for time stamps counts as trusted) and
accepts leaves that may only sign time stamps, so its word is necessary and not sufficient.

Source: RFC 5280, section 6; C2PA 2.2, section "Trust model".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from countermark.credentials.certificates import extension, issued, load_pem
from countermark.errors import UnusableTrust

CLAIM_SIGNING: Final = x509.ObjectIdentifier("1.3.6.1.4.1.62558.2.1")
"""Extended key usage c2pa-kp-claimSigning."""

_MAX_PATH: Final = 8


class TrustStatus(Enum):
    """How far the claim signer's certificate is trusted; never says whether a file is intact.

    `NONE`: there is no claim signer, because no valid signature ties one to the claim.
    """

    TRUSTED = "trusted"
    UNTRUSTED = "untrusted"
    EXPIRED = "expired"
    REVOKED = "revoked"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Trust:
    """The certificates that a verifier trusts to vouch for claim signers.

    >>> Trust.nobody().certificates
    ()

    `anchors`: PEM, one certificate or more. Raises `UnusableTrust` when it holds none.
    """

    anchors: bytes
    certificates: tuple[x509.Certificate, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        certificates = _load(self.anchors) if self.anchors else ()
        object.__setattr__(self, "certificates", certificates)

    @classmethod
    def from_file(cls, path: Path | str) -> Trust:
        """The anchors in a PEM file.

        Raises `UnusableTrust` when it is missing, unreadable or holds no certificate.
        """
        try:
            anchors = Path(path).read_bytes()
        except (OSError, ValueError) as error:
            raise UnusableTrust(
                f"The trust file {str(path)!r} cannot be read.",
                remedy="Name a PEM file with the trusted certificates, or run countermark init.",
            ) from error
        if not anchors.strip():
            raise _unusable("is empty")
        return cls(anchors)

    @classmethod
    def nobody(cls) -> Trust:
        """No anchors: every claim signer is untrusted."""
        return cls(b"")


def judge(
    chain: Sequence[x509.Certificate],
    trust: Trust,
    *,
    at: datetime,
    library_trusts: bool,
    codes: frozenset[str],
) -> TrustStatus:
    """The standing of the signer whose certificates came with a valid signature.

    `library_trusts`: whether the library found the signer trusted, by our list.
    `codes`: its failure codes. `at`: when the claim was signed, as far as that is proven.
    """
    if any(code.endswith(".revoked") for code in codes):
        return TrustStatus.REVOKED
    path = _path(chain, trust.certificates)
    if path is None or not _may_sign_claims(chain[0]):
        return TrustStatus.UNTRUSTED
    if "signingCredential.expired" in codes or any(at > c.not_valid_after_utc for c in path):
        return TrustStatus.EXPIRED
    if not library_trusts or any(at < c.not_valid_before_utc for c in path):
        return TrustStatus.UNTRUSTED
    return TrustStatus.TRUSTED


def _path(
    chain: Sequence[x509.Certificate], anchors: Sequence[x509.Certificate]
) -> list[x509.Certificate] | None:
    """The certificates from the leaf to an anchor; None when they do not reach one."""
    if not chain:
        return None
    path = [chain[0]]
    unused = list(chain[1:])
    while path[-1] not in anchors:
        candidates = [c for c in (*anchors, *unused) if _may_issue(c, below=len(path) - 1)]
        issuer = next((c for c in candidates if issued(path[-1], c)), None)
        if issuer is None or issuer in path or len(path) == _MAX_PATH:
            return None
        path.append(issuer)
    return path


def _may_issue(certificate: x509.Certificate, *, below: int) -> bool:
    """Whether it is an authority that allows `below` authorities under itself."""
    constraints = extension(certificate, x509.BasicConstraints)
    usage = extension(certificate, x509.KeyUsage)
    return (
        constraints is not None
        and constraints.ca
        and (constraints.path_length is None or below <= constraints.path_length)
        and (usage is None or usage.key_cert_sign)
    )


def _may_sign_claims(leaf: x509.Certificate) -> bool:
    purposes = set(extension(leaf, x509.ExtendedKeyUsage) or ())
    return (
        bool(purposes & {ExtendedKeyUsageOID.EMAIL_PROTECTION, CLAIM_SIGNING})
        and ExtendedKeyUsageOID.TIME_STAMPING not in purposes
    )


def _load(anchors: bytes) -> tuple[x509.Certificate, ...]:
    try:
        return load_pem(anchors)
    except ValueError as error:
        raise _unusable("holds no certificate in PEM, or an unreadable one") from error


def _unusable(what: str) -> UnusableTrust:
    return UnusableTrust(
        f"The trust list {what}.", remedy="Use a PEM file with at least one certificate."
    )
