"""The log of key uses: what a line holds, that it stays, and registries that had none."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import textwrap
import threading
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from countermark.errors import (
    DestinationNotWritable,
    InvalidArgument,
    RegistryError,
    UnreadableRegistry,
)
from countermark.record import DigitalSource, Record
from countermark.registry import Entry, KeyUse, Outcome, Purpose, Registry, events, sqlite
from countermark.registry.log import journal, leaf
from countermark.registry.rows import VERSION

VERSION_1 = Path(__file__).parents[1] / "vectors" / "registry-1.sql"
AT = datetime(2026, 11, 23, 12, 0, 0, 5, timezone.utc)
OLD_PAYLOAD = 2**63 + 5


def make_use(number: int = 0, **changes: Any) -> KeyUse:
    members: dict[str, Any] = {
        "at": AT + timedelta(seconds=number),
        "purpose": Purpose.CLAIM,
        "key_sha256": bytes(32),
        "algorithm": "es256",
        "signed_sha256": hashlib.sha256(b"%d" % number).digest(),
        "manifest": f"urn:c2pa:{number}",
    }
    return KeyUse(**{**members, **changes})


def make_entry(payload: int) -> Entry:
    return Entry(
        payload=payload,
        pdq=bytes(32),
        pdq_quality=100,
        manifest=b"manifest",
        manifest_sha256=hashlib.sha256(b"manifest").digest(),
        record=Record(source=DigitalSource.CAPTURED),
        width=640,
        height=480,
        marked_at=AT,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "registry.sqlite3"


@pytest.fixture
def old(path: Path) -> Path:
    """A registry of version 1."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(VERSION_1.read_text(encoding="utf-8"))
    return path


def uses(path: Path) -> list[KeyUse]:
    with Registry.open(path) as registry:
        return list(registry.key_uses())


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def record(path: Path, *wanted: KeyUse) -> None:
    with Registry.open(path) as registry:
        for use in wanted:
            registry.record_key_use(use)


def test_lines_come_back_whole_and_in_order(path: Path) -> None:
    wanted = [
        make_use(3),
        make_use(1, purpose=Purpose.CERTIFICATE, manifest=None),
        make_use(2, outcome=Outcome.FAILED, algorithm="ed25519"),
        make_use(0, at=AT.astimezone(timezone(timedelta(hours=9)))),
        make_use(3),  # the same again is another use
    ]
    record(path, *wanted)
    assert uses(path) == wanted
    assert path.stat().st_mode & 0o777 == 0o600


def test_long_log_is_read_to_its_end_while_others_write(path: Path) -> None:
    wanted = [make_use(number) for number in range(2500)]
    record(path, make_use(0))
    database = sqlite.SqliteDatabase(path)
    with database.writing():  # a commit for each would take too long
        journal.append(database, [events.key_used(use) for use in wanted[1:]])
    database.close()
    with Registry.open(path) as registry:
        found = []
        for use in registry.key_uses():
            if not found:
                record(path, make_use(9999))  # by another connection
                registry.record_key_use(make_use(10_000))
            found.append(use)
    assert found == [*wanted, make_use(9999), make_use(10_000)]


def test_reading_a_missing_log_creates_nothing(path: Path) -> None:
    assert uses(path) == []
    assert not path.exists()
    path.touch()
    assert uses(path) == []
    assert path.stat().st_size == 0


@pytest.mark.parametrize(
    "change",
    [
        {"at": datetime(2026, 11, 23)},
        {"key_sha256": bytes(31)},
        {"signed_sha256": b""},
        {"algorithm": ""},
        {"manifest": "x" * 257},
        {"manifest": "urn:c2pa:1\n"},
    ],
)
def test_contradicting_line_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        make_use(**change)


def test_line_has_one_canonical_form() -> None:
    """Digests will be taken of it, so not a byte of it may ever change."""
    assert make_use(7).to_json() == (
        '{"algorithm":"es256","at":"2026-11-23T12:00:07.000005Z","key_sha256":"' + 64 * "0" + '",'
        '"manifest":"urn:c2pa:7","outcome":"signed","purpose":"claim","signed_sha256":"'
        '7902699be42c8a8e46fbbb4501726517e86b22c56a189f7625a6da49081b2451"}'
    )
    elsewhere = AT.astimezone(timezone(timedelta(hours=-3)))
    assert make_use(at=elsewhere).to_json() == make_use().to_json()
    assert json.loads(make_use(manifest=None).to_json())["manifest"] is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log_leaf SET content = x'00'",
        "DELETE FROM log_leaf WHERE position = 0",
        "INSERT OR REPLACE INTO log_leaf VALUES (0, x'00')",
        "REPLACE INTO log_leaf (position, content) VALUES (0, x'00')",
    ],
)
def test_no_line_is_changed_or_taken_away(path: Path, statement: str) -> None:
    record(path, make_use())
    with closing(sqlite3.connect(path)) as connection:
        with pytest.raises(sqlite3.IntegrityError, match="a leaf of the log"):
            connection.execute(statement)
        connection.commit()
    assert uses(path) == [make_use()]


