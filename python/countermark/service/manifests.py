"""Manifests by identifier: read, deposited, bound, removed.

Source: C2PA 2.4, Soft Binding Resolution API, /manifests and /bindings.

A manifest can be deposited only as it was signed, and bound only to a value that its signer
states in it: whoever has a token can add, but forge nothing. What was marked here belongs to the
registry and is neither replaced nor removed from outside.
"""

from __future__ import annotations

import base64
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from countermark import credentials
from countermark.service import receipts, tokens
from countermark.service.context import PREFIX, Service, described
from countermark.service.matches import ALGORITHM_PATTERN, BASE64_PATTERN, decoded
from countermark.service.receipts import Receipt

MEDIA_TYPE: Final = "application/c2pa"
_ACCEPTED: Final = (MEDIA_TYPE, "application/x-c2pa-manifest-store", "application/octet-stream")
_IDENTIFIER_PATTERN: Final = r"^[!-~]{1,500}$"
_Identifier = Annotated[
    str, Path(alias="manifestId", description="Label of the active manifest, a URN.")
]
_STORE: Final = {
    "description": "The manifest store.",
    "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
}
_RECEIPT: Final = {
    "description": "The receipt.",
    "content": {"application/json": {"schema": receipts.SCHEMA}},
}


class Binding(BaseModel):
    """A soft binding, its value in base64, and the manifest it is to lead to."""

    value: Annotated[str, Field(alias="bindingValue", pattern=BASE64_PATTERN)]
    identifier: Annotated[str, Field(alias="manifestId", pattern=_IDENTIFIER_PATTERN)]
    alg: Annotated[str | None, Field(pattern=ALGORITHM_PATTERN)] = None


