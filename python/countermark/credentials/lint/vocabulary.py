"""Lists of names that the standards allow or deprecate, each with its source and date.

>>> "com.adobe.trustmark.P" in SOFT_BINDING_ALGORITHMS
True
"""

from __future__ import annotations

import json
from importlib import resources
from typing import Any, Final

_LISTS: Final[dict[str, dict[str, Any]]] = json.loads(
    resources.files(__package__).joinpath("vocabularies.json").read_text(encoding="utf-8")
)


def _names(name: str) -> frozenset[str]:
    return frozenset(_LISTS[name]["names"])


SOFT_BINDING_ALGORITHMS: Final = _names("soft_binding_algorithms")
SOFT_BINDING_ALGORITHMS_DATE: Final[str] = _LISTS["soft_binding_algorithms"]["date"]
DIGITAL_SOURCE_TYPES: Final = _names("digital_source_types")
ASSERTIONS: Final = _names("assertions")
DEPRECATED_ASSERTIONS: Final = _names("deprecated_assertions")
ACTIONS: Final = _names("actions")
DEPRECATED_ACTIONS: Final = _names("deprecated_actions")
ACTIONS_WITHOUT_SOURCE_TYPE: Final = _names("actions_without_source_type")
METADATA_NAMESPACES: Final = _names("metadata_namespaces")
METADATA_FIELDS: Final = {
    namespace: frozenset(names) for namespace, names in _LISTS["metadata_fields"]["names"].items()
}
"""The fields that are allowed of namespaces that are not allowed as a whole."""
