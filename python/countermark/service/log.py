"""The transparency log over HTTP: static tiles as foreign tools read them, and proofs.

Source: C2SP tlog-tiles, tlog-checkpoint.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from countermark.errors import InvalidProof
from countermark.registry.log import Checkpoint, TilePlace
from countermark.service import tokens
from countermark.service.context import PREFIX, Service, described
from countermark.service.publisher import Publisher
from countermark.service.repository import Repository

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


@dataclass(frozen=True, slots=True)
class Proofs:
    """What is read from the log of one service; for threads that may wait.

    Each method raises an `HTTPException` 404 for what the log does not have.
    """

    repository: Repository
    publisher: Publisher

    def tile(self, path: str) -> bytes:
        """The tile, or the leaves, at a path of C2SP tlog-tiles."""
        try:
            return self.repository.keeper.log.published(TilePlace.parse(path))
        except InvalidProof as error:
            raise HTTPException(404, error.problem) from error

    def of_payload(self, payload: int) -> dict[str, Any]:
        """The proof of inclusion of a marked picture."""
        position = self.repository.keeper.find_leaf(payload)
        if position is None:
            raise HTTPException(404, "The log tells of no picture with that payload.")
        return self.inclusion(position)

    def inclusion(self, position: int) -> dict[str, Any]:
        """The proof of inclusion of a leaf, and the checkpoint that it is for."""
        signed = self.publisher.checkpoint(covering=position + 1)
        proof = self.repository.keeper.log.prove(position, Checkpoint.in_note(signed))
        return {"checkpoint": signed, "proof": json.loads(proof.to_json())}

    def consistency(self, old: int, new: int | None) -> dict[str, Any]:
        """The proof that a log of `new` leaves begins with `old` ones; as last signed if None."""
        log = self.repository.keeper.log
        if new is None:
            signed = self.publisher.checkpoint(covering=old)
            proof = log.prove_consistency(old, Checkpoint.in_note(signed).size)
            return {"checkpoint": signed, "consistency": json.loads(proof.to_json())}
        try:
            proof = log.prove_consistency(old, new)
        except InvalidProof as error:
            raise HTTPException(404, error.problem) from error
        return {"checkpoint": log.checkpoint_at(new), "consistency": json.loads(proof.to_json())}


def router(service: Service) -> APIRouter:
    """The routes below /log."""
    private = service.settings.private
    readers = [Depends(service.requires(tokens.FETCH))] if private else []
    routes = APIRouter(prefix=f"{PREFIX}/log", tags=["log"], dependencies=readers)
    refused = (401, 403) if private else ()
    whose = "private" if private else "public"
    publisher = service.publisher
    proofs = Proofs(service.repository, publisher)

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
        content = await run_in_threadpool(proofs.tile, path)
        return Response(content, media_type=_BINARY, headers=cached(_FOR_EVER))

    @routes.get("/proof/{payload}", responses={200: _INCLUSION, **described(400, 404, *refused)})
    async def get_proof(payload: _Payload) -> JSONResponse:
        """Prove that the log tells of a marked picture."""
        found = await run_in_threadpool(proofs.of_payload, int(payload, 16))
        return JSONResponse(found, headers=cached(_MOMENT))

    @routes.get("/inclusion", responses={200: _INCLUSION, **described(400, 404, *refused)})
    async def get_inclusion(
        leaf: Annotated[int, Query(ge=0, le=_MOST, description="Its position in the log.")],
    ) -> JSONResponse:
        """Prove that a leaf is in the log."""
        found = await run_in_threadpool(proofs.inclusion, leaf)
        return JSONResponse(found, headers=cached(_MOMENT))

    @routes.get("/consistency", responses={200: _CONSISTENCY, **described(400, 404, *refused)})
    async def get_consistency(
        old: Annotated[int, Query(ge=0, le=_MOST, description="Leaves that it had.")],
        new: Annotated[
            int | None,
            Query(ge=0, le=_MOST, description="Leaves that it has; by default, as last signed."),
        ] = None,
    ) -> JSONResponse:
        """Prove that the log of one size begins with that of a smaller one."""
        found = await run_in_threadpool(proofs.consistency, old, new)
        return JSONResponse(found, headers=cached(_MOMENT))

    return routes
