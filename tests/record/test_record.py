"""What a record accepts and refuses."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import FrozenInstanceError, fields, replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from countermark.errors import InvalidRecord
from countermark.record import (
    MAX_TEXT_LENGTH,
    ConsentReceipt,
    DigitalSource,
    Filing,
    Grant,
    Modality,
    Producer,
    Record,
    Refusal,
    ServiceClass,
    Subject,
    System,
)

AT = datetime(2026, 11, 23, 12, tzinfo=timezone.utc)
EARLIEST = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))
KEY = bytes(range(32))


def test_names_and_terms_are_distinct_and_well_formed() -> None:
    assert len({member.uri for member in DigitalSource}) == len(DigitalSource)
    for member in DigitalSource:
        assert member.value == member.name.lower().replace("_", "-")
        assert member.uri.startswith("http://cv.iptc.org/newscodes/digitalsourcetype/")


@pytest.mark.parametrize(
    ("source", "edits"),
    [(member, member.value.endswith("-edited")) for member in DigitalSource],
)
def test_only_edits_begin_with_an_existing_file(source: DigitalSource, edits: bool) -> None:
    assert Record(source=source).edits_existing is edits


@pytest.mark.parametrize(
    "statements",
    [
        {"source": "captured"},
        {"source": None},
        {"creator": ""},
        {"creator": "  "},
        {"title": "two\nlines"},
        {"title": "\ud800"},
        {"title": "x" * (MAX_TEXT_LENGTH + 1)},
        {"created": "2026-11-23"},
        {"created": datetime(2026, 11, 23)},
        {"created": EARLIEST},
        {"producer": "Example Works"},
        {"system": "Model 3"},
        {"service_class": "voice"},
        {"content_id": ""},
        {"content_id": "two words"},
        {"content_id": 5},
        {"subject": "account 4711"},
        {"consents": None},
        {"consents": ["x"]},
        {"consents": ("x",)},
        {"filing": "number"},
        {"grant": "yes"},
        {"refusal": "no"},
    ],
)
def test_wrong_statements_are_refused(statements: dict[str, Any]) -> None:
    with pytest.raises(InvalidRecord) as caught:
        Record(**{"source": DigitalSource.CAPTURED, **statements})
    assert str(caught.value).endswith(caught.value.remedy)


@pytest.mark.parametrize(
    ("kind", "statements"),
    [
        (Producer, {"name": None}),
        (Producer, {"name": " "}),
        (Producer, {"name": "Example Works", "code": "001191350100M000100Y4300000"}),
        (System, {"name": None}),
        (System, {"name": "Model", "version": ""}),
        (System, {"name": "Model", "model_sha256": "00" * 32}),
        (System, {"name": "Model", "model_sha256": bytes(31)}),
        (Subject, {"hash": bytes(31), "period": "2026"}),
        (Subject, {"hash": bytes(32), "period": ""}),
        (Subject, {"hash": bytes(32), "period": "2026 11"}),
        (Subject, {"hash": bytes(32), "period": "2" * 33}),
        (Refusal, {"reason": "", "at": AT}),
        (Refusal, {"reason": "none", "at": datetime(2026, 11, 23)}),
        (Grant, {"recipient": "Ada", "agreement_sha256": bytes(32), "at": AT}),
        (Filing, {"number": "1", "url": ""}),
        (Filing, {"number": "1", "url": "example.org"}),
        (Filing, {"number": "1", "url": "ftp://example.org"}),
        (Filing, {"number": "1", "url": "https:///path"}),
        (Filing, {"number": "1", "url": "https://[::1"}),
        (Filing, {"number": "1", "url": "https://example.org:x/"}),
        (Filing, {"number": "1", "url": "https://bank.example@evil.example/"}),
        (Filing, {"number": "1", "url": "https://example.org/a b"}),
        (Filing, {"number": "1", "url": "https://例子.example/"}),
        (Filing, {"number": "", "url": "https://example.org/"}),
    ],
)
def test_wrong_parts_are_refused(kind: type, statements: dict[str, Any]) -> None:
    with pytest.raises(InvalidRecord) as caught:
        kind(**statements)
    assert str(caught.value).endswith(caught.value.remedy)


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "Ada"},
        {"scope": "face-swap"},
        {"modality": "image"},
        {"given_at": datetime(2026, 11, 23)},
        {"evidence_sha256": b"form"},
    ],
)
def test_wrong_receipts_are_refused(full: Record, changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidRecord):
        replace(full.consents[0], **changes)


def test_a_receipt_counts_once(full: Record) -> None:
    first, second = full.consents
    with pytest.raises(InvalidRecord, match="twice"):
        replace(full, consents=(first, second, first))
    same = replace(first, given_at=first.given_at.astimezone(timezone.utc))
    assert same.sha256 == first.sha256
    assert first.sha256 != second.sha256


def test_receipt_covers_what_was_agreed_to(full: Record) -> None:
    receipt = full.consents[0]
    covered = [
        (scope, modality)
        for scope in ServiceClass
        for modality in Modality
        if receipt.covers(scope, modality)
    ]
    assert covered == [(ServiceClass.FACE_SWAP, Modality.IMAGE)]


def test_values_cannot_be_changed(full: Record) -> None:
    parts = [getattr(full, one.name) for one in fields(full)]
    parts = [full, *full.consents, *(part for part in parts if hasattr(part, "members"))]
    kinds = {type(part) for part in parts}
    assert kinds == {Record, ConsentReceipt, Producer, System, Subject, Filing, Refusal}
    for part in parts:
        name = fields(part)[0].name
        with pytest.raises(FrozenInstanceError):
            setattr(part, name, None)
        assert not hasattr(part, "__dict__")
        assert len({part, replace(part)}) == 1


def test_classes_of_the_provisions() -> None:
    biometric = {member.value for member in ServiceClass if member.edits_biometrics}
    assert biometric == {"voice", "face-generation", "face-swap", "face-manipulation"}
    assert {member.clause for member in ServiceClass if member.may_confuse} == {
        f"Art. 17(1)({number})" for number in range(1, 6)
    }
    for member in ServiceClass:
        assert member.value == member.name.lower().replace("_", "-")


def test_subject_is_a_keyed_hash_and_nothing_else() -> None:
    account = "account 4711"
    subject = Subject.of(account, key=KEY, period="2026-11")
    message = b"countermark subject\x002026-11\x00account 4711"
    assert subject.hash == hmac.new(KEY, message, hashlib.sha256).digest()
    for text in (repr(subject), str(subject), str(subject.members())):
        assert "4711" not in text
        assert KEY.hex() not in text
    others = [
        Subject.of(account, key=KEY, period="2026-12"),
        Subject.of(account, key=bytes(32), period="2026-11"),
        Subject.of(f"{account} ", key=KEY, period="2026-11"),
    ]
    assert len({subject.hash, *(other.hash for other in others)}) == 4


@pytest.mark.parametrize(
    ("account", "key", "period"),
    [
        ("", KEY, "2026-11"),
        (" ", KEY, "2026-11"),
        (4711, KEY, "2026-11"),
        ("account 4711", KEY[:31], "2026-11"),
        ("account 4711", "key" * 20, "2026-11"),
        ("account 4711", KEY, ""),
        ("account 4711", KEY, "a\0b"),
    ],
)
def test_refused_subject_shows_no_account(account: Any, key: Any, period: Any) -> None:
    with pytest.raises(InvalidRecord) as caught:
        Subject.of(account, key=key, period=period)
    assert "4711" not in str(caught.value)


def test_account_in_the_place_of_a_subject_is_not_repeated() -> None:
    with pytest.raises(InvalidRecord, match="of the type str, not of the type Subject") as caught:
        Record(source=DigitalSource.CAPTURED, subject="account 4711")  # type: ignore[arg-type]
    assert "4711" not in str(caught.value)
