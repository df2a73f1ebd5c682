"""Files written by others: our findings against what is known of them, and no foreign exception.

Where the corpus is not at hand there is nothing to compare, and the tests pass.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import encypher_c2pa
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from countermark.credentials import (
    Kind,
    Manifest,
    Signed,
    Trust,
    TrustList,
    TrustStatus,
    TrustStore,
    containers,
    read,
    read_detached,
    read_fragment,
    timestamps,
)
from countermark.credentials import claim as claims
from countermark.errors import CountermarkError, UnreadableManifest
from countermark.record import DigitalSource, Record

pytestmark = pytest.mark.filterwarnings("ignore:Parsed a serial number")
MEDIA_TYPES = {".jpg": "image/jpeg", ".tiff": "image/tiff"}
SECOND_TYPES = {
    **MEDIA_TYPES,
    ".mp4": "video/mp4",
    ".pdf": "application/pdf",
}


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


def as_read(manifest: Manifest | None) -> str:
    """What we say, in four words; "none" when there is no manifest."""
    if manifest is None:
        return "none"
    words = {True: "valid", False: "invalid"}
    signature, assertions = words[manifest.signature_valid], words[manifest.assertions_valid]
    return f"{signature} {assertions} {manifest.hard_binding} {manifest.trust.value}"


GOOD = "valid valid match trusted"
UNREADABLE = "invalid invalid absent none"
EXPECTED = {
    "C.jpg": GOOD,
    "CA.jpg": GOOD,
    "CACA.jpg": GOOD,
    "CA_ct.jpg": GOOD,
    "CIE-sig-CA.jpg": GOOD,
    "C_with_CAWG_data.jpg": GOOD,
    "IMG_0003.jpg": "none",
    "XCA.jpg": "valid valid mismatch trusted",
    "adobe-20220124-CAICA.jpg": GOOD,
    "adobe-20220124-E-clm-CAICAI.jpg": "valid invalid match trusted",
    "adobe-20220124-E-uri-CA.jpg": "valid invalid match trusted",
    "adobe-20220124-I.jpg": "none",
    "adobe-20220124-XCI.jpg": "valid valid mismatch trusted",
    "adobe_connected_identities.jpg": "valid valid match untrusted",
    "cloud.jpg": UNREADABLE,
    "cloudx.jpg": UNREADABLE,
    "enc-corrupt_box_type.jpg": UNREADABLE,
    "enc-expired_signer.jpg": UNREADABLE,
    "enc-signed_test.jpg": "valid valid match untrusted",
    "enc-tampered_signature.jpg": UNREADABLE,
    "enc-valid_jpeg_es256.jpg": "valid invalid match untrusted",
    "enc-wrong_eku_signer.jpg": UNREADABLE,
    "legacy_ingredient_hash.jpg": GOOD,
    "no_hard_binding.jpg": GOOD,
    "prerelease.jpg": UNREADABLE,
    "success.jpg": GOOD,
    "tiff_poc.tiff": UNREADABLE,
    "valid_until_in_past.jpg": GOOD,
}
"""Signature, assertions, hard binding, trust by the test roots: what the corpus justifies."""

DISAGREEMENTS = {
    "adobe_connected_identities.jpg",
    "enc-signed_test.jpg",
    "enc-signed_test.mp4",
    "valid_until_in_past.jpg",
}
"""Files on which the two validators disagree; docs/trust.md decides each on the standard."""


def test_verdicts_on_the_files_of_others(corpus: Path, trust: Trust) -> None:
    seen = {}
    for path, media_type, _ in pictures(corpus):
        start = time.process_time()
        seen[path.name] = as_read(read(path, media_type, trust=trust))
        assert time.process_time() - start < 2, path
    assert seen == {name: EXPECTED[name] for name in seen}
    assert not seen or len(seen) == len(EXPECTED)


def test_codes_are_those_of_the_library(corpus: Path, trust: Trust) -> None:
    for path, media_type, entry in pictures(corpus):
        state, codes, *_ = entry["test_roots"]
        manifest = read(path, media_type, trust=trust)
        if manifest is None:
            assert state == "C2paManifestNotFound", path
        elif state == "C2paError":
            assert manifest.failures == ("manifest.inaccessible",), path
        elif path.name == "tiff_poc.tiff":  # the picture is damaged, and no manifest found in it
            assert manifest.failures == ("general.error",), path
        elif state.startswith("C2pa"):
            assert manifest.failures == ("claim.malformed",), path
        else:
            # C2PA 2.2, section 14.4.1: c2pa-kp-claimSigning alone is enough. The corpus was read
            # without the setting that tells the library so.
            found = set(manifest.failures)
            known = set(codes) - {"signingCredential.invalid"}
            # Trusted identities: the corpus was read without a list of them.
            known -= {"cawg.x509.credential.untrusted"} - found
            assert found <= known <= found | set(manifest.ingredient_failures), path


@pytest.fixture(autouse=True)
def _no_calls_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HOME", "XDG_CONFIG_HOME"):  # the second validator saves its choice there
        monkeypatch.setenv(variable, str(tmp_path))


def second_says(path: Path) -> bool:
    """Whether the second validator finds the file as signed."""
    report = encypher_c2pa.verify(
        path.read_bytes(),
        SECOND_TYPES[path.suffix],
        no_default_trust=True,
        telemetry=False,
        online=False,
    )
    return bool(report["integrity"] == "valid")


def test_validators_disagree_on_these_files_only(corpus: Path) -> None:
    seen, disagreements = set(), set()
    for path, entry in entries(corpus):
        if path.suffix not in SECOND_TYPES or not path.exists():
            continue
        seen.add(path.name)
        library_says = entry["test_roots"][0] in ("Trusted", "Valid")
        if library_says != second_says(path):
            disagreements.add(path.name)
    assert disagreements == DISAGREEMENTS & seen
    assert not seen or seen >= DISAGREEMENTS


def test_second_validator_confirms_what_we_find_intact(corpus: Path, trust: Trust) -> None:
    for path, media_type, _ in pictures(corpus):
        ours = as_read(read(path, media_type, trust=trust))
        if ours.startswith("valid valid match"):
            assert second_says(path), path


def test_nobody_is_trusted_by_the_official_lists(corpus: Path) -> None:
    """The files are signed with test certificates, or were before there were official lists."""
    official = TrustStore(None).trust()
    for path, media_type, entry in pictures(corpus):
        manifest = read(path, media_type, trust=official)
        assert entry["c2pa_trust_list_state"] != "Trusted", path
        assert manifest is None or manifest.trust is not TrustStatus.TRUSTED, path
        assert manifest is None or manifest.signed_at is None, path


def test_time_stamps_of_others_are_proven_by_their_authority_alone(
    corpus: Path, trust: Trust
) -> None:
    proven = {}
    for path, media_type, entry in pictures(corpus):
        manifest = read(path, media_type, trust=trust)
        if manifest is None or not manifest.label:
            continue
        assert manifest.signed_at is None, path  # the test roots are no time-stamping authorities
        claim = claims.parse(manifest.bytes)
        tokens = [timestamps._read(content) for content, _ in timestamps._stamps(claim)]
        for token in filter(None, tokens):
            authorities = b"".join(c.public_bytes(Encoding.PEM) for c in token.others)
            stamps = TrustList(Kind.TIMESTAMP, authorities)
            manifest = read(path, media_type, trust=Trust(trust.anchors, lists=(stamps,)))
            assert manifest is not None
            assert manifest.signed_at == datetime.fromisoformat(entry["test_roots"][6]), path
            proven[path.name] = manifest.time_stamped_by
    assert len(proven) in (0, 11)
    assert all("DigiCert" in str(name) for name in proven.values())


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


def test_pictures_of_others_can_be_parents(corpus: Path, signed: Callable[..., Signed]) -> None:
    record = Record(source=DigitalSource.HUMAN_EDITED)
    for path, media_type, entry in pictures(corpus):
        try:
            result = signed(record=record, parent=(path, media_type))
        except CountermarkError as error:
            pytest.fail(f"{entry['file']}: {error}")
        assert b"c2pa.ingredient.v3" in result.manifest, path
