"""The linter on whole files: ours, those of others, and what is no manifest at all."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import c2pa
import pytest
from cryptography.hazmat.primitives import serialization

from countermark import jumbf
from countermark.credentials import Signed, containers
from countermark.credentials.lint import Severity, lint
from countermark.record import DigitalSource, Record

pytestmark = pytest.mark.filterwarnings("ignore:Parsed a serial number")
OF_OURS = {"soft-binding-unregistered", "time-stamp-missing"}


def rules_in(data: bytes) -> list[str]:
    return [finding.rule for finding in lint(io.BytesIO(data))]


def test_what_we_sign_has_no_error_and_no_warning(
    signed_files: dict[str, Signed], media_type: str
) -> None:
    findings = lint(io.BytesIO(signed_files[media_type].asset))
    assert {finding.rule for finding in findings} == OF_OURS
    assert {finding.severity for finding in findings} == {Severity.NOTE}
    assert lint(io.BytesIO(signed_files[media_type].manifest)) == findings


@pytest.mark.parametrize("source", list(DigitalSource))
def test_edited_pictures_and_their_parents_have_no_error(
    signed: Callable[..., Signed], signed_files: dict[str, Signed], source: DigitalSource
) -> None:
    parent = (io.BytesIO(signed_files["image/png"].asset), "image/png")
    edited = signed(record=Record(source=source), parent=parent)
    findings = lint(io.BytesIO(edited.asset))
    assert {finding.rule for finding in findings} == OF_OURS
    assert len({finding.where.split("/")[2] for finding in findings}) == 2


def test_active_manifest_comes_first_and_earlier_ones_are_linted(
    forged: Callable[[Callable[[Any], None]], bytes],
) -> None:
    def rename(draft: Any) -> None:
        draft.label = "urn:uuid:3a9d1c4e-5f7b-4c58-81dc-d57bf143691d"

    def unsay(draft: Any) -> None:
        del draft.assertions["c2pa.actions.v2"]["allActionsIncluded"]

    earlier, active = forged(rename), forged(unsay)
    content = earlier[8:] + active[jumbf.parse(active).children[1].start :]
    store = (len(content) + 8).to_bytes(4, "big") + b"jumb" + content
    assert rules_in(store) == ["actions-all-included", "manifest-label"]


def test_file_without_manifest(photograph: Callable[[str], bytes], media_type: str) -> None:
    assert rules_in(photograph(media_type)) == ["manifest-missing"]


def test_file_of_another_kind() -> None:
    assert rules_in(b"GIF is none of ours, text neither") == ["container-unknown"]
    assert rules_in(b"") == ["container-unknown"]


def test_file_that_the_library_refuses() -> None:
    assert rules_in(b"\x89PNG\r\n\x1a\n" + bytes(40)) == ["file-refused"]


def test_file_that_only_links_to_its_manifest(
    photograph: Callable[[str], bytes], signer: Any
) -> None:
    key = signer.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    info = c2pa.C2paSignerInfo(b"es256", signer.certificate_chain, key, None)
    out = io.BytesIO()
    source = "http://c2pa.org/digitalsourcetype/empty"
    action = {"action": "c2pa.created", "digitalSourceType": source}
    stated = {"assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [action]}}]}
    context = c2pa.Context.from_dict({"verify": {"remote_manifest_fetch": False}})
    with c2pa.Builder(stated, context=context) as builder:
        builder.set_no_embed()
        builder.set_remote_url("http://127.0.0.1:9/manifest")
        with c2pa.Signer.from_info(info) as claim_signer:
            builder.sign(claim_signer, "image/jpeg", io.BytesIO(photograph("image/jpeg")), out)
    assert rules_in(out.getvalue()) == ["manifest-remote"]


def test_several_stores(signed_files: dict[str, Signed]) -> None:
    asset = signed_files["image/png"].asset
    location = containers.locate(asset)
    assert location is not None
    start, end = location.spans[0][0] - 8, location.spans[0][1] + 4
    assert rules_in(asset[:end] + asset[start:]) == ["store-location"]


def test_store_that_does_not_parse(signed_files: dict[str, Signed]) -> None:
    store = signed_files["image/jpeg"].manifest
    assert rules_in(store[:-1]) == ["store-malformed"]
    root = jumbf.parse(store)
    manifest = root.children[1]
    twice = store[8:] + store[manifest.start : manifest.end]
    doubled = rules_in((len(twice) + 8).to_bytes(4, "big") + b"jumb" + twice)
    assert doubled[0] == "store-malformed"
    assert rules_in((31).to_bytes(4, "big") + store[4:31]) == ["store-malformed"]


def test_defects_of_known_files_are_found(corpus: Path) -> None:
    expected = {
        "adobe-20220124-E-uri-CA.jpg": "hashed-uri-mismatch",
        "adobe-20220124-E-clm-CAICAI.jpg": "hashed-uri-target",
        "adobe_connected_identities.jpg": "soft-binding-value",
        "cloud.jpg": "manifest-remote",
        "enc-wrong_eku_signer.jpg": "certificate-usage",
        "enc-expired_signer.jpg": "certificate-validity",
        "C.jpg": "claim-deprecated",
        "tiff_poc.tiff": "file-refused",
    }
    for name, rule in expected.items():
        if (corpus / name).exists():
            assert rule in rules_in((corpus / name).read_bytes()), name


def test_files_of_others_are_linted_in_bounds(corpus: Path) -> None:
    for path in sorted(corpus.iterdir()) if corpus.exists() else ():
        begin = time.perf_counter()
        findings = lint(path)
        assert time.perf_counter() - begin < 2, path
        assert findings, path  # no file there is to the letter of the newest version
