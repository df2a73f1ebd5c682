"""`countermark log`, run as a user does: proofs that others check, and alarms."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from countermark import keys
from countermark.registry import Registry
from countermark.registry.log import COSIGNATURE, Checkpoint, NoteKey, NoteVerifier, note


@pytest.fixture
def payload(run, photo: Path, home: keys.Home) -> str:
    """That of a marked picture, after which others were marked."""
    found = ""
    for name in ("one.jpg", "two.jpg"):
        result = run("mark", photo, "--out", name, "--json")
        assert result.returncode == 0, result.stderr
        found = found or json.loads(result.stdout)["payload"]
    return found


def output(result) -> str:
    assert result.returncode == 0, result.stderr
    return str(result.stdout)


def test_log_shows_what_happened(run, payload: str) -> None:
    leaves = [json.loads(line) for line in output(run("log", "show")).splitlines()]
    assert [leaf["kind"] for leaf in leaves] == ["key-used", "marked"] * 2
    assert leaves[1]["payload"] == payload
    assert "photo" not in json.dumps(leaves)
    assert len(output(run("log", "show", "--from", 3)).splitlines()) == 1


def test_a_picture_is_proven_to_others(run, payload: str, tmp_path: Path) -> None:
    key = output(run("log", "key")).strip()
    proof = tmp_path / "proof.json"
    proof.write_text(output(run("log", "prove", payload)))
    leaf = json.loads(output(run("log", "verify", proof, "--key", key)))
    assert (leaf["kind"], leaf["payload"]) == ("marked", payload)

    stranger = NoteKey.generate("countermark/other").verifier.encoded
    refused = run("log", "verify", proof, "--key", stranger)
    assert (refused.returncode, refused.stdout) == (3, "")
    changed = json.loads(proof.read_text())
    changed["proof"]["position"] += 1
    proof.write_text(json.dumps(changed))
    assert run("log", "verify", proof, "--key", key).returncode == 3
    proof.write_text("{")
    assert "no proof" in run("log", "verify", proof, "--key", key).stderr


def test_exported_files_are_checked_by_others(run, payload: str, tmp_path: Path) -> None:
    key = output(run("log", "key")).strip()
    folder = tmp_path / "public"
    output(run("log", "export", folder))
    shutil.rmtree(keys.open_home().registry_path.parent)
    assert output(run("log", "audit", folder, "--key", key)) == (
        "4 leaves, as the checkpoint says.\n"
    )
    tile = folder / "tile/0/000.p/4"
    tile.write_bytes(tile.read_bytes()[:-1] + b"x")
    refused = run("log", "audit", folder, "--key", key)
    assert (refused.returncode, refused.stdout) == (3, "")
    assert "'tile/0/000.p/4' of the log is damaged" in refused.stderr


def test_a_payload_that_the_log_does_not_know_is_refused(run, payload: str) -> None:
    assert "tells of no picture" in run("log", "prove", "0" * 16).stderr
    assert "is no payload" in run("log", "prove", "xyz").stderr


def test_a_registry_that_was_rolled_back_raises_an_alarm(
    run, payload: str, photo: Path, home: keys.Home
) -> None:
    copy = home.registry_path.with_name("backup.sqlite3")
    shutil.copy(home.registry_path, copy)
    output(run("mark", photo, "--out", "three.jpg"))
    output(run("log", "checkpoint"))
    assert "6 leaves, 2 checkpoints: all agree." in output(run("log", "check"))
    for name in ("registry.sqlite3-wal", "registry.sqlite3-shm"):
        home.registry_path.with_name(name).unlink(missing_ok=True)
    shutil.copy(copy, home.registry_path)
    result = run("log", "check")
    assert result.returncode == 3
    assert "rolled back" in result.stderr


def test_a_log_that_was_rolled_back_signs_no_more(
    run, payload: str, photo: Path, home: keys.Home, tmp_path: Path
) -> None:
    copy = tmp_path / "backup.sqlite3"
    output(run("registry", "backup", copy))
    output(run("mark", photo, "--out", "three.jpg"))
    output(run("log", "checkpoint"))
    for path in home.folder.glob("registry.sqlite3*"):
        path.unlink()
    shutil.copy(copy, home.registry_path)
    for command in (("checkpoint",), ("prove", payload), ("export", tmp_path / "public")):
        result = run("log", *command)
        assert (result.returncode, "rolled back" in result.stderr) == (3, True)
        assert "log-checkpoint" in result.stderr
    home.log_checkpoint_path.unlink()  # as the message says, when the newer one is lost
    assert Checkpoint.parse(output(run("log", "checkpoint"))).size == 4


def test_a_log_is_proven_to_continue_an_older_checkpoint(
    run, payload: str, photo: Path, tmp_path: Path
) -> None:
    key = output(run("log", "key")).strip()
    seen, proof = tmp_path / "seen", tmp_path / "continues.json"
    seen.write_text(output(run("log", "checkpoint")))
    output(run("mark", photo, "--out", "three.jpg"))
    proof.write_text(output(run("log", "prove", "--since", seen)))
    command = ("log", "verify", proof, "--key", key, "--since", seen)
    assert output(run(*command)) == "The log of 6 leaves continues that of 4.\n"

    later = tmp_path / "later"
    later.write_text(output(run("log", "checkpoint")))
    refused = run("log", "verify", proof, "--key", key, "--since", later)
    assert (refused.returncode, "4 and 6 leaves" in refused.stderr) == (3, True)
    assert run("log", "verify", proof, "--key", key).returncode == 3
    changed = json.loads(proof.read_text())
    changed["consistency"]["hashes"][0] = f"{'A' * 43}="
    proof.write_text(json.dumps(changed))
    assert "rolled back, forked or changed" in run(*command).stderr
    proof.write_text(output(run("log", "prove", payload)))
    assert "something else than was asked" in run(*command).stderr
    for wrong in ((), (payload, "--since", seen)):
        assert "not clear" in run("log", "prove", *wrong).stderr


def test_a_checkpoint_of_another_log_is_not_continued(run, payload: str, tmp_path: Path) -> None:
    other = NoteKey.generate("countermark/other")
    seen = tmp_path / "seen"
    seen.write_text(Checkpoint(other.name, 2, bytes(32)).signed(other))
    assert "not signed by the key" in run("log", "prove", "--since", seen).stderr


def test_a_checkpoint_seen_elsewhere_holds_the_log(run, payload: str, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    seen.write_text(output(run("log", "checkpoint")))
    assert "all agree" in output(run("log", "check", seen))
    assert (
        Checkpoint.open(seen.read_text(), NoteVerifier.parse(output(run("log", "key")))).size == 4
    )
    seen.write_text("not a checkpoint")
    assert run("log", "check", seen).returncode == 3


def test_witnesses_are_kept(run, payload: str, tmp_path: Path, home: keys.Home) -> None:
    witness = NoteKey.generate("witness.example", COSIGNATURE)
    path = tmp_path / "checkpoint"
    signed = note.parse(output(run("log", "checkpoint")))
    path.write_text(str(signed.with_signatures([note.signature(signed.text, witness)])))
    line = witness.verifier.encoded
    assert output(run("log", "cosign", path, "--witness", line)) == "Cosignatures kept: 1\n"
    with Registry.open(home.registry_path) as registry:
        (kept,) = registry.log.checkpoints()
    assert note.parse(kept).cosigned_at(witness.verifier) is not None
    proof = tmp_path / "proof.json"
    proof.write_text(output(run("log", "prove", payload)))
    key = output(run("log", "key")).strip()
    output(run("log", "verify", proof, "--key", key, "--witness", line))
    other = NoteKey.generate("witness.example", COSIGNATURE).verifier.encoded
    assert run("log", "verify", proof, "--key", key, "--witness", other).returncode == 3


def test_the_log_is_exported(run, payload: str, tmp_path: Path) -> None:
    text = output(run("log", "export", tmp_path / "public"))
    assert text.startswith("4 leaves")
    key = NoteVerifier.parse(text.rpartition("its key: ")[2])
    signed = (tmp_path / "public/checkpoint").read_text(encoding="utf-8")
    assert Checkpoint.open(signed, key).size == 4
    assert (tmp_path / "public/tile/0/000.p/4").stat().st_size == 128


def test_the_logs_key_is_encrypted_with_the_others(run, payload: str, home: keys.Home) -> None:
    first = output(run("log", "key"))
    output(run("keys", "passphrase", COUNTERMARK_NEW_PASSPHRASE="correct horse"))
    assert b"ENCRYPTED" in home.log_key_path.read_bytes()
    assert run("log", "key").returncode == 3
    assert output(run("log", "key", COUNTERMARK_PASSPHRASE="correct horse")) == first
