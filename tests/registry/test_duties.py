"""Models, grants and complaints: what each step keeps and logs, on both databases."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from countermark.errors import (
    GrantMissing,
    InvalidArgument,
    InvalidPayload,
    RetentionNotOver,
    UnreadableRegistry,
)
from countermark.registry import DisposalReason, Entry, Registry, postgres, sqlite
from countermark.registry.duties import About, ComplaintKind, ComplaintState, tables
from countermark.registry.log import leaf
from countermark.registry.rows import VERSION

VERSION_3 = Path(__file__).parents[1] / "vectors" / "registry-3.sql"
NOW = datetime.now(timezone.utc)
MODEL, DOCUMENT, AGREEMENT, ANSWER = (bytes([n]) * 32 for n in (1, 2, 3, 4))
URL = "https://example.org/jana/portrait.jpg"


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the classes, the terms and the keys are."""
    path = tmp_path / "home"
    path.mkdir()
    return path


@pytest.fixture
def registry(address: str, folder: Path) -> Iterator[Registry]:
    with Registry.open(address, folder=folder) as registry:
        yield registry


def told(registry: Registry) -> list[str]:
    return [str(leaf.decode(content)["kind"]) for content in registry.log.leaves()]


def last(registry: Registry) -> dict[str, object]:
    return leaf.decode(list(registry.log.leaves())[-1])


# ---- models ----
def test_a_model_from_its_addition_to_its_end(registry: Registry) -> None:
    registry.models.add(MODEL, name="Face", version="3.1", biometric=True)
    registry.models.add(AGREEMENT, name="A lake", version="1", sensitive_scene=True)
    found = registry.models.find(MODEL)
    assert found is not None
    assert (found.name, found.version, found.biometric, found.sensitive_scene) == (
        "Face", "3.1", True, False,
    )  # fmt: skip
    assert (found.assessment, found.is_retired) == (None, False)
    registry.models.assess(MODEL, document_sha256=DOCUMENT, on=date(2026, 11, 1))
    registry.models.assess(MODEL, document_sha256=ANSWER, on=date(2026, 11, 2))
    registry.models.retire(MODEL)
    found = registry.models.find(MODEL)
    assert found is not None
    assert found.assessment is not None
    assert (found.assessment.sha256, found.assessment.on) == (ANSWER, date(2026, 11, 2))
    assert found.is_retired
    assert [model.name for model in registry.models.all()] == ["A lake", "Face"]
    assert told(registry) == [
        "model-added", "model-added", "model-assessed", "model-assessed", "model-retired",
    ]  # fmt: skip
    assert found.position == 4
    stated = last(registry)
    assert (stated["biometric"], stated["sensitive_scene"]) == (1, 0)
    assert (stated["model_sha256"], stated["assessment_sha256"]) == (MODEL.hex(), ANSWER.hex())
    assert stated["commitment"] == leaf.commitment(found.salt, found.described.encode())
    assert registry.log.check().size == 5


def test_a_retired_model_can_be_added_as_something_else(registry: Registry) -> None:
    registry.models.add(MODEL, name="Face", version="3")
    registry.models.assess(MODEL, document_sha256=DOCUMENT, on=date(2026, 11, 1))
    registry.models.retire(MODEL)
    registry.models.add(MODEL, name="Face", version="3", biometric=True)
    (found,) = registry.models.all()
    assert (found.biometric, found.assessment, found.is_retired) == (True, None, False)


def test_what_does_not_fit_a_model_is_refused_and_changes_nothing(registry: Registry) -> None:
    registry.models.add(MODEL, name="Face", version="3")
    with pytest.raises(InvalidArgument, match="already"):
        registry.models.add(MODEL, name="Face", version="4")
    for name, version in (("", "1"), ("a\nb", "1"), ("a", "x" * 257)):
        with pytest.raises(InvalidArgument, match="printable"):
            registry.models.add(DOCUMENT, name=name, version=version)
    with pytest.raises(InvalidArgument, match="32 bytes"):
        registry.models.add(b"short", name="a", version="1")
    with pytest.raises(InvalidArgument, match="not in the register"):
        registry.models.assess(DOCUMENT, document_sha256=DOCUMENT, on=date(2026, 11, 1))
    with pytest.raises(InvalidArgument, match="to come"):
        registry.models.assess(MODEL, document_sha256=DOCUMENT, on=NOW.date() + timedelta(days=3))
    registry.models.retire(MODEL)
    with pytest.raises(InvalidArgument, match="retired"):
        registry.models.retire(MODEL)
    assert registry.log.size == 2


