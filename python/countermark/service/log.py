"""The transparency log over HTTP: static tiles as foreign tools read them, and proofs.

Source: C2SP tlog-tiles, tlog-checkpoint.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from countermark.errors import InvalidProof
from countermark.registry.log import Checkpoint, TilePlace
from countermark.service import tokens
from countermark.service.context import PREFIX, Service, described

_BINARY: Final = "application/octet-stream"
_MOMENT: Final = "max-age=5"
_FOR_EVER: Final = "max-age=31536000, immutable"
_MOST: Final = 2**63 - 1
_TEXT: Final = {"text/plain": {"schema": {"type": "string"}}}
_NOTE: Final = {"description": "The checkpoint, a signed note.", "content": _TEXT}
_KEY: Final = {"description": "Name, ID and public key, in one line.", "content": _TEXT}
_TILE: Final = {
    "description": "Hashes side by side, or leaves each after its length.",
    "content": {_BINARY: {"schema": {"type": "string", "format": "binary"}}},
}
_HASHES: Final = {"type": "array", "items": {"type": "string", "format": "byte"}}
_NUMBER: Final = {"type": "integer", "minimum": 0}


def _json(description: str, checkpoint: dict[str, Any], **proof: dict[str, Any]) -> dict[str, Any]:
    """The description of an answer with a checkpoint and a proof."""
    ((name, properties),) = proof.items()
    members = {"type": "object", "required": [*properties], "properties": properties}
    schema = {
        "type": "object",
        "required": ["checkpoint", name],
        "properties": {"checkpoint": checkpoint, name: members},
    }
    return {"description": description, "content": {"application/json": {"schema": schema}}}


_INCLUSION: Final = _json(
    "A leaf and the way from it to the root, as `countermark log prove` gives it.",
    {"type": "string"},
    proof={
        "position": _NUMBER,
        "size": _NUMBER,
        "leaf": {"type": "string", "format": "byte"},
        "hashes": _HASHES,
    },
)
_CONSISTENCY: Final = _json(
    "The way from the older root to the newer one, and the checkpoint of that, if there is one.",
    {"type": ["string", "null"]},
    consistency={"old": _NUMBER, "new": _NUMBER, "hashes": _HASHES},
)
_Payload = Annotated[
    str, Path(pattern="^[0-9a-f]{16}$", description="Of a marked picture, in hexadecimal.")
]


def router(service: Service) -> APIRouter:
    """The routes below /log."""
    private = service.settings.private
    readers = [Depends(service.requires(tokens.FETCH))] if private else []
    routes = APIRouter(prefix=f"{PREFIX}/log", tags=["log"], dependencies=readers)
    refused = (401, 403) if private else ()
    whose = "private" if private else "public"
    repository, publisher = service.repository, service.publisher

    def cached(how: str) -> dict[str, str]:
        return {"cache-control": f"{whose}, {how}"}

    @routes.get(
        "/checkpoint",
        responses={200: _NOTE, **described(404, *refused)},
        response_class=Response,
    )
    async def get_checkpoint() -> Response:
        """How many leaves the log has, and the root over them, signed."""
        signed = await run_in_threadpool(publisher.checkpoint)
        return Response(signed, media_type="text/plain", headers=cached(_MOMENT))

    @routes.get("/key", responses={200: _KEY, **described(404, *refused)}, response_class=Response)
    async def get_key() -> Response:
        """The line by which others check checkpoints. Whoever relies on it asks elsewhere, too."""
        if publisher.key is None:
            raise HTTPException(404, "The key of the log is not open here.")
        line = publisher.key.verifier.encoded
        return Response(f"{line}\n", media_type="text/plain", headers=cached(_MOMENT))

    @routes.get(
        "/tile/{path:path}",
        responses={200: _TILE, **described(404, *refused)},
        response_class=Response,
    )
    async def get_tile(
        path: Annotated[str, Path(description="As C2SP tlog-tiles has it: 0/x001/234.p/5.")],
    ) -> Response:
        """A tile of the tree, or the leaves beside it."""
        content = await run_in_threadpool(_tile, path)
        return Response(content, media_type=_BINARY, headers=cached(_FOR_EVER))

    def _tile(path: str) -> bytes:
        try:
            return repository.keeper.log.published(TilePlace.parse(path))
        except InvalidProof as error:
            raise HTTPException(404, error.problem) from error

    @routes.get("/proof/{payload}", responses={200: _INCLUSION, **described(400, 404, *refused)})
    async def get_proof(payload: _Payload) -> JSONResponse:
        """Prove that the log tells of a marked picture."""
        found = await run_in_threadpool(_of_payload, int(payload, 16))
        return JSONResponse(found, headers=cached(_MOMENT))

    @routes.get("/inclusion", responses={200: _INCLUSION, **described(400, 404, *refused)})
    async def get_inclusion(
        leaf: Annotated[int, Query(ge=0, le=_MOST, description="Its position in the log.")],
    ) -> JSONResponse:
        """Prove that a leaf is in the log."""
        found = await run_in_threadpool(_inclusion, leaf)
        return JSONResponse(found, headers=cached(_MOMENT))

    def _of_payload(payload: int) -> dict[str, Any]:
        position = repository.keeper.find_leaf(payload)
        if position is None:
            raise HTTPException(404, "The log tells of no picture with that payload.")
        return _inclusion(position)

    def _inclusion(position: int) -> dict[str, Any]:
        signed = publisher.checkpoint(covering=position + 1)
        proof = repository.keeper.log.prove(position, Checkpoint.in_note(signed))
        return {"checkpoint": signed, "proof": json.loads(proof.to_json())}

    @routes.get("/consistency", responses={200: _CONSISTENCY, **described(400, 404, *refused)})
    async def get_consistency(
        old: Annotated[int, Query(ge=0, le=_MOST, description="Leaves that it had.")],
        new: Annotated[
            int | None,
            Query(ge=0, le=_MOST, description="Leaves that it has; by default, as last signed."),
        ] = None,
    ) -> JSONResponse:
        """Prove that the log of one size begins with that of a smaller one."""
        found = await run_in_threadpool(_consistency, old, new)
        return JSONResponse(found, headers=cached(_MOMENT))

    def _consistency(old: int, new: int | None) -> dict[str, Any]:
        log = repository.keeper.log
        if new is None:
            signed: str | None = publisher.checkpoint(covering=old)
            new = Checkpoint.in_note(signed or "").size
        else:
            signed = log.checkpoint_at(new)
        try:
            proof = log.prove_consistency(old, new)
        except InvalidProof as error:
            raise HTTPException(404, error.problem) from error
        return {"checkpoint": signed, "consistency": json.loads(proof.to_json())}

    return routes
