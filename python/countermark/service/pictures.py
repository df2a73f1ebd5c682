"""Mark and verify over HTTP, for generation servers and pages.

A picture, sound or movie is the body as it is: no form, no name, nothing to parse around it. The
record comes as JSON in a header and not in the address, which proxies write down.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from countermark.errors import InvalidProfile
from countermark.labels.profiles import NAMES
from countermark.record import Record
from countermark.service import tokens
from countermark.service.context import PREFIX, Service, described
from countermark.service.uploads import Finished, received
from countermark.watermark import Strength

_PROFILES: Final = f"^({'|'.join(NAMES)})(,({'|'.join(NAMES)}))*$"
_TYPES: Final = ("image/*", "video/*", "audio/*", "application/octet-stream")
_CONTENT: Final = {
    "requestBody": {
        "required": True,
        "content": {name: {"schema": {"type": "string", "format": "binary"}} for name in _TYPES},
    }
}
_MARKED: Final = {
    "description": "The marked file.",
    "content": {
        name: {"schema": {"type": "string", "format": "binary"}}
        for name in ("image/*", "video/*", "audio/*")
    },
    "headers": {
        "Countermark-Payload": {
            "description": "The 64 bits in the content, in hexadecimal.",
            "schema": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
        },
        "Countermark-Manifest-SHA256": {
            "description": "Of the manifest store, in hexadecimal.",
            "schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        },
        "Countermark-Notices": {
            "description": "What is known of the content, if anything is: JSON in ASCII.",
            "schema": {"type": "string"},
        },
        "Countermark-Video": {
            "description": "Of a movie, how many frames and which sounds were marked, and of those "
            "that were not, why: JSON in ASCII, as `video` of `countermark mark --json`.",
            "schema": {"type": "string"},
        },
    },
}
_REPORT: Final = {
    "description": "The report, as `countermark verify --json` gives it.",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["verdict", "trust", "summary", "evidence"],
                "properties": {
                    "verdict": {
                        "enum": [
                            "intact",
                            "altered",
                            "recovered",
                            "transplanted",
                            "unmarked",
                            "unreadable",
                        ]
                    },
                    "trust": {"type": "string"},
                    "summary": {"type": "string"},
                    "evidence": {"type": "array", "items": {"type": "object"}},
                    "notices": {
                        "type": "array",
                        "items": {"type": "object"},
                        "description": "What is known of the content; to be shown first.",
                    },
                    "details": {"type": "object", "description": "If they were asked for."},
                },
            }
        }
    },
}


def router(service: Service) -> APIRouter:
    """The routes /mark and /verify."""
    routes = APIRouter(prefix=PREFIX, tags=["pictures"])
    # Details hold the manifests of look-alikes, which a private service does not give to anybody.
    check = service.requires(tokens.FETCH) if service.settings.private else None

    @routes.post(
        "/verify",
        responses={200: _REPORT, **described(400, 401, 403, 409, 415, 422)},
        openapi_extra=_CONTENT,
    )
    async def verify(
        request: Request,
        details: Annotated[
            bool,
            Query(description="Whether to add what the page shows beside the report; slower."),
        ] = False,
    ) -> Response:
        """Say what is known about a picture, sound, movie or another file, and how."""
        _check_no_form(request)
        if check is not None and details:
            await check(request)
        service.readers.check_room()
        with ExitStack() as stack:
            upload = await received(request, stack)
            job = {"job": "verify", "details": details, **upload.place}
            _, report = await service.readers.run(
                job, upload.content, is_gone=request.is_disconnected
            )
        return Response(report, media_type="application/json")

    @routes.post(
        "/mark",
        responses={200: _MARKED, **described(400, 401, 403, 409, 415, 422)},
        openapi_extra=_CONTENT,
        dependencies=[Depends(service.requires(tokens.MARK))],
        response_class=Response,
    )
    async def mark(
        request: Request,
        record: Annotated[
            str,
            Header(
                alias="Countermark-Record",
                description="What is stated about the content: JSON in ASCII with `source` and "
                "perhaps other statements, as docs/schemas/record.schema.json has them.",
                examples=['{"source":"ai-generated","system":{"name":"Example Model"}}'],
            ),
        ],
        strength: Annotated[Strength, Query(description="Of the watermark.")] = Strength.BALANCED,
        profile: Annotated[
            Sequence[str],
            Query(
                description="Whose duties are to be met: the content gets the labels that they "
                "demand, and is refused with 422 if it lacks anything else. One of "
                f"{', '.join(NAMES)}, or several with commas; may be repeated.",
                json_schema_extra={"items": {"type": "string", "pattern": _PROFILES}},
            ),
        ] = (),
    ) -> Response:
        """Put a watermark and a signed manifest into a picture, sound or movie; remember both."""
        _check_no_form(request)
        stated = Record.from_json(record)  # refused before the content is read
        demanded = _profiles(profile)
        if service.markers is None:
            raise HTTPException(403, "This service does not mark.")
        service.markers.check_room()
        job = {
            "job": "mark",
            "record": stated.to_json(),
            "strength": strength.value,
            "profiles": demanded,
        }
        with ExitStack() as stack:
            upload = await received(request, stack)
            done, content = await service.markers.run(
                {**job, **upload.place}, upload.content, is_gone=request.is_disconnected
            )
            headers, kind = _told(done), done["media_type"]
            if "path" in done:
                return Finished(Path(done["path"]), kind, headers, kept=stack.pop_all())
        return Response(content, media_type=kind, headers=headers)

    return routes


def _told(done: dict[str, Any]) -> dict[str, str]:
    """What is said of marked content beside it."""
    headers = {
        "countermark-payload": done["payload"],
        "countermark-manifest-sha256": done["manifest_sha256"],
    }
    if done["notices"]:
        headers["countermark-notices"] = json.dumps(done["notices"])
    if done["video"] is not None:
        headers["countermark-video"] = json.dumps(done["video"])
    return headers


def _profiles(texts: Sequence[str]) -> list[str]:
    """The names in a parameter that may be repeated; never a file of this machine."""
    names = [name.strip() for text in texts for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise InvalidProfile(
            f"There is no profile {unknown[0]!r:.100}.", remedy=f"Use {', '.join(NAMES)}."
        )
    return list(dict.fromkeys(names))


def _check_no_form(request: Request) -> None:
    """What is sent as a form would be judged with all that stands around the file in it."""
    stated = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if stated in ("multipart/form-data", "application/x-www-form-urlencoded"):
        raise HTTPException(415, "Send the file itself as the body, not a form.")
