"""Answers that all routes give alike: what went wrong, as the standard's `{"error": text}`."""

from __future__ import annotations

import math
from typing import Any, Final

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from countermark import errors
from countermark.errors import CountermarkError

# The first class that fits decides.
_STATUS: Final[tuple[tuple[type[CountermarkError], int], ...]] = (
    (errors.ImageTooLarge, 413),
    (errors.ImageTooSmall, 422),
    (errors.MarkNotReadable, 422),
    (errors.JobKilled, 422),
    (errors.ImageError, 415),
    (errors.SoundError, 415),
    (errors.VideoError, 415),
    (errors.InvalidArgument, 400),
    (errors.UnreadableManifest, 400),
    (errors.RefusedContent, 409),
    (errors.ConsentMissing, 422),
    (errors.UnassessedModel, 422),
    (errors.GrantMissing, 422),
    (errors.ProfileNotMet, 422),
    (errors.MarkLost, 422),
    (errors.FontMissing, 500),  # the host has to install one
    (errors.LabelError, 422),
    (errors.ServiceBusy, 503),
    (errors.InvalidFeature, 500),  # somebody has to look at it; coming back does not help
    (errors.RegistryError, 503),
)


def refusal(
    status: int, text: str, *, retry_after: float | None = None, close: bool = False
) -> JSONResponse:
    """An answer that says why not."""
    headers = {}
    if retry_after is not None:
        headers["retry-after"] = str(max(1, math.ceil(retry_after)))
    if close:
        headers["connection"] = "close"
    return JSONResponse({"error": text}, status, headers)


def for_error(_: Request, error: Exception) -> JSONResponse:
    """What is said about one of our errors."""
    status = next((code for kind, code in _STATUS if isinstance(error, kind)), 500)
    return refusal(status, str(error), retry_after=2 if status == 503 else None)


def for_exception(_: Request, error: Exception) -> JSONResponse:
    """What is said when the framework or a route refuses."""
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


def for_parameters(_: Request, error: Exception) -> JSONResponse:
    """What is said about parameters of the wrong kind; the standard has 400 for it."""
    assert isinstance(error, RequestValidationError)
    found: list[Any] = list(error.errors())
    texts = [f"{'.'.join(map(str, item['loc'][1:]))}: {item['msg']}" for item in found]
    return refusal(400, "; ".join(texts)[:500] or "The request is malformed.")