@pytest.mark.parametrize(
    ("member", "value"),
    [("at", "yesterday"), ("purpose", "fun"), ("outcome", 7), ("key_sha256", "x"), ("at", None)],
)
def test_damaged_line_is_reported(path: Path, member: str, value: str | int | None) -> None:
    record(path, make_use())
    with closing(sqlite3.connect(path)) as connection:
        if value is None:
            connection.execute("DROP TABLE log_leaf")
        else:
            (content,) = connection.execute("SELECT content FROM log_leaf").fetchone()
            members = {**leaf.decode(content), member: value}
            connection.execute("DROP TRIGGER log_leaf_stays")
            changed = json.dumps(members, separators=(",", ":"), sort_keys=True).encode()
            connection.execute("UPDATE log_leaf SET content = ?", (changed,))
        connection.commit()
    with pytest.raises(UnreadableRegistry):
        uses(path)


def test_line_stays_when_the_entry_fails(path: Path) -> None:
    with Registry.open(path) as registry:
        registry.record_key_use(make_use())
        with pytest.raises(KeyboardInterrupt), registry.adding(make_entry(1)):
            raise KeyboardInterrupt
    assert uses(path) == [make_use()]


def test_line_that_would_be_undone_with_the_entry_is_refused(path: Path) -> None:
    with Registry.open(path) as registry:
        with pytest.raises(RegistryError, match="Sign before"), registry.adding(make_entry(1)):
            registry.record_key_use(make_use())
        assert registry.find_payload(1) is None
    assert uses(path) == []


def test_threads_and_processes_lose_no_line(path: Path) -> None:
    code = textwrap.dedent(f"""
        import sys
        sys.path[:0] = {sys.path!r}
        from test_key_use import make_use, record
        from pathlib import Path
        record(Path(sys.argv[1]), *(make_use(int(sys.argv[2]) + n) for n in range(5)))
    """)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    command = [sys.executable, "-c", code, str(path)]
    processes = [subprocess.Popen([*command, str(first)], env=environment) for first in (100, 200)]
    with Registry.open(path) as registry:
        threads = [
            threading.Thread(target=lambda n=n: registry.record_key_use(make_use(n)))
            for n in range(10)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [process.wait(60) for process in processes] == [0, 0]
    expected = {*range(10), *range(100, 105), *range(200, 205)}
    assert {use.manifest for use in uses(path)} == {f"urn:c2pa:{n}" for n in expected}


# ---- registries of version 1 ----
def test_old_registry_is_read_as_it_is(old: Path) -> None:
    before = old.read_bytes()
    with Registry.open(old) as registry:
        entry = registry.find_payload(OLD_PAYLOAD)
        assert entry is not None
        assert entry.record == Record(source=DigitalSource.CAPTURED, title="A cup")
        assert [found.payload for found, _ in registry.find_similar([entry.pdq])] == [OLD_PAYLOAD]
        assert list(registry.key_uses()) == []
    assert old.read_bytes() == before
    assert version(old) == 1


@pytest.mark.parametrize("write", ["line", "entry"])
def test_old_registry_is_brought_up_to_date_by_the_first_write(old: Path, write: str) -> None:
    with Registry.open(old) as reader, Registry.open(old) as registry:
        assert reader.find_payload(OLD_PAYLOAD) is not None
        if write == "line":
            registry.record_key_use(make_use())
        else:
            with registry.adding(make_entry(1)):
                pass
        assert reader.find_payload(OLD_PAYLOAD) is not None  # it was open before
        assert list(reader.key_uses()) == ([make_use()] if write == "line" else [])
        reader.record_key_use(make_use(2))
    assert uses(old)[-1] == make_use(2)
    with closing(sqlite3.connect(old)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_migrated_tables_are_those_of_a_new_registry(old: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.sqlite3"
    found = []
    for path in (old, new):
        record(path, make_use())
        with closing(sqlite3.connect(path)) as connection:
            rows = connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
        found.append(
            (version(path), sorted((t, n, " ".join(str(sql).split())) for t, n, sql in rows))
        )
    assert found[0] == found[1]


def test_migration_is_whole_or_not_at_all(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = sqlite.STEPS
    monkeypatch.setattr(sqlite, "STEPS", (*steps[:1], (*steps[1], "no statement")))
    before = old.read_bytes()
    with pytest.raises(UnreadableRegistry):
        record(old, make_use())
    assert version(old) == 1
    assert old.read_bytes() == before
    monkeypatch.setattr(sqlite, "STEPS", steps)
    record(old, make_use())
    assert uses(old) == [make_use()]


@pytest.mark.parametrize("kind", ["old", "new"])
def test_full_disk_takes_no_line(kind: str, path: Path, request: pytest.FixtureRequest) -> None:
    if kind == "old":
        request.getfixturevalue("old")
    else:
        record(path, make_use())
    before = uses(path)
    script = textwrap.dedent(f"""
        import sys
        sys.path[:0] = {sys.path!r}
        import resource, signal
        from pathlib import Path
        from countermark.errors import DestinationNotWritable
        from test_key_use import make_use, record
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        try:
            record(Path(sys.argv[1]), make_use(5))
        except DestinationNotWritable:
            sys.exit(7)
    """)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    command = [sys.executable, "-c", script, str(path)]
    assert subprocess.run(command, env=environment, timeout=60, check=False).returncode == 7
    assert uses(path) == before
    assert version(path) == (1 if kind == "old" else VERSION)


def test_missing_folder_takes_no_line(tmp_path: Path) -> None:
    with pytest.raises(DestinationNotWritable):
        record(tmp_path / "missing" / "registry.sqlite3", make_use())
    assert list(tmp_path.iterdir()) == []
