"""The C2PA library behind one door: settings that are known to work, no foreign exception out.

The library accepts unknown settings in silence, so that a misspelt one means no trust list at
all. Every key here has a test that sees its effect, and others are refused.

Source: c2pa-python 0.38, c2pa-rs 0.91.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import c2pa  # type: ignore[import-untyped]

from countermark.credentials.trust import CLAIM_PURPOSES, Kind, Trust
from countermark.errors import InvalidArgument, SigningFailed, UnsupportedImage

MEDIA_TYPES: Final = ("image/jpeg", "image/png", "image/webp", "image/avif", "image/tiff")
"""What countermark marks; the library itself knows more."""

TRUST_LISTS: Final = {
    Kind.CLAIM: "urn:countermark:claim-signers",
    Kind.TIMESTAMP: "urn:countermark:time-stamping-authorities",
    Kind.IDENTITY: "urn:countermark:identities",
}
"""Names of our lists: the library says which one it trusted a claim signer by.

It takes any list, and of several that hold the anchor a random one. So the name only tells our
lists from others; which of ours may vouch for claims is decided in `trust`.
"""

_PURPOSES: Final = "".join(
    f"{purpose.dotted_string}\n" for purpose in sorted(CLAIM_PURPOSES, key=str)
)
"""Without this setting the library knows certificates for claim signing alone as invalid."""

STORE_MEDIA_TYPE: Final = "application/c2pa"

_SETTINGS: Final = {
    "verify": {
        "verify_trust": True,
        "remote_manifest_fetch": False,
        "ocsp_fetch": False,
        # Signing writes a placeholder signature first and checks the finished file itself.
        "verify_after_sign": False,
    },
    # An empty list forbids every host, whatever a file asks for.
    "core": {"allowed_network_hosts": []},
    "builder": {
        "thumbnail": {"enabled": False},
        # An ingredient whose manifest cannot be read is recorded with that failure.
        "ignore_ingredient_errors": True,
        # What the claim generator itself vouches for; the rest is gathered from the user.
        "created_assertion_labels": [
            "c2pa.actions",
            "c2pa.ingredient",
            "c2pa.soft-binding",
            "c2pa.thumbnail.claim",
        ],
    },
}


TRUST_CODES: Final = ("signingCredential.", "timeStamp.")
"""Beginnings of the codes that say whom to trust, not whether anything is intact."""

_KNOWN: Final = frozenset(
    (
        "builder.created_assertion_labels",
        "builder.ignore_ingredient_errors",
        "builder.thumbnail.enabled",
        "core.allowed_network_hosts",
        "trust.anchors",
        "trust.anchors.allowed_list",
        "trust.anchors.trust_anchors",
        "trust.anchors.trust_kind",
        "trust.anchors.trust_uri",
        "trust.trust_config",
        "verify.ocsp_fetch",
        "verify.remote_manifest_fetch",
        "verify.verify_after_sign",
        "verify.verify_trust",
    )
)
"""Settings of the library that are used here, each with a test that sees its effect."""

Failure = tuple[str, str]
"""Code and explanation."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What the library says about the active manifest.

    `label`: None when the library could not read the manifest.
    `failures`: of the active manifest itself. `ingredient_failures`: its ingredients are not
    what they were when it was signed. `inherited_failures`: what was wrong with them before,
    whom their signers are trusted by, and all that concerns the ingredients' own ingredients.
    `successes`: codes. `trust_list`: the list that the claim signer's anchor is in.
    `serial_number`: of the certificate that signed. `signed_at`: ISO 8601, by the time stamp.
    """

    label: str | None
    failures: tuple[Failure, ...]
    ingredient_failures: tuple[Failure, ...] = ()
    inherited_failures: tuple[Failure, ...] = ()
    successes: frozenset[str] = frozenset()
    trust_list: str | None = None
    serial_number: str | None = None
    signed_at: str | None = None


def context(trust: Trust | None = None) -> c2pa.Context:
    """A library context with those trust lists and no network."""
    return c2pa.Context.from_dict(checked(settings(trust)))


def settings(trust: Trust | None = None) -> dict[str, Any]:
    """All that the library is told, with the trust lists in its own terms."""
    if trust is None:
        return dict(_SETTINGS)
    return {**_SETTINGS, "trust": {"trust_config": _PURPOSES, "anchors": list(_anchors(trust))}}


def checked(settings: dict[str, Any]) -> dict[str, Any]:
    """The same settings, when the library has every one of them.

    Raises `InvalidArgument` for others: the library would accept and ignore them.
    """
    unknown = sorted(set(_names(settings)) - _KNOWN)
    if unknown:
        raise InvalidArgument(
            f"The C2PA library has no setting {unknown[0]!r:.80}.",
            remedy=f"Use one of: {', '.join(sorted(_KNOWN))}.",
        )
    return settings


def _names(value: Any, prefix: str = "") -> Iterator[str]:
    """The dotted names of the settings that are no further mappings."""
    for name, inner in value.items():
        items = inner if isinstance(inner, list) else [inner]
        mappings = [item for item in items if isinstance(item, dict)]
        if not mappings:
            yield prefix + name
        for mapping in mappings:
            yield from _names(mapping, f"{prefix}{name}.")


def _anchors(trust: Trust) -> Iterator[dict[str, str]]:
    library_kinds = {Kind.CLAIM: "manifest", Kind.TIMESTAMP: "tsa", Kind.IDENTITY: "cawg"}
    for kind, uri in TRUST_LISTS.items():
        listed = {"trust_anchors": trust.pem(kind).decode("ascii")}
        if kind is Kind.CLAIM:
            listed["allowed_list"] = trust.pem(Kind.SIGNER).decode("ascii")
        if any(listed.values()):
            yield {**listed, "trust_uri": uri, "trust_kind": library_kinds[kind]}


def check_media_type(media_type: str) -> None:
    """Raise `UnsupportedImage` for a media type that countermark does not mark."""
    if media_type not in MEDIA_TYPES:
        raise UnsupportedImage(
            f"Manifests in files of type {media_type!r:.80} are not supported.",
            remedy=f"Use one of: {', '.join(MEDIA_TYPES)}.",
        )


def validate(
    media_type: str, asset: bytes, store: bytes | None, *, trust: Trust
) -> Findings | None:
    """Let the library judge an asset against a store, or against the one that it embeds.

    None when there is no manifest. A manifest that the library refuses to read comes back as
    findings with one failure.
    """
    try:
        reader = c2pa.Reader(
            media_type, io.BytesIO(asset), manifest_data=store, context=context(trust)
        )
        with reader:
            return _findings(json.loads(reader.json()))
    except c2pa.C2paError.ManifestNotFound:
        return None
    except c2pa.C2paError as error:
        return Findings(None, ((_refusal_code(str(error)), str(error)),))


def embed(
    asset: bytes,
    media_type: str,
    stated: dict[str, Any],
    *,
    algorithm: str,
    certificate_chain: bytes,
    private_key: bytes,
    resources: dict[str, bytes],
    ingredient: tuple[dict[str, Any], bytes, str] | None,
) -> tuple[bytes, bytes]:
    """Let the library build a manifest and embed it; the new file, and the store in it.

    `stated`: the manifest's definition; `resources`: what it refers to by name. `ingredient`:
    its definition, file and media type. Raises `SigningFailed` when the library refuses.
    """
    out = io.BytesIO()
    credential = c2pa.C2paSignerInfo(algorithm.encode(), certificate_chain, private_key, None)
    try:
        with (
            context() as settings,
            c2pa.Builder(stated, context=settings) as builder,
            c2pa.Signer.from_info(credential) as signer,
        ):
            for name, content in resources.items():
                builder.add_resource(name, io.BytesIO(content))
            if ingredient is not None:
                definition, content, ingredient_type = ingredient
                builder.add_ingredient(definition, ingredient_type, io.BytesIO(content))
            store = builder.sign(signer, media_type, io.BytesIO(asset), out)
    except c2pa.C2paError as error:
        raise SigningFailed(
            f"The manifest could not be embedded ({error}).",
            remedy="Check that the file is a whole picture of its stated type.",
        ) from error
    return out.getvalue(), store


def _refusal_code(message: str) -> str:
    """The standard's code for a manifest that the library does not even judge."""
    remote = message.startswith("Remote")
    return "manifest.inaccessible" if remote else "claim.malformed"


def _findings(report: dict[str, Any]) -> Findings:
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
    signature = report["manifests"].get(label, {}).get("signature_info", {})
    return Findings(
        label=label,
        failures=_failures(entry for entry in failures if not inherited(entry)),
        ingredient_failures=_failures(changed),
        inherited_failures=_failures((*earlier, *(e for e in direct if e not in changed))),
        successes=frozenset(
            entry["code"] for entry in active.get("success", ()) if not inherited(entry)
        ),
        trust_list=results.get("trustListUri"),
        serial_number=signature.get("cert_serial_number"),
        signed_at=signature.get("time"),
    )


def _failures(entries: Iterable[dict[str, str]]) -> tuple[Failure, ...]:
    return tuple((entry["code"], entry.get("explanation") or "") for entry in entries)
