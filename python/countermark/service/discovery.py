"""What the service is, can do, and how it is.

Source: C2PA 2.4, Soft Binding Resolution API, /services and the well-known document (RFC 8615).
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from countermark.errors import RegistryError
from countermark.service import tokens
from countermark.service.context import PREFIX, Service, described
from countermark.service.matches import FOUND_FINGERPRINTS, FOUND_WATERMARKS
from countermark.service.metrics import CONTENT_TYPE

SPECIFICATION: Final = "2.4.0"
_LOOPBACK: Final = ("127.0.0.1", "::1")


def router(service: Service) -> APIRouter:
    """The routes below /services."""
    routes = APIRouter(prefix=f"{PREFIX}/services", tags=["service"])

    @routes.get("/supportedAlgorithms", responses=described())
    async def get_supported_algorithms() -> dict[str, list[dict[str, str]]]:
        """The algorithms by which content is matched here; bindings may be of others."""
        return {
            "watermarks": [{"alg": name} for name in FOUND_WATERMARKS],
            "fingerprints": [{"alg": name} for name in FOUND_FINGERPRINTS],
        }

    @routes.get("/capabilities", responses=described())
    async def get_capabilities() -> dict[str, Any]:
        """What of the interface this service offers."""
        capabilities = ["queryByContent"]
        if service.tokens.grants(tokens.STORE_MANIFESTS):
            capabilities.append("storeManifests")
        if service.tokens.grants(tokens.STORE_BINDINGS):
            capabilities.append("storeBindings")
        return {
            "c2paSpecificationVersion": SPECIFICATION,
            "supportedCapabilities": capabilities,
        }

    @routes.get("/status", responses=described())
    async def get_status() -> dict[str, str]:
        """How the service is."""
        state = "ok" if service.readers.ready else "degraded"
        if not await _registry_answers(service):
            state = "down"
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        return {"status": state, "timestamp": now.replace("+00:00", "Z")}

    return routes


def outside(service: Service) -> APIRouter:
    """The routes that are not below /v1: discovery, health, metrics."""
    routes = APIRouter(tags=["service"])

    @routes.get("/.well-known/c2pa-soft-binding-resolution", responses=described())
    async def get_well_known() -> dict[str, str]:
        """Where the interface is."""
        base = (service.settings.public_url or "").rstrip("/") + PREFIX
        return {
            "apiEndpoint": base,
            "c2paSpecificationVersion": SPECIFICATION,
            "capabilitiesEndpoint": f"{base}/services/capabilities",
            "statusEndpoint": f"{base}/services/status",
        }

    @routes.get("/healthz", responses=described())
    async def get_health() -> dict[str, str]:
        """Whether the process answers."""
        return {"status": "ok"}

    @routes.get("/readyz", responses=described())
    async def get_readiness() -> JSONResponse:
        """Whether workers and registry answer, too."""
        ready = service.readers.ready and await _registry_answers(service)
        if not ready:
            return JSONResponse({"error": "Workers or registry do not answer."}, 503)
        return JSONResponse({"status": "ok"})

    @routes.get(
        "/metrics",
        responses={
            200: {"content": {"text/plain": {"schema": {"type": "string"}}}},
            **described(401, 403),
        },
        response_class=Response,
    )
    async def get_metrics(request: Request) -> Response:
        """Counters for Prometheus; from another machine with a token for them."""
        client = request.client
        if client is None or client.host not in _LOOPBACK:
            await service.requires(tokens.METRICS)(request)
        return Response(service.metrics.text(), headers={"content-type": CONTENT_TYPE})

    return routes


async def _registry_answers(service: Service) -> bool:
    try:
        await run_in_threadpool(service.repository.manifest, "urn:c2pa:none")
    except RegistryError:
        return False
    return True
