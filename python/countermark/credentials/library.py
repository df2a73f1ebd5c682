"""The C2PA library behind one door: settings that are known to work, no foreign exception out.

The library accepts unknown settings in silence, so that a misspelt one means no trust list at
all. Every key here has a test that sees its effect, and others are refused.

Source: c2pa-python 0.38, c2pa-rs 0.91.
"""

from __future__ import annotations

import functools
import io
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import c2pa  # type: ignore[import-untyped]

from countermark.containers import StreamContent
from countermark.credentials import containers, findings
from countermark.credentials.assets import Stream, opened
from countermark.credentials.containers import MEDIA_TYPES, TEXT_TYPES
from countermark.credentials.findings import BINDING_CODES, Findings
from countermark.credentials.trust import CLAIM_PURPOSES, Kind, Trust
from countermark.errors import (
    InvalidArgument,
    SigningFailed,
    UnreadableManifest,
    UnsupportedImage,
)

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

_SETTINGS: Final[dict[str, dict[str, Any]]] = {
    "verify": {
        "verify_trust": True,
        "remote_manifest_fetch": False,
        "ocsp_fetch": False,
        # Signing writes a placeholder signature first and checks the finished file itself.
        "verify_after_sign": False,
    },
    "core": {
        # An empty list forbids every host, whatever a file asks for.
        "allowed_network_hosts": [],
        # Beyond this, what is being laid out goes to a temporary file.
        "backing_store_memory_threshold_in_mb": 16,
    },
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
            "c2pa.time-stamp",
        ],
    },
}


_PIECE_KIB: Final = 1024

