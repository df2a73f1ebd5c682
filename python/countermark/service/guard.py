"""What every request must pass: the name of the host, the rate, the size and pace of its body."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from prometheus_client import Gauge
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

from countermark.service.answers import refusal
from countermark.service.metrics import Metrics
from countermark.service.settings import Settings
from countermark.service.uploads import HEAD_BYTES, is_clip

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

SMALL_BODY_BYTES: Final = 64 * 1024
"""Of requests that carry neither picture nor manifest."""

GRACE_SECONDS: Final = 10.0
MIN_BYTES_PER_SECOND: Final = 32 * 1024
"""Pace of a body after the grace; a slower one is given up."""

_WORK_COSTS: Final = 10
_BURST_SECONDS: Final = 2
_MAX_CLIENTS: Final = 10_000
_DRAIN_SECONDS: Final = 1.0
_IPV6_NETWORK: Final = 64
_WITHOUT_BODY: Final = ("GET", "HEAD", "DELETE", "OPTIONS")
_UNCOUNTED: Final = ("/healthz", "/readyz", "/metrics")


class Guard:
    """An ASGI application in front of another one; it answers itself what shall not get there."""

    def __init__(self, app: App, *, settings: Settings, metrics: Metrics) -> None:
        self._app = app
        self._hosts = settings.allowed_hosts
        self._rates = Rates(settings.requests_per_second)
        self._memory = Room(settings.max_bytes_in_flight, metrics.body_bytes)
        self._disk = Room(settings.max_bytes_on_disk, metrics.disk_bytes)
        # Routes whose bodies are long and need a worker: the limit, and that of sounds and movies.
        content = settings.max_file_bytes, settings.max_clip_bytes
        self._limits: dict[str, tuple[int, int | None]] = {
            "/v1/verify": content,
            "/v1/mark": content,
            "/v1/matches/byContent": content,
            "/v1/manifests": (settings.max_manifest_bytes, None),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if self._hosts and _hostname(headers.get("host", "")) not in self._hosts:
            answer = refusal(421, "This service does not go by that name.")
            await answer(scope, receive, send)
            return
        wait = self._wait(scope)
        if wait > 0:
            unread = scope["method"] not in _WITHOUT_BODY
            answer = refusal(429, "Too many requests.", retry_after=wait, close=unread)
            await answer(scope, receive, send)
            return
        if scope["method"] in _WITHOUT_BODY:
            await self._app(scope, receive, send)
            return
        await self._with_body(scope, receive, send, headers)

    def _wait(self, scope: Scope) -> float:
        path = scope["path"]
        if path in _UNCOUNTED:
            return 0
        cost = _WORK_COSTS if path in self._limits else 1
        client = scope.get("client")
        return self._rates.wait(client[0] if client else "", cost)

    async def _with_body(
        self, scope: Scope, receive: Receive, send: Send, headers: Headers
    ) -> None:
        limit, clip_limit = self._limits.get(scope["path"], (SMALL_BODY_BYTES, None))
        body = _Body(receive, limit, self._memory)
        longest = max(limit, clip_limit or 0)
        stated = headers.get("content-length", "0")
        if not stated.isdecimal() or int(stated) > longest:
            if "expect" not in headers:  # otherwise the body has not been sent yet
                await body.drain()
            answer = refusal(413, f"The body is over {longest:,} bytes.", close=True)
            await answer(scope, receive, send)
            return
        if clip_limit is not None:
            body.may_be_clip(clip_limit, self._disk, int(stated))
        try:
            await self._app(scope, body.receive, send)
        finally:
            body.release()


class Room:
    """For so many bytes.

    >>> from countermark.service.metrics import Metrics
    >>> room = Room(10, Metrics().body_bytes)
    >>> room.take(7)
    >>> room.take(-3)
    >>> room.take(7)
    Traceback (most recent call last):
    ...
    starlette.exceptions.HTTPException: 503: Too many bytes are on their way here.
    """

    def __init__(self, limit: int, gauge: Gauge) -> None:
        self._limit = limit
        self._gauge = gauge
        self._taken = 0

    def take(self, count: int) -> None:
        """Takes room, or gives it back; raises an `HTTPException` 503 when there is none."""
        if count > 0 and self._taken + count > self._limit:
            raise HTTPException(503, "Too many bytes are on their way here.", _CLOSING)
        self._taken += count
        self._gauge.set(self._taken)


class _Body:
    """Counts what arrives, and how fast."""

    def __init__(self, receive: Receive, limit: int, room: Room) -> None:
        self.limit = limit
        self.received = 0
        self._stated = 0
        self._room = room
        self._receive = receive
        self._begun = time.monotonic()
        self._ended = False
        self._head: bytes | None = None  # while it is not known what begins so
        self._as_clip = limit, room

    def may_be_clip(self, limit: int, room: Room, stated: int) -> None:
        """As a sound or movie it has another limit and another room; its head tells.

        `stated`: its length, which is judged then.
        """
        self._head, self._as_clip, self._stated = b"", (limit, room), stated

    def release(self) -> None:
        """Gives back the room that it took."""
        self._room.take(-self.received)

    async def receive(self) -> Message:
        if self._ended:  # what comes then is the end of the connection, in its own time
            return await self._receive()
        elapsed = time.monotonic() - self._begun
        allowed = GRACE_SECONDS + self.received / MIN_BYTES_PER_SECOND
        try:
            message = await asyncio.wait_for(self._receive(), max(0.001, allowed - elapsed))
        except asyncio.TimeoutError as error:
            raise HTTPException(408, "The body comes too slowly.", _CLOSING) from error
        piece = message.get("body", b"")
        self._room.take(len(piece))
        self.received += len(piece)
        self._look(piece, is_last=not message.get("more_body", False))
        is_long = self._head is None and self._stated > self.limit
        if self.received > self.limit or is_long:
            await self.drain()
            raise HTTPException(413, f"The body is over {self.limit:,} bytes.", _CLOSING)
        self._ended = not message.get("more_body", False)
        return message

    def _look(self, piece: bytes, *, is_last: bool) -> None:
        """Until the head is there: then it is known whose limit and whose room it is."""
        if self._head is None:
            return
        self._head += piece[: HEAD_BYTES - len(self._head)]
        if len(self._head) < HEAD_BYTES and not is_last:
            return
        if is_clip(self._head):
            self.limit, room = self._as_clip
            room.take(self.received)
            self._room.take(-self.received)
            self._room = room
        self._head = None

    async def drain(self) -> None:
        """Take in and forget what is still sent, for a moment: then the answer is read."""

        async def drain() -> None:
            while (await self._receive()).get("more_body", False):
                pass

        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(drain(), _DRAIN_SECONDS)


_CLOSING: Final = {"connection": "close", "retry-after": "1"}


class Rates:
    """How fast each client asks: a bucket each, of the clients that were heard of last.

    >>> rates = Rates(5)
    >>> [rates.wait("192.0.2.1", cost=10) > 0 for _ in range(2)]
    [False, True]
    >>> rates.wait("192.0.2.2", cost=10)
    0.0
    """

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._burst = max(per_second * _BURST_SECONDS, _WORK_COSTS)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, address: str, cost: int) -> float:
        """Seconds until a request of that cost is welcome; 0 when it is, and then it counts."""
        if self._per_second == 0:
            return 0
        key = _network(address)
        now = time.monotonic()
        left, at = self._buckets.pop(key, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._per_second)
        missing = cost - left
        self._buckets[key] = (left if missing > 0 else left - cost, now)
        if len(self._buckets) > _MAX_CLIENTS:
            self._buckets.popitem(last=False)
        return max(0.0, missing / self._per_second)


def _network(address: str) -> str:
    """A customer of a provider has a whole IPv6 network; addresses in it are one client."""
    if ":" not in address:
        return address
    try:
        return str(ipaddress.ip_network((address.partition("%")[0], _IPV6_NETWORK), strict=False))
    except ValueError:
        return address


def _hostname(header: str) -> str:
    """The Host header without its port, and without the brackets of an IPv6 address."""
    if header.startswith("["):
        return header[1:].partition("]")[0].lower()
    return header.partition(":")[0].lower()