def router(service: Service) -> APIRouter:
    """The routes below /manifests and /bindings."""
    routes = APIRouter(prefix=PREFIX)
    private = service.settings.private
    readers = [Depends(service.requires(tokens.FETCH))] if private else []
    keepers = [Depends(service.requires(tokens.STORE_MANIFESTS))]
    binders = [Depends(service.requires(tokens.STORE_BINDINGS))]
    refused = (401, 403) if private else ()
    repository = service.repository

    async def held(identifier: str) -> bytes:
        store = repository.manifest(identifier)
        if store is None:
            raise HTTPException(404, "No manifest of that identifier is here.")
        return store

    # Identifiers may hold slashes, so what stands behind one is matched first.
    @routes.get(
        "/manifests/{manifestId:path}/receipts",
        tags=["fetch"],
        dependencies=readers,
        responses={200: _RECEIPT, **described(404, *refused)},
    )
    async def get_receipt(request: Request, identifier: _Identifier) -> JSONResponse:
        """The receipt of a manifest: proof that the log tells of it."""
        await held(identifier)
        receipt = await issued(request, identifier)
        return await judged(receipt, identifier)

    @routes.post(
        "/manifests/{manifestId:path}/receipts",
        tags=["fetch"],
        dependencies=readers,
        responses={200: _RECEIPT, **described(400, 404, *refused)},
    )
    async def check_receipt(identifier: _Identifier, receipt: Receipt) -> JSONResponse:
        """The receipt as it was handed in, and whether it proves what it says."""
        await held(identifier)
        return await judged(receipt.model_dump(by_alias=True), identifier)

    async def issued(request: Request, identifier: str) -> dict[str, Any]:
        return await run_in_threadpool(
            receipts.issue,
            identifier,
            repository.keeper,
            service.publisher,
            service.base(request),
        )

    async def judged(receipt: dict[str, Any], identifier: str) -> JSONResponse:
        problem = await run_in_threadpool(
            receipts.problem_of,
            Receipt.model_validate(receipt),
            identifier,
            repository.keeper,
            service.publisher,
        )
        found = {key: value for key, value in receipt.items() if key != "error"}
        error = {} if problem is None else {"error": problem}
        return JSONResponse({**found, "verified": problem is None, **error})

    @routes.get(
        "/manifests/{manifestId:path}",
        tags=["fetch"],
        dependencies=readers,
        responses={200: _STORE, **described(400, 404, *refused)},
        response_class=Response,
    )
    async def get_manifest(
        identifier: _Identifier,
        active_alone: Annotated[
            bool,
            Query(
                alias="returnActiveManifest",
                description="The active manifest without the earlier ones.",
            ),
        ] = False,
    ) -> Response:
        """The manifest store whose active manifest has that identifier."""
        store = await held(identifier)
        return Response(
            credentials.active_alone(store) if active_alone else store, media_type=MEDIA_TYPE
        )

    @routes.delete(
        "/manifests/{manifestId:path}",
        tags=["store"],
        dependencies=keepers,
        responses=described(401, 403, 404),
        status_code=204,
        response_class=Response,
    )
    async def delete_manifest(identifier: _Identifier) -> Response:
        """Remove a deposited manifest and what leads to it."""
        if not await run_in_threadpool(repository.keeper.manifests.remove, identifier):
            await held(identifier)
            raise HTTPException(403, "This was marked here and is removed from the registry only.")
        return Response(status_code=204)

    @routes.post(
        "/manifests",
        tags=["store"],
        dependencies=keepers,
        responses={
            200: {
                "description": "Stored.",
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "required": ["manifestId"],
                            "properties": {
                                "manifestId": {"type": "string"},
                                "receipt": receipts.SCHEMA,
                            },
                        }
                    }
                },
            },
            **described(400, 401, 403, 415, 422),
        },
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
            }
        },
    )
    async def post_manifest(
        request: Request,
        with_receipt: Annotated[
            bool, Query(alias="returnReceipt", description="Whether to add the receipt.")
        ] = False,
    ) -> JSONResponse:
        """Deposit a manifest store."""
        stated = request.headers.get("content-type", MEDIA_TYPE).partition(";")[0].strip().lower()
        if stated not in _ACCEPTED:
            raise HTTPException(415, f"A manifest store is sent as {MEDIA_TYPE}.")
        service.readers.check_room()
        store = await request.body()
        found, _body = await service.readers.run({"job": "examine"}, store)
        if not found["id"] or not found["holds"]:
            raise HTTPException(400, f"The manifest is not as signed. {found['explanation']}"[:500])
        identifier = await run_in_threadpool(repository.keeper.manifests.deposit, store)
        answer: dict[str, Any] = {"manifestId": identifier}
        if with_receipt:
            answer["receipt"] = await issued(request, identifier)
        return JSONResponse(answer)

    async def checked(binding: Binding) -> tuple[str, bytes]:
        """Algorithm and value, which the manifest itself must name."""
        value = decoded(binding.value)
        store = await held(binding.identifier)
        found, _ = await service.readers.run({"job": "examine"}, store)
        for algorithm, named in found["bindings"]:
            if base64.b64decode(named) == value and binding.alg in (None, algorithm):
                return algorithm, value
        raise HTTPException(400, "The manifest does not name that soft binding.")

    written = {204: {"description": "Done."}, **described(400, 401, 403, 404, 422)}

    @routes.post(
        "/bindings",
        tags=["store"],
        dependencies=binders,
        responses=written,
        status_code=204,
        response_class=Response,
    )
    async def post_binding(binding: Binding) -> Response:
        """Let a soft binding lead to a deposited manifest, beside others that it leads to."""
        algorithm, value = await checked(binding)
        await run_in_threadpool(
            repository.keeper.manifests.bind, algorithm, value, binding.identifier
        )
        return Response(status_code=204)

    @routes.put(
        "/bindings",
        tags=["store"],
        dependencies=binders,
        responses=written,
        status_code=204,
        response_class=Response,
    )
    async def put_binding(binding: Binding) -> Response:
        """Let a soft binding lead to this deposited manifest instead of others."""
        algorithm, value = await checked(binding)
        bind = repository.keeper.manifests.rebind
        if not await run_in_threadpool(bind, algorithm, value, binding.identifier):
            raise HTTPException(404, "That soft binding was not made to lead anywhere yet.")
        return Response(status_code=204)

    return routes
