"""From soft bindings, pictures, sounds and movies to the identifiers of manifests.

Source: C2PA 2.4, Soft Binding Resolution API, /matches; what 1.0 (C2PA 2.1 and 2.2) asks for is a
part of it. A match is a lead and no proof: whoever follows it checks the manifest.
"""

from __future__ import annotations

import base64
import binascii
import re
from contextlib import ExitStack
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from countermark.credentials import (
    FINGERPRINT_ALGORITHM,
    FINGERPRINTS,
    SOUND_FINGERPRINT_ALGORITHM,
    SOUND_WATERMARK_ALGORITHM,
    VIDEO_FINGERPRINT_ALGORITHM,
    WATERMARK_ALGORITHM,
)
from countermark.service import tokens
from countermark.service.context import PREFIX, Service, described
from countermark.service.uploads import received

ALGORITHM_PATTERN: Final = r"^[A-Za-z0-9._-]{1,200}$"
BASE64_PATTERN: Final = r"^([A-Za-z0-9+/_-]{4})*([A-Za-z0-9+/_-]{2}(==)?|[A-Za-z0-9+/_-]{3}=?)?$"
_ALGORITHM: Final = re.compile(ALGORITHM_PATTERN)
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,8}")
_MAX_QUERY_VALUE: Final = 2048
_MAX_RESULTS: Final = 100
_FINGERPRINT_BYTES: Final = 32

FOUND_WATERMARKS: Final = (WATERMARK_ALGORITHM, SOUND_WATERMARK_ALGORITHM)
FOUND_FINGERPRINTS: Final = (
    FINGERPRINT_ALGORITHM,
    VIDEO_FINGERPRINT_ALGORITHM,
    SOUND_FINGERPRINT_ALGORITHM,
)
"""Algorithms by which content is looked up, as they are offered."""

_ALGORITHMS: Final = (*FOUND_WATERMARKS, *FOUND_FINGERPRINTS)
_READABLE: Final = ("image", "audio", "video", "application")
_Algorithm = Annotated[
    str, Query(pattern=ALGORITHM_PATTERN, description="Name of a soft binding algorithm.")
]
_Value = Annotated[
    str, Query(pattern=BASE64_PATTERN, description="Value of the soft binding, in base64.")
]
_Limit = Annotated[
    int,
    Query(alias="maxResults", ge=1, description=f"Matches wanted; {_MAX_RESULTS} at most come."),
]
_MATCHES: Final = {
    "description": "Identifiers of manifests, the best match first.",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["matches"],
                "properties": {
                    "matches": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["manifestId"],
                            "properties": {
                                "manifestId": {"type": "string"},
                                "similarityScore": {
                                    "type": "number",
                                    "minimum": 0,
                                    "maximum": 100,
                                },
                            },
                        },
                    }
                },
            }
        }
    },
}
_BINDING_PARAMETERS: Final = [
    {
        "name": "value",
        "in": "query",
        "required": True,
        "description": "Value of the soft binding, in base64; a longer one than "
        f"{_MAX_QUERY_VALUE:,} characters goes by POST.",
        "schema": {"type": "string", "pattern": BASE64_PATTERN},
    },
    {
        "name": "alg",
        "in": "query",
        "required": True,
        "description": "Name of a soft binding algorithm.",
        "schema": {"type": "string", "pattern": ALGORITHM_PATTERN},
    },
    {
        "name": "maxResults",
        "in": "query",
        "description": f"Matches wanted; {_MAX_RESULTS} at most come.",
        "schema": {"type": "integer", "minimum": 1, "maximum": 999_999_999, "default": 10},
    },
]
_CONTENT: Final = {
    "requestBody": {
        "required": True,
        "content": {
            name: {"schema": {"type": "string", "format": "binary"}}
            for name in ("image/*", "audio/*", "video/*", "application/octet-stream")
        },
    }
}


class BindingQuery(BaseModel):
    """A soft binding whose value is too long for an address."""

    alg: Annotated[str, Field(pattern=ALGORITHM_PATTERN)]
    value: Annotated[str, Field(pattern=BASE64_PATTERN, description="In base64.")]


