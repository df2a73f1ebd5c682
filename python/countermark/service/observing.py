"""What is told of every request: a line in the log, the metrics, headers for browsers.

Nothing in them is about a person: no address, no file name, no parameter, no token.
"""

from __future__ import annotations

import json
import logging
import secrets
import sys
import time
import traceback
from datetime import datetime, timezone
from typing import Any, Final

from countermark.record import Filing
from countermark.service.answers import refusal
from countermark.service.guard import App, Message, Receive, Scope, Send
from countermark.service.metrics import Metrics

LOGGER: Final = logging.getLogger("countermark.service")

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "object-src 'none'"
)
WITH_WEBASSEMBLY: Final = f"{CONTENT_SECURITY_POLICY}; script-src 'self' 'wasm-unsafe-eval'"
"""WebAssembly of this service may be compiled: by the page where it reads credentials itself, else
by the worker that looks into pixels, and nowhere else."""

_HEADERS: Final = (
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)
_POLICY: Final = b"content-security-policy"
_FILING: Final = b"countermark-filing"
_METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


class Observer:
    """An ASGI application around another one."""

    def __init__(
        self,
        app: App,
        *,
        metrics: Metrics,
        policy: str = CONTENT_SECURITY_POLICY,
        filing: Filing | None = None,
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._policy = (_POLICY, policy.encode())
        self._headers = list(_HEADERS)
        if filing is not None:
            self._headers.append((_FILING, json.dumps(filing.members()).encode()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        identifier = secrets.token_hex(8)
        begun = time.perf_counter()
        status, sent = 0, 0

        async def observed(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
                own = [(b"x-request-id", identifier.encode()), *self._headers]
                names = {name for name, _ in message["headers"]}
                if _POLICY not in names:
                    own.append(self._policy)
                if b"cache-control" not in names:
                    own.append((b"cache-control", b"no-store"))
                message["headers"] = [*message["headers"], *own]
            else:
                sent += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, observed)
        except Exception:
            LOGGER.error("a defect", extra={"request": identifier}, exc_info=True)
            if status:
                raise  # the server ends the connection: the answer is not whole
            # Nothing of the exception is told, for it may hold what others sent.
            answer = refusal(500, "The service failed unexpectedly; its log says more.", close=True)
            await answer(scope, receive, observed)
        finally:
            self._tell(scope, identifier, status, sent, time.perf_counter() - begun)

    def _tell(self, scope: Scope, identifier: str, status: int, sent: int, seconds: float) -> None:
        # The template of the route, never the path: that may hold anything.
        route = getattr(scope.get("route"), "path", "none")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.requests.labels(method, route, status).inc()
        self._metrics.request_seconds.labels(route).observe(seconds)
        # Not by the module logging, which takes longer than all the rest of this.
        sys.stderr.write(
            _line(
                "info",
                "request",
                id=identifier,
                method=method,
                route=route,
                status=status,
                bytes=sent,
                milliseconds=round(1000 * seconds, 2),
            )
        )


def _line(level: str, event: str, **values: Any) -> str:
    at = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    return json.dumps({"time": at, "level": level, "event": event, **values}) + "\n"


class JsonFormatter(logging.Formatter):
    """Lines of the log as JSON objects.

    >>> record = logging.LogRecord("n", logging.ERROR, "", 0, "it failed", None, None)
    >>> json.loads(JsonFormatter().format(record))["event"]
    'it failed'
    """

    def format(self, record: logging.LogRecord) -> str:
        event = record.getMessage().strip()
        if event.startswith("Traceback"):  # how the server tells why it does not start
            event = event.splitlines()[-1]
        request = getattr(record, "request", None)
        values: dict[str, Any] = {} if request is None else {"id": request}
        if record.exc_info and record.exc_info[0] is not None:
            # Where, and of which class; the text of an exception may hold what others sent.
            values["exception"] = record.exc_info[0].__name__
            frames = traceback.extract_tb(record.exc_info[2])
            values["at"] = [f"{frame.name}:{frame.lineno}" for frame in frames[-8:]]
        return _line(record.levelname.lower(), event, **values).rstrip()


def configure_logging() -> None:
    """The log of the service and of the server below it: JSON on standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    for name in (LOGGER.name, "uvicorn", "uvicorn.error", "asyncio"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(logging.INFO if name == LOGGER.name else logging.WARNING)
    logging.getLogger("uvicorn.access").handlers = []
