"""The log over HTTP: tiles and checkpoints as others read them, proofs, receipts."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import re
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from starlette.exceptions import HTTPException

from countermark import keys, publishing
from countermark.credentials import Manifest
from countermark.errors import InvalidProof
from countermark.record import DigitalSource, Record
from countermark.registry import Entry, Registry
from countermark.registry.log import (
    COSIGNATURE,
    Checkpoint,
    ConsistencyProof,
    InclusionProof,
    NoteKey,
    NoteVerifier,
    TilePlace,
    leaf,
    merkle,
    note,
    tlog_proof,
)
from countermark.registry.log.tiles import tiles_of, unbundle
from countermark.service.publisher import EVERY_SECONDS, Publisher
from countermark.service.repository import Repository

ManifestOf = Callable[[bytes], Manifest]
Running = Callable[..., contextlib.AbstractContextManager[Any]]
C2PA = {"content-type": "application/c2pa"}


@pytest.fixture
def verifier(client: httpx.Client) -> NoteVerifier:
    """The public key of the log, as the service gives it out."""
    return NoteVerifier.parse(client.get("/v1/log/key").text)


@pytest.fixture
def label(known: bytes, manifest_of: ManifestOf) -> str:
    return manifest_of(known).label


def opened(client: httpx.Client, verifier: NoteVerifier) -> Checkpoint:
    return Checkpoint.open(client.get("/v1/log/checkpoint").text, verifier)


def payload_of(known: bytes, manifest_of: ManifestOf) -> str:
    (binding,) = manifest_of(known).soft_bindings
    return binding.value.hex()


# ---- tiles ----


def test_tiles_lead_to_the_root_of_the_checkpoint(
    client: httpx.Client, known: bytes, verifier: NoteVerifier
) -> None:
    checkpoint = opened(client, verifier)
    assert checkpoint.size > 0
    leaves: list[bytes] = []
    tiles: dict[tuple[int, int], bytes] = {}
    for level, number, width in tiles_of(checkpoint.size):
        tile = client.get(f"/v1/log/{TilePlace(level, number, width).path}")
        assert tile.headers["content-type"] == "application/octet-stream"
        assert tile.headers["cache-control"] == "public, max-age=31536000, immutable"
        tiles[level, number] = tile.content
        if level == 0:
            bundle = client.get(f"/v1/log/{TilePlace(None, number, width).path}")
            assert bundle.headers["cache-control"] == tile.headers["cache-control"]
            leaves += unbundle(bundle.content)
    assert merkle.root(checkpoint.size, tiles.__getitem__) == checkpoint.root
    assert [merkle.leaf_hash(found) for found in leaves] == [
        b"".join(tiles[0, number] for number in range(len(tiles)) if (0, number) in tiles)[
            32 * at : 32 * at + 32
        ]
        for at in range(checkpoint.size)
    ]
    assert {"marked", "key-used"} <= {leaf.decode(found)["kind"] for found in leaves}


def test_checkpoint_is_a_note_that_is_soon_asked_for_again(
    client: httpx.Client, known: bytes
) -> None:
    answer = client.get("/v1/log/checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=5"
    assert client.get("/v1/log/checkpoint").text == answer.text


@pytest.mark.parametrize(
    "path",
    ["tile/0/000.p/0", "tile/0/001", "tile/7/000.p/1", "tile/entries/999", "tile/x", "tile/",
     "tile/0/%2e%2e/000", "tile/%00", "checkpoints", ""],
)  # fmt: skip
def test_what_is_no_tile_is_not_found(client: httpx.Client, known: bytes, path: str) -> None:
    answer = client.get(f"/v1/log/{path}")
    assert answer.status_code == 404
    assert "immutable" not in answer.headers["cache-control"]


# ---- proofs ----


def test_picture_is_proven_by_its_payload(
    client: httpx.Client, known: bytes, manifest_of: ManifestOf, verifier: NoteVerifier
) -> None:
    payload = payload_of(known, manifest_of)
    given = client.get(f"/v1/log/proof/{payload}").json()
    proof = InclusionProof.from_json(json.dumps(given["proof"]))
    proof.check(Checkpoint.open(given["checkpoint"], verifier))
    told = leaf.decode(proof.leaf)
    assert (told["kind"], told["payload"]) == ("marked", payload)
    assert told["manifest_sha256"] == hashlib.sha256(manifest_of(known).bytes).hexdigest()
    assert client.get(f"/v1/log/proof/{'0' * 16}").status_code == 404
    assert client.get("/v1/log/proof/xyz").status_code == 400


def test_what_was_marked_just_now_is_proven_at_once(
    client: httpx.Client,
    server: Any,
    photograph: Callable[..., Image.Image],
    marked: Callable[..., bytes],
    manifest_of: ManifestOf,
    verifier: NoteVerifier,
) -> None:
    before = opened(client, verifier)
    content = marked(photograph("retina", 400), server.home)
    given = client.get(f"/v1/log/proof/{payload_of(content, manifest_of)}").json()
    after = Checkpoint.open(given["checkpoint"], verifier)
    assert after.size == before.size + 2
    assert opened(client, verifier) == after
    answer = client.get("/v1/log/consistency", params={"old": before.size}).json()
    proof = ConsistencyProof.from_json(json.dumps(answer["consistency"]))
    proof.check(before, Checkpoint.open(answer["checkpoint"], verifier))
    assert publishing.remembered(server.home, publishing.note_key(server.home)) == after


def test_any_two_sizes_are_proven_to_be_of_one_log(
    client: httpx.Client, server: Any, known: bytes, verifier: NoteVerifier
) -> None:
    size = opened(client, verifier).size
    with Registry.open(server.home.registry_path) as registry:
        leaves = list(registry.log.leaves())[:size]
    tiles: dict[tuple[int, int], bytes] = {}
    tiles.update(merkle.appended(0, list(map(merkle.leaf_hash, leaves)), tiles.__getitem__))
    for old, new in ((0, size), (1, size), (1, size - 1), (size, size)):
        answer = client.get("/v1/log/consistency", params={"old": old, "new": new}).json()
        proof = ConsistencyProof.from_json(json.dumps(answer["consistency"]))
        first, second = (
            Checkpoint(verifier.name, at, merkle.root(at, tiles.__getitem__)) for at in (old, new)
        )
        proof.check(first, second)
        if new == size:
            assert Checkpoint.open(answer["checkpoint"], verifier) == second
    for asked, status in (
        ({"old": 10**9}, 404),
        ({"old": 2, "new": 1}, 404),
        ({"old": 0, "new": 10**9}, 404),
        ({"old": -1}, 400),
        ({"old": 2**64}, 400),
        ({}, 400),
    ):
        assert client.get("/v1/log/consistency", params=asked).status_code == status


# ---- receipts ----


def test_receipt_proves_that_a_marked_manifest_is_in_the_log(
    client: httpx.Client,
    known: bytes,
    label: str,
    manifest_of: ManifestOf,
    verifier: NoteVerifier,
) -> None:
    address = f"/v1/manifests/{label}/receipts"
    receipt = client.get(address).json()
    assert receipt["@type"] == "org.c2pa.manifest-receipt"
    assert receipt["repository"]["manifestId"] == label
    assert receipt["anchor"]["uri"] == f"{receipt['repository']['uri']}/log"
    assert client.get(f"{receipt['anchor']['uri']}/checkpoint").status_code == 200
    assert receipt["anchor"]["proof"]["alg"] == "c2sp.org/tlog-proof@v1"
    assert receipt["verified"] is True
    proof, signed = tlog_proof.decode(receipt["anchor"]["proof"]["value"])
    proof.check(Checkpoint.open(signed, verifier))
    digest = hashlib.sha256(manifest_of(known).bytes).hexdigest()
    assert leaf.decode(proof.leaf)["manifest_sha256"] == digest
    again = client.post(address, json=receipt)
    assert (again.status_code, again.json()) == (200, receipt)


def test_deposit_gets_a_receipt_for_as_long_as_it_is_here(
    archive: httpx.Client, elsewhere: list[bytes], manifest_of: ManifestOf
) -> None:
    store = manifest_of(elsewhere[0]).bytes
    answer = archive.post("/v1/manifests?returnReceipt=true", content=store, headers=C2PA).json()
    address = f"/v1/manifests/{answer['manifestId']}/receipts"
    assert archive.post(address, json=answer["receipt"]).json()["verified"] is True
    proof, _ = tlog_proof.decode(answer["receipt"]["anchor"]["proof"]["value"])
    members = leaf.decode(proof.leaf)
    assert members["kind"] == "deposited"
    assert members["manifest_sha256"] == hashlib.sha256(store).hexdigest()
    assert archive.delete(f"/v1/manifests/{answer['manifestId']}").status_code == 204
    assert archive.post(address, json=answer["receipt"]).status_code == 404


def changed_text(receipt: dict[str, Any], old: str, new: str) -> None:
    proof = receipt["anchor"]["proof"]
    assert old in proof["value"]
    proof["value"] = proof["value"].replace(old, new)


def moved(receipt: dict[str, Any]) -> None:
    """To another leaf of the log."""
    (position,) = re.findall(r"\nindex (\d+)\n", receipt["anchor"]["proof"]["value"])
    changed_text(receipt, f"index {position}\n", f"index {int(position) ^ 1}\n")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda r: r["repository"].update(manifestId="urn:c2pa:1"), "another manifest"),
        (lambda r: r["anchor"]["proof"].update(alg="HMAC-SHA256"), "none of the kind"),
        (lambda r: r["anchor"]["proof"].update(value="true"), "not a proof"),
        (moved, "does not lead to the root"),
        (lambda r: changed_text(r, "countermark/", "countermarks/"), "not signed by the key"),
    ],
)
def test_receipt_that_was_changed_is_not_confirmed(
    client: httpx.Client, label: str, change: Callable[[Any], None], why: str
) -> None:
    address = f"/v1/manifests/{label}/receipts"
    receipt = client.get(address).json()
    change(receipt)
    answer = client.post(address, json=receipt)
    assert (answer.status_code, answer.json()["verified"]) == (200, False)
    assert why in answer.json()["error"]


def test_receipt_of_one_manifest_is_none_of_another(
    client: httpx.Client,
    server: Any,
    label: str,
    photograph: Callable[..., Image.Image],
    marked: Callable[..., bytes],
    manifest_of: ManifestOf,
) -> None:
    other = manifest_of(marked(photograph("rocket", 400), server.home)).label
    receipt = client.get(f"/v1/manifests/{other}/receipts").json()
    receipt["repository"]["manifestId"] = label
    answer = client.post(f"/v1/manifests/{label}/receipts", json=receipt).json()
    assert (answer["verified"], "something else" in answer["error"]) == (False, True)


@pytest.mark.parametrize("body", [{}, [], {"@type": "org.c2pa.manifest-receipt"}, "text"])
def test_what_is_no_receipt_is_refused(client: httpx.Client, label: str, body: object) -> None:
    answer = client.post(f"/v1/manifests/{label}/receipts", json=body)
    assert (answer.status_code, bool(answer.json()["error"])) == (400, True)


# ---- witnesses ----


class Witness:
    """One that does what C2SP tlog-witness asks of it."""

    def __init__(self, log: NoteVerifier) -> None:
        self.key = NoteKey.generate("witness.example", COSIGNATURE)
        self._log = log
        self._seen = Checkpoint(log.name, 0, merkle.EMPTY_ROOT)

    def add_checkpoint(self, request: str) -> str:
        """The line with its signature; the request is as docs/registry.md makes it."""
        head, _, signed = request.partition("\n\n")
        old, *lines = head.split("\n")
        new = Checkpoint.open(signed, self._log)
        assert old == f"old {self._seen.size}"
        proof = [base64.b64decode(line) for line in lines]
        merkle.check_consistency(self._seen.size, self._seen.root, new.size, new.root, proof)
        self._seen = new
        return note.signature(note.parse(signed).text, self.key).line


def test_witness_follows_the_log_round_by_round(
    client: httpx.Client, server: Any, known: bytes, verifier: NoteVerifier
) -> None:
    witness, seen = Witness(verifier), 0
    for payload in (101, 102, 103):
        put(server.home, payload)
        client.get(f"/v1/log/proof/{payload:016x}")  # it is signed at once
        given = client.get("/v1/log/consistency", params={"old": seen}).json()
        hashes = "".join(f"{value}\n" for value in given["consistency"]["hashes"])
        request = f"old {seen}\n{hashes}\n{given['checkpoint']}"
        cosigned = given["checkpoint"] + witness.add_checkpoint(request)
        with Registry.open(server.home.registry_path) as registry:
            registry.log.add_cosignatures(cosigned, verifier, [witness.key.verifier])
        seen = given["consistency"]["new"]
        proof = client.get(f"/v1/log/proof/{payload:016x}").json()
        witnesses = [witness.key.verifier]
        found = Checkpoint.open(proof["checkpoint"], verifier, witnesses=witnesses)
        assert found.size == seen


# ---- whose log, and who may read it ----


def published(home: keys.Home) -> Publisher:
    """The publisher of a service of that home."""
    return Publisher(home, Repository(home.registry_path))


def put(home: keys.Home, payload: int) -> None:
    """An entry, without the work of marking."""
    manifest = b"%d" % payload
    with Registry.open(home.registry_path) as registry:
        registry.put(
            Entry(
                payload=payload,
                pdq=bytes(32),
                pdq_quality=0,
                manifest=manifest,
                manifest_sha256=hashlib.sha256(manifest).digest(),
                record=Record(source=DigitalSource.CAPTURED),
                width=640,
                height=480,
                marked_at=datetime.now(timezone.utc),
            )
        )


def test_private_log_is_for_bearers_of_tokens(
    tmp_path: Path, token_file: Path, running: Running
) -> None:
    home = keys.create_home(tmp_path / "home")
    with running(home, private=True, token_file=token_file) as server:
        with server.client("reader") as reader:  # nothing is in the log yet
            assert reader.get("/v1/log/checkpoint").status_code == 404
            assert reader.get("/v1/log/tile/0/000.p/1").status_code == 404
            assert reader.get("/v1/log/consistency?old=0").status_code == 404
            put(home, 7)
            checkpoint = reader.get("/v1/log/checkpoint")
            assert checkpoint.headers["cache-control"] == "private, max-age=5"
            tile = reader.get("/v1/log/tile/entries/000.p/1")
            assert tile.headers["cache-control"] == "private, max-age=31536000, immutable"
        routes = ("checkpoint", "key", "tile/0/000.p/1", f"proof/{7:016x}", "consistency?old=0")
        for token, status in ((None, 401), ("generator", 403)):
            with server.client(token) as stranger:
                for route in routes:
                    assert stranger.get(f"/v1/log/{route}").status_code == status


def test_service_without_the_passphrase_gives_what_was_signed_elsewhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home = keys.create_home(tmp_path / "home", passphrase="correct horse")
    key = publishing.note_key(home, "correct horse")
    put(home, 1)
    publisher = published(home)
    assert publisher.key is None
    assert "no checkpoints of the log are signed here" in caplog.text
    with pytest.raises(HTTPException, match="404"):
        publisher.checkpoint()
    with Registry.open(home.registry_path) as registry:
        signed = publishing.sign_checkpoint(home, registry, key)
    put(home, 2)
    assert publisher.checkpoint() == publisher.checkpoint(covering=1) == signed
    assert publisher.open(signed).size == 1
    with pytest.raises(HTTPException, match="covers"):
        publisher.checkpoint(covering=2)


def test_checkpoint_is_signed_when_it_is_due(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = keys.create_home(tmp_path / "home")
    publisher = published(home)
    put(home, 1)
    first = publisher.checkpoint()
    put(home, 2)
    assert publisher.checkpoint() == first  # signed a moment ago
    assert publisher.open(publisher.checkpoint(covering=2)).size == 2  # a leaf asks for it
    put(home, 3)
    later = time.monotonic() + EVERY_SECONDS
    monkeypatch.setattr("countermark.service.publisher.time.monotonic", lambda: later)
    assert publisher.open(publisher.checkpoint()).size == 3
    with pytest.raises(HTTPException):
        publisher.checkpoint(covering=4)


def test_log_that_was_rolled_back_is_not_signed(tmp_path: Path) -> None:
    home = keys.create_home(tmp_path / "home")
    put(home, 1)
    with Registry.open(home.registry_path) as registry:
        registry.back_up(tmp_path / "copy")
    for payload in (2, 3):
        put(home, payload)
    published(home).checkpoint()
    for path in home.folder.glob("registry.sqlite3*"):
        path.unlink()
    (tmp_path / "copy").rename(home.registry_path)
    with pytest.raises(InvalidProof, match="rolled back"):
        published(home).checkpoint()
