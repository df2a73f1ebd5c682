"""`countermark sign`, `verify` and `comply` with manifests beside files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from countermark import keys
from countermark.credentials import Kind
from countermark.verifying.trusted import trust_store

Call = Callable[..., tuple[int, str, str]]
RECORD = {
    "source": "ai-generated",
    "producer": {"name": "Example Works", "code": "001191350100M000100Y4310000"},
    "service_class": "dialogue-or-writing",
    "filing": {"number": "110000000000000000001", "url": "https://example.org/filing"},
}


@pytest.fixture
def page(tmp_path: Path, home: keys.Home) -> Path:
    (tmp_path / "record.json").write_text(json.dumps(RECORD))
    path = tmp_path / "page.html"
    path.write_text("<!doctype html><title>A lake</title><p>A lake lies still.</p>")
    return path


def test_page_is_signed_verified_and_complies(call: Call, page: Path) -> None:
    out = page.with_name("signed.html")
    options = ("--record", page.with_name("record.json"), "--profile", "cn,kr", "--json")
    code, said, complaints = call("sign", page, "--out", out, *options)
    assert code == 0, complaints
    assert json.loads(said)["sidecar"] == str(page.with_name("signed.c2pa"))
    code, said, _ = call("verify", out)
    assert code == 0
    assert "INTACT" in said
    assert "signed.c2pa" in "".join(said.split())
    assert call("comply", out, "--profile", "cn,kr")[0] == 0


def test_manifest_can_be_named(call: Call, page: Path, tmp_path: Path) -> None:
    out, place = tmp_path / "signed.html", tmp_path / "archive" / "manifest"
    call("sign", page, "--out", out, "--source", "ai-generated")
    place.parent.mkdir()
    out.with_suffix(".c2pa").rename(place)
    assert call("verify", out)[0] == 1
    assert call("verify", out, "--manifest", place)[0] == 0
    other = tmp_path / "other.html"
    other.write_text("<title>Another</title>")
    assert call("verify", other, "--manifest", place)[0] == 1
    found = json.loads(call("comply", out, "--profile", "eu", "--manifest", place, "--json")[1])
    assert found["rules"][0]["status"] == "satisfied"
    code, _, complaints = call("verify", out, other, "--manifest", place)
    assert code == 3
    assert "Name that file alone" in complaints


def test_folder_is_verified_with_what_has_a_manifest_beside_it(call: Call, page: Path) -> None:
    call("sign", page, "--out", page.with_name("signed.html"), "--source", "ai-generated")
    code, said, _ = call("verify", "--json", page.parent)
    found = [json.loads(line) for line in said.splitlines()]
    assert [(Path(one["file"]).name, one["verdict"]) for one in found] == [
        ("signed.html", "intact")
    ]
    assert code == 0


def test_time_is_stamped_later_in_a_manifest_beside_its_file(
    call: Call, page: Path, home: keys.Home, time_server: Any
) -> None:
    root = page.with_name("root.pem")
    root.write_bytes(time_server.root)
    trust_store(home).add(root, Kind.TIMESTAMP)
    keys.set_timestamp_servers(home, [time_server.url])
    time_server.answers = False
    out, alone = page.with_name("signed.html"), page.with_name("page.c2pa")
    with pytest.warns(match="without a time stamp"):
        call("sign", page, "--out", out, "--source", "ai-generated")
    with pytest.warns(match="without a time stamp"):  # with the first one as parent
        assert call("sign", out, "--out", out, "--source", "ai-edited")[0] == 0
    with pytest.warns(match="without a time stamp"):
        code, said, _ = call("sign", page, "--out", alone, "--source", "ai-generated", "--json")
    assert code == 0
    assert json.loads(said)["waits_for_time_stamp"] is True
    assert {file.path.name for file in keys.list_queue(home)} == {"signed.c2pa", "page.c2pa"}
    time_server.answers = True
    code, said, complaints = call("keys", "timestamps", "--flush")
    assert code == 0, complaints
    assert said.count(": stamped") == 2
    assert keys.list_queue(home) == ()
    for path in (out, page):
        (evidence, *_) = json.loads(call("verify", "--json", path)[1])["evidence"]
        assert evidence["origin"] == "sidecar"
        assert evidence["hard_binding"] == "match"
        assert evidence["time_stamped_by"] == "Clock, Example Ltd"


def test_manifest_that_was_changed_is_not_stamped(
    call: Call, page: Path, home: keys.Home, time_server: Any
) -> None:
    root = page.with_name("root.pem")
    root.write_bytes(time_server.root)
    trust_store(home).add(root, Kind.TIMESTAMP)
    keys.set_timestamp_servers(home, [time_server.url])
    time_server.answers = False
    alone = page.with_name("page.c2pa")
    with pytest.warns(match="without a time stamp"):
        call("sign", page, "--out", alone, "--source", "ai-generated")
    time_server.answers = True
    store = alone.read_bytes()
    changed = store.replace(b"trainedAlgorithmicMedia", b"trainedAlgorithmicMedix")
    assert changed != store
    alone.write_bytes(changed)
    code, _, complaints = call("keys", "timestamps", "--flush")
    assert code == 3
    assert "was changed since it was signed" in complaints
    assert alone.read_bytes() == changed