def test_a_model_is_named_by_the_start_of_its_hash(registry: Registry) -> None:
    with pytest.raises(InvalidArgument, match="0 models"):
        registry.models.resolve("0101")
    registry.models.add(MODEL, name="Face", version="3")
    registry.models.add(MODEL[:-1] + b"\0", name="Face", version="4")
    assert registry.models.resolve(MODEL.hex()) == MODEL
    with pytest.raises(InvalidArgument, match="2 models"):
        registry.models.resolve("0101")
    for start in ("01", "zzzz", "0" * 65):
        with pytest.raises(InvalidArgument, match="start of an ID"):
            registry.models.resolve(start)


# ---- grants ----
def grant_to(registry: Registry, recipient: str = "Jana Müller", days: float = 0) -> str:
    return registry.grants.add(
        "content-1",
        recipient=recipient,
        agreement_sha256=AGREEMENT,
        payload=7,
        granted_at=days_ago(days),
    ).id


def test_a_copy_without_label_needs_a_grant(registry: Registry) -> None:
    with pytest.raises(GrantMissing, match="countermark grants add"):
        registry.grants.require("content-1")
    first = grant_to(registry, days=1)
    second = grant_to(registry, "Ben")
    found = registry.grants.require("content-1")
    assert found.id == second
    assert (found.payload, found.agreement_sha256) == (7, AGREEMENT)
    assert found.granted_at == NOW
    assert [grant.id for grant in registry.grants.find(payload=7)] == [first, second]
    assert registry.grants.find(content="content-1", payload=8) == []
    assert registry.grants.find(content="\0") == []
    assert registry.grants.recipient(first) == "Jana Müller"
    assert registry.personal.find(subject="Jana Müller") == [first]
    with pytest.raises(GrantMissing):
        registry.grants.require("content-2")
    assert told(registry) == ["kept", "unlabelled-granted"] * 2
    stated = last(registry)
    assert (stated["record"], stated["agreement_sha256"]) == (second, AGREEMENT.hex())
    assert stated["commitment"] == leaf.commitment(found.salt, found.described.encode())


def test_a_grant_stays_for_six_months_and_goes_with_its_recipient(
    registry: Registry, address: str
) -> None:
    fresh, old = grant_to(registry, days=183), grant_to(registry, "Ben", days=185)
    with pytest.raises(RetentionNotOver, match="184 days"):
        registry.grants.purge(fresh, reason=DisposalReason.WITHDRAWN)
    assert registry.grants.get(fresh).id == fresh
    registry.grants.purge(old, reason=DisposalReason.WITHDRAWN)
    with pytest.raises(InvalidArgument, match="no grant"):
        registry.grants.get(old)
    stated = last(registry)
    assert (stated["kind"], stated["class"]) == ("erased", "unlabelled-grant")
    assert (stated["record"], stated["reason"]) == (old, "withdrawn")
    registry.grants.purge(fresh, reason=DisposalReason.ORDERED, order="12 O 34/26")
    assert registry.grants.find() == []
    with pytest.raises(GrantMissing):
        registry.grants.require("content-1")


def test_a_grant_past_its_maximum_is_disposed_of_whole(registry: Registry) -> None:
    grant_to(registry, days=1097)
    kept = grant_to(registry, days=1000)
    assert registry.dispose()["unlabelled-grant"] == 1
    assert [grant.id for grant in registry.grants.find()] == [kept]


def test_what_is_no_grant_is_refused_and_leaves_nothing(registry: Registry) -> None:
    wrong: list[dict[str, object]] = [
        {"recipient": ""},
        {"recipient": "a\nb"},
        {"agreement_sha256": b"x"},
        {"granted_at": NOW + timedelta(hours=1)},
        {"granted_at": datetime(2026, 1, 1)},
    ]
    for bad in wrong:
        options = {"recipient": "Jana", "agreement_sha256": AGREEMENT, **bad}
        with pytest.raises(InvalidArgument):
            registry.grants.add("content-1", **options)  # type: ignore[arg-type]
    with pytest.raises(InvalidPayload):
        registry.grants.add(
            "content-1", recipient="Jana", agreement_sha256=AGREEMENT, payload=2**64
        )
    with pytest.raises(InvalidArgument, match="content id"):
        registry.grants.add("", recipient="Jana", agreement_sha256=AGREEMENT)
    for unknown in ("", "zz", "00" * 16):
        with pytest.raises(InvalidArgument, match="no grant"):
            registry.grants.get(unknown)
    assert (registry.grants.find(), registry.log.size) == ([], 0)


