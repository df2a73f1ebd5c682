"""The way around the framework for the one route that is asked far more often than all others."""

from __future__ import annotations

from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request

from countermark.errors import CountermarkError
from countermark.service import answers, matches, tokens
from countermark.service.context import PREFIX, Service
from countermark.service.guard import App, Receive, Scope, Send

_PATH: Final = f"{PREFIX}/matches/byBinding"


class Shortcut:
    """An ASGI application in front of another one: answers GET /matches/byBinding itself.

    It does what the route of the framework does, which stays for the description, in half of the
    time.
    """

    path = _PATH  # as a route has it, for the log

    def __init__(self, app: App, *, service: Service) -> None:
        self._app = app
        self._service = service
        self._check = service.requires(tokens.FETCH) if service.settings.private else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("path") != _PATH or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        scope["route"] = self
        request = Request(scope, receive)
        try:
            if self._check is not None:
                await self._check(request)
            answer = await matches.by_binding(self._service, request)
        except HTTPException as error:
            answer = answers.for_exception(request, error)
        except CountermarkError as error:
            answer = answers.for_error(request, error)
        await answer(scope, receive, send)
