"""`countermark models | grants | complaints`, run as a user does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from countermark import keys
from countermark.registry import Registry
from countermark.registry.duties import About, ComplaintKind

PAYLOAD = "0123456789abcdef"
AGREEMENT = "ab" * 32
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def said(call: Call, home: keys.Home) -> Callable[..., str]:
    """What a command prints that succeeds."""

    def said(*arguments: object, **options: Any) -> str:
        code, told, complaint = call(*arguments, **options)
        assert code == 0, complaint
        return told.strip()

    return said


def test_a_model_is_added_assessed_and_retired(said: Callable[..., str], tmp_path: Path) -> None:
    model, document = tmp_path / "face.safetensors", tmp_path / "assessment.pdf"
    model.write_bytes(b"weights" * 1_000_000)
    document.write_bytes(b"all is well")
    options = ("--name", "脸 Face", "--version", "3")
    sha256 = said("models", "add", model, *options, "--biometric")
    assert sha256 == hashlib.sha256(model.read_bytes()).hexdigest()
    said("models", "add", "cd" * 32, "--name", "Lakes", "--version", "1")
    said("models", "add", "ef" * 32, "--name", "Sites", "--version", "1", "--sensitive-scene")
    lines = said("models", "list").splitlines()
    assert [line.split("  ")[1] for line in lines] == [
        "needs no assessment", "NOT ASSESSED", "NOT ASSESSED",
    ]  # fmt: skip
    assert lines[2].endswith("biometric                   脸 Face 3")
    said("models", "assess", sha256[:8], "--document", document, "--date", "2026-11-01")
    said("models", "retire", "efef")
    listed = [json.loads(line) for line in said("models", "list", "--json").splitlines()]
    assert [one["retired"] for one in listed] == [False, True, False]
    assert listed[2]["assessed_on"] == "2026-11-01"
    assert listed[2]["assessment_sha256"] == hashlib.sha256(b"all is well").hexdigest()
    assert "assessed 2026-11-01" in said("models", "list")
    assert "retired" in said("models", "list")


def test_what_is_no_model_is_refused_in_one_sentence(call: Call, home: keys.Home) -> None:
    options = ("--name", "Face", "--version", "3")
    assert "neither a file" in call("models", "add", "nowhere.bin", *options)[2]
    assert "0 models" in call("models", "retire", "abcd")[2]
    said = call("models", "assess", "abcd", "--document", AGREEMENT, "--date", "1.11.2026")
    assert said[0] == 2


def test_a_grant_is_recorded_shown_and_purged_in_its_time(
    said: Callable[..., str], call: Call, home: keys.Home
) -> None:
    options = ("--recipient", "Jana Müller", "--agreement", AGREEMENT, "--payload", PAYLOAD)
    grant = said("grants", "add", "content-47", *options)
    line = said("grants", "list")
    assert line.startswith(grant)
    assert line.endswith(f"{PAYLOAD}  content-47")
    assert "Jana" not in line
    shown = json.loads(said("grants", "show", grant))
    assert (shown["recipient"], shown["agreement_sha256"]) == ("Jana Müller", AGREEMENT)
    listed = json.loads(said("grants", "list", "--content", "content-47", "--json"))
    assert listed["id"] == grant
    assert "recipient" not in listed
    assert said("grants", "list", "--content", "content-48") == ""
    purge = ("grants", "purge", grant, "--reason")
    assert "must stay for 184 days" in call(*purge, "requested")[2]
    assert "An order goes with" in call(*purge, "ordered")[2]
    with Registry.open(home.registry_path) as registry:
        old = registry.grants.add(
            "content-1", recipient="Ben", agreement_sha256=bytes(32),
            granted_at=datetime.now(timezone.utc) - timedelta(days=200),
        ).id  # fmt: skip
    said("grants", "purge", old, "--reason", "requested")
    said(*purge, "ordered", "--order", "12 O 34/26")
    assert said("grants", "list") == ""
    assert "no grant" in call("grants", "show", grant)[2]
    assert '"reason":"requested"' in said("log", "show")


def test_a_complaint_is_taken_in_answered_and_closed(
    said: Callable[..., str], call: Call, home: keys.Home, tmp_path: Path
) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("It was taken away.")
    options = ("--kind", "complaint", "--payload", PAYLOAD, "--url", "https://example.org/a.jpg")
    ticket = said(
        "complaints", "add", *options, "--contact", "jana@example.org", "--text", stdin="Ich.\n"
    )
    assert said("complaints", "list").startswith(f"{ticket}  received  complaint  by 20")
    assert said("complaints", "list").endswith(f"payload {PAYLOAD}, address")
    shown = json.loads(said("complaints", "show", ticket))
    assert shown["words"] == {
        "contact": "jana@example.org", "text": "Ich.", "url": "https://example.org/a.jpg",
    }  # fmt: skip
    assert "is received" in call("complaints", "close", ticket)[2]
    said("complaints", "accept", ticket)
    said("complaints", "answer", ticket, "--answer", letter)
    said("complaints", "close", ticket)
    listed = json.loads(said("complaints", "list", "--state", "closed", "--json"))
    assert listed["answer_sha256"] == hashlib.sha256(b"It was taken away.").hexdigest()
    assert said("complaints", "list", "--state", "received") == ""
    said("registry", "erase", "--subject", "jana@example.org", "--reason", "requested")
    assert json.loads(said("complaints", "show", ticket))["words"] == {}
    assert "jana" not in said("log", "show")


def test_the_deadline_is_said_and_the_late_ones_are_found(call: Call, home: keys.Home) -> None:
    (home.folder / "complaints.toml").write_text("[report]\ndays = 7\n")
    code, told, complaint = call("complaints", "add", "--kind", "report", "--pdq", "ab" * 32)
    assert (code, len(told.strip())) == (0, 16)
    assert complaint.startswith("To be answered before 20")
    assert call("complaints", "list", "--overdue") == (0, "", "")
    with Registry.open(home.registry_path) as registry:
        received_at = datetime.now(timezone.utc) - timedelta(days=11)
        late = registry.complaints.receive(
            ComplaintKind.REPORT, About(payload=7), received_at=received_at
        ).complaint
    code, told, _ = call("complaints", "list", "--overdue")
    assert (code, told.split()[0], told.split()[-1]) == (1, late.ticket, "OVERDUE")
    received = json.loads(
        call("complaints", "add", "--kind", "appeal", "--payload", "7", "--json")[1]
    )
    with Registry.open(home.registry_path) as registry:
        assert registry.complaints.open_with(received["ticket"], received["secret"]) is not None


def test_what_is_no_complaint_is_refused_in_one_sentence(call: Call, home: keys.Home) -> None:
    add = ("complaints", "add", "--kind", "report")
    assert "not said what" in call(*add)[2]
    assert "no fingerprint" in call(*add, "--pdq", "xyz")[2]
    assert "32 bytes" in call(*add, "--pdq", "ab")[2]
    assert "no payload" in call(*add, "--payload", "xyz")[2]
    assert "no complaint" in call("complaints", "show", "0123456789abcdef")[2]
    (home.folder / "complaints.toml").write_text("[report]\nday = 7\n")
    assert "complaints.toml" in call(*add, "--payload", "7")[2]
