"""A client of Enrollment over Secure Transport: certificates from a server of a real authority.

Source: RFC 7030, sections 4.1 (cacerts) and 4.2 (simpleenroll).
"""

from __future__ import annotations

import base64
import http.client
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from countermark.certificates import announce_end, load_pem
from countermark.errors import InvalidArgument, IssuingFailed

_WELL_KNOWN: Final = "/.well-known/est"
_MAX_RESPONSE_BYTES: Final = 1 << 20
_LONGEST_CHAIN: Final = 8


class EstIssuer:
    """An `Issuer` that asks an EST server.

    `url`: https://host, or with the path of an authority on it, https://host/.well-known/est/label.
    `anchors`: PEM; the authorities that the server's TLS certificate must lead to. Those of the
    system count for nothing. `user`, `password`: for HTTP Basic authentication.
    `client_certificate`: a PEM file with certificate and key, for TLS client authentication.
    `timeout_seconds`: for each request, of which each certificate takes one and the first two.

    >>> EstIssuer("http://ca.example", anchors=b"")
    Traceback (most recent call last):
    ...
    countermark.errors.InvalidArgument: 'http://ca.example' is not the address of an EST server. \
Give one that begins with https:// and holds no password.

    Raises `InvalidArgument` for another kind of address, unusable anchors or client certificate.
    """

    __slots__ = ("_authorities", "_base", "_headers", "_opener", "_timeout_seconds")

    def __init__(
        self,
        url: str,
        *,
        anchors: bytes,
        user: str | None = None,
        password: str = "",
        client_certificate: str | PathLike[str] | None = None,
        timeout_seconds: float = 10,
    ) -> None:
        self._base = _base(url)
        self._headers: dict[str, str] = {}
        if user is not None:
            credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
            self._headers["Authorization"] = f"Basic {credentials}"
        context = _context(anchors, client_certificate)
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=context), _NoRedirect()
        )
        self._timeout_seconds = timeout_seconds
        self._authorities: tuple[x509.Certificate, ...] = ()

    def issue(self, request: x509.CertificateSigningRequest) -> tuple[x509.Certificate, ...]:
        """The chain for a request, the leaf first; the root is left out.

        Raises `IssuingFailed` when the server cannot be reached or trusted, refuses, wants more
        time, or answers with anything but a certificate for the request's key.
        """
        body = base64.encodebytes(request.public_bytes(Encoding.DER))
        found = self._ask("simpleenroll", body)
        leaf = next((c for c in found if c.public_key() == request.public_key()), None)
        if leaf is None:
            raise _failed("holds no certificate for the key in the request", _ASK)
        others = [item for item in found if item is not leaf]
        chain = _chain(leaf, [*others, *self._authorities])
        if chain is None:
            self._authorities = self.authorities()
            chain = _chain(leaf, [*others, *self._authorities])
        if chain is None:
            raise _failed("does not lead to an authority of that server", _ASK)
        return chain

    def authorities(self) -> tuple[x509.Certificate, ...]:
        """The server's own certificates, from which trust anchors can be chosen.

        Raises `IssuingFailed` as `issue` does.
        """
        return self._ask("cacerts")

    def __repr__(self) -> str:
        return f"EstIssuer({self._base!r})"

    def _ask(self, operation: str, body: bytes | None = None) -> tuple[x509.Certificate, ...]:
        headers = dict(self._headers)
        if body is not None:
            headers |= {"Content-Type": "application/pkcs10", "Content-Transfer-Encoding": "base64"}
        request = urllib.request.Request(f"{self._base}/{operation}", data=body, headers=headers)
        try:
            with self._opener.open(request, timeout=self._timeout_seconds) as response:
                status, content = response.status, response.read(_MAX_RESPONSE_BYTES + 1)
                wait = response.headers.get("Retry-After", "")
        except urllib.error.HTTPError as error:
            with error:
                problem = f"is a refusal (HTTP {error.code} {error.reason})"
            remedy = "Check user, password and client certificate, and what that authority allows."
            raise _failed(problem, remedy) from error
        except (OSError, http.client.HTTPException) as error:  # URLError is an OSError
            reason = getattr(error, "reason", None) or error
            remedy = "Check the address, the anchors, and the network."
            raise _failed(f"does not come ({reason})", remedy) from error
        if status == http.client.ACCEPTED:
            remedy = "Have the authority approve the request, and ask again later."
            raise _failed(f"is to wait (Retry-After: {wait:.40})", remedy)
        if status != http.client.OK or len(content) > _MAX_RESPONSE_BYTES:
            raise _failed(f"is unexpected (HTTP {status}, {len(content)} bytes)", _ASK)
        return _certificates(content)


_ASK: Final = "Ask the operator of the server."


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Another host must not get the credentials (RFC 7030, section 3.2.1)."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _base(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme == "https" and parts.hostname and parts.username is None
        _ = parts.port
    except (AttributeError, TypeError, ValueError):
        usable = False
    if not usable or parts.query or parts.fragment:
        raise InvalidArgument(
            f"{url!r:.80} is not the address of an EST server.",
            remedy="Give one that begins with https:// and holds no password.",
        )
    return f"https://{parts.netloc}{parts.path.rstrip('/') or _WELL_KNOWN}"


def _context(anchors: bytes, client_certificate: str | PathLike[str] | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # knows no anchors of the system
    try:
        context.load_verify_locations(cadata=anchors.decode("ascii"))
    except (ValueError, ssl.SSLError) as error:
        raise InvalidArgument(
            "The anchors for TLS hold no readable certificate.", remedy="Give them in PEM."
        ) from error
    if client_certificate is not None:
        try:
            context.load_cert_chain(client_certificate, password=_no_passphrase)
            announce_end(load_pem(Path(client_certificate).read_bytes()), owner="EST client")
        except (OSError, ValueError) as error:  # SSLError is an OSError
            raise InvalidArgument(
                "The client certificate cannot be used.",
                remedy="Give a PEM file with the certificate and its unencrypted key.",
            ) from error
    return context


def _no_passphrase() -> str:
    """Else OpenSSL asks for one on the terminal."""
    return ""


def _certificates(content: bytes) -> tuple[x509.Certificate, ...]:
    try:
        found = tuple(pkcs7.load_der_pkcs7_certificates(base64.b64decode(content)))
        for item in found:  # the package parses lazily
            _ = item.public_key(), item.subject, item.issuer, item.extensions
        return found
    except Exception as error:  # the package raises errors of many kinds for hostile content
        raise _failed("is not a PKCS #7 message of certificates", _ASK) from error


def _chain(
    leaf: x509.Certificate, others: Sequence[x509.Certificate]
) -> tuple[x509.Certificate, ...] | None:
    """From the leaf upwards, without the root; None when it does not come that far.

    A leaf that the root issued itself keeps it: a chain of one tells nothing.
    """
    chain = [leaf]
    while len(chain) < _LONGEST_CHAIN:
        issuer = _issuer(chain[-1], others)
        if issuer is None:
            return None
        if issuer.subject == issuer.issuer:
            return tuple(chain) if len(chain) > 1 else (leaf, issuer)
        chain.append(issuer)
    return None


def _issuer(
    certificate: x509.Certificate, others: Iterable[x509.Certificate]
) -> x509.Certificate | None:
    for candidate in others:
        try:
            certificate.verify_directly_issued_by(candidate)
        except (InvalidSignature, UnsupportedAlgorithm, TypeError, ValueError):
            continue
        return candidate
    return None


def _failed(problem: str, remedy: str) -> IssuingFailed:
    return IssuingFailed(f"The answer of the EST server {problem}.", remedy=remedy)
