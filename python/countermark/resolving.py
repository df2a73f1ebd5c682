"""A client for resolution services of others: from soft bindings to manifests, over HTTPS.

>>> Resolver("https://credentials.example/v1").host
'credentials.example'

Nothing is asked of a service that nobody named. It is told the soft bindings, never the picture
unless its `Resolver` says so. What it answers is a lead: whoever uses it checks the manifest.

Source: C2PA 2.4, Soft Binding Resolution API, and its version 1.0 (C2PA 2.1 and 2.2).
"""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode, urlsplit

from countermark.errors import InvalidArgument, ResolverFailed

if TYPE_CHECKING:
    import http.client  # at run time only when a service is asked: with TLS it takes 2 MB

MAX_MANIFEST_BYTES: Final = 16 * 2**20
_MAX_ANSWER_BYTES: Final = 2**20
_MAX_QUERY_VALUE: Final = 1024
_MAX_IDENTIFIER: Final = 500
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
_NOT_KNOWN: Final = (400, 404, 415, 422)
"""Answers to a query that mean: nothing is known here about this algorithm or content."""


@dataclass(frozen=True, slots=True)
class Match:
    """A manifest that a service names, and where it is to be had.

    `identifier`: of the manifest. `base`: address of the interface to ask for it.
    """

    identifier: str
    base: str