_KNOWN: Final = frozenset(
    (
        "builder.created_assertion_labels",
        "builder.ignore_ingredient_errors",
        "builder.thumbnail.enabled",
        "core.allowed_network_hosts",
        "core.backing_store_memory_threshold_in_mb",
        "core.merkle_tree_chunk_size_in_kb",
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

_ASSET_PROBLEMS: Final = (
    "asset could not be parsed",
    "failed to fill whole buffer",
    "type is unsupported",
)
"""What the library says when the container is damaged, whatever lies in it."""

Ingredient = tuple[dict[str, Any], Stream, str]
"""Definition, file and media type."""


def context(trust: Trust | None = None, *, in_pieces: bool = False) -> c2pa.Context:
    """A library context with those trust lists and no network; it is shared: nobody closes it.

    `in_pieces`: hash the media data of BMFF files in pieces, not as a whole in memory.
    """
    told = settings(trust)
    if in_pieces:
        told["core"] = {**told["core"], "merkle_tree_chunk_size_in_kb": _PIECE_KIB}
    return _context(json.dumps(told), os.getpid())


@functools.lru_cache(maxsize=8)
def _context(told: str, _process: int) -> c2pa.Context:
    """One for all files that are told the same: making it takes as long as reading a file.

    The library's objects are those of a process and do not outlive a fork.
    """
    return c2pa.Context.from_dict(checked(json.loads(told)))


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


def check_media_type(media_type: str, *, or_text: bool = False) -> None:
    """Raise `UnsupportedImage` for a media type whose manifests are not found or replaced.

    `or_text`: texts count too, which are read, but not signed, as other files are.
    """
    if media_type not in MEDIA_TYPES and not (or_text and media_type in TEXT_TYPES):
        raise _unsupported(f"files of type {media_type!r:.80}")


def media_type_of(path: Path) -> str:
    """The media type that the content of a file shows, whatever its name.

    Raises `UnsupportedImage` for files whose manifests cannot be found or replaced,
    `SourceNotFound` for unreadable ones.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "page"
    ...     _ = path.write_bytes(b"%PDF-1.7")
    ...     media_type_of(path)
    'application/pdf'
    """
    with opened(path) as stream:
        shown = containers.media_type(StreamContent(stream))
    if shown is None:
        raise _unsupported(f"a file like {path.name!r:.80}")
    return shown


def _unsupported(what: str) -> UnsupportedImage:
    return UnsupportedImage(
        f"Manifests in {what} are not supported.",
        remedy=f"Use one of: {', '.join(MEDIA_TYPES)}.",
    )


def validate(
    media_type: str, asset: bytes | Stream, store: bytes | None, *, trust: Trust
) -> Findings | None:
    """Let the library judge an asset against a store, or against the one that it embeds.

    None when there is no manifest. A manifest that the library refuses to read comes back as
    findings with one failure.
    """
    stream = io.BytesIO(asset) if isinstance(asset, bytes) else _rewound(asset)
    return _judged(
        lambda: c2pa.Reader(media_type, stream, manifest_data=store, context=context(trust))
    )


def results(store: bytes, asset: Stream) -> dict[str, Any]:
    """What the library found in a store beside an asset, as an ingredient states it.

    Raises `UnreadableManifest` for what is no store.
    """
    try:
        with c2pa.Reader(STORE_MEDIA_TYPE, asset, manifest_data=store, context=context()) as reader:
            return dict(json.loads(reader.json())["validation_results"])
    except c2pa.C2paError as error:
        raise UnreadableManifest(
            f"The manifest beside the earlier file cannot be read ({error}).",
            remedy="Use the file or store as first written.",
        ) from error


def validate_store(store: bytes, *, trust: Trust) -> Findings | None:
    """As `validate`, for a store alone: what it says of the file is left out."""
    found = validate(STORE_MEDIA_TYPE, store, None, trust=trust)
    if found is None:
        return None
    # The library compares with an empty file; exactly these codes come from that.
    ignored = {f"{binding}mismatch" for binding in BINDING_CODES}
    kept = tuple(entry for entry in found.failures if entry[0] not in ignored)
    return replace(found, failures=kept)


def validate_fragment(
    media_type: str, initialisation: Stream, fragment: Stream, *, trust: Trust
) -> Findings | None:
    """As `validate`, for a fragment of a BMFF file whose manifest is in another one."""
    return _judged(
        lambda: c2pa.Reader(media_type, initialisation, context=context(trust)).with_fragment(
            media_type, _rewound(initialisation), fragment
        )
    )


def _rewound(stream: Stream) -> Stream:
    stream.seek(0)
    return stream


def _judged(open_reader: Callable[[], c2pa.Reader]) -> Findings | None:
    try:
        with open_reader() as reader:
            return findings.of_report(json.loads(reader.json()))
    except c2pa.C2paError.ManifestNotFound:
        return None
    except c2pa.C2paError as error:
        text = str(error)
        damaged = any(problem in text for problem in _ASSET_PROBLEMS)
        return Findings(None, ((_refusal_code(text), text),), asset_is_damaged=damaged)


def embed(
    source: Stream,
    destination: Stream,
    media_type: str,
    stated: dict[str, Any],
    *,
    algorithm: str,
    certificate_chain: bytes,
    private_key: bytes | None,
    signature_bytes: int,
    resources: Mapping[str, bytes],
    ingredients: Sequence[Ingredient],
    in_pieces: bool,
    is_update: bool = False,
) -> bytes:
    """Let the library write a copy with a manifest embedded; the manifest store in it.

    `stated`: the manifest's definition; `resources`: what it refers to by name. `private_key`:
    PEM; without one there are `signature_bytes` zeros for a signature, and room for a time stamp.
    `in_pieces`: as in `context`. `is_update`: of the one ingredient, whose content stays.

    Raises `SigningFailed` when the library refuses.
    """
    try:
        with c2pa.Builder(stated, context=context(in_pieces=in_pieces)) as builder:
            if is_update:
                builder.set_intent(c2pa.C2paBuilderIntent.UPDATE)
            for name, content in resources.items():
                builder.add_resource(name, io.BytesIO(content))
            for definition, stream, ingredient_type in ingredients:
                builder.add_ingredient(definition, ingredient_type, stream)
            here = os.getpid(), threading.get_ident()
            signer = _signer(algorithm, certificate_chain, private_key, signature_bytes, here)
            return bytes(builder.sign(signer, media_type, source, destination))
    except c2pa.C2paError as error:
        raise SigningFailed(
            f"The manifest could not be embedded ({error}).",
            remedy="Check that the file is whole and of its stated type.",
        ) from error


@functools.lru_cache(maxsize=64)
def _signer(
    algorithm: str,
    certificate_chain: bytes,
    private_key: bytes | None,
    signature_bytes: int,
    _here: tuple[int, int],
) -> c2pa.Signer:
    """For what is signed by another: the library makes room for a time stamp by a callback only.

    Each process and thread has its own.
    """
    if private_key is not None:
        credential = c2pa.C2paSignerInfo(algorithm.encode(), certificate_chain, private_key, None)
        return c2pa.Signer.from_info(credential)
    return c2pa.Signer.from_callback(
        lambda _: bytes(signature_bytes),
        c2pa.C2paSigningAlg[algorithm.upper()],
        certificate_chain.decode("ascii"),
    )


def _refusal_code(message: str) -> str:
    """The standard's code for a manifest that the library does not even judge."""
    remote = message.startswith("Remote")
    return "manifest.inaccessible" if remote else "claim.malformed"
