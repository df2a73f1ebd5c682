"""Actions: what was done, in which order, from what kind of source.

Source: C2PA 2.2, section 18.14; C2PA 2.4 and the conformance programme's rubric 0.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from countermark.credentials import claim as claims
from countermark.credentials import soft_binding
from countermark.credentials.lint import rules, vocabulary
from countermark.credentials.lint.finding import Finding
from countermark.credentials.lint.parts import Assertion, Parts
from countermark.credentials.lint.references import hashed_uris

_LABELS: Final = ("c2pa.actions", "c2pa.actions.v2")
_OPENING: Final = ("c2pa.created", "c2pa.opened")
_WATERMARKED: Final = ("c2pa.watermarked", "c2pa.watermarked.bound")

Action = Mapping[Any, Any]


def check(parts: Parts) -> Iterator[Finding]:
    """The actions assertions of a manifest, each alone and all together."""
    asserted = list(parts.named(*_LABELS))
    if not asserted and not parts.update:
        yield rules.ACTIONS_MISSING.found(parts.uri, "The manifest has no actions assertion.")
    for assertion in asserted:
        yield from _shape(assertion)
        for action in _actions(assertion):
            yield from _action(action, assertion, parts)
    if asserted and not parts.update:
        yield from _opening(asserted, parts)


def _shape(assertion: Assertion) -> Iterator[Finding]:
    data = assertion.data
    listed = data.get("actions") if isinstance(data, Mapping) else None
    if not isinstance(listed, (list, tuple)) or not listed:
        yield rules.ACTIONS_SHAPE.found(assertion.uri, "The assertion lists no actions.")
    elif any(not isinstance(a, Mapping) or not isinstance(a.get("action"), str) for a in listed):
        yield rules.ACTIONS_SHAPE.found(assertion.uri, "An entry of the list names no action.")
    if isinstance(data, Mapping) and not isinstance(data.get("allActionsIncluded"), bool):
        problem = "The assertion does not say whether all actions are listed."
        yield rules.ACTIONS_ALL_INCLUDED.found(assertion.uri, problem)


def _actions(assertion: Assertion) -> list[Action]:
    data = assertion.data
    listed = data.get("actions") if isinstance(data, Mapping) else None
    if not isinstance(listed, (list, tuple)):
        return []
    return [a for a in listed if isinstance(a, Mapping) and isinstance(a.get("action"), str)]


def _opening(asserted: list[Assertion], parts: Parts) -> Iterator[Finding]:
    """Exactly one created or opened, at the head of the assertion that the claim names first."""
    order = {label: place for place, label in enumerate(_declared(parts))}
    ordered = sorted(asserted, key=lambda item: order.get(item.label, len(order)))
    first = _actions(ordered[0])
    if first and first[0]["action"] not in _OPENING:
        problem = f"The first action is {first[0]['action']!r:.80}."
        yield rules.ACTIONS_OPENING.found(ordered[0].uri, problem)
    names = [action["action"] for item in ordered for action in _actions(item)]
    number = sum(name in _OPENING for name in names)
    if number > 1:
        problem = f"{number} actions create or open the asset."
        yield rules.ACTIONS_OPENING.found(ordered[0].uri, problem)


def _declared(parts: Parts) -> Iterator[str]:
    for name in ("created_assertions", "gathered_assertions", "assertions"):
        listed = parts.claim.get(name)
        for reference in listed if isinstance(listed, (list, tuple)) else ():
            if isinstance(reference, dict):
                yield claims.reference_label(reference)


def _action(action: Action, assertion: Assertion, parts: Parts) -> Iterator[Finding]:
    name: str = action["action"]
    where = assertion.uri
    if name in vocabulary.DEPRECATED_ACTIONS:
        yield rules.ACTION_DEPRECATED.found(where, f"The action {name} is deprecated.")
    elif name.startswith("c2pa.") and name not in vocabulary.ACTIONS:
        problem = f"The standard has no action {name!r:.80}."
        yield rules.ACTION_UNKNOWN.found(where, problem)
    elif "." not in name:
        problem = f"The action {name!r:.80} is named by no domain."
        yield rules.ACTION_UNKNOWN.found(where, problem)
    yield from _source_type(action, where)
    if name in _WATERMARKED:
        yield from _watermark(action, where, parts)


def _source_type(action: Action, where: str) -> Iterator[Finding]:
    name: str = action["action"]
    stated = action.get("digitalSourceType")
    if name == "c2pa.opened":
        if stated is not None:
            problem = "c2pa.opened states a digitalSourceType."
            yield rules.SOURCE_TYPE_ON_OPENED.found(where, problem)
    elif stated is None:
        perceptible = (
            name in vocabulary.ACTIONS and name not in vocabulary.ACTIONS_WITHOUT_SOURCE_TYPE
        )
        if name == "c2pa.created" or perceptible:
            problem = f"{name} states no digitalSourceType."
            yield rules.SOURCE_TYPE_MISSING.found(where, problem)
    if stated is not None and stated not in vocabulary.DIGITAL_SOURCE_TYPES:
        problem = f"{name:.80} states the unknown source type {stated!r:.120}."
        yield rules.SOURCE_TYPE_UNKNOWN.found(where, problem)


def _watermark(action: Action, where: str, parts: Parts) -> Iterator[Finding]:
    """A hash that does not agree is a finding of `references`, for it is one of any hashed URI."""
    if not any(parts.named(soft_binding.LABEL)):
        problem = f"{action['action']} has no soft binding that describes the watermark."
        yield rules.WATERMARK_UNBOUND.found(where, problem)
    if action["action"] != "c2pa.watermarked.bound":
        return
    parameters = action.get("parameters")
    related = parameters.get("relatedAssertions") if isinstance(parameters, Mapping) else None
    targets = [claims.reference_label(dict(item)) for item in hashed_uris(related)]
    if not any(target.partition("__")[0] == soft_binding.LABEL for target in targets):
        problem = "c2pa.watermarked.bound does not refer to a soft binding."
        yield rules.WATERMARK_RELATED.found(where, problem)
