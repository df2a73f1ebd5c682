"""What the C2PA library finds in a manifest, sorted by what it concerns.

Source: c2pa-rs 0.91; C2PA 2.2, section 15.2 (status codes).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

TRUST_CODES: Final = ("signingCredential.", "timeStamp.")
"""Beginnings of the codes that say whom to trust, not whether anything is intact."""

BINDING_CODES: Final = (
    "assertion.dataHash.",
    "assertion.bmffHash.",
    "assertion.boxesHash.",
    "assertion.collectionHash.",
)
"""Beginnings of the codes that say whether the content is what was signed."""

_NO_FAULT: Final = (*TRUST_CODES, *BINDING_CODES, "cawg.")
"""Beginnings of the codes that leave a manifest as good as it was."""

Failure = tuple[str, str]
"""Code and explanation."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What the library says about the active manifest.

    `label`: None when the library could not read the manifest.
    `failures`: of the active manifest itself. `ingredient_failures`: its ingredients are not
    what they were when it was signed. `inherited_failures`: what was wrong with them before,
    whom their signers are trusted by, and all that concerns the ingredients' own ingredients.
    `standings`: codes against the signers of earlier manifests, with their URIs. `faults`: other
    codes against manifests and what they refer to, with their URIs.
    `successes`: codes. `bindings`: the codes of hard bindings, of any manifest, with their URIs.
    `trust_list`: the list that the claim signer's anchor is in.
    `serial_number`: of the certificate that signed. `signed_at`: ISO 8601, by the time stamp.
    `asset_is_damaged`: the library could not read the file, not the manifest.
    """

    label: str | None
    failures: tuple[Failure, ...]
    ingredient_failures: tuple[Failure, ...] = ()
    inherited_failures: tuple[Failure, ...] = ()
    standings: tuple[tuple[str, str], ...] = ()
    faults: tuple[tuple[str, str], ...] = ()
    successes: frozenset[str] = frozenset()
    bindings: tuple[tuple[str, str], ...] = ()
    trust_list: str | None = None
    serial_number: str | None = None
    signed_at: str | None = None
    asset_is_damaged: bool = False

    def with_binding(self, code: str) -> Findings:
        """With a code that says how the file fits, found elsewhere than in the library."""
        if code.endswith(".match"):
            return replace(self, successes=self.successes | {code})
        return replace(self, failures=(*self.failures, (code, "The hash of the file differs")))


def of_report(report: dict[str, Any]) -> Findings:
    """What a report of the library finds, as it stands in its JSON."""
    label = report.get("active_manifest") or ""
    results = report.get("validation_results", {})
    active = results.get("activeManifest", {})
    direct: list[dict[str, str]] = []
    nested: list[dict[str, str]] = []
    for delta in results.get("ingredientDeltas") or ():
        own = f"/{label}/" in delta["ingredientAssertionURI"]
        (direct if own else nested).extend(delta["validationDeltas"].get("failure", ()))
    others = [f"/{name}/" for name in report["manifests"] if name != label]

    known = {(entry["code"], entry.get("url")) for entry in nested}

    def inherited(entry: dict[str, str]) -> bool:
        url = entry.get("url") or ""
        return (entry["code"], url) in known or any(other in url for other in others)

    failures = active.get("failure", ())
    changed = [e for e in direct if not e["code"].startswith((*TRUST_CODES, "cawg."))]
    earlier = [e for e in (*failures, *nested) if inherited(e)]
    everything = (*failures, *direct, *nested)
    signature = report["manifests"].get(label, {}).get("signature_info", {})
    return Findings(
        label=label,
        failures=_failures(entry for entry in failures if not inherited(entry)),
        ingredient_failures=_failures(changed),
        inherited_failures=_failures((*earlier, *(e for e in direct if e not in changed))),
        standings=_located(e for e in everything if e["code"].startswith(TRUST_CODES)),
        faults=_located(e for e in everything if not e["code"].startswith(_NO_FAULT)),
        successes=frozenset(
            entry["code"] for entry in active.get("success", ()) if not inherited(entry)
        ),
        bindings=_located(
            entry
            for entry in (*active.get("success", ()), *failures)
            if entry["code"].startswith(BINDING_CODES)
        ),
        trust_list=results.get("trustListUri"),
        serial_number=signature.get("cert_serial_number"),
        signed_at=signature.get("time"),
    )


def _located(entries: Iterable[dict[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((entry["code"], entry.get("url") or "") for entry in entries)


def _failures(entries: Iterable[dict[str, str]]) -> tuple[Failure, ...]:
    return tuple((entry["code"], entry.get("explanation") or "") for entry in entries)
