"""The resolution API: from bindings and pictures to manifests, for clients of 2.4 and 1.0."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from PIL import Image

from countermark import fingerprint, image
from countermark.credentials import (
    FINGERPRINT_ALGORITHM,
    SOUND_FINGERPRINT_ALGORITHM,
    SOUND_WATERMARK_ALGORITHM,
    VIDEO_FINGERPRINT_ALGORITHM,
    WATERMARK_ALGORITHM,
    Manifest,
    Trust,
    read_detached,
)

BY_BINDING = "/v1/matches/byBinding"
BY_CONTENT = "/v1/matches/byContent"
JPEG = {"content-type": "image/jpeg"}


ManifestOf = Callable[[bytes], Manifest]


@pytest.fixture(scope="session")
def label(known: bytes, manifest_of: ManifestOf) -> str:
    """The identifier of the manifest of the marked file."""
    return manifest_of(known).label or ""


@pytest.fixture(scope="session")
def value(known: bytes, manifest_of: ManifestOf) -> bytes:
    """The payload in the marked file."""
    (binding,) = manifest_of(known).soft_bindings
    assert binding.algorithm == WATERMARK_ALGORITHM
    return binding.value


def encoded(value: bytes) -> str:
    return base64.b64encode(value).decode()


def identifiers(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [match["manifestId"] for match in answer.json()["matches"]]


# ---- by binding ----


def test_watermark_leads_to_the_manifest(
    client: httpx.Client, known: bytes, label: str, value: bytes, manifest_of: ManifestOf
) -> None:
    asked = {"alg": WATERMARK_ALGORITHM, "value": encoded(value)}
    answer = client.get(BY_BINDING, params=asked)
    assert answer.json() == {"matches": [{"manifestId": label, "similarityScore": 100}]}
    assert identifiers(client.post(BY_BINDING, json=asked)) == [label]
    store = client.get(f"/v1/manifests/{quote(label, safe='')}")
    assert store.content == manifest_of(known).bytes
    assert store.headers["content-type"] == "application/c2pa"


def test_every_spelling_of_base64_is_understood(
    client: httpx.Client, label: str, value: bytes
) -> None:
    spellings = {
        encoded(value).rstrip("="),
        base64.urlsafe_b64encode(value).decode(),
        base64.urlsafe_b64encode(value).decode().rstrip("="),
    }
    for spelling in spellings:
        asked = {"alg": WATERMARK_ALGORITHM, "value": spelling}
        assert identifiers(client.get(BY_BINDING, params=asked)) == [label]
    bare = f"{BY_BINDING}?alg={WATERMARK_ALGORITHM}&value={encoded(value)}"  # + becomes a space
    assert identifiers(client.get(bare)) == [label]


@pytest.mark.parametrize("algorithm", [WATERMARK_ALGORITHM, "com.example.unknown.1"])
def test_unknown_binding_has_no_matches(client: httpx.Client, algorithm: str) -> None:
    asked = {"alg": algorithm, "value": encoded(bytes(8))}
    assert client.get(BY_BINDING, params=asked).json() == {"matches": []}
    assert client.post(BY_BINDING, json=asked).json() == {"matches": []}


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({}, 400),
        ({"alg": WATERMARK_ALGORITHM}, 400),
        ({"value": "AAAA"}, 400),
        ({"alg": WATERMARK_ALGORITHM, "value": "!"}, 400),
        ({"alg": "\ud7ff", "value": "AAAA"}, 400),
        ({"alg": WATERMARK_ALGORITHM, "value": "AAAA", "maxResults": "0"}, 400),
        ({"alg": WATERMARK_ALGORITHM, "value": "AAAA", "maxResults": "many"}, 400),
        ({"alg": FINGERPRINT_ALGORITHM, "value": "AAAA"}, 400),
        ({"alg": WATERMARK_ALGORITHM, "value": "A" * 4000}, 414),
    ],
)
def test_malformed_binding_is_refused(
    client: httpx.Client, asked: dict[str, str], status: int
) -> None:
    answer = client.get(BY_BINDING, params=asked)
    assert answer.status_code == status
    assert answer.json()["error"]
    if status == 400:
        limit = {"maxResults": asked.pop("maxResults", "10")}
        assert client.post(BY_BINDING, json=asked, params=limit).status_code == 400


def test_fingerprint_finds_like_pictures(
    client: httpx.Client, known: bytes, label: str, stripped: Callable[..., bytes]
) -> None:
    pixels = image.read(io.BytesIO(stripped(known))).pixels
    asked = {"alg": FINGERPRINT_ALGORITHM, "value": encoded(fingerprint.pdq(pixels).bits)}
    (match,) = client.get(BY_BINDING, params=asked).json()["matches"]
    assert match["manifestId"] == label
    assert 88 <= match["similarityScore"] <= 100
    asked["value"] = encoded(bytes(32))
    assert client.post(BY_BINDING, json=asked).json() == {"matches": []}


# ---- by content ----


def test_stripped_and_cropped_copy_leads_to_the_manifest(
    client: httpx.Client, known: bytes, label: str, stripped: Callable[..., bytes]
) -> None:
    picture = Image.open(io.BytesIO(known))
    cropped = io.BytesIO()
    picture.crop((60, 40, picture.width - 50, picture.height - 30)).save(cropped, "PNG")
    for content, media_type in ((stripped(known), "image/jpeg"), (cropped.getvalue(), "image/png")):
        answer = client.post(BY_CONTENT, content=content, headers={"content-type": media_type})
        assert identifiers(answer) == [label]


def test_fingerprint_alone_can_be_asked_for(client: httpx.Client, known: bytes, label: str) -> None:
    turned = io.BytesIO()
    Image.open(io.BytesIO(known)).transpose(Image.Transpose.ROTATE_90).save(turned, "PNG")
    answer = client.post(
        BY_CONTENT, params={"alg": FINGERPRINT_ALGORITHM}, content=turned.getvalue(), headers=JPEG
    )
    assert identifiers(answer) == [label]
    assert answer.json()["matches"][0]["similarityScore"] < 101


def test_picture_of_others_has_no_match_but_its_hint(
    client: httpx.Client,
    label: str,
    value: bytes,
    photograph: Callable[..., Image.Image],
    as_file: Callable[..., bytes],
) -> None:
    other = as_file(photograph("ihc", 400))
    assert client.post(BY_CONTENT, content=other, headers=JPEG).json() == {"matches": []}
    hint = {"hintAlg": WATERMARK_ALGORITHM, "hintValue": encoded(value)}
    answer = client.post(BY_CONTENT, params=hint, content=other, headers=JPEG)
    assert identifiers(answer) == [label]


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (b"ID3", "audio/mpeg", 415),
        (b"<html>", "image/jpeg", 415),
        (b"%PDF-1.7", "application/pdf", 415),
        (b"", "image/png", 415),
        (b"\xff\xd8\xff\xe0 no more", "image/jpeg", 415),
    ],
)
def test_what_is_no_picture_is_refused(
    client: httpx.Client, content: bytes, media_type: str, status: int
) -> None:
    answer = client.post(BY_CONTENT, content=content, headers={"content-type": media_type})
    assert answer.status_code == status
    assert answer.json()["error"]


def test_stated_type_does_not_matter_when_it_is_a_picture(
    client: httpx.Client, known: bytes, label: str
) -> None:
    answer = client.post(BY_CONTENT, content=known, headers={"content-type": "image/png"})
    assert identifiers(answer) == [label]


def test_nothing_is_fetched_for_others(client: httpx.Client) -> None:
    asked = {"referenceUrl": "http://127.0.0.1:1/", "assetLength": 1}
    answer = client.post("/v1/matches/byReference", json=asked)
    assert answer.status_code == 403
    assert "byContent" in answer.json()["error"]


# ---- manifests ----


def test_active_manifest_alone_can_be_read(
    client: httpx.Client,
    server: Any,
    photograph: Callable[..., Image.Image],
    marked: Callable[..., bytes],
    manifest_of: ManifestOf,
) -> None:
    label = manifest_of(marked(photograph("retina", 400), server.home)).label
    answer = client.get(f"/v1/manifests/{label}", params={"returnActiveManifest": "true"})
    found = read_detached(answer.content, trust=Trust.nobody())
    assert found.label == label
    assert found.signature_valid


def test_what_is_marked_later_is_found_by_identifier_first(
    client: httpx.Client,
    server: Any,
    photograph: Callable[..., Image.Image],
    marked: Callable[..., bytes],
    manifest_of: ManifestOf,
) -> None:
    content = marked(photograph("astronaut", 400), server.home)
    answer = client.get(f"/v1/manifests/{manifest_of(content).label}")
    assert answer.content == manifest_of(content).bytes


@pytest.mark.parametrize("identifier", ["urn:c2pa:none", "a/b%2Fc", "%00", "%ff", "x" * 3000])
def test_unknown_identifier_is_not_found(client: httpx.Client, identifier: str) -> None:
    for suffix in ("", "/receipts"):
        answer = client.get(f"/v1/manifests/{identifier}{suffix}")
        assert (answer.status_code, bool(answer.json()["error"])) == (404, True)


# ---- discovery ----


def test_service_says_what_it_is(client: httpx.Client) -> None:
    assert client.get("/v1/services/supportedAlgorithms").json() == {
        "watermarks": [{"alg": WATERMARK_ALGORITHM}, {"alg": SOUND_WATERMARK_ALGORITHM}],
        "fingerprints": [
            {"alg": FINGERPRINT_ALGORITHM},
            {"alg": VIDEO_FINGERPRINT_ALGORITHM},
            {"alg": SOUND_FINGERPRINT_ALGORITHM},
        ],
    }
    capabilities = client.get("/v1/services/capabilities").json()
    assert capabilities["supportedCapabilities"] == [
        "queryByContent",
        "storeManifests",
        "storeBindings",
    ]
    assert client.get("/v1/services/status").json()["status"] == "ok"
    found = client.get("/.well-known/c2pa-soft-binding-resolution").json()
    assert found["apiEndpoint"] == "/v1"
    assert found["c2paSpecificationVersion"] == capabilities["c2paSpecificationVersion"] == "2.4.0"
    assert client.get(found["statusEndpoint"]).status_code == 200
