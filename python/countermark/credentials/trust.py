"""Whether a claim signer is one of those that the verifier trusts, and by which list.

This is a statement about certificates only; whether the file is intact is another. The library
mixes its lists (a claim signer whose root is only listed for time stamps counts as trusted) and
accepts leaves that may only sign time stamps, so its word is necessary and not sufficient.

Source: RFC 5280, section 6; C2PA 2.2, sections 14.4 "Trust Lists" and 14.5 "X.509 Certificates".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from enum import Enum
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from countermark.certificates import issued, load_pem
from countermark.credentials import paths, revocation
from countermark.credentials.paths import CLAIM_SIGNING, DOCUMENT_SIGNING
from countermark.errors import UnusableTrust

CLAIM_PURPOSES: Final = frozenset(
    (CLAIM_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION, DOCUMENT_SIGNING)
)
"""Extended key usages that the standard names for claim signers."""

IDENTITY_PURPOSES: Final = frozenset((ExtendedKeyUsageOID.EMAIL_PROTECTION, DOCUMENT_SIGNING))
"""Extended key usages of those who sign identity assertions."""

_OWN: Final = "your trust list"


class TrustStatus(Enum):
    """How far the claim signer's certificate is trusted; never says whether a file is intact.

    `NONE`: there is no claim signer, because no valid signature ties one to the claim.
    """

    TRUSTED = "trusted"
    UNTRUSTED = "untrusted"
    EXPIRED = "expired"
    REVOKED = "revoked"
    NONE = "none"


class Kind(Enum):
    """What the certificates of a list are trusted for; one never stands in for another.

    `CLAIM`: authorities over claim signers. `SIGNER`: claim signers themselves, which vouch for
    nobody else. `TIMESTAMP`: authorities over time-stamping authorities. `IDENTITY`: authorities
    over those who add an identity to a manifest (CAWG).
    """

    CLAIM = "claim"
    SIGNER = "signer"
    TIMESTAMP = "timestamp"
    IDENTITY = "identity"


@dataclass(frozen=True, slots=True)
class TrustList:
    """Certificates in PEM that are trusted for one kind of use.

    >>> TrustList(Kind.TIMESTAMP, b"", name="nobody").title
    'nobody'

    `name` and `published` say where they come from, in reports. `official`: kept by the C2PA, which
    demands the purpose c2pa-kp-claimSigning of the signers under its anchors.

    Raises `UnusableTrust` for content that is not empty and holds no certificate.
    Source: C2PA 2.2, section 14.4.
    """

    kind: Kind
    pem: bytes
    name: str = _OWN
    published: date | None = None
    official: bool = False
    certificates: tuple[x509.Certificate, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "certificates", _load(self.pem) if self.pem else ())

    @property
    def title(self) -> str:
        """Name and date, for people."""
        return self.name if self.published is None else f"{self.name} of {self.published}"

    @property
    def purposes(self) -> frozenset[x509.ObjectIdentifier]:
        """Extended key usages, of which a signer under this list needs one."""
        if self.kind is Kind.IDENTITY:
            return IDENTITY_PURPOSES
        return frozenset((CLAIM_SIGNING,)) if self.official else CLAIM_PURPOSES


@dataclass(frozen=True, slots=True)
class Trust:
    """The certificates that a verifier trusts, each for one kind of use, and revocation lists.

    >>> Trust.nobody().certificates
    ()

    `anchors`: PEM, authorities over claim signers, for when one list is enough; `lists`: more,
    of any kind. `revocation_lists`: DER or PEM, each one list.

    Raises `UnusableTrust` when one of them cannot be read.
    Source: C2PA 2.2, sections 14.4 and 15.9.
    """

    anchors: bytes = b""
    lists: tuple[TrustList, ...] = ()
    revocation_lists: tuple[bytes, ...] = field(default=(), repr=False)
    crls: tuple[x509.CertificateRevocationList, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.anchors:
            own = TrustList(Kind.CLAIM, self.anchors)
            if own not in self.lists:
                object.__setattr__(self, "lists", (own, *self.lists))
        try:
            crls = tuple(map(revocation.load_crl, self.revocation_lists))
        except ValueError as error:
            raise UnusableTrust(
                f"A revocation list cannot be used ({error}).",
                remedy="Use a whole CRL in DER or PEM, as its issuer published it.",
            ) from error
        object.__setattr__(self, "crls", crls)

    @classmethod
    def from_file(cls, path: Path | str) -> Trust:
        """The anchors over claim signers in a PEM file.

        Raises `UnusableTrust` when it is missing, unreadable or holds no certificate.
        """
        return cls(read_pem(path))

    @classmethod
    def nobody(cls) -> Trust:
        """No anchors: every claim signer is untrusted."""
        return cls()

    @property
    def certificates(self) -> tuple[x509.Certificate, ...]:
        """The authorities over claim signers."""
        return tuple(c for listed in self.of(Kind.CLAIM) for c in listed.certificates)

    def of(self, kind: Kind) -> tuple[TrustList, ...]:
        """The lists of that kind that hold something, in the order given."""
        return tuple(item for item in self.lists if item.kind is kind and item.certificates)

    def pem(self, kind: Kind) -> bytes:
        """All certificates of that kind, as the library takes them."""
        return b"\n".join(item.pem for item in self.of(kind))


@dataclass(frozen=True, slots=True)
class Standing:
    """A status, and the title of the list that it rests on."""

    status: TrustStatus
    by: str | None = None


def read_pem(path: Path | str) -> bytes:
    """The content of a trust file.

    Raises `UnusableTrust` when it is missing, unreadable or empty.
    """
    try:
        content = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        raise UnusableTrust(
            f"The trust file {str(path)!r} cannot be read.",
            remedy="Name a PEM file with the trusted certificates, or run countermark init.",
        ) from error
    if not content.strip():
        raise _unusable("is empty")
    return content


def judge(
    chain: Sequence[x509.Certificate],
    trust: Trust,
    *,
    proven_at: datetime | None,
    library_trusts: bool,
    codes: frozenset[str],
    responses: Sequence[bytes] = (),
) -> Standing:
    """The standing of the signer whose certificates came with a valid signature.

    `proven_at`: when the claim was signed, by a trusted time stamp; without one the certificates
    are judged as of now. `library_trusts`: whether the library found the signer trusted, by our
    lists. `codes`: its failure codes. `responses`: OCSP responses (DER) at hand.
    """
    if any(code.endswith(".revoked") for code in codes):
        return Standing(TrustStatus.REVOKED)
    standings = [
        Standing(_status(found, chain, trust, proven_at, responses), listed.title)
        for listed in (*trust.of(Kind.SIGNER), *trust.of(Kind.CLAIM))
        if (found := _path(chain, listed)) and paths.may_sign(chain[0], listed.purposes)
    ]
    # A withdrawn certificate is withdrawn, whichever list leads to it; else the best counts.
    order = (TrustStatus.REVOKED, TrustStatus.TRUSTED, TrustStatus.EXPIRED, TrustStatus.UNTRUSTED)
    standings.sort(key=lambda standing: order.index(standing.status))
    if not standings or standings[0].status is TrustStatus.UNTRUSTED:
        return Standing(TrustStatus.UNTRUSTED)
    if standings[0].status is TrustStatus.TRUSTED:
        if "signingCredential.expired" in codes:
            return Standing(TrustStatus.EXPIRED, standings[0].by)
        if not library_trusts:
            return Standing(TrustStatus.UNTRUSTED)
    return standings[0]


def judge_identity(
    chain: Sequence[x509.Certificate], trust: Trust, *, proven_at: datetime | None
) -> Standing:
    """The standing of who signed an identity assertion, by the identity lists alone."""
    for listed in trust.of(Kind.IDENTITY):
        found = paths.path(chain, listed.certificates)
        if found and paths.may_sign(chain[0], listed.purposes):
            return Standing(_status(found, chain, trust, proven_at, ()), listed.title)
    return Standing(TrustStatus.UNTRUSTED)


def _path(
    chain: Sequence[x509.Certificate], listed: TrustList
) -> Sequence[x509.Certificate] | None:
    """The certificates between the leaf and what the list trusts, both included."""
    if listed.kind is Kind.CLAIM:
        return paths.path(chain, listed.certificates)
    # Trusted by name: C2PA 2.2, section 14.4.3, "shall only allow trust ... directly".
    if not chain or chain[0] not in listed.certificates or paths.is_authority(chain[0]):
        return None
    return chain[:1]


def _status(
    path: Sequence[x509.Certificate],
    chain: Sequence[x509.Certificate],
    trust: Trust,
    proven_at: datetime | None,
    responses: Sequence[bytes],
) -> TrustStatus:
    """By times and revocations of the certificates of a path."""
    for certificate in path:
        issuers = (c for c in (*path[1:], *chain[1:]) if issued(certificate, c))
        issuer = next(issuers, None)
        found = issuer and revocation.find(certificate, issuer, trust.crls, responses)
        if found and any(entry.covers(proven_at) for entry in found):
            # C2PA 2.2, section 15.9: a revoked authority leaves its signers untrusted.
            leaf = certificate is path[0]
            return TrustStatus.REVOKED if leaf else TrustStatus.UNTRUSTED
    at = proven_at or datetime.now(timezone.utc)
    if any(at > certificate.not_valid_after_utc for certificate in path):
        return TrustStatus.EXPIRED
    if any(at < certificate.not_valid_before_utc for certificate in path):
        return TrustStatus.UNTRUSTED
    return TrustStatus.TRUSTED


def _load(pem: bytes) -> tuple[x509.Certificate, ...]:
    try:
        return load_pem(pem)
    except ValueError as error:
        raise _unusable("holds no certificate in PEM, or an unreadable one") from error


def _unusable(what: str) -> UnusableTrust:
    return UnusableTrust(
        f"The trust list {what}.", remedy="Use a PEM file with at least one certificate."
    )
