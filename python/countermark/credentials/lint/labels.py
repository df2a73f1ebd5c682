"""Labels of manifest, claim and assertions, and what metadata assertions may hold.

Source: C2PA 2.2, sections 6.2, 8.1, 10.2, 18.16, appendices B and C; CAWG metadata 1.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from countermark.credentials.lint import rules, vocabulary
from countermark.credentials.lint.finding import Finding
from countermark.credentials.lint.parts import Assertion, Parts

_THUMBNAIL: Final = "c2pa.thumbnail.claim"
_TYPED_THUMBNAILS: Final = (f"{_THUMBNAIL}.", "c2pa.thumbnail.ingredient.")
_DEPRECATED_FAMILIES: Final = ("stds.exif", "stds.iptc", "stds.metadata", "stds.schema-org")
_METADATA: Final = ("c2pa.metadata", "cawg.metadata")
_EXIF_EX: Final = "http://cipa.jp/exif/"
"""Its editions differ in the rest of the namespace; the standard's own example has another."""


def check(parts: Parts) -> Iterator[Finding]:
    """Labels of the manifest, its claim and its assertions; metadata by their labels."""
    if not parts.label.startswith("urn:c2pa:"):
        yield rules.MANIFEST_LABEL.found(parts.uri, f"The label is {parts.label!r:.120}.")
    yield from _claim(parts)
    for assertion in parts.assertions.values():
        yield from _label(assertion)
        if assertion.name in _METADATA:
            yield from _metadata(assertion)
    shown = any(label.startswith(_THUMBNAIL) for label in parts.assertions)
    if not shown and not parts.update:
        yield rules.THUMBNAIL_MISSING.found(parts.uri, "The manifest has no thumbnail.")


def _claim(parts: Parts) -> Iterator[Finding]:
    where = f"{parts.uri}/{parts.claim_label}"
    if "specVersion" in parts.claim:
        yield rules.CLAIM_SPEC_VERSION_PLACE.found(where, "The claim itself states specVersion.")
    if parts.claim_label == "c2pa.claim":
        yield rules.CLAIM_DEPRECATED.found(where, "The claim is of version 1.")
    elif parts.claim:
        info = parts.claim.get("claim_generator_info")
        stated = info.get("specVersion") if isinstance(info, Mapping) else None
        if not isinstance(stated, str):
            problem = "claim_generator_info does not say which version of the standard it is to."
            yield rules.CLAIM_SPEC_VERSION.found(where, problem)


def _label(assertion: Assertion) -> Iterator[Finding]:
    name = assertion.name
    if (
        name in vocabulary.DEPRECATED_ASSERTIONS
        or name.startswith(_TYPED_THUMBNAILS)
        or name.startswith(_DEPRECATED_FAMILIES)
    ):
        yield rules.ASSERTION_DEPRECATED.found(assertion.uri, f"{name:.80} is deprecated.")
    elif name.startswith("c2pa.") and name not in vocabulary.ASSERTIONS:
        problem = f"The standard has no assertion {name!r:.80}."
        yield rules.ASSERTION_UNKNOWN.found(assertion.uri, problem)
    elif "." not in name:
        problem = f"The label {name!r:.80} is named by no domain."
        yield rules.ASSERTION_UNKNOWN.found(assertion.uri, problem)


def _metadata(assertion: Assertion) -> Iterator[Finding]:
    data = assertion.data
    context = data.get("@context") if isinstance(data, Mapping) else None
    if not assertion.is_json or not isinstance(data, Mapping) or not isinstance(context, Mapping):
        problem = "The metadata are not a JSON-LD object with an @context."
        yield rules.METADATA_SHAPE.found(assertion.uri, problem)
        return
    for name in data:
        prefix, _, field = name.partition(":")
        if name.startswith("@"):
            continue
        if prefix not in context or not field:
            problem = f"No prefix in @context explains the field {name!r:.80}."
            yield rules.METADATA_SHAPE.found(assertion.uri, problem)
        elif assertion.name == "c2pa.metadata" and not _allowed(context[prefix], field):
            problem = f"The field {name!r:.80} is not among those of c2pa.metadata."
            yield rules.METADATA_FIELD.found(assertion.uri, problem)


def _allowed(namespace: object, field: str) -> bool:
    if namespace in vocabulary.METADATA_NAMESPACES:
        return True
    if isinstance(namespace, str) and namespace.startswith(_EXIF_EX):
        namespace = _EXIF_EX
    return any(
        field in fields
        for known, fields in vocabulary.METADATA_FIELDS.items()
        if known == namespace or (namespace == _EXIF_EX and known.startswith(_EXIF_EX))
    )