def test_a_grant_and_its_entry_are_there_together_or_not_at_all(
    registry: Registry, make_entry: Callable[[int], Entry]
) -> None:
    def fail() -> None:
        with registry.adding(make_entry(7)):
            grant_to(registry)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert registry.grants.find() == []
    assert registry.personal.find() == []
    assert registry.log.size == 0
    with registry.adding(make_entry(7)):
        grant_to(registry)
    assert told(registry) == ["marked", "kept", "unlabelled-granted"]


# ---- complaints ----
def test_a_complaint_from_its_receipt_to_its_end(registry: Registry) -> None:
    received = registry.complaints.receive(
        ComplaintKind.COMPLAINT,
        About.of(payload=7, pdq=bytes(range(32)), url=URL),
        contact="jana@example.org",
        text="Das bin ich,\nund das war ich nie. 这不是我。",
        url=URL,
        received_at=NOW,
    )
    complaint = received.complaint
    ticket = complaint.ticket
    assert registry.complaints.get(ticket) == complaint
    assert complaint.deadline == registry.complaints.terms().deadline(complaint.kind, NOW)
    assert registry.complaints.words(ticket)["contact"] == "jana@example.org"
    assert registry.complaints.words(ticket)["url"] == URL
    assert registry.complaints.open_with(ticket, received.secret) == complaint
    assert registry.complaints.open_with(ticket, received.secret[:-1]) is None
    assert registry.complaints.open_with("0" * 16, received.secret) is None
    registry.complaints.accept(ticket)
    registry.complaints.answer(ticket, answer_sha256=ANSWER)
    registry.complaints.close(ticket)
    found = registry.complaints.get(ticket)
    assert (found.state, found.answer_sha256) == (ComplaintState.CLOSED, ANSWER)
    assert found.since > complaint.since
    assert told(registry) == [
        "kept", "complaint-received", "complaint-accepted", "complaint-answered",
        "complaint-closed",
    ]  # fmt: skip
    stated = last(registry)
    assert (stated["ticket"], stated["complaint_kind"]) == (ticket, "complaint")
    assert stated["answer_sha256"] == ANSWER.hex()
    assert stated["commitment"] == leaf.commitment(found.salt, found.described.encode())
    assert registry.complaints.all(ComplaintState.CLOSED) == [found]
    assert registry.complaints.all(ComplaintState.RECEIVED) == []


def test_steps_of_a_complaint_go_forwards_only(registry: Registry) -> None:
    complaints = registry.complaints
    ticket = complaints.receive(ComplaintKind.REPORT, About(payload=7)).complaint.ticket
    with pytest.raises(InvalidArgument, match="is received"):
        complaints.close(ticket)
    complaints.answer(ticket, answer_sha256=ANSWER)  # at once
    for step in (complaints.accept, lambda t: complaints.answer(t, answer_sha256=ANSWER)):
        with pytest.raises(InvalidArgument, match="is answered"):
            step(ticket)
    complaints.close(ticket)
    with pytest.raises(InvalidArgument, match="is closed"):
        complaints.close(ticket)
    with pytest.raises(InvalidArgument, match="no complaint"):
        complaints.accept("0123456789abcdef")
    with pytest.raises(InvalidArgument, match="no complaint"):
        complaints.get("\0")
    assert registry.log.size == 3


def test_what_is_late_is_listed_until_it_is_answered(registry: Registry) -> None:
    late = [
        registry.complaints.receive(kind, About(payload=7), received_at=days_ago(days)).complaint
        for kind, days in ((ComplaintKind.APPEAL, 60), (ComplaintKind.REPORT, 90))
    ]
    registry.complaints.receive(ComplaintKind.REPORT, About(payload=7))
    assert [found.ticket for found in registry.complaints.overdue()] == [
        late[1].ticket,
        late[0].ticket,
    ]
    assert all(found.is_overdue() for found in late)
    assert registry.complaints.overdue(days_ago(80)) == []
    registry.complaints.accept(late[0].ticket)
    assert len(registry.complaints.overdue()) == 2
    registry.complaints.answer(late[0].ticket, answer_sha256=ANSWER)
    assert [found.ticket for found in registry.complaints.overdue()] == [late[1].ticket]
    assert not registry.complaints.get(late[0].ticket).is_overdue()


