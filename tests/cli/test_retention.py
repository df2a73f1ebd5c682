"""`countermark registry keep | recall | erase | dispose | classes`, run as a user does."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from countermark import keys
from countermark.registry import Registry

PAYLOAD = "0123456789abcdef"


def output(result: tuple[int, str, str]) -> str:
    code, said, complaint = result
    assert (code, complaint) == (0, "")
    return said


def test_a_record_is_kept_recalled_and_erased(call, home: keys.Home) -> None:
    told = json.dumps({"prompt": "Träume"})
    options = ("--class", "personal", "--payload", PAYLOAD, "--subject", "jana")
    record = output(call("registry", "keep", *options, stdin=told)).strip()
    found = json.loads(output(call("registry", "recall", record)))
    assert found["values"] == {"prompt": "Träume"}
    assert (found["class"], found["payload"]) == ("personal", PAYLOAD)
    assert json.loads(output(call("registry", "recall", "--payload", PAYLOAD))) == found
    erased = call("registry", "erase", "--subject", "jana", "--reason", "requested")
    assert output(erased) == "1 records were erased.\n"
    assert output(call("registry", "recall", "--subject", "jana")) == ""
    assert "no personal record" in call("registry", "recall", record)[2]
    leaves = [json.loads(line)["kind"] for line in output(call("log", "show")).splitlines()]
    assert leaves == ["kept", "erased"]


def test_what_must_stay_is_named(call, home: keys.Home) -> None:
    for name, told in (("unlabelled-grant", '{"to": "Example"}'), ("personal", '{"a": 1}')):
        output(call("registry", "keep", "--class", name, "--subject", "4711", stdin=told))
    refused = call("registry", "erase", "--subject", "4711", "--reason", "requested")
    assert refused[:2] == (1, "1 records were erased.\n")
    assert "must stay for 184 days" in refused[2]
    command = ("registry", "erase", "--subject", "4711", "--reason", "ordered")
    code, _, complaint = call(*command)
    assert (code, "An order goes with" in complaint) == (3, True)
    assert output(call(*command, "--order", "12 O 34/26")) == "1 records were erased.\n"
    assert "12 O 34/26" not in output(call("log", "show"))


def test_dispose_says_what_it_would_do_and_does_it(call, home: keys.Home) -> None:
    with Registry.open(home.registry_path) as registry:
        since = datetime.now(timezone.utc) - timedelta(days=367)
        for number in range(3):
            registry.personal.keep({"n": number}, retention_class="personal", since=since)
    assert output(call("registry", "dispose", "--dry-run")) == "personal: 3 would be erased\n"
    assert output(call("registry", "dispose")) == "personal: 3 erased\n"
    assert output(call("registry", "dispose")).startswith("Nothing is past its maximum")


def test_classes_are_those_of_the_home(call, home: keys.Home) -> None:
    path = home.folder / "retention.toml"
    path.write_text("[invoice]\nminimum_days = 184\n")
    shown = output(call("registry", "classes", "--json")).splitlines()
    assert json.loads(shown[-1]) == {
        "name": "invoice",
        "minimum_days": 184,
        "maximum_days": None,
    }
    assert "invoice" in output(call("registry", "classes"))
    path.write_text("[invoice]\nminimum_day = 184\n")
    assert "'minimum_day' in 'invoice' is not known" in call("registry", "dispose")[2]


@pytest.mark.parametrize("content", ["", "{", "[1]", '"jana@example.org"', "[" * 100_000])
def test_what_is_no_record_is_refused_without_being_shown(
    call, home: keys.Home, content: str
) -> None:
    code, said, complaint = call("registry", "keep", "--class", "personal", stdin=content)
    assert (code, said) == (3, "")
    assert "jana" not in complaint


@pytest.mark.parametrize("options", [(), ("xyz", "--subject", "jana"), ("--payload", "xyz")])
def test_which_records_must_be_said(call, home: keys.Home, options: tuple[str, ...]) -> None:
    for command in (("recall",), ("erase", "--reason", "mistaken")):
        code, said, complaint = call("registry", *command, *options)
        assert (code, said) == (3, "")
        assert "which records" in complaint or "is no payload" in complaint


def test_a_backup_holds_no_keys(call, home: keys.Home, tmp_path: Path) -> None:
    told = '{"prompt": "a cup"}'
    record = output(call("registry", "keep", "--class", "personal", stdin=told)).strip()
    copy = tmp_path / "copy.sqlite3"
    output(call("registry", "backup", copy))
    assert [path.name for path in tmp_path.glob("*copy*")] == ["copy.sqlite3"]
    assert b"a cup" not in copy.read_bytes()
    output(call("registry", "erase", record, "--reason", "withdrawn"))
    code, _, complaint = call("registry", "recall", record, "--registry", copy)
    assert (code, "is gone" in complaint) == (3, True)
