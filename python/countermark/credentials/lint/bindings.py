"""Hard and soft bindings.

Source: C2PA 2.2, sections 9.2, 9.3, 11.2 and 18.10.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from countermark.credentials import soft_binding
from countermark.credentials.lint import rules, vocabulary
from countermark.credentials.lint.finding import Finding
from countermark.credentials.lint.parts import Assertion, Parts

_HARD: Final = (
    "c2pa.hash.data",
    "c2pa.hash.boxes",
    "c2pa.hash.collection.data",
    "c2pa.hash.bmff",
    "c2pa.hash.bmff.v2",
    "c2pa.hash.bmff.v3",
)
_REVERSE_DOMAIN: Final = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9_-]+)+")


def check(parts: Parts) -> Iterator[Finding]:
    """One hard binding, and soft bindings as the schema has them."""
    yield from _hard(parts)
    for assertion in parts.named(soft_binding.LABEL):
        yield from _soft(assertion, parts.claim.get("alg_soft"))


def _hard(parts: Parts) -> Iterator[Finding]:
    present = [assertion.label for assertion in parts.named(*_HARD)]
    if parts.update and present:
        problem = f"An update manifest binds the file itself ({', '.join(present)})."
        yield rules.HARD_BINDING.found(parts.uri, problem)
    if not parts.update and len(present) != 1:
        what = f"{len(present)} hard bindings" if present else "no hard binding"
        yield rules.HARD_BINDING.found(parts.uri, f"The manifest has {what}.")


def _soft(assertion: Assertion, inherited: object) -> Iterator[Finding]:
    data = assertion.data
    if not isinstance(data, Mapping):
        yield rules.SOFT_BINDING_SHAPE.found(assertion.uri, "The soft binding is not a map.")
        return
    yield from _algorithm(assertion.uri, data.get("alg", inherited))
    yield from _padding(assertion.uri, data)
    blocks = data.get("blocks")
    if not isinstance(blocks, (list, tuple)) or not blocks:
        yield rules.SOFT_BINDING_SHAPE.found(assertion.uri, "The soft binding lists no blocks.")
        return
    deprecated = ["url"] if "url" in data else []
    for block in blocks:
        if not isinstance(block, Mapping) or not isinstance(block.get("scope"), Mapping):
            problem = "A block of the soft binding has no scope."
            yield rules.SOFT_BINDING_SHAPE.found(assertion.uri, problem)
            continue
        if "extent" in block["scope"]:
            deprecated.append("extent")
        if not isinstance(block.get("value"), bytes):
            problem = f"The value of a block is {_kind(block.get('value'))}, not a byte string."
            yield rules.SOFT_BINDING_VALUE.found(assertion.uri, problem)
    for name in dict.fromkeys(deprecated):
        yield rules.SOFT_BINDING_DEPRECATED.found(assertion.uri, f"The field {name} is deprecated.")


def _algorithm(where: str, name: object) -> Iterator[Finding]:
    if not isinstance(name, str):
        yield rules.SOFT_BINDING_SHAPE.found(where, "The soft binding names no algorithm.")
    elif name in vocabulary.SOFT_BINDING_ALGORITHMS:
        return
    elif _REVERSE_DOMAIN.fullmatch(name):
        problem = (
            f"The algorithm {name!r:.80} is not in the list of C2PA "
            f"as of {vocabulary.SOFT_BINDING_ALGORITHMS_DATE}."
        )
        yield rules.SOFT_BINDING_UNREGISTERED.found(where, problem)
    else:
        problem = f"The algorithm {name!r:.80} is neither in the list nor named by a domain."
        yield rules.SOFT_BINDING_ALGORITHM.found(where, problem)


def _padding(where: str, data: Mapping[Any, Any]) -> Iterator[Finding]:
    if "pad" not in data:
        yield rules.SOFT_BINDING_PAD.found(where, "The soft binding has no pad.")
    for name in ("pad", "pad2"):
        value = data.get(name, b"")
        if not isinstance(value, bytes):
            problem = f"The field {name} is {_kind(value)}, not a byte string."
            yield rules.SOFT_BINDING_PAD.found(where, problem)
        elif any(value):
            yield rules.SOFT_BINDING_PAD.found(where, f"The field {name} is not all zeros.")


def _kind(value: object) -> str:
    names = {str: "a text", list: "a list", tuple: "a list", type(None): "absent"}
    return names.get(type(value), f"of type {type(value).__name__}")
