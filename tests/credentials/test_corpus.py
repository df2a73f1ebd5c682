"""Files written by others: our findings against what is known of them, and no foreign exception.

Where the corpus is not at hand there is nothing to compare, and the tests pass.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from countermark.credentials import (
    Manifest,
    Signed,
    Trust,
    TrustStatus,
    containers,
    read,
    read_detached,
    read_fragment,
)
from countermark.errors import CountermarkError, UnreadableManifest
from countermark.record import DigitalSource, Record

pytestmark = pytest.mark.filterwarnings("ignore:Parsed a serial number")
MEDIA_TYPES = {".jpg": "image/jpeg", ".tiff": "image/tiff"}


@pytest.fixture(scope="module")
def trust(corpus: Path) -> Trust:
    path = corpus / "test_cert_root_bundle.pem"
    return Trust.from_file(path) if path.exists() else Trust.nobody()


def entries(corpus: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    path = corpus / "expected.json"
    for entry in json.loads(path.read_text()) if path.exists() else ():
        yield corpus / entry["file"], entry


def pictures(corpus: Path) -> Iterator[tuple[Path, str, dict[str, Any]]]:
    for path, entry in entries(corpus):
        if path.suffix in MEDIA_TYPES and path.exists():
            yield path, MEDIA_TYPES[path.suffix], entry


def test_pictures_read_as_the_library_reads_them(corpus: Path, trust: Trust) -> None:
    for path, media_type, entry in pictures(corpus):
        state, codes, *_ = entry["test_roots"]
        manifest = read(path, media_type, trust=trust)
        if state == "C2paManifestNotFound":
            assert manifest is None, path
            continue
        assert manifest is not None, path
        if state == "C2paError":
            assert manifest.failures == ("manifest.inaccessible",), path
        elif state.startswith("C2pa"):
            assert manifest.failures == ("claim.malformed",), path
        else:
            found = set(manifest.failures)
            assert found <= set(codes) <= found | set(manifest.ingredient_failures), path
        check_state(manifest, state, path)


def check_state(manifest: Manifest, state: str, path: Path) -> None:
    intact = manifest.signature_valid and manifest.assertions_valid
    intact = intact and manifest.hard_binding == "match"
    if state == "Trusted":
        assert intact, path
        assert manifest.trust is TrustStatus.TRUSTED, path
    elif state == "Invalid" or state.startswith("C2pa"):
        assert not (intact and manifest.trust is TrustStatus.TRUSTED), path


def test_second_validator_confirms_what_we_find_intact(corpus: Path, trust: Trust) -> None:
    for path, media_type, entry in pictures(corpus):
        manifest = read(path, media_type, trust=trust)
        if manifest is None or not (manifest.signature_valid and manifest.assertions_valid):
            continue
        if manifest.hard_binding == "match":
            assert entry["second_validator_integrity"] == "valid", path


def test_stored_manifests_of_others_read_alike(corpus: Path, trust: Trust) -> None:
    for path, media_type, _ in pictures(corpus):
        try:
            location = containers.locate(path.read_bytes())
        except UnreadableManifest:
            continue
        if location is None:
            continue
        embedded = read(path, media_type, trust=trust)
        assert embedded is not None, path
        stored = read_detached(embedded.bytes, trust=trust)
        for name in ("label", "signature_valid", "assertions_valid", "trust", "claim_signer"):
            assert getattr(stored, name) == getattr(embedded, name), (path, name)


def test_any_file_under_any_type_gives_a_manifest_or_none(corpus: Path, trust: Trust) -> None:
    for path, _ in entries(corpus):
        for media_type in ("image/jpeg", "image/png", "image/avif"):
            manifest = read(path, media_type, trust=trust)
            assert manifest is None or isinstance(manifest, Manifest), path


def test_documents_of_others_are_read(corpus: Path, trust: Trust) -> None:
    for name in ("adobe-20240110-single_manifest_store.pdf", "express-signed.pdf"):
        if (corpus / name).exists():
            manifest = read(corpus / name, "application/pdf", trust=trust)
            assert manifest is not None, name
            assert (manifest.signature_valid, manifest.hard_binding) == (True, "match"), name


def test_fragment_of_a_movie_is_checked(corpus: Path, trust: Trust) -> None:
    first, second = corpus / "dashinit.mp4", corpus / "dash1.m4s"
    if first.exists():
        manifest = read_fragment(first, second, trust=trust)
        assert manifest is not None
        assert (manifest.signature_valid, manifest.assertions_valid) == (True, True)
        assert manifest.hard_binding == "match"
        altered = bytearray(second.read_bytes())
        altered[-1] ^= 1
        for fragment in (io.BytesIO(altered), first):
            other = read_fragment(first, fragment, trust=trust)
            assert other is not None
            assert other.hard_binding == "mismatch"


def test_official_trust_list_is_usable(corpus: Path, signed_files: dict[str, Signed]) -> None:
    path = corpus / "C2PA-TRUST-LIST.pem"
    if path.exists():
        official = Trust.from_file(path)
        assert len(official.certificates) == 30
        stored = read_detached(signed_files["image/jpeg"].manifest, trust=official)
        assert stored.trust is TrustStatus.UNTRUSTED


def test_pictures_of_others_can_be_parents(corpus: Path, signed: Callable[..., Signed]) -> None:
    record = Record(source=DigitalSource.HUMAN_EDITED)
    for path, media_type, entry in pictures(corpus):
        try:
            result = signed(record=record, parent=(path, media_type))
        except CountermarkError as error:
            pytest.fail(f"{entry['file']}: {error}")
        assert b"c2pa.ingredient.v3" in result.manifest, path
