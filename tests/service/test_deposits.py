"""Deposits: who may store what, and that nothing can be forged by storing."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Iterator

import httpx
import pytest

from countermark.credentials import WATERMARK_ALGORITHM, Manifest, Trust, read

JSON = {"content-type": "application/json"}
C2PA = {"content-type": "application/c2pa"}


@pytest.fixture
def strangers(elsewhere: list[bytes]) -> list[Manifest]:
    """Manifests that somebody else has signed."""
    found = [read(io.BytesIO(c), "image/jpeg", trust=Trust.nobody()) for c in elsewhere]
    return [manifest for manifest in found if manifest is not None]


@pytest.fixture
def deposited(archive: httpx.Client, strangers: list[Manifest]) -> Iterator[list[str]]:
    """Their identifiers, after they were deposited; they are removed again."""
    answers = [archive.post("/v1/manifests", content=m.bytes, headers=C2PA) for m in strangers]
    assert [answer.status_code for answer in answers] == [200, 200]
    identifiers = [answer.json()["manifestId"] for answer in answers]
    yield identifiers
    for identifier in identifiers:
        archive.delete(f"/v1/manifests/{identifier}")


def value_of(manifest: Manifest) -> str:
    (binding,) = manifest.soft_bindings
    return base64.b64encode(binding.value).decode()


def matches(client: httpx.Client, value: str) -> list[str]:
    asked = {"alg": WATERMARK_ALGORITHM, "value": value}
    answer = client.get("/v1/matches/byBinding", params=asked)
    return [match["manifestId"] for match in answer.json()["matches"]]


def test_stored_manifest_is_found_again_and_gone_when_deleted(
    client: httpx.Client, archive: httpx.Client, deposited: list[str], strangers: list[Manifest]
) -> None:
    identifier, manifest = deposited[0], strangers[0]
    assert identifier == manifest.label
    assert client.get(f"/v1/manifests/{identifier}").content == manifest.bytes
    value = value_of(manifest)
    assert matches(client, value) == []  # it is bound by a request of its own
    binding = {"bindingValue": value, "manifestId": identifier}
    assert archive.post("/v1/bindings", json=binding).status_code == 204
    assert archive.post("/v1/bindings", json=binding).status_code == 204
    assert matches(client, value) == [identifier]
    assert archive.put("/v1/bindings", json=binding).status_code == 204
    assert matches(client, value) == [identifier]
    assert archive.delete(f"/v1/manifests/{identifier}").status_code == 204
    assert matches(client, value) == []
    assert client.get(f"/v1/manifests/{identifier}").status_code == 404
    assert archive.delete(f"/v1/manifests/{identifier}").status_code == 404


def test_storing_twice_is_storing_once(
    archive: httpx.Client, deposited: list[str], strangers: list[Manifest]
) -> None:
    again = archive.post("/v1/manifests", content=strangers[0].bytes)
    assert again.json() == {"manifestId": deposited[0]}


def test_only_what_the_signer_names_can_be_bound(
    archive: httpx.Client, deposited: list[str], strangers: list[Manifest]
) -> None:
    own, others = (value_of(manifest) for manifest in strangers)
    for binding, status in (
        ({"bindingValue": others, "manifestId": deposited[0]}, 400),
        ({"bindingValue": own, "manifestId": deposited[0], "alg": "com.example.1"}, 400),
        ({"bindingValue": "?", "manifestId": deposited[0]}, 400),
        ({"bindingValue": own}, 400),
        ({"bindingValue": own, "manifestId": "urn:c2pa:none"}, 404),
        ({"bindingValue": own, "manifestId": "\ud800"}, 400),
    ):
        for send in (archive.post, archive.put):
            answer = send("/v1/bindings", content=json.dumps(binding), headers=JSON)
            assert answer.status_code == status, binding
            assert answer.json()["error"]
    binding = {"bindingValue": own, "manifestId": deposited[0], "alg": WATERMARK_ALGORITHM}
    assert archive.put("/v1/bindings", json=binding).status_code == 404  # bound to nothing yet
    assert archive.post("/v1/bindings", json=binding).status_code == 204


def test_only_manifests_as_signed_are_stored(
    archive: httpx.Client, strangers: list[Manifest]
) -> None:
    store = strangers[0].bytes
    place = store.index(b"Ada Example")
    forged = store[:place] + b"Eve" + store[place + 3 :]
    for content in (forged, store[:-1], b"", b"manifest", store + b"\0" * 8):
        answer = archive.post("/v1/manifests", content=content, headers=C2PA)
        assert answer.status_code == 400
        assert answer.json()["error"]
    page = archive.post("/v1/manifests", content=store, headers={"content-type": "text/html"})
    assert page.status_code == 415


def test_what_was_marked_here_is_not_removed_from_outside(
    archive: httpx.Client, known: bytes, manifest_of: Callable[[bytes], Manifest]
) -> None:
    address = f"/v1/manifests/{manifest_of(known).label}"
    assert archive.delete(address).status_code == 403
    assert archive.get(address).content == manifest_of(known).bytes


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (None, 401),
        ("Bearer", 401),
        ("Bearer unknown", 401),
        ("Basic YXJjaGl2ZTo=", 401),
        ("archive", 401),
        ("Bearer generator", 403),
        ("bearer  archive", 400),  # known, so it is the content that is refused
    ],
)
def test_writing_needs_the_scope(
    client: httpx.Client, authorization: str | None, status: int
) -> None:
    headers = {} if authorization is None else {"authorization": authorization}
    answer = client.post("/v1/manifests", content=b"x", headers={**C2PA, **headers})
    assert answer.status_code == status
    if status != 400:
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert client.delete("/v1/manifests/x", headers=headers).status_code == status
        answer = client.put("/v1/bindings", content=b"not read", headers=headers)
        assert answer.status_code in (status, 400)
