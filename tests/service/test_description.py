"""The OpenAPI document describes the service that runs: schemathesis tries to disprove it."""

from __future__ import annotations

import contextlib
from typing import Any

import hypothesis
import hypothesis.errors
import pytest
import schemathesis
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance


@schemathesis.serializer("application/c2pa")
def _manifest_store(_: Any, value: Any) -> bytes:
    """Whatever was made up, as the bytes of the body."""
    return value if isinstance(value, bytes) else str(value).encode()


@pytest.fixture(scope="session")
def document(server: Any) -> dict[str, Any]:
    """The OpenAPI document."""
    with server.client() as client:
        return dict(client.get("/openapi.json").json())


def test_every_route_is_described(document: dict[str, Any]) -> None:
    assert {
        f"{method.upper()} {path}" for path, o in document["paths"].items() for method in o
    } == {
        "GET /.well-known/c2pa-soft-binding-resolution",
        "GET /healthz",
        "GET /metrics",
        "GET /readyz",
        "GET /v1/matches/byBinding",
        "POST /v1/matches/byBinding",
        "POST /v1/matches/byContent",
        "POST /v1/matches/byReference",
        "POST /v1/manifests",
        "GET /v1/manifests/{manifestId}",
        "DELETE /v1/manifests/{manifestId}",
        "GET /v1/manifests/{manifestId}/receipts",
        "POST /v1/manifests/{manifestId}/receipts",
        "GET /v1/log/checkpoint",
        "GET /v1/log/consistency",
        "GET /v1/log/inclusion",
        "GET /v1/log/key",
        "GET /v1/log/proof/{payload}",
        "GET /v1/log/tile/{path}",
        "POST /v1/bindings",
        "PUT /v1/bindings",
        "GET /v1/complaints",
        "POST /v1/complaints",
        "GET /v1/complaints/{ticket}",
        "GET /v1/services/capabilities",
        "GET /v1/services/status",
        "GET /v1/services/supportedAlgorithms",
        "POST /v1/mark",
        "POST /v1/verify",
    }
    for operations in document["paths"].values():
        for operation in operations.values():
            refusals = {
                status: answer
                for status, answer in operation["responses"].items()
                if status >= "400"
            }
            assert {"429", "500", "503"} <= refusals.keys()
            for answer in refusals.values():
                schema = answer["content"]["application/json"]["schema"]
                assert schema["required"] == ["error"]


@pytest.mark.parametrize("examples", [3, pytest.param(5, marks=pytest.mark.slow)])
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_service_does_what_its_description_says(
    server: Any, document: dict[str, Any], mode: GenerationMode, examples: int
) -> None:
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=server.url)
    for result in schema.get_all_operations():
        operation = result.ok()
        # No schema says which bytes are a picture, or a manifest as it was signed.
        kinds = map(str, operation.get_request_payload_content_types())
        free = any(kind != "application/json" for kind in kinds)
        with contextlib.suppress(hypothesis.errors.Unsatisfiable):  # nothing can be wrong in it
            _conforms(operation, mode, examples, [positive_data_acceptance] if free else [])


def _conforms(operation: Any, mode: GenerationMode, examples: int, excluded: list[Any]) -> None:
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    @hypothesis.settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    def conforms(case: Any) -> None:
        case.call_and_validate(
            headers={"Authorization": "Bearer archive"}, timeout=60, excluded_checks=excluded
        )

    conforms()