def test_who_complains_is_erased_while_the_complaint_stays(registry: Registry) -> None:
    complaints = registry.complaints
    ticket = complaints.receive(
        ComplaintKind.COMPLAINT, About(payload=7), contact="jana@example.org"
    ).complaint.ticket
    (record,) = registry.personal.find(subject="jana@example.org")
    assert complaints.get(ticket).record == record
    registry.personal.erase(record, reason=DisposalReason.REQUESTED)
    assert (complaints.get(ticket).record, complaints.words(ticket)) == (None, {})
    complaints.answer(ticket, answer_sha256=ANSWER)
    assert told(registry)[-2:] == ["erased", "complaint-answered"]


def test_what_is_no_complaint_is_refused_and_leaves_nothing(registry: Registry) -> None:
    about = About(payload=7)
    for bad in ({"contact": ""}, {"contact": "a\nb"}, {"text": ""}, {"text": "x" * 4001},
                {"received_at": datetime(2026, 1, 1)}, {"text": "\ud800"}):  # fmt: skip
        with pytest.raises(InvalidArgument):
            registry.complaints.receive(ComplaintKind.REPORT, about, **bad)  # type: ignore[arg-type]
    assert (registry.complaints.all(), registry.log.size) == ([], 0)
    for members in ({}, {"pdq": b"x"}, {"url_sha256": b"x"}):
        with pytest.raises(InvalidArgument):
            About(**members)  # type: ignore[arg-type]
    with pytest.raises(InvalidPayload):
        About(payload=-1)
    for url in ("", "a\nb", "x" * 2049):
        with pytest.raises(InvalidArgument, match="address"):
            About.of(url=url)


def test_without_a_folder_there_are_complaints_of_nobody_only(postgres_address: str) -> None:
    with Registry.open(postgres_address) as registry:
        with pytest.raises(InvalidArgument, match="no folder"):
            registry.complaints.receive(ComplaintKind.REPORT, About(payload=7), contact="Jana")
        assert registry.log.size == 0
        registry.complaints.receive(ComplaintKind.REPORT, About(payload=7))
        assert len(registry.complaints.all()) == 1


# ---- all of them ----
def fill(registry: Registry) -> None:
    registry.models.add(MODEL, name="Jana's face", version="1", biometric=True)
    registry.models.assess(MODEL, document_sha256=DOCUMENT, on=date(2026, 11, 1))
    grant_to(registry)
    received = registry.complaints.receive(
        ComplaintKind.COMPLAINT,
        About.of(payload=7, pdq=bytes(range(32)), url=URL),
        contact="jana@example.org",
        text="Ich, Jana",
        url=URL,
    )
    registry.complaints.accept(received.complaint.ticket)


def test_the_log_says_nothing_of_persons_or_content(registry: Registry) -> None:
    fill(registry)
    everything = b"".join(registry.log.leaves()).decode()
    (complaint,) = registry.complaints.all()
    assert complaint.about.url_sha256 is not None
    for private in (bytes(range(32)).hex(), complaint.about.url_sha256.hex()):
        assert private not in everything
    legible = re.sub(r'"[0-9a-f]{16,64}"', '""', everything)  # digests may spell short words
    for private in ("jana", "Jana", "Müller", "face", "content-1", "example.org", "portrait"):
        assert private not in legible


