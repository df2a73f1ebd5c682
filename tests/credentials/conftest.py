"""Photographs in every format, a public key infrastructure to order, and a signer of each kind."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import skimage.data
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from PIL import Image

from countermark import jumbf
from countermark.credentials import Signed, SoftBinding, Trust, cbor, sign
from countermark.credentials import claim as claims
from countermark.record import DigitalSource, Record, System

CLAIM_SIGNING = x509.ObjectIdentifier("1.3.6.1.4.1.62558.2.1")
PURPOSES = (ExtendedKeyUsageOID.EMAIL_PROTECTION, CLAIM_SIGNING)
FORMATS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WEBP",
    "image/avif": "AVIF",
    "image/tiff": "TIFF",
}
PHOTOGRAPHS = ("astronaut", "coffee", "chelsea", "astronaut", "coffee")
Key = Any


@cache
def _photograph(media_type: str) -> bytes:
    """NASA, Rachel Michetti, Stefan van der Walt: public domain and CC0, with scikit-image."""
    name = dict(zip(FORMATS, PHOTOGRAPHS, strict=True))[media_type]
    picture = Image.fromarray(getattr(skimage.data, name)()).resize((384, 256))
    file = io.BytesIO()
    picture.save(file, FORMATS[media_type])
    return file.getvalue()


@cache
def _thumbnail(size: int = 32, quality: int = 40) -> bytes:
    file = io.BytesIO()
    picture = Image.fromarray(getattr(skimage.data, PHOTOGRAPHS[0])()).resize((size, size))
    picture.save(file, "JPEG", quality=quality)
    return file.getvalue()


@dataclass
class KeySigner:
    """A signer over any private key; counts its signatures."""

    key: Key
    chain: tuple[x509.Certificate, ...]
    root: x509.Certificate
    algorithm: str = "es256"
    issuer_key: Key = None
    signed: list[bytes] = field(default_factory=list)

    @property
    def certificate_chain(self) -> bytes:
        return pem(*self.chain)

    def sign(self, data: bytes) -> bytes:
        self.signed.append(data)
        digest = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}.get(
            self.algorithm[-3:]
        )
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            assert digest is not None
            size = (self.key.curve.key_size + 7) // 8
            r, s = decode_dss_signature(self.key.sign(data, ec.ECDSA(digest)))
            return r.to_bytes(size, "big") + s.to_bytes(size, "big")
        if isinstance(self.key, rsa.RSAPrivateKey):
            assert digest is not None
            masked = padding.PSS(padding.MGF1(digest), padding.PSS.DIGEST_LENGTH)
            return self.key.sign(data, masked, digest)
        return bytes(self.key.sign(data))


@pytest.fixture(scope="session")
def trust_in() -> Callable[..., Trust]:
    """Trust in the roots of these signers."""
    return lambda *signers: Trust(pem(*(signer.root for signer in signers)))


def pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(c.public_bytes(serialization.Encoding.PEM) for c in certificates)


def certify(
    name: str,
    key: Key,
    issuer: tuple[x509.Certificate, Key] | None = None,
    *,
    authority: bool = False,
    path_length: int | None = None,
    purposes: Sequence[x509.ObjectIdentifier] = PURPOSES,
    begin: timedelta = timedelta(days=-1),
    end: timedelta = timedelta(days=365),
    digital_signature: bool = True,
    extensions: Sequence[x509.ExtensionType] = (),
    critical: Sequence[x509.ExtensionType] = (),
    key_identifier: bool = True,
) -> x509.Certificate:
    """A certificate to order, like the C2PA profile where nothing else is said."""
    now = datetime.now(timezone.utc)
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "countermark tests"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    issuer_key = issuer[1] if issuer else key
    usage = x509.KeyUsage(
        digital_signature and not authority, False, False, False, False, authority, authority,
        False, False,
    )  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begin)
        .not_valid_after(now + end)
        .add_extension(x509.BasicConstraints(authority, path_length), True)
        .add_extension(usage, True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    )
    if key_identifier:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
        builder = builder.add_extension(identifier, False)
    if not authority and purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), False)
    for extension in extensions:
        builder = builder.add_extension(extension, False)
    for extension in critical:
        builder = builder.add_extension(extension, True)
    digests: dict[int, Any] = {384: hashes.SHA384(), 521: hashes.SHA512()}
    edwards = isinstance(issuer_key, ed25519.Ed25519PrivateKey)
    digest = None if edwards else digests.get(issuer_key.key_size, hashes.SHA256())
    return builder.sign(issuer_key, digest)


def _new_key(algorithm: str) -> Key:
    curves: dict[str, Any] = {"es256": ec.SECP256R1, "es384": ec.SECP384R1, "es512": ec.SECP521R1}
    if algorithm in curves:
        return ec.generate_private_key(curves[algorithm]())
    if algorithm == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(65537, 2048)


def make_signer(algorithm: str = "es256", **leaf: Any) -> KeySigner:
    """A signer under a root and an intermediate of its own; `leaf` as in `certify`."""
    authority = "es256" if algorithm.startswith("ps") else algorithm
    root_key, intermediate_key = _new_key(authority), _new_key(authority)
    root = certify("root", root_key, authority=True, path_length=1)
    intermediate = certify(
        "intermediate", intermediate_key, (root, root_key), authority=True, path_length=0
    )
    key = _new_key(algorithm)
    certificate = certify("leaf", key, (intermediate, intermediate_key), **leaf)
    return KeySigner(key, (certificate, intermediate), root, algorithm, intermediate_key)


def _with_headers(store: bytes, **headers: object) -> bytes:
    """The store with other unprotected headers of the signature; the boxes around it grow."""
    claim = claims.parse(store)
    item = cbor.decode(claim.data(claim.signature_box))
    encoded, unprotected, payload, signature = item.value
    kept = {key: value for key, value in unprotected.items() if key not in ("pad", "pad2")}
    parts = [encoded, {**kept, **headers}, payload, signature]
    content = cbor.encode(type(item)(item.tag, parts))
    grown = len(content) - (claim.signature_box.end - claim.signature_box.body)
    changed = bytearray(store)
    for box in _around(jumbf.parse(store), claim.signature_box):
        changed[box.start : box.start + 4] = (box.end - box.start + grown).to_bytes(4, "big")
    changed[claim.signature_box.body : claim.signature_box.end] = content
    return bytes(changed)


def _around(box: jumbf.Box, inner: jumbf.Box) -> Iterator[jumbf.Box]:
    if box.start <= inner.start and inner.end <= box.end:
        yield box
        for child in box.children:
            yield from _around(child, inner)


def _crl(
    issuer: x509.Certificate,
    key: Any,
    revoked: x509.Certificate,
    at: datetime | None = None,
    reason: x509.ReasonFlags | None = None,
    extensions: Sequence[x509.ExtensionType] = (),
) -> bytes:
    """A revocation list with one entry."""
    now = datetime.now(timezone.utc)
    entry = x509.RevokedCertificateBuilder().serial_number(revoked.serial_number)
    entry = entry.revocation_date(at or now)
    if reason is not None:
        entry = entry.add_extension(x509.CRLReason(reason), False)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(now)
        .next_update(now + timedelta(days=30))
        .add_revoked_certificate(entry.build())
    )
    for extension in extensions:
        builder = builder.add_extension(extension, True)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


@pytest.fixture(scope="session")
def with_headers() -> Callable[..., bytes]:
    return _with_headers


@pytest.fixture(scope="session")
def crl_to_order() -> Callable[..., bytes]:
    return _crl


@pytest.fixture(scope="session")
def photograph() -> Callable[[str], bytes]:
    return _photograph


@pytest.fixture(scope="session")
def thumbnail() -> Callable[..., bytes]:
    return _thumbnail


@pytest.fixture(scope="session")
def certificate_to_order() -> Callable[..., x509.Certificate]:
    return certify


@pytest.fixture(scope="session")
def signer_to_order() -> Callable[..., KeySigner]:
    return make_signer


@pytest.fixture(scope="session")
def signer() -> KeySigner:
    return make_signer()


@pytest.fixture(scope="session")
def trust(signer: KeySigner) -> Trust:
    return Trust(pem(signer.root))


@pytest.fixture(scope="session")
def record() -> Record:
    return Record(
        source=DigitalSource.AI_GENERATED,
        creator="Ada Example",
        system=System(name="Example Modell Ü", version="3.1"),
        title="A lake",
        created=datetime(2026, 11, 23, 12, 0, tzinfo=timezone.utc),
    )


@pytest.fixture(scope="session")
def signed(signer: KeySigner, record: Record) -> Callable[..., Signed]:
    """Sign a photograph; keywords replace those of `sign`."""

    def make(media_type: str = "image/jpeg", asset: bytes | None = None, **changes: Any) -> Signed:
        source = _photograph(media_type) if asset is None else asset
        keywords: dict[str, Any] = {
            "record": record,
            "signer": signer,
            "soft_bindings": [SoftBinding.of_payload(0xFEDCBA9876543210)],
            "thumbnail": _thumbnail(),
            **changes,
        }
        return sign(io.BytesIO(source), media_type, **keywords)

    return make


@pytest.fixture(scope="session")
def signed_files(signed: Callable[..., Signed]) -> dict[str, Signed]:
    """One signed file of each format."""
    return {media_type: signed(media_type) for media_type in FORMATS}


@pytest.fixture(params=FORMATS)
def media_type(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Files written by others, where they are at hand."""
    default = Path(__file__).parents[3] / "shared" / "corpus"
    return Path(os.environ.get("COUNTERMARK_CORPUS", default)) / "c2pa"