@dataclass(frozen=True, slots=True)
class Resolver:
    """A resolution service, and what it may be told.

    `url`: of its interface, such as https://host/v1; http only for this machine.
    `token`: a bearer token; it is sent to this service alone.
    `send_content`: your consent to send it the file itself when bindings lead nowhere.
    `allowed_hosts`: others that it may name as the place of a manifest; no others are asked.
    `timeout_seconds`: for each request, from its first byte to the last one of the answer.

    >>> Resolver("http://credentials.example/v1")
    Traceback (most recent call last):
    ...
    countermark.errors.InvalidArgument: 'http://credentials.example/v1' is not the address of a \
resolution service. Give one that begins with https:// and holds no password.

    Raises `InvalidArgument` for another kind of address.
    """

    url: str
    token: str | None = field(default=None, kw_only=True, repr=False)
    send_content: bool = field(default=False, kw_only=True)
    allowed_hosts: tuple[str, ...] = field(default=(), kw_only=True)
    timeout_seconds: float = field(default=10, kw_only=True)

    def __post_init__(self) -> None:
        if not _is_usable(self.url):
            raise InvalidArgument(
                f"{self.url!r:.80} is not the address of a resolution service.",
                remedy="Give one that begins with https:// and holds no password.",
            )

    @property
    def host(self) -> str:
        """The name of its host."""
        return urlsplit(self.url).hostname or ""

    def by_binding(self, algorithm: str, value: bytes, *, limit: int = 10) -> list[Match]:
        """The manifests to which a soft binding leads there.

        Raises `ResolverFailed` when it cannot be asked or does not answer as the standard says.
        """
        encoded = base64.b64encode(value).decode()
        if len(encoded) <= _MAX_QUERY_VALUE:
            asked = {"alg": algorithm, "value": encoded, "maxResults": limit}
            return self._matches("GET", "byBinding", asked, limit=limit)
        body = json.dumps({"alg": algorithm, "value": encoded}).encode()
        return self._matches(
            "POST", "byBinding", {"maxResults": limit}, body, "application/json", limit=limit
        )

    def by_content(self, content: bytes, media_type: str, *, limit: int = 10) -> list[Match]:
        """The manifests to which the content leads there.

        Raises `InvalidArgument` without consent to send it, `ResolverFailed` as `by_binding`.
        """
        if not self.send_content:
            raise InvalidArgument(
                f"There is no consent to send the content to {self.host}.",
                remedy="Make the resolver with send_content=True if that is what you want.",
            )
        return self._matches(
            "POST", "byContent", {"maxResults": limit}, content, media_type, limit=limit
        )

    def manifest(self, match: Match) -> bytes:
        """The manifest store of a match.

        Raises `ResolverFailed` when it is not to be had.
        """
        address = f"{match.base}/manifests/{quote(match.identifier, safe='')}"
        status, content = self._request("GET", address, limit=MAX_MANIFEST_BYTES)
        if status != HTTPStatus.OK:
            raise _failed(address, f"answers with HTTP {status}")
        return content

    def _matches(
        self,
        method: str,
        route: str,
        asked: dict[str, Any],
        body: bytes | None = None,
        media_type: str | None = None,
        *,
        limit: int,
    ) -> list[Match]:
        base = self.url.rstrip("/")
        address = f"{base}/matches/{route}?{urlencode(asked)}"
        status, content = self._request(method, address, body, media_type, limit=_MAX_ANSWER_BYTES)
        if status in _NOT_KNOWN:
            return []
        if status != HTTPStatus.OK:
            raise _failed(address, f"answers with HTTP {status}")
        try:
            listed = json.loads(content)["matches"]
            matches = [found for item in listed if (found := self._match(item, base))]
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise _failed(address, "does not answer with matches") from error
        return matches[:limit]

    def _match(self, item: dict[str, Any], base: str) -> Match | None:
        """None for one that is nowhere we may ask."""
        identifier, endpoint = item["manifestId"], item.get("endpoint")
        usable = isinstance(identifier, str) and 0 < len(identifier) <= _MAX_IDENTIFIER
        if not usable or not identifier.isprintable():
            return None
        if endpoint is None:
            return Match(identifier, base)
        if not isinstance(endpoint, str) or not _is_usable(endpoint):
            return None
        known = urlsplit(endpoint).hostname in (self.host, *self.allowed_hosts)
        return Match(identifier, endpoint.rstrip("/")) if known else None

    def _request(
        self,
        method: str,
        address: str,
        body: bytes | None = None,
        media_type: str | None = None,
        *,
        limit: int,
    ) -> tuple[int, bytes]:
        """Status and content of the answer; redirections are not followed."""
        from http.client import HTTPException

        parts = urlsplit(address)
        headers = {"Accept": "application/c2pa, application/json"}
        if media_type is not None:
            headers["Content-Type"] = media_type
        if self.token is not None and _origin(address) == _origin(self.url):
            headers["Authorization"] = f"Bearer {self.token}"
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection = _connection(address, self.timeout_seconds)
        try:
            with _deadline(connection, self.timeout_seconds):
                connection.request(method, target, body, headers)
                with connection.getresponse() as answer:
                    content = answer.read(limit + 1)
                    status = answer.status
        except (OSError, HTTPException, ValueError) as error:
            raise _failed(address, f"cannot be asked ({str(error) or 'no answer'})") from error
        finally:
            connection.close()
        if len(content) > limit:
            raise _failed(address, "answers with too much")
        return status, content


def _is_usable(url: object) -> bool:
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
        _ = None if parts is None else parts.port
    except ValueError:
        return False
    if parts is None or parts.hostname is None or parts.username is not None:
        return False
    if parts.query or parts.fragment or not str(url).isascii() or not str(url).isprintable():
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def _connection(address: str, timeout_seconds: float) -> http.client.HTTPConnection:
    from http.client import HTTPConnection, HTTPSConnection

    parts = urlsplit(address)
    host = parts.hostname or ""
    if parts.scheme == "https":
        return HTTPSConnection(host, parts.port, timeout=timeout_seconds)
    return HTTPConnection(host, parts.port, timeout=timeout_seconds)


@contextlib.contextmanager
def _deadline(connection: http.client.HTTPConnection, seconds: float) -> Iterator[None]:
    """Ends the connection after so many seconds; its own timeout is for each byte anew."""

    def end() -> None:
        with contextlib.suppress(OSError, AttributeError):
            connection.sock.shutdown(socket.SHUT_RDWR)

    connection.connect()
    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _failed(address: str, problem: str) -> ResolverFailed:
    parts = urlsplit(address)
    return ResolverFailed(
        f"The resolution service {parts.netloc} {problem:.200}.",
        remedy="Check its address and the network, or leave it out.",
    )