def test_another_connection_finds_all_of_it(registry: Registry, address: str, folder: Path) -> None:
    fill(registry)
    with Registry.open(address, folder=folder) as other:
        assert other.models.all() == registry.models.all()
        assert other.grants.find() == registry.grants.find()
        assert other.complaints.all() == registry.complaints.all()
        assert len(other.complaints.all()) == 1


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with all of it."""
    path = tmp_path_factory.mktemp("filled") / "registry.sqlite3"
    with Registry.open(path) as registry:
        fill(registry)
    return path


CHANGES = [
    ("model", "name = 'Another'"),
    ("model", "biometric = 0"),
    ("model", "assessment_sha256 = NULL"),
    ("model", "assessed_on = 'never'"),
    ("model", "retired = 1"),
    ("model", f"salt = X'{'00' * 32}'"),
    ("model", "salt = X'00'"),
    ("unlabelled_grant", "content = 'content-2'"),
    ("unlabelled_grant", f"agreement_sha256 = X'{'00' * 32}'"),
    ("unlabelled_grant", "payload = NULL"),
    ("unlabelled_grant", "granted_at = '2020-01-01T00:00:00.000000Z'"),
    ("complaint", "deadline = '2099-01-01T00:00:00.000000Z'"),
    ("complaint", "state = 'answered'"),
    ("complaint", "state = 'lost'"),
    ("complaint", "kind = 'report'"),
    ("complaint", "payload = NULL"),
    ("complaint", f"secret_sha256 = X'{'00' * 32}'"),
    ("complaint", "position = 0"),
    ("complaint", "position = 99"),
    ("model", "position = -1"),
]


@pytest.mark.parametrize(("table", "what"), CHANGES)
def test_a_row_that_was_changed_is_not_believed(
    filled: Path, tmp_path: Path, table: str, what: str
) -> None:
    path = Path(shutil.copy(filled, tmp_path / "registry.sqlite3"))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        assert connection.execute(f"UPDATE {table} SET {what}").rowcount == 1
    with Registry.open(path) as registry:
        reading = {
            "model": registry.models.all,
            "unlabelled_grant": registry.grants.find,
            "complaint": registry.complaints.all,
        }
        with pytest.raises(UnreadableRegistry, match="damaged"):
            reading[table]()


def test_an_empty_registry_has_none_and_stays_away(tmp_path: Path) -> None:
    with Registry.open(tmp_path / "registry.sqlite3") as registry:
        assert (registry.models.all(), registry.models.find(MODEL)) == ([], None)
        assert (registry.grants.find(), registry.complaints.all()) == ([], [])
        assert registry.complaints.overdue() == []
        with pytest.raises(GrantMissing):
            registry.grants.require("content-1")
        with pytest.raises(InvalidArgument):
            registry.complaints.accept("0123456789abcdef")
    # Only what was to be written has made the file.
    assert sorted(path.name for path in tmp_path.iterdir()) == ["registry.sqlite3"]


def test_version_3_is_read_and_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "registry.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(VERSION_3.read_text("utf-8"))
    os.chmod(path, 0o600)
    before = path.read_bytes()
    with Registry.open(path) as registry:
        assert registry.models.all() == []
        assert (registry.log.size, len(registry.entries())) == (6, 2)
        assert path.read_bytes() == before
        fill(registry)
        assert (len(registry.entries()), len(registry.personal.find())) == (2, 3)
        assert registry.features.any()
        assert told(registry)[:7] == [
            "marked", "marked", "marked", "deleted", "kept", "feature-proposed", "model-added",
        ]  # fmt: skip
        assert registry.log.check().size == 13
        assert len(registry.models.all()) == len(registry.grants.find()) == 1


def test_tables_of_version_3_are_brought_up_to_date_on_both_databases(
    address: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tables.FIRST_VERSION - 1
    with monkeypatch.context() as earlier, Registry.open(address, folder=folder) as registry:
        for module in (sqlite, postgres):
            earlier.setattr(module, "VERSION", before)
        earlier.setattr(sqlite, "STEPS", sqlite.STEPS[:before])
        earlier.setattr(postgres, "_STEPS", postgres._STEPS[: before - postgres._FIRST_VERSION + 1])
        registry.personal.keep({"a": 1}, retention_class="personal")
    with Registry.open(address, folder=folder) as registry:
        assert (registry.models.all(), registry.grants.find()) == ([], [])
        assert registry._database.version() == before
        fill(registry)
        assert registry._database.version() == VERSION
        assert len(registry.personal.find()) == 3
        assert registry.log.check().size == 8


def test_erasing_brings_version_3_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "registry.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(VERSION_3.read_text("utf-8"))
    os.chmod(path, 0o600)
    with Registry.open(path) as registry:
        (record,) = registry.personal.find()
        registry.personal.erase(record, reason=DisposalReason.REQUESTED)
        assert registry.personal.find() == []
        assert told(registry)[-1] == "erased"
