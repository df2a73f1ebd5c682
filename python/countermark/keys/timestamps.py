"""Time stamps over signatures: proof by another party that a signature existed at a time.

Source: RFC 3161; C2PA 2.2, section "Time-stamps".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography import x509

from countermark.errors import InvalidArgument, MissingExtra, TimestampFailed

_MAX_RESPONSE_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class TimestampAuthority:
    """Servers that stamp, in the order in which they are tried.

    `urls`: http or https. `anchors`: PEM; the roots that the stamping certificates must lead to,
    which are not those of claim signers. `timeout_seconds`: for each server.

    >>> TimestampAuthority(["ftp://time.example"], anchors=b"")
    Traceback (most recent call last):
    ...
    countermark.errors.InvalidArgument: 'ftp://time.example' is not the address of a timestamp \
server. Give ones that begin with http:// or https://.

    Raises `InvalidArgument` for no or other addresses and for unreadable anchors.
    """

    urls: Sequence[str]
    anchors: bytes = field(repr=False, kw_only=True)
    timeout_seconds: float = field(default=10, kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "urls", tuple(self.urls))
        if not self.urls:
            raise InvalidArgument("No timestamp server is named.", remedy="Give its address.")
        check_urls(self.urls)
        self._roots()

    def stamp(self, message: bytes) -> bytes:
        """A TimeStampToken in DER over the SHA-256 of `message`, from the first that gives one.

        It is checked: it states this hash and the number sent along, and its signature leads to an
        anchor by a certificate for stamping that was valid at the stated time.

        Raises `TimestampFailed` with the reason of each server, `MissingExtra` without
        rfc3161-client.
        """
        client = _module()
        reasons = []
        for url in self.urls:
            try:
                return self._stamp(client, url, message)
            except _Unusable as error:
                reasons.append(f"{url}: {error}")
        raise TimestampFailed(
            f"No timestamp server gave a valid time stamp ({'; '.join(reasons)}).",
            remedy="Check their addresses, the anchors and the network, or try again later.",
        )

    def _stamp(self, client: Any, url: str, message: bytes) -> bytes:
        builder = client.TimestampRequestBuilder().data(message)
        request = builder.hash_algorithm(client.HashAlgorithm.SHA256).build()
        content = _posted(url, request.as_bytes(), self.timeout_seconds)
        verifier = client.VerifierBuilder.from_request(request)
        for root in self._roots():
            verifier = verifier.add_root_certificate(root)
        try:
            response = _decoded(client, content)
            if response.status != client.PKIStatus.GRANTED:
                raise _Unusable(f"refused with PKI status {response.status}")
            verifier.build().verify_message(response, message)
            token: bytes = response.time_stamp_token()
        except _Unusable:
            raise
        except Exception as error:  # the packages raise errors of many kinds for hostile content
            raise _Unusable(f"invalid response, {error}") from error
        return token

    def _roots(self) -> list[x509.Certificate]:
        try:
            return list(dict.fromkeys(x509.load_pem_x509_certificates(self.anchors)))
        except Exception as error:  # the package raises errors of many kinds for a damaged one
            raise InvalidArgument(
                "The anchors for time stamps hold no readable certificate.",
                remedy="Give the roots of the timestamp servers in PEM.",
            ) from error


class _Unusable(Exception):
    """Why a server was passed over."""


def check_urls(urls: Sequence[str]) -> None:
    """Whether these can be timestamp servers; raises `InvalidArgument` when not."""
    for url in urls:
        _check_url(url)


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except (AttributeError, TypeError, ValueError):
        usable = False
    if not usable:
        raise InvalidArgument(
            f"{url!r:.80} is not the address of a timestamp server.",
            remedy="Give ones that begin with http:// or https://.",
        )


def _posted(url: str, query: bytes, timeout_seconds: float) -> bytes:
    import urllib.error  # here, for with TLS it takes 2 MB of whoever asks no server
    import urllib.request
    from http.client import HTTPException

    headers = {"Content-Type": "application/timestamp-query"}
    request = urllib.request.Request(url, data=query, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=timeout_seconds) as response:
            content: bytes = response.read(_MAX_RESPONSE_BYTES + 1)
    except urllib.error.HTTPError as error:
        with error:
            raise _Unusable(f"HTTP {error.code} {error.reason}") from error
    except (OSError, HTTPException) as error:  # URLError is an OSError
        raise _Unusable(str(getattr(error, "reason", None) or error)) from error
    if len(content) > _MAX_RESPONSE_BYTES:
        raise _Unusable("its response is over 1 MiB")
    return content


def _decoded(client: Any, content: bytes) -> Any:
    """The response, also with certificates in another order than that of DER.

    OpenSSL's servers send them so, as BER allows (RFC 5652, section 10.2.3), and rfc3161-client
    reads DER alone. No signature covers this order.
    """
    try:
        return client.decode_timestamp_response(content)
    except ValueError:
        return client.decode_timestamp_response(_with_sorted_certificates(content))


def _with_sorted_certificates(content: bytes) -> bytes:
    from asn1crypto import cms, tsp  # type: ignore[import-untyped]

    response = tsp.TimeStampResp.load(content, strict=True)
    signed = response["time_stamp_token"]["content"]
    encodings = sorted(item.dump() for item in signed["certificates"])
    ordered = [cms.CertificateChoices.load(encoding) for encoding in encodings]
    signed["certificates"] = cms.CertificateSet(ordered)
    dumped: bytes = response.dump()
    return dumped


def _module() -> Any:
    try:
        import rfc3161_client
    except ImportError as error:
        raise MissingExtra(
            "Time stamps need the package rfc3161-client.",
            remedy="Install it: pip install 'countermark[timestamps]'.",
        ) from error
    return rfc3161_client
