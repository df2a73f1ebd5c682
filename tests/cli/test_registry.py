"""`countermark registry`, run as a user does."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from countermark import keys
from countermark.registry import DisposalReason, Registry


@pytest.fixture
def payloads(run, photo: Path, home: keys.Home) -> list[str]:
    found = []
    for name in ("one.jpg", "two.jpg"):
        result = run("mark", photo, "--out", name, "--json", "--title", "Träume")
        assert result.returncode == 0, result.stderr
        found.append(json.loads(result.stdout)["payload"])
    return found


def output(result) -> str:
    assert (result.returncode, result.stderr) == (0, "")
    return str(result.stdout)


def entries(address: Path) -> list[object]:
    with Registry.open(address) as registry:
        return list(registry.all_entries())


def test_a_backup_is_a_registry_with_its_log(run, payloads, home: keys.Home, tmp_path) -> None:
    output(run("log", "checkpoint"))
    copy = tmp_path / "copy.sqlite3"
    assert "copied to" in output(run("registry", "backup", copy))
    assert copy.stat().st_mode & 0o777 == 0o600
    assert entries(copy) == entries(home.registry_path)
    assert [path.name for path in tmp_path.glob("*copy*")] == ["copy.sqlite3"]
    for path in home.folder.glob("registry.sqlite3*"):
        path.unlink()
    shutil.copy(copy, home.registry_path)
    assert "4 leaves" in output(run("log", "check"))


def test_a_backup_is_restored_and_nothing_is_lost(run, payloads, home, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite3"
    output(run("registry", "backup", copy))
    before = entries(copy)
    with Registry.open(home.registry_path) as registry:
        registry.delete(before[0].payload, reason=DisposalReason.MISTAKEN)
    output(run("log", "checkpoint"))
    assert "2 entries and 4 leaves" in output(run("registry", "restore", copy))
    assert entries(home.registry_path) == before
    former = home.registry_path.with_name("registry.sqlite3.former")
    assert entries(former) == before[1:]
    assert not list(home.folder.glob("registry.sqlite3*-wal"))
    result = run("log", "check")  # what was signed for is missing, and is missed
    assert (result.returncode, "5" in result.stderr) == (3, True)
    result = run("registry", "restore", copy)
    assert (result.returncode, "former' exists" in result.stderr) == (3, True)


def test_a_registry_is_not_restored_over_one_in_use(run, payloads, home, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite3"
    output(run("registry", "backup", copy))
    with Registry.open(home.registry_path) as registry:
        assert registry.entries()
        result = run("registry", "restore", copy)
        assert (result.returncode, "is using" in result.stderr) == (3, True)
    assert entries(home.registry_path) == entries(copy)


def test_a_damaged_registry_is_restored_and_a_damaged_copy_is_not(
    run, payloads, home: keys.Home, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.sqlite3"
    output(run("registry", "backup", copy))
    whole = entries(copy)
    home.registry_path.write_bytes(b"x" * 5000)
    output(run("registry", "restore", copy))
    assert entries(home.registry_path) == whole
    home.registry_path.with_name("registry.sqlite3.former").unlink()
    content = bytearray(copy.read_bytes())
    at = content.index(b"Tr\xc3\xa4ume")  # in a record
    content[at] ^= 1
    copy.write_bytes(content)
    result = run("registry", "restore", copy)
    assert (result.returncode, "damaged" in result.stderr) == (3, True)
    assert entries(home.registry_path) == whole
    assert [path.name for path in home.folder.glob("registry*")] == ["registry.sqlite3"]


def test_a_backup_overwrites_nothing(run, payloads, tmp_path: Path) -> None:
    (tmp_path / "copy").write_bytes(b"precious")
    result = run("registry", "backup", tmp_path / "copy")
    assert (result.returncode, "exists already" in result.stderr) == (3, True)
    assert (tmp_path / "copy").read_bytes() == b"precious"


def test_entries_go_to_another_registry(run, payloads, home: keys.Home, tmp_path: Path) -> None:
    lines, other = tmp_path / "entries.jsonl", tmp_path / "other.sqlite3"
    assert output(run("registry", "export", lines)).startswith("2 entries")
    assert [
        json.loads(line)["payload"] for line in lines.read_text("utf-8").splitlines()
    ] == payloads
    command = ("registry", "import", lines, "--registry", other)
    assert output(run(*command)) == "2 entries were added, 0 were there before.\n"
    assert output(run(*command)) == "0 entries were added, 2 were there before.\n"
    assert entries(other) == entries(home.registry_path)
    with Registry.open(other) as registry:
        assert registry.log.size == 2


def test_later_manifests_go_with_their_entries(
    run, payloads, home: keys.Home, tmp_path: Path
) -> None:
    lines, other = tmp_path / "entries.jsonl", tmp_path / "other.sqlite3"
    payload = int(payloads[0], 16)
    with Registry.open(home.registry_path) as registry:
        registry.manifests.add(payload, b"the manifest with a time stamp")
        stores = registry.manifests.all_of(payload)
    assert output(run("registry", "export", lines)).startswith("2 entries")
    for added in (2, 0):
        result = output(run("registry", "import", lines, "--registry", other))
        assert result == f"{added} entries were added, {2 - added} were there before.\n"
        with Registry.open(other) as registry:
            assert registry.manifests.all_of(payload) == stores
            assert registry.find_payload(payload).manifest == stores[1]
            assert registry.log.size == 3


@pytest.mark.parametrize(
    "line",
    [
        "{}",
        "[]",
        "",
        "{",
        '{"payload": "zz"}',
        "[" * 100_000,
        '{"payload": "5", "manifest": "AA=="}',
    ],
)  # of no entry
def test_a_damaged_line_is_named(run, payloads, tmp_path: Path, line: str) -> None:
    lines = tmp_path / "entries.jsonl"
    output(run("registry", "export", lines))
    lines.write_text(lines.read_text("utf-8") + line + "\n", "utf-8")
    other = tmp_path / "other.sqlite3"
    result = run("registry", "import", lines, "--registry", other)
    assert (result.returncode, "Line 3: " in result.stderr) == (3, True)
    assert len(entries(other)) == 2
