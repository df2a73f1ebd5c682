"""What the routes of one service share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request
from starlette.exceptions import HTTPException

from countermark.service.metrics import Metrics
from countermark.service.pool import Pool
from countermark.service.publisher import Publisher
from countermark.service.repository import Repository
from countermark.service.settings import Settings
from countermark.service.tokens import Tokens

PREFIX: Final = "/v1"
"""Before every route of the interface, as in the standard's own description."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service. `readers`: workers without the key. `markers`: with it; None without scope."""

    settings: Settings
    tokens: Tokens
    repository: Repository
    publisher: Publisher
    readers: Pool
    markers: Pool | None
    metrics: Metrics

    def requires(self, scope: str) -> Callable[[Request], Awaitable[None]]:
        """A dependency of routes that only the bearers of tokens with that scope may use."""

        async def check(request: Request) -> None:
            scopes = self.tokens.scopes(request.headers.get("authorization"))
            if scopes is None:
                raise HTTPException(
                    401, "This needs a bearer token.", {"www-authenticate": "Bearer"}
                )
            if scope not in scopes:
                challenge = f'Bearer error="insufficient_scope", scope="{scope}"'
                raise HTTPException(
                    403, f"This token lacks the scope {scope}.", {"www-authenticate": challenge}
                )

        return check

    def base(self, request: Request) -> str:
        """The address of the interface, as the world calls it or as this client did."""
        root = self.settings.public_url or str(request.base_url)
        return root.rstrip("/") + PREFIX


def described(*statuses: int, **others: Any) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI description of the refusals that a route may answer with.

    >>> described(400)[400]["description"]
    'The request is malformed.'
    """
    return {
        status: {
            "description": _REFUSALS[status],
            "content": {"application/json": {"schema": ERROR}},
        }
        for status in sorted({*statuses, 408, 413, 421, 429, 500, 503})
    }


ERROR: Final = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "string"}},
}
_REFUSALS: Final = {
    400: "The request is malformed.",
    401: "A bearer token is missing or unknown.",
    403: "The bearer, or anybody, may not do this here.",
    404: "It is not here.",
    408: "The body came too slowly.",
    409: "The content is known, and the policy of this service refuses it.",
    413: "The body, or the content in it, is too large.",
    414: "The value is too long for an address; send it by POST.",
    415: "This is neither picture, sound nor movie, or of a kind that is not read here.",
    421: "The service does not go by the name in the Host header.",
    422: "The content could not be examined or marked.",
    429: "Too many requests of this client; Retry-After says when to come back.",
    500: "A defect of the service.",
    503: "Too much to do; Retry-After says when to come back.",
}
