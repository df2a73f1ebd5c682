"""Complaints over HTTP: taken in from whom the service lets, their state for who has the secret.

Source: Deep Synthesis Provisions of the PRC, article 12: a convenient entry, and terms that are
published.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from countermark.registry.duties import About, Complaint, ComplaintKind, Terms
from countermark.registry.duties.complaints import LONGEST_TEXT
from countermark.service import tokens
from countermark.service.context import PREFIX, Service, described
from countermark.service.guard import Rates

_A_MINUTE: Final = 1 / 60
_OF_ALL_A_SECOND: Final = 0.1
"""What everybody without a token may file together: each takes room on the disk for long."""

_LINE: Final = r"^[^\x00-\x1f\x7f]+$"
_TIME: Final = {"type": "string", "format": "date-time"}
_STATE: Final = {
    "type": "object",
    "required": ["ticket", "kind", "state", "since", "received_at", "deadline"],
    "properties": {
        "ticket": {"type": "string"},
        "kind": {"enum": ["appeal", "complaint", "report"]},
        "state": {"enum": ["received", "accepted", "answered", "closed"]},
        "since": _TIME,
        "received_at": _TIME,
        "deadline": _TIME,
        "answer_sha256": {"type": "string", "description": "Of the answer that was sent."},
    },
}
_RECEIVED: Final = {
    "type": "object",
    "required": ["ticket", "secret", "deadline"],
    "properties": {
        "ticket": {"type": "string"},
        "secret": {"type": "string", "description": "Shows the state; it is not given again."},
        "deadline": _TIME,
    },
}
_TERM: Final = {"type": "object", "additionalProperties": {"type": "integer"}}
_TERMS: Final = {
    "type": "object",
    "required": ["open", "terms"],
    "properties": {
        "open": {"type": "boolean", "description": "Whether anybody may file one, by POST."},
        "terms": {"type": "object", "additionalProperties": _TERM},
    },
}
_Ticket = Annotated[str, Path(pattern="^[0-9a-f]{16}$", description="As it was given.")]


class Filed(BaseModel):
    """A complaint: what it is about, and perhaps by whom and in which words."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "anyOf": [{"required": ["payload"]}, {"required": ["pdq"]}, {"required": ["url"]}]
        },
    )
    kind: Literal["appeal", "complaint", "report"]
    payload: Annotated[str, Field(pattern="^[0-9a-f]{16}$")] = ""
    pdq: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] = ""
    url: Annotated[str, Field(max_length=2048, pattern=_LINE)] = ""
    contact: Annotated[str, Field(max_length=256, pattern=_LINE)] = ""
    text: Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)] = ""

    @property
    def about(self) -> About:
        """Raises `InvalidArgument` when it is nothing."""
        return About.of(
            payload=int(self.payload, 16) if self.payload else None,
            pdq=bytes.fromhex(self.pdq) if self.pdq else None,
            url=self.url or None,
        )


def router(service: Service) -> APIRouter:
    """The routes below /complaints."""
    routes = APIRouter(prefix=f"{PREFIX}/complaints", tags=["complaints"])
    is_open = service.settings.complaints
    limits = _Limits(service.settings.requests_per_second > 0)
    needs_scope = service.requires(tokens.COMPLAINTS)

    @routes.get("", responses={200: _json("How they are taken in.", _TERMS), **described()})
    async def get_terms() -> JSONResponse:
        """Whether anybody may file a complaint, and in how many days each kind is answered."""
        terms = await run_in_threadpool(lambda: service.repository.keeper.complaints.terms())
        return JSONResponse({"open": is_open, "terms": _days(terms)})

    @routes.post(
        "",
        responses={200: _json("Taken in.", _RECEIVED), **described(400, 401, 403)},
    )
    async def post_complaint(request: Request, filed: Filed) -> JSONResponse:
        """File a complaint, an appeal or a report; a ticket, its secret and the deadline."""
        if is_open and "authorization" not in request.headers:
            limits.check(request)
        else:
            await needs_scope(request)
        received = await run_in_threadpool(
            service.repository.keeper.complaints.receive,
            ComplaintKind(filed.kind),
            filed.about,
            contact=filed.contact or None,
            text=filed.text or None,
            url=filed.url or None,
        )
        complaint = received.complaint
        return JSONResponse(
            {
                "ticket": complaint.ticket,
                "secret": received.secret,
                "deadline": complaint.deadline.isoformat(),
            }
        )

    @routes.get("/{ticket}", responses={200: _json("Its state.", _STATE), **described(400, 404)})
    async def get_complaint(request: Request, ticket: _Ticket) -> JSONResponse:
        """The state of a complaint, for whoever has its secret (Authorization: Bearer SECRET)."""
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        found = None
        if scheme.lower() == "bearer":
            found = await run_in_threadpool(
                service.repository.keeper.complaints.open_with, ticket, secret.strip()
            )
        if found is None:
            raise HTTPException(404, "There is no complaint of that ticket and secret.")
        return JSONResponse(_state(found))

    return routes


class _Limits:
    """How fast whoever has no token may file: ten at once, then one a minute."""

    def __init__(self, is_on: bool) -> None:
        self._is_on = is_on
        self._each = Rates(_A_MINUTE)
        self._all = Rates(_OF_ALL_A_SECOND)

    def check(self, request: Request) -> None:
        """Raises an `HTTPException` when it is too fast."""
        if not self._is_on:
            return
        client = request.client
        wait = self._each.wait("" if client is None else client.host, cost=1)
        status, text = 429, "Too many complaints of this client."
        if not wait:
            wait = self._all.wait("", cost=1)
            status, text = 503, "Too many complaints at once."
        if wait:
            raise HTTPException(status, text, {"retry-after": str(math.ceil(wait))})


def _state(complaint: Complaint) -> dict[str, Any]:
    members = {
        "ticket": complaint.ticket,
        "kind": complaint.kind.value,
        "state": complaint.state.value,
        "since": complaint.since.isoformat(),
        "received_at": complaint.received_at.isoformat(),
        "deadline": complaint.deadline.isoformat(),
    }
    if complaint.answer_sha256 is not None:
        members["answer_sha256"] = complaint.answer_sha256.hex()
    return members


def _days(terms: Terms) -> dict[str, dict[str, int]]:
    return {
        kind.value: {"working_days" if term.working else "days": term.days}
        for kind, term in terms.terms.items()
    }


def _json(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
