"""What a manifest states, in the form that the C2PA library takes.

Source: C2PA 2.2, sections "Actions", "Soft binding", "Thumbnail", "Time-stamps"; CAWG metadata 1.1.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from countermark.credentials import soft_binding, timestamps, training_mining
from countermark.credentials.soft_binding import SoftBinding
from countermark.credentials.training_mining import TrainingMining
from countermark.record import Record

ACTIONS: Final = "c2pa.actions.v2"
METADATA: Final = "cawg.metadata"
RECORD: Final = "org.countermark.record"
"""Our own assertion: the record as `Record.to_json` writes it, so that nothing of it is lost."""
PARENT: Final = "parent"
"""Name by which the opening action refers to the parent ingredient, inside the library only."""
THUMBNAIL: Final = "thumbnail.jpg"
"""Name under which the library is given the thumbnail."""

_SPECIFICATION: Final = "2.4.0"
_DUBLIN_CORE: Final = "http://purl.org/dc/elements/1.1/"
_ASSERTIONS_URI: Final = "self#jumbf=c2pa.assertions/"


def definition(
    record: Record,
    bindings: Sequence[SoftBinding],
    *,
    has_thumbnail: bool,
    hard_binding: dict[str, Any] | None = None,
    permissions: TrainingMining | None = None,
    actions: Sequence[str] = (),
    ingredients: Sequence[dict[str, Any]] = (),
    is_converted: bool = False,
) -> dict[str, Any]:
    """The manifest for one file.

    `hard_binding`: an assertion to be filled in; without one, the library makes it.
    `actions`: what else was done, by name. `ingredients`: as the function of that name gives them.
    `is_converted`: whether the parent is of another media type.
    """
    done = _actions(record, bindings, ingredients, actions, is_converted=is_converted)
    stated: dict[str, Any] = {
        "claim_generator_info": [_generator()],
        "assertions": [{"label": ACTIONS, "data": {"actions": done, "allActionsIncluded": True}}],
    }
    if hard_binding is not None:
        stated["assertions"].append(hard_binding)
    if has_thumbnail:
        stated["thumbnail"] = {"format": "image/jpeg", "identifier": THUMBNAIL}
    for binding in bindings:  # the library numbers what has the same label
        stated["assertions"].append(
            {"label": soft_binding.LABEL, "data": soft_binding.placeholder(binding)}
        )
    if record.title is not None:
        stated["title"] = record.title
    if record.creator is not None:
        stated["assertions"].append(_metadata(record.creator))
    if permissions is not None:
        data = training_mining.assertion(permissions)
        stated["assertions"].append({"label": training_mining.LABEL, "data": data})
    told = {"label": RECORD, "kind": "Json", "data": json.loads(record.to_json())}
    stated["assertions"].append(told)
    return stated


def ingredients(has_parent: bool, components: int) -> list[dict[str, Any]]:
    """The parent that a file was opened from, if any, and those that were placed in it."""
    parent = {"title": "parent", "relationship": "parentOf", "label": PARENT}
    return [parent] * has_parent + [
        {"title": "component", "relationship": "componentOf", "label": f"component-{number}"}
        for number in range(components)
    ]


def update(time_stamps: Mapping[str, bytes]) -> dict[str, Any]:
    """A manifest that adds time stamps to earlier ones of the same content, by their labels.

    The library turns byte values into CBOR arrays, so there are as many zeros for each, as in
    `soft_binding.placeholder`.
    """
    opened = {"actions": [_using("c2pa.opened", parent) for parent in ingredients(True, 0)]}
    zeros = {label: [0] * len(token) for label, token in time_stamps.items()}
    return {
        "claim_generator_info": [_generator()],
        "assertions": [
            {"label": ACTIONS, "data": {**opened, "allActionsIncluded": True}},
            {"label": timestamps.LABEL, "data": zeros},
        ],
    }


def _generator() -> dict[str, str]:
    return {"name": "countermark", "version": _version(), "specVersion": _SPECIFICATION}


def _metadata(creator: str) -> dict[str, Any]:
    data = {"@context": {"dc": _DUBLIN_CORE}, "dc:creator": [creator]}
    return {"label": METADATA, "kind": "Json", "data": data}


def _actions(
    record: Record,
    bindings: Sequence[SoftBinding],
    ingredients: Sequence[dict[str, Any]],
    others: Sequence[str],
    *,
    is_converted: bool,
) -> list[dict[str, Any]]:
    origin = _origin(record)
    placed = [_using("c2pa.placed", one) for one in ingredients if one["label"] != PARENT]
    opened = [_using("c2pa.opened", one) for one in ingredients if one["label"] == PARENT]
    later = placed
    if opened and record.edits_existing:
        later = [*later, {"action": "c2pa.edited", **origin}]
    if is_converted:
        later = [*later, {"action": "c2pa.converted"}]
    later = [*later, *({"action": name} for name in others)]
    marks = [
        label for label, binding in soft_binding.labelled(bindings) if not binding.is_fingerprint
    ]
    if marks and not others:  # else the watermarks were there before
        # The hashes are filled in when the soft bindings have their final bytes.
        related = [{"url": _ASSERTIONS_URI + label, "hash": [0] * 32} for label in marks]
        parameters = {"relatedAssertions": related}
        later = [*later, {"action": "c2pa.watermarked.bound", "parameters": parameters}]
    if not opened:
        return [{"action": "c2pa.created", **origin}, *later]
    if later and not record.edits_existing:
        # An opening states no origin; it stands with the last thing that was done.
        later[-1].update(origin)
    return [*opened, *later]


def _using(action: str, ingredient: dict[str, Any]) -> dict[str, Any]:
    return {"action": action, "parameters": {"ingredientIds": [ingredient["label"]]}}


def _origin(record: Record) -> dict[str, Any]:
    origin: dict[str, Any] = {"digitalSourceType": record.source.uri}
    if record.system is not None:
        version = {} if record.system.version is None else {"version": record.system.version}
        origin["softwareAgent"] = {"name": record.system.name, **version}
    if record.created is not None:
        origin["when"] = _timestamp(record.created)
    return origin


def _timestamp(time: datetime) -> str:
    return time.isoformat(timespec="seconds").replace("+00:00", "Z")


@functools.cache
def _version() -> str:
    try:
        return version("countermark")
    except PackageNotFoundError:  # run from a source tree that is not installed
        return "0"
