"""A certificate signing request: a new key, and what a real authority has to know of it.

Source: RFC 2986 (PKCS#10); C2PA Certificate Policy of conformance programme 0.2, "Claim Signing
Leaf"; C2PA 2.2, section 14.5.1.1.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from countermark import files
from countermark.certificates import CLAIM_SIGNING
from countermark.certificates.assurance import ASSURANCE_LEVEL, LEVELS, POLICY, PRODUCT_RECORD
from countermark.errors import InvalidArgument, UnusableKey
from countermark.keys import private_key, storage
from countermark.keys.algorithms import PrivateKey, algorithm_of, digest_of, generate
from countermark.keys.home import KEY, Home, check_name
from countermark.keys.witness import tell_of_request

REQUEST: Final = "request.pem"


@dataclass(frozen=True, slots=True)
class ConformingProduct:
    """What the C2PA list of conforming products says of the product that is to sign.

    `level`: the level of assurance asked for, 1 or 2. `record`: the UUID of the entry.
    """

    level: int
    record: str

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise InvalidArgument(
                f"There is no assurance level {self.level!r:.20}.", remedy="Use 1 or 2."
            )
        try:
            uuid.UUID(self.record)
        except (ValueError, AttributeError, TypeError) as error:
            raise InvalidArgument(
                f"{self.record!r:.50} is no UUID.",
                remedy="Use the one of your entry on the C2PA list of conforming products.",
            ) from error


@dataclass(frozen=True, slots=True)
class SigningRequest:
    """A request that waits for its certificate; its key is beside it in the home."""

    folder: Path
    pem: bytes

    @property
    def id(self) -> str:
        """The ID of the key."""
        return self.folder.name

    @property
    def algorithm(self) -> str:
        """The algorithm of the key."""
        return algorithm_of(self.csr.public_key())

    @property
    def csr(self) -> x509.CertificateSigningRequest:
        """The request itself; raises `UnusableKey` when the file is damaged."""
        try:
            csr = x509.load_pem_x509_csr(self.pem)
            algorithm_of(csr.public_key())
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise UnusableKey(
                f"The request in {str(self.folder)!r} is damaged.",
                remedy="Restore the folder from a copy, or move it away and make a new request.",
            ) from error
        return csr


def request_certificate(
    home: Home,
    *,
    organisation: str,
    name: str,
    country: str,
    algorithm: str = "es256",
    product: ConformingProduct | None = None,
    passphrase: str | None = None,
) -> SigningRequest:
    """Make a new key and a request for its certificate; `import_chain` takes the answer.

    The signing key stays as it is. `country`: two letters (ISO 3166). `product`: for an authority
    on the C2PA trust list.

    >>> import tempfile
    >>> from countermark import keys
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     home = keys.create_home(parent + "/home")
    ...     request = request_certificate(
    ...         home, organisation="Example Ltd", name="Camera App", country="SE"
    ...     )
    >>> request.csr.subject.rfc4514_string()
    'CN=Camera App,O=Example Ltd,C=SE'

    Raises `InvalidArgument` for names that a certificate cannot hold or another algorithm,
    `WrongPassphrase`, `DestinationNotWritable`.
    """
    check_name("organisation", organisation)
    check_name("name", name)
    if not (len(country) == 2 and country.isascii() and country.isalpha()):
        raise InvalidArgument(
            f"{country!r:.20} is no country.", remedy="Use the two letters of ISO 3166."
        )
    key = generate(algorithm)
    home.check_passphrase(passphrase)
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, country.upper()),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    csr = _builder(subject, product).sign(key, digest_of(algorithm))
    tell_of_request(home.witness, csr, key.public_key())
    pem = csr.public_bytes(serialization.Encoding.PEM)
    folder = home.folder / "requests" / _identifier(key)
    storage.add_folder(folder, {KEY: private_key.encode(key, passphrase), REQUEST: pem})
    return SigningRequest(folder, pem)


def list_requests(home: Home) -> tuple[SigningRequest, ...]:
    """The requests of the home that wait for their certificates."""
    paths = (folder / REQUEST for folder in home.request_folders)
    return tuple(SigningRequest(p.parent, files.load(p)) for p in paths if p.is_file())


def _builder(
    subject: x509.Name, product: ConformingProduct | None
) -> x509.CertificateSigningRequestBuilder:
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=False, crl_sign=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    purposes = [ExtendedKeyUsageOID.EMAIL_PROTECTION, CLAIM_SIGNING]
    builder = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    )
    if product is None:
        return builder
    policies = x509.CertificatePolicies([x509.PolicyInformation(POLICY, None)])
    level = asn1.encode_der(LEVELS[product.level])
    record = asn1.encode_der(str(uuid.UUID(product.record)))
    return (
        builder.add_extension(policies, critical=False)
        .add_extension(x509.UnrecognizedExtension(ASSURANCE_LEVEL, level), critical=False)
        .add_extension(x509.UnrecognizedExtension(PRODUCT_RECORD, record), critical=False)
    )


def _identifier(key: PrivateKey) -> str:
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    digest = hashes.Hash(hashes.SHA256())
    digest.update(public)
    return digest.finalize().hex()[:16]
