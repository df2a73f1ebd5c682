"""Receipts: that a manifest was taken in here, by a proof from the log that others can check.

The standard leaves the form of the proof to the repository. Here it is the text of a C2SP
tlog-proof, whose extra line is the leaf; the leaf names the SHA-256 of the manifest store.

Source: C2PA 2.4, Soft Binding Resolution API, /manifests/{manifestId}/receipts.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from countermark.errors import InvalidCheckpoint, InvalidProof
from countermark.registry import Registry
from countermark.registry.log import Checkpoint, tlog_proof
from countermark.service.publisher import Publisher

TYPE: Final = "org.c2pa.manifest-receipt"
_CONTEXT: Final = {
    "c2pa": "https://c2pa.org/ns/",
    "receipt": "https://c2pa.org/ns/manifest-receipt#",
}
_TEXT: Final = {"type": "string"}
SCHEMA: Final = {
    "type": "object",
    "required": ["@context", "@type", "repository", "anchor"],
    "properties": {
        "@context": {"type": "object"},
        "@type": {"const": TYPE},
        "repository": {
            "type": "object",
            "required": ["uri", "manifestId"],
            "properties": {"uri": _TEXT, "manifestId": _TEXT},
        },
        "anchor": {
            "type": "object",
            "required": ["uri", "proof"],
            "properties": {
                "uri": _TEXT,
                "proof": {
                    "type": "object",
                    "required": ["alg", "value"],
                    "properties": {"alg": _TEXT, "value": _TEXT},
                },
            },
        },
        "verified": {"type": "boolean"},
        "error": _TEXT,
    },
}


class _Part(BaseModel):
    model_config = ConfigDict(extra="allow")


class Proof(_Part):
    """`value`: the text of a C2SP tlog-proof."""

    alg: str
    value: str


class Anchor(_Part):
    """Where the log is, and the proof from it."""

    uri: str
    proof: Proof


class IssuedBy(_Part):
    """Which repository has taken in which manifest."""

    uri: str
    identifier: Annotated[str, Field(alias="manifestId")]


class Receipt(_Part):
    """A receipt as a client hands it in."""

    type: Annotated[str, Field(alias="@type", pattern=f"^{TYPE}$")]
    repository: IssuedBy
    anchor: Anchor


def issue(identifier: str, registry: Registry, publisher: Publisher, base: str) -> dict[str, Any]:
    """The receipt for a manifest that is here; `base`: of the interface.

    Raises an `HTTPException` 404 while no signed checkpoint covers its leaf.
    """
    position = registry.manifests.find_leaf(identifier)
    if position is None:
        raise HTTPException(404, "The log does not name this manifest yet.")
    signed = publisher.checkpoint(covering=position + 1)
    proof = registry.log.prove(position, Checkpoint.in_note(signed))
    return {
        "@context": _CONTEXT,
        "@type": TYPE,
        "repository": {"uri": base, "manifestId": identifier},
        "anchor": {
            "uri": f"{base}/log",
            "proof": {"alg": tlog_proof.FORMAT, "value": tlog_proof.encode(proof, signed)},
        },
    }


def problem_of(
    receipt: Receipt, identifier: str, registry: Registry, publisher: Publisher
) -> str | None:
    """Why a receipt does not prove that the manifest was taken in here; None when it does."""
    if receipt.repository.identifier != identifier:
        return "The receipt is for another manifest."
    if receipt.anchor.proof.alg != tlog_proof.FORMAT:
        return f"The proof is none of the kind {tlog_proof.FORMAT}."
    try:
        proof, signed = tlog_proof.decode(receipt.anchor.proof.value)
        proof.check(publisher.open(signed))
    except (InvalidCheckpoint, InvalidProof) as error:
        return error.problem
    if registry.manifests.identifier_at(proof.position) != identifier:
        return "The leaf tells of something else than this manifest."
    return None
