"""A certificate chain from a real authority, taken into the home after every check.

Source: RFC 5280, section 6; C2PA 2.2, section 14.5.1.
"""

from __future__ import annotations

import shutil
from datetime import datetime, timezone
from pathlib import Path

from cryptography import x509

from countermark.certificates import load_pem, profile_findings
from countermark.errors import InvalidArgument, UnknownKey, UnusableCertificate
from countermark.keys import private_key, storage
from countermark.keys.algorithms import PrivateKey
from countermark.keys.home import KEY, Home, identifier
from countermark.keys.signing_request import SigningRequest, list_requests
from countermark.keys.stock import KeyEntry, find_key, list_keys


def import_chain(
    home: Home,
    chain: bytes,
    *,
    key: Path | str | None = None,
    passphrase: str | None = None,
) -> KeyEntry:
    """Take in the answer to a request, and let its key sign from now on.

    `chain`: PEM, the leaf first, then each issuer; the root may be left out. `key`: a PKCS#8 file
    in PEM for a key that was not made by `request_certificate`; encrypted ones open with the same
    passphrase. The former signing key is retired, and nothing is added to the trust list.

    All is checked before anything is written: that the key belongs to the leaf, that each
    certificate is issued by the next, has not ended and may do what it has to, and the rest of
    the C2PA profile.

    Raises `UnusableCertificate` with the first reason why the chain cannot be used, `UnknownKey`
    when no request of the home has the leaf's key, `UnusableKey`, `WrongPassphrase`,
    `SourceNotFound`, `InvalidArgument` when it was imported already, `DestinationNotWritable`.

    >>> import tempfile
    >>> from countermark import keys
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     import_chain(keys.create_home(parent + "/home"), b"no certificate")
    Traceback (most recent call last):
    ...
    countermark.errors.UnusableCertificate: The file holds no readable certificate. \
Give the leaf and its issuers in PEM.
    """
    home.check_signs_itself()
    certificates = check_chain(chain)
    leaf = certificates[0]
    request = _request(home, leaf)
    known = any(entry.id == identifier(leaf) for entry in list_keys(home))
    if known and request is None:  # with one, an earlier import was cut off at its last step
        raise InvalidArgument(
            f"The certificate is in the home already, with the ID {identifier(leaf)}.",
            remedy="There is nothing left to do.",
        )
    path = _key_path(request) if key is None else Path(key)
    home.check_passphrase(passphrase)
    private = _private_key(path, passphrase)
    if private.public_key() != leaf.public_key():
        raise UnusableCertificate(
            "The leaf certificate belongs to another key.",
            remedy="Give the key for which it was issued.",
        )
    home.add_key(private, certificates, passphrase)
    if request is not None:  # it is answered, its key in the new folder
        shutil.rmtree(request.folder, ignore_errors=True)
    return find_key(home, identifier(leaf))


def check_chain(chain: bytes) -> tuple[x509.Certificate, ...]:
    """The certificates of a chain with which claims can be signed; raises `UnusableCertificate`."""
    try:
        certificates = load_pem(chain)
    except ValueError as error:
        raise UnusableCertificate(
            "The file holds no readable certificate.",
            remedy="Give the leaf and its issuers in PEM.",
        ) from error
    for finding in profile_findings(certificates, at=datetime.now(timezone.utc)):
        if finding.required:
            raise UnusableCertificate(
                f"The chain {finding.problem}.", remedy=f"{finding.remedy} [{finding.clause}]"
            )
    return certificates


def _request(home: Home, leaf: x509.Certificate) -> SigningRequest | None:
    requests = list_requests(home)
    return next((r for r in requests if r.csr.public_key() == leaf.public_key()), None)


def _key_path(request: SigningRequest | None) -> Path:
    if request is None:
        raise UnknownKey(
            "No key in the home waits for this certificate.",
            remedy="Ask for one with countermark keys csr, or name its key file with --key.",
        )
    return request.folder / KEY


def _private_key(path: Path, passphrase: str | None) -> PrivateKey:
    """The passphrase is the home's; a file from elsewhere may be in the clear."""
    pem = storage.read_private(path)
    return private_key.decode(pem, passphrase if private_key.is_encrypted(pem) else None)
