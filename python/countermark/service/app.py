"""The service as an ASGI application."""

from __future__ import annotations

import asyncio
import contextlib
import html
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

from countermark import keys
from countermark.errors import CountermarkError
from countermark.service import (
    answers,
    complaints,
    discovery,
    log,
    manifests,
    matches,
    pictures,
    reader,
    tokens,
)
from countermark.service.context import Service
from countermark.service.guard import Guard
from countermark.service.metrics import Metrics
from countermark.service.observing import (
    CONTENT_SECURITY_POLICY,
    LOGGER,
    WITH_WEBASSEMBLY,
    Observer,
)
from countermark.service.pool import Pool
from countermark.service.publisher import Publisher
from countermark.service.repository import Repository
from countermark.service.settings import Settings
from countermark.service.shortcut import Shortcut
from countermark.service.tokens import Tokens
from countermark.service.worker import MARKER, READER

PAGE: Final = Path(__file__).with_name("page")
"""Static files for people: index.html is served at /, all of them below /page/."""

_CORE: Final = PAGE / "core"
_CORE_HERE: Final = '  <meta name="core" content="page/core/">\n</head>'
_COMPLAINTS_HERE: Final = '  <meta name="complaints" content="open">\n</head>'
_FILING: Final = """    <p><span data-words="foot.filed">Filed with the authority:</span>
      <a href="{url}" rel="noopener noreferrer">{number}</a></p>
  </footer>"""
_READER_HERE: Final = '  <meta name="reader" content="page/reader/">\n</head>'


def create_app(settings: Settings) -> FastAPI:
    """The service of the home folder.

    Raises `HomeMissing`, `SourceNotFound` and `InvalidArgument` for the token file,
    `ReaderUnavailable` and `UnreadableRegistry`. That the workers start shows when the
    application does.
    """
    home = keys.open_home()
    known = Tokens.load(settings.token_file)
    if settings.reader is not None:
        reader.check(settings.reader)
    metrics = Metrics()
    shared = settings.as_dict()
    repository = Repository(home.registry_path)
    service = Service(
        settings=settings,
        tokens=known,
        repository=repository,
        publisher=Publisher(home, repository),
        readers=Pool(READER, settings.workers, shared, metrics),
        markers=Pool(MARKER, settings.workers, shared, metrics)
        if known.grants(tokens.MARK)
        else None,
        metrics=metrics,
    )
    app = FastAPI(
        title="countermark",
        summary="C2PA Soft Binding Resolution API 2.4, and files marked and verified.",
        version="1",
        docs_url=None,  # its page comes from elsewhere, which the policy for content forbids
        redoc_url=None,
        lifespan=lambda running: _running(running, service),
    )
    for module in (matches, manifests, log, discovery, pictures, complaints):
        app.include_router(module.router(service))
    app.include_router(discovery.outside(service))
    _serve_page(app, settings)
    app.add_exception_handler(CountermarkError, answers.for_error)
    app.add_exception_handler(HTTPException, answers.for_exception)
    app.add_exception_handler(RequestValidationError, answers.for_parameters)
    app.add_middleware(Shortcut, service=service)
    app.add_middleware(Guard, settings=settings, metrics=metrics)
    policy = WITH_WEBASSEMBLY if settings.reader is not None else CONTENT_SECURITY_POLICY
    app.add_middleware(Observer, metrics=metrics, policy=policy, filing=settings.filing)
    _describe(app)
    return app


@contextlib.asynccontextmanager
async def _running(app: FastAPI, service: Service) -> AsyncIterator[None]:
    pools = [pool for pool in (service.readers, service.markers) if pool is not None]
    upgrade = None
    try:
        try:
            for pool in pools:
                await pool.start()
        except CountermarkError as error:
            app.state.failure = error  # the server only says that it does not start
            raise
        upgrade = asyncio.ensure_future(asyncio.to_thread(_upgrade, service))
        upgrade.add_done_callback(_tell_failure)
        yield
    finally:
        for pool in pools:
            await pool.close()
        if upgrade is not None:
            await asyncio.wait([upgrade])
        service.repository.close()


def _upgrade(service: Service) -> None:
    service.repository.keeper.upgrade()


def _tell_failure(upgrade: asyncio.Future[None]) -> None:
    if not upgrade.cancelled() and upgrade.exception() is not None:
        text = "the registry could not be brought up to date"
        LOGGER.error(text, exc_info=upgrade.exception())


def _serve_page(app: FastAPI, settings: Settings) -> None:
    if not (PAGE / "index.html").is_file():
        return
    index = (PAGE / "index.html").read_text(encoding="utf-8")
    if settings.reader is not None:
        index = index.replace("</head>", _READER_HERE)
        app.mount("/page/reader", _Revalidated(directory=settings.reader))
    if (_CORE / "countermark.wasm").is_file():  # wheels carry it, where it was built for them
        index = index.replace("</head>", _CORE_HERE)
        app.mount("/page/core", _Compiled(directory=_CORE))
    if settings.complaints:
        index = index.replace("</head>", _COMPLAINTS_HERE)
    if (filing := settings.filing) is not None:
        shown = _FILING.format(url=html.escape(filing.url), number=html.escape(filing.number))
        index = index.replace("  </footer>", shown)
    app.add_api_route("/", lambda: HTMLResponse(index), include_in_schema=False)
    app.mount("/page", StaticFiles(directory=PAGE))


class _Revalidated(StaticFiles):
    """Files that browsers may keep, if they ask each time whether they are still the same."""

    def file_response(self, *arguments: Any, **options: Any) -> Response:
        response = super().file_response(*arguments, **options)
        response.headers["cache-control"] = "no-cache"
        return response


class _Compiled(_Revalidated):
    """A worker and its module of WebAssembly, which it alone may compile."""

    def file_response(self, *arguments: Any, **options: Any) -> Response:
        response = super().file_response(*arguments, **options)
        response.headers["content-security-policy"] = WITH_WEBASSEMBLY
        return response


def _describe(app: FastAPI) -> None:
    """Make the OpenAPI document say what is so: parameters that do not fit are answered by 400."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        for operations in document["paths"].values():
            for operation in operations.values():
                refused = operation["responses"].get("422", {})
                if refused.get("description") == "Validation Error":
                    del operation["responses"]["422"]
        components = document.setdefault("components", {})
        schemas = components.get("schemas", {})
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        return document

    app.openapi = openapi  # type: ignore[method-assign]
