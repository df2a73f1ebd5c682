"""What a manifest states, in the form that the C2PA library takes.

Source: C2PA 2.2, sections "Actions", "Soft binding" and "Thumbnail"; CAWG metadata 1.1.
"""

from __future__ import annotations

from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from countermark.credentials import soft_binding
from countermark.credentials.soft_binding import SoftBinding
from countermark.record import Record

ACTIONS: Final = "c2pa.actions.v2"
METADATA: Final = "cawg.metadata"
PARENT: Final = "parent"
"""Name by which the opening action refers to the parent ingredient, inside the library only."""
THUMBNAIL: Final = "thumbnail.jpg"
"""Name under which the library is given the thumbnail."""

_SPECIFICATION: Final = "2.4.0"
_DUBLIN_CORE: Final = "http://purl.org/dc/elements/1.1/"
_SOFT_BINDING_URI: Final = f"self#jumbf=c2pa.assertions/{soft_binding.LABEL}"


def definition(record: Record, binding: SoftBinding, *, opened: bool) -> dict[str, Any]:
    """The manifest for one marked picture.

    `opened`: whether it was made from a parent ingredient, otherwise it was created.
    """
    stated: dict[str, Any] = {
        "claim_generator_info": [
            {"name": "countermark", "version": _version(), "specVersion": _SPECIFICATION}
        ],
        "thumbnail": {"format": "image/jpeg", "identifier": THUMBNAIL},
        "assertions": [
            {"label": ACTIONS, "data": _actions(record, opened=opened)},
            {"label": soft_binding.LABEL, "data": soft_binding.placeholder(binding)},
        ],
    }
    if record.title is not None:
        stated["title"] = record.title
    if record.creator is not None:
        stated["assertions"].append(_metadata(record.creator))
    return stated


def ingredient() -> dict[str, Any]:
    """The parent that a picture was opened from."""
    return {"title": "parent", "relationship": "parentOf", "label": PARENT}


def _metadata(creator: str) -> dict[str, Any]:
    data = {"@context": {"dc": _DUBLIN_CORE}, "dc:creator": [creator]}
    return {"label": METADATA, "kind": "Json", "data": data}


def _actions(record: Record, *, opened: bool) -> dict[str, Any]:
    bound: dict[str, Any] = {
        "action": "c2pa.watermarked.bound",
        # The hash is filled in when the soft binding has its final bytes.
        "parameters": {"relatedAssertions": [{"url": _SOFT_BINDING_URI, "hash": [0] * 32}]},
    }
    origin = _origin(record)
    if not opened:
        actions = [{"action": "c2pa.created", **origin}, bound]
    else:
        opening = {"action": "c2pa.opened", "parameters": {"ingredientIds": [PARENT]}}
        if record.edits_existing:
            actions = [opening, {"action": "c2pa.edited", **origin}, bound]
        else:
            # Nothing but the watermark was added; what is stated stands with it.
            actions = [opening, {**bound, **origin}]
    return {"actions": actions, "allActionsIncluded": True}


def _origin(record: Record) -> dict[str, Any]:
    origin: dict[str, Any] = {"digitalSourceType": record.source.uri}
    if record.generator is not None:
        origin["softwareAgent"] = {"name": record.generator}
    if record.created is not None:
        origin["when"] = _timestamp(record.created)
    return origin


def _timestamp(time: datetime) -> str:
    return time.isoformat(timespec="seconds").replace("+00:00", "Z")


def _version() -> str:
    try:
        return version("countermark")
    except PackageNotFoundError:  # run from a source tree that is not installed
        return "0"