def router(service: Service) -> APIRouter:
    """The routes below /matches."""
    readers = [Depends(service.requires(tokens.FETCH))] if service.settings.private else []
    routes = APIRouter(prefix=f"{PREFIX}/matches", tags=["query"], dependencies=readers)
    refused = (401, 403) if service.settings.private else ()

    @routes.get(
        "/byBinding",
        responses={200: _MATCHES, **described(400, 414, *refused)},
        openapi_extra={"parameters": _BINDING_PARAMETERS},
    )
    async def query_by_binding(request: Request) -> JSONResponse:
        """Find manifests by a soft binding."""
        return await by_binding(service, request)

    @routes.post("/byBinding", responses={200: _MATCHES, **described(400, *refused)})
    async def query_by_large_binding(query: BindingQuery, limit: _Limit = 10) -> JSONResponse:
        """Find manifests by a soft binding with a long value."""
        return _answer(await _bound_to(service, query.alg, decoded(query.value), limit))

    @routes.post(
        "/byContent",
        responses={200: _MATCHES, **described(400, 415, 422, *refused)},
        openapi_extra=_CONTENT,
    )
    async def query_by_content(
        request: Request,
        alg: _Algorithm | None = None,
        hint_alg: Annotated[_Algorithm | None, Query(alias="hintAlg")] = None,
        hint_value: Annotated[_Value | None, Query(alias="hintValue")] = None,
        limit: _Limit = 10,
    ) -> JSONResponse:
        """Find manifests by a picture, sound or movie.

        By its watermarks, then by its fingerprint, then by the hint.
        """
        _check_media_type(request.headers.get("content-type"))
        if alg is not None and alg not in _ALGORITHMS:
            raise HTTPException(400, f"The algorithm is none of {', '.join(_ALGORITHMS)}.")
        hint = None if hint_value is None else decoded(hint_value)
        service.readers.check_room()
        with ExitStack() as stack:
            upload = await received(request, stack)
            job = {"job": "match", "alg": alg, "limit": min(limit, _MAX_RESULTS), **upload.place}
            found, _ = await service.readers.run(
                job, upload.content, is_gone=request.is_disconnected
            )
        matches: list[tuple[str, int]] = []
        for algorithm, value in found["bindings"]:
            matches += await _bound_to(service, algorithm, base64.b64decode(value), limit)
        matches += map(tuple, found["similar"])
        if not matches and hint is not None and hint_alg is not None:
            matches = await _bound_to(service, hint_alg, hint, limit)
        return _answer(matches[:limit])

    @routes.post(
        "/byReference",
        responses=described(400, 403, *refused),
        status_code=403,
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "required": ["referenceUrl", "assetLength"],
                            "properties": {
                                "referenceUrl": {"type": "string", "format": "uri"},
                                "assetLength": {"type": "integer"},
                                "assetType": {"type": "string"},
                            },
                        }
                    }
                },
            }
        },
    )
    async def query_by_reference() -> None:
        """Refused: who lets others name addresses fetches from inside networks for them."""
        raise HTTPException(
            403,
            "This service fetches nothing from addresses that others name; send the content "
            "itself to /v1/matches/byContent.",
        )

    return routes


async def by_binding(service: Service, request: Request) -> JSONResponse:
    """GET /matches/byBinding. It reads its parameters itself: this is the route that is hurried."""
    asked = request.query_params
    value, algorithm, limit = asked.get("value"), asked.get("alg"), asked.get("maxResults", "10")
    if value is None or algorithm is None:
        raise HTTPException(400, "The parameters value and alg are needed.")
    if len(value) > _MAX_QUERY_VALUE:
        raise HTTPException(414, "The value is too long for an address; send it by POST.")
    if not _ALGORITHM.fullmatch(algorithm):
        raise HTTPException(400, "The name of the algorithm is malformed.")
    if not _NUMBER.fullmatch(limit):
        raise HTTPException(400, "The parameter maxResults is no positive number.")
    return _answer(await _bound_to(service, algorithm, decoded(value), int(limit)))


async def _bound_to(
    service: Service, algorithm: str, value: bytes, limit: int
) -> list[tuple[str, int]]:
    """Identifiers of manifests, each with the likeness in percent."""
    limit = min(limit, _MAX_RESULTS)
    exact = [(found, 100) for found in service.repository.bound_to(algorithm, value, limit=limit)]
    if algorithm not in FINGERPRINTS:
        return exact
    if len(value) != _FINGERPRINT_BYTES:
        raise HTTPException(400, f"A value of {algorithm} has {_FINGERPRINT_BYTES} bytes.")
    job = {"job": "similar", "alg": algorithm, "limit": limit}
    answer, _ = await service.readers.run(job, value)
    return [*exact, *map(tuple, answer["similar"])][:limit]


def _answer(matches: list[tuple[str, int]]) -> JSONResponse:
    best = dict(sorted(matches, key=lambda match: match[1]))  # a better one replaces a worse one
    found = [
        {"manifestId": identifier, "similarityScore": score}
        for identifier, score in sorted(best.items(), key=lambda match: -match[1])
    ]
    return JSONResponse({"matches": found})


def decoded(value: str) -> bytes:
    """The bytes of a soft binding's value, raising an `HTTPException` 400 when there are none.

    Of base64 in either alphabet, padded or not; a space is a plus that an address ate.
    """
    plain = value.replace(" ", "+").replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise HTTPException(400, "The value is not base64.") from error


def _check_media_type(stated: str | None) -> None:
    """What is neither picture, sound nor movie by its own account is refused before it is read."""
    if stated is not None and stated.partition("/")[0].strip().lower() not in _READABLE:
        raise HTTPException(415, "Only pictures, sounds and movies are matched here.")
