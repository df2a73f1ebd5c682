"""Time stamps of earlier manifests, in assertions.

Source: C2PA 2.2, sections 15.10.3.2.4 and 18.17.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from countermark.credentials.lint import rules
from countermark.credentials.lint.finding import Finding
from countermark.credentials.lint.parts import Parts
from countermark.credentials.timestamps import LABEL


def check(parts: Parts) -> Iterator[Finding]:
    """The time-stamp assertion of one manifest."""
    found = list(parts.named(LABEL))
    for second in found[1:]:
        problem = "The manifest has more than one time-stamp assertion."
        yield rules.TIME_STAMP_ASSERTION.found(second.uri, problem)
    for assertion in found:
        data = assertion.data
        if assertion.is_json or not isinstance(data, Mapping) or not data:
            problem = "The assertion is not a CBOR map with an entry."
            yield rules.TIME_STAMP_ASSERTION.found(assertion.uri, problem)
            continue
        for label, token in data.items():
            if not isinstance(label, str) or not label.startswith("urn:c2pa:"):
                problem = f"{label!r:.80} is not the label of a manifest."
                yield rules.TIME_STAMP_ASSERTION.found(assertion.uri, problem)
            if not isinstance(token, bytes):
                problem = f"The time stamp of {label!r:.80} is not a byte string."
                yield rules.TIME_STAMP_ASSERTION.found(assertion.uri, problem)


def stamped(parts: Parts) -> Iterator[str]:
    """Labels of the manifests that this one holds a time stamp of."""
    for assertion in parts.named(LABEL):
        if isinstance(assertion.data, Mapping):
            yield from (label for label in assertion.data if isinstance(label, str))
