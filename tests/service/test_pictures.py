"""Marking and verifying over HTTP say and do what the library says and does."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from countermark import TrustStatus, Verdict, keys, mark, verify
from countermark.complying import comply, profile
from countermark.credentials import Kind, Manifest, Trust, read, sign
from countermark.labels import aigc
from countermark.record import DigitalSource, ProviderCode, Record
from countermark.registry import Registry
from countermark.service import details
from countermark.verifying.trusted import trust_store

JPEG = {"content-type": "image/jpeg"}
RECORD = {"source": "ai-generated", "creator": "Ada Lovelace 愛", "system": {"name": "Model 3"}}


def stating(**record: Any) -> dict[str, str]:
    return {**JPEG, "countermark-record": json.dumps({**RECORD, **record})}


def test_marked_over_http_and_verified_over_http(
    server: Any,
    client: httpx.Client,
    photograph: Callable[..., Image.Image],
    as_file: Callable[..., bytes],
    stripped: Callable[..., bytes],
) -> None:
    content = as_file(photograph("rocket", 640))
    with server.client("generator") as generator:
        answer = generator.post("/v1/mark", content=content, headers=stating(title="Start"))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/jpeg"
    with Registry.open(server.home.registry_path) as registry:
        entry = registry.find_payload(int(answer.headers["countermark-payload"], 16))
    assert entry is not None
    assert entry.manifest_sha256.hex() == answer.headers["countermark-manifest-sha256"]
    intact = client.post("/v1/verify", content=answer.content, headers=JPEG).json()
    assert (intact["verdict"], intact["trust"]) == ("intact", "trusted")
    assert intact["record"] == {**RECORD, "title": "Start", "created": intact["record"]["created"]}
    copy = client.post("/v1/verify", content=stripped(answer.content), headers=JPEG).json()
    assert (copy["verdict"], copy["record"]["creator"]) == ("recovered", RECORD["creator"])


def test_report_is_that_of_the_library(
    server: Any, client: httpx.Client, known: bytes, stripped: Callable[..., bytes]
) -> None:
    trust = Trust.from_file(server.home.trust_path)
    for content in (known, stripped(known), known + b"x"):
        answer = client.post("/v1/verify", content=content)
        assert answer.headers["content-type"] == "application/json"
        with Registry.open(server.home.registry_path) as registry:
            report = verify(io.BytesIO(content), trust=trust, registry=registry)
        found, own = answer.json(), json.loads(report.to_json())
        assert found.pop("trusted_by") == "your trust.pem"
        own.pop("trusted_by")
        for item in found["evidence"] + own["evidence"]:
            item.pop("trusted_by", None)
            item.pop("explanation")
        assert found == own


def test_details_are_what_the_signer_states_and_where_the_picture_lay(
    client: httpx.Client, known: bytes, manifest_of: Callable[[bytes], Manifest]
) -> None:
    signed = manifest_of(known)
    picture = Image.open(io.BytesIO(known)).convert("RGB")
    half = picture.crop((0, 0, picture.width // 2, picture.height))
    stream = io.BytesIO()
    half.save(stream, "JPEG", quality=90)
    for content, shown, origin in ((known, 1.0, "file"), (stream.getvalue(), 0.5, "registry")):
        plain = client.post("/v1/verify", content=content).json()
        report = client.post("/v1/verify?details=true", content=content).json()
        details = report.pop("details")
        assert report == plain
        assert report["evidence"][-1]["origin"] == origin
        stated = details["manifests"][report["evidence"][-1]["sha256"]]
        assert details["leaves"].keys() == details["manifests"].keys()  # all were marked here
        assert (stated["creator"], stated["trust"]) == ("Ada Example", "trusted")
        assert stated["actions"] == list(signed.actions)
        assert base64.b64decode(stated["thumbnail"]["base64"]) == signed.thumbnail
        mark = details["watermark"]
        assert mark["manifest"] == report["evidence"][-1]["sha256"]
        assert abs(mark["shown"] - shown) < 0.02
        assert abs(mark["scale"] - 1) < 0.01
        corners = [(0, 0), (640, 0), (640, picture.height), (0, picture.height)]
        for (x, y), (u, v) in zip(mark["outline"], corners, strict=True):
            assert abs(x - u) < 6
            assert abs(y - v) < 6
    near = client.post("/v1/verify?details=true", content=known).json()["details"]["similar"]
    assert near[0]["distance"] <= 6  # the registry has what was not yet encoded


def test_chain_is_in_the_report_and_its_thumbnails_in_the_details(
    client: httpx.Client,
    photograph: Callable[..., Image.Image],
    marked: Callable[..., bytes],
    service_home: keys.Home,
    manifest_of: Callable[..., Any],
) -> None:
    first, again = marked(photograph("retina", 400), service_home), io.BytesIO()
    with Registry.open(service_home.registry_path) as registry:
        record = Record(source=DigitalSource.HUMAN_EDITED, creator="Ada Example")
        mark(
            io.BytesIO(first),
            again,
            record=record,
            signer=service_home.signer(),
            registry=registry,
        )
    report = client.post("/v1/verify?details=true", content=again.getvalue()).json()
    (item,) = report["evidence"]
    (parent,) = item["ingredients"]
    assert (parent["role"], parent["state"], parent["trust"]) == ("parentOf", "holds", "trusted")
    assert (parent["label"], parent["ingredients"]) == (manifest_of(first).label, [])
    assert parent["actions"][0] == "c2pa.created"
    assert "thumbnail" not in parent
    (shown,) = report["details"]["manifests"][item["sha256"]]["ingredients"]
    content = base64.b64decode(shown.pop("thumbnail")["base64"])
    assert content == manifest_of(first).thumbnail
    assert shown == parent


def test_thumbnails_of_a_chain_are_bounded(service_home: keys.Home) -> None:
    """Each is small enough, all together are not."""
    noise = np.random.default_rng(5).integers(0, 256, (400, 400, 3), dtype=np.uint8)
    thumbnail = io.BytesIO()
    Image.fromarray(noise).save(thumbnail, "PNG")
    assert 450_000 < len(thumbnail.getvalue()) < 512 * 1024

    def drawn(**more: Any) -> bytes:
        record, signer = Record(source=DigitalSource.COMPOSITE), service_home.signer()
        drawing = io.BytesIO(b"<svg xmlns='http://www.w3.org/2000/svg'><circle r='9'/></svg>")
        return sign(drawing, "image/svg+xml", record=record, signer=signer, **more).asset

    part = drawn(thumbnail=thumbnail.getvalue())
    content = drawn(components=[(io.BytesIO(part), "image/svg+xml") for _ in range(7)])
    manifest = read(io.BytesIO(content), "image/svg+xml", trust=Trust.nobody())
    assert manifest is not None
    members = details._members(manifest, details._Found(Trust.nobody(), {}))
    shown = [each["thumbnail"] is not None for each in members["ingredients"]]
    assert shown == [True] * 4 + [False] * 3


def test_details_of_nothing_are_empty(client: httpx.Client, as_file: Callable[..., bytes]) -> None:
    nothing = {"decoded": False, "manifests": {}, "watermark": None, "similar": None, "leaves": {}}
    answer = client.post("/v1/verify?details=true", content=b"no picture").json()
    assert answer["details"] == nothing
    small = as_file(Image.new("RGB", (40, 40)))
    answer = client.post("/v1/verify?details=true", content=small).json()
    assert answer["details"] == {**nothing, "decoded": True}


def test_manifest_that_does_not_hold_states_nothing(client: httpx.Client, known: bytes) -> None:
    damaged = known.replace(b"Ada Example", b"Eve Example")
    details = client.post("/v1/verify?details=true", content=damaged).json()["details"]
    held = {member["holds"]: member for member in details["manifests"].values()}
    assert held[False].keys() == {"holds", "label", "ingredients", "omitted"}
    assert held[False]["ingredients"] == []
    assert held[True]["creator"] == "Ada Example"
    assert details["watermark"]["named_by_file"] is None


def test_private_service_gives_details_to_bearers_alone(
    service_home: keys.Home, token_file: Path, running: Callable[..., Any], known: bytes
) -> None:
    with running(service_home, token_file=token_file, private=True) as private:
        with private.client() as anybody:
            assert anybody.post("/v1/verify?details=true", content=known).status_code == 401
            assert "details" not in anybody.post("/v1/verify", content=known).json()
        with private.client("reader") as reader:
            assert reader.post("/v1/verify?details=true", content=known).json()["details"]


def test_verdict_on_what_is_no_picture_is_unreadable(client: httpx.Client) -> None:
    for content in (b"", b"<html><script>alert(1)</script>", b"\xff\xd8\xff" * 1000):
        report = client.post("/v1/verify", content=content, headers=JPEG).json()
        assert report["verdict"] == Verdict.UNREADABLE.value
        assert report["trust"] == TrustStatus.NONE.value
    form = {"content-type": "multipart/form-data; boundary=x"}
    assert client.post("/v1/verify", content=b"--x", headers=form).status_code == 415


def test_marking_needs_its_token(client: httpx.Client, server: Any, known: bytes) -> None:
    assert client.post("/v1/mark", content=known, headers=stating()).status_code == 401
    with server.client("archive") as other:
        assert other.post("/v1/mark", content=known, headers=stating()).status_code == 403


@pytest.mark.parametrize(
    ("headers", "query", "status"),
    [
        (JPEG, "", 400),
        ({**JPEG, "countermark-record": "{}"}, "", 400),
        ({**JPEG, "countermark-record": "captured"}, "", 400),
        ({**JPEG, "countermark-record": '{"source":"captured","place":"here"}'}, "", 400),
        (stating(creator="\n"), "", 400),
        (stating(), "?strength=brutal", 400),
        ({**stating(), "content-type": "multipart/form-data"}, "", 415),
    ],
)
def test_malformed_marking_is_refused(
    server: Any, known: bytes, headers: dict[str, str], query: str, status: int
) -> None:
    with server.client("generator") as generator:
        answer = generator.post(f"/v1/mark{query}", content=known, headers=headers)
    assert answer.status_code == status
    assert answer.json()["error"]


MAKER = {
    "source": "ai-generated",
    "producer": {"name": "Example Works", "code": str(ProviderCode.of("91350100M000100Y43"))},
    "system": {"name": "Example Model", "version": "3"},
    "service_class": "immersive-scene",
    "filing": {"number": "Filing 1234567890", "url": "https://example.org/filing"},
}


def making(**record: Any) -> dict[str, str]:
    return {**JPEG, "countermark-record": json.dumps({**MAKER, **record})}


@pytest.mark.parametrize("query", ["profile=cn,us-ca", "profile=cn&profile=us-ca&profile=cn"])
def test_picture_marked_with_profiles_meets_them(
    server: Any,
    photograph: Callable[..., Image.Image],
    as_file: Callable[..., bytes],
    tmp_path: Path,
    query: str,
) -> None:
    content = as_file(photograph("rocket", 640))
    with server.client("generator") as generator:
        answer = generator.post(f"/v1/mark?{query}", content=content, headers=making())
    assert answer.status_code == 200, answer.text
    trust = Trust.from_file(server.home.trust_path)
    with Registry.open(server.home.registry_path) as registry:
        demanded = [profile("cn"), profile("us-ca")]
        found = comply(answer.content, demanded, trust=trust, registry=registry)
    assert found.complies, str(found)
    explicit = next(one for one in found.outcomes if one.rule.id == "cn-explicit-label")
    assert "AI生成" in explicit.evidence
    label = aigc.read(io.BytesIO(answer.content)).label
    assert label is not None
    assert label.produce_id == answer.headers["countermark-payload"]


@pytest.mark.parametrize(
    ("query", "record", "status", "said"),
    [
        ("profile=cn", {"producer": {"name": "Nobody"}}, 422, "cn-implicit-label"),
        ("profile=cn", {"service_class": "face-swap"}, 422, "No consent"),
        ("profile=eu", {}, 422, "eu-time-stamp"),  # the home names no server
        ("profile=uk", {}, 400, "There is no profile 'uk'"),
        ("profile=cn,", {}, 200, ""),
        ("profile=/etc/profile.toml", {}, 400, "There is no profile '/etc/profile.toml'"),
    ],
)
def test_profiles_refuse_as_on_the_command_line(
    server: Any,
    photograph: Callable[..., Image.Image],
    as_file: Callable[..., bytes],
    query: str,
    record: dict[str, Any],
    status: int,
    said: str,
) -> None:
    content = as_file(photograph("rocket", 640))
    with Registry.open(server.home.registry_path) as registry:
        before = sum(1 for _ in registry.all_entries())
    with server.client("generator") as generator:
        headers = making(**record)
        answer = generator.post(f"/v1/mark?{query}", content=content, headers=headers)
    assert answer.status_code == status, answer.text
    if status != 200:
        assert answer.json().keys() == {"error"}
        assert said in answer.json()["error"]
        with Registry.open(server.home.registry_path) as registry:
            assert sum(1 for _ in registry.all_entries()) == before


@pytest.mark.slow  # a service of its own
def test_time_is_stamped_by_the_servers_of_the_home(
    running: Callable[..., Any],
    token_file: Path,
    tmp_path: Path,
    time_server: Any,
    photograph: Callable[..., Image.Image],
    as_file: Callable[..., bytes],
) -> None:
    home = keys.create_home(tmp_path / "home")
    root = tmp_path / "root.pem"
    root.write_bytes(time_server.root)
    trust_store(home).add(root, Kind.TIMESTAMP)
    keys.set_timestamp_servers(home, [time_server.url])
    content = as_file(photograph("rocket", 640))
    with running(home, token_file=token_file) as server, server.client("generator") as generator:
        answer = generator.post("/v1/mark?profile=eu", content=content, headers=making())
        time_server.answers = False
        refused = generator.post("/v1/mark?profile=eu", content=content, headers=making())
    assert answer.status_code == 200, answer.text
    found = read(io.BytesIO(answer.content), "image/jpeg", trust=trust_store(home).trust())
    assert found is not None
    assert found.time_stamped_by == "Clock, Example Ltd"
    assert refused.status_code == 422
    assert "eu-time-stamp" in refused.json()["error"]


def test_picture_that_holds_no_mark_is_refused(server: Any, as_file: Callable[..., bytes]) -> None:
    small = as_file(Image.new("RGB", (100, 100)))
    with server.client("generator") as generator:
        assert generator.post("/v1/mark", content=small, headers=stating()).status_code == 422
        assert generator.post("/v1/mark", content=b"GIF89a", headers=stating()).status_code == 415
