"""The service as an ASGI application."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse
from starlette.staticfiles import StaticFiles

from countermark import keys
from countermark.errors import CountermarkError
from countermark.service import answers, discovery, log, manifests, matches, pictures, tokens
from countermark.service.context import Service
from countermark.service.guard import Guard
from countermark.service.metrics import Metrics
from countermark.service.observing import LOGGER, Observer
from countermark.service.pool import Pool
from countermark.service.publisher import Publisher
from countermark.service.repository import Repository
from countermark.service.settings import Settings
from countermark.service.shortcut import Shortcut
from countermark.service.tokens import Tokens
from countermark.service.worker import MARKER, READER

PAGE: Final = Path(__file__).with_name("page")
"""Static files for people: index.html is served at /, all of them below /page/."""


def create_app(settings: Settings) -> FastAPI:
    """The service of the home folder.

    Raises `HomeMissing`, `SourceNotFound` and `InvalidArgument` for the token file, and
    `UnreadableRegistry`. That the workers start shows when the application does.
    """
    home = keys.open_home()
    known = Tokens.load(settings.token_file)
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
        summary="C2PA Soft Binding Resolution API 2.4, and pictures marked and verified.",
        version="1",
        docs_url=None,  # its page comes from elsewhere, which the policy for content forbids
        redoc_url=None,
        lifespan=lambda running: _running(running, service),
    )
    for module in (matches, manifests, log, discovery, pictures):
        app.include_router(module.router(service))
    app.include_router(discovery.outside(service))
    _serve_page(app)
    app.add_exception_handler(CountermarkError, answers.for_error)
    app.add_exception_handler(HTTPException, answers.for_exception)
    app.add_exception_handler(RequestValidationError, answers.for_parameters)
    app.add_middleware(Shortcut, service=service)
    app.add_middleware(Guard, settings=settings, metrics=metrics)
    app.add_middleware(Observer, metrics=metrics)
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


def _serve_page(app: FastAPI) -> None:
    if (PAGE / "index.html").is_file():
        index = FileResponse(PAGE / "index.html")
        app.add_api_route("/", lambda: index, include_in_schema=False)
        app.mount("/page", StaticFiles(directory=PAGE))


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
