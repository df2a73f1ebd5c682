"""What records look like in JSON: there and back, in one form, as the published schema says."""

from __future__ import annotations

import hashlib
import json
import string
from dataclasses import fields, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

import countermark.record
from countermark.credentials import Trust, read
from countermark.errors import CountermarkError, InvalidRecord
from countermark.record import (
    MAX_TEXT_LENGTH,
    ConsentReceipt,
    DigitalSource,
    Filing,
    Grant,
    Modality,
    Producer,
    ProviderCode,
    Record,
    Refusal,
    Service,
    ServiceClass,
    Subject,
    System,
    schema,
)

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "tests" / "vectors"
SCHEMA = jsonschema_rs.validator_for(schema(), validate_formats=True)

TEXTS = st.text(
    st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=MAX_TEXT_LENGTH
).filter(str.strip)
TIMES = st.datetimes(
    datetime(1, 1, 2),
    datetime(9999, 12, 30),
    timezones=st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m))),
)
DIGESTS = st.binary(min_size=32, max_size=32)
APPLICATIONS = st.text(string.digits + string.ascii_uppercase, min_size=4, max_size=4)
CODES = st.builds(
    ProviderCode.of,
    st.sampled_from(["91350100M000100Y43", "91440300708461136T"]),
    service=st.sampled_from(Service),
    application=APPLICATIONS,
) | st.builds(ProviderCode.of_person, st.just("11010519491231002X"))
SUBJECTS = st.builds(
    Subject, hash=DIGESTS, period=st.from_regex("[0-9A-Za-z][0-9A-Za-z._-]{0,31}", fullmatch=True)
)
CONSENTS = st.builds(
    ConsentReceipt,
    subject=SUBJECTS,
    scope=st.sampled_from(ServiceClass),
    modality=st.sampled_from(Modality),
    given_at=TIMES,
    evidence_sha256=DIGESTS,
)
UNLABELLED = st.fixed_dictionaries(
    {"grant": st.builds(Grant, recipient=SUBJECTS, agreement_sha256=DIGESTS, at=TIMES)}
) | st.fixed_dictionaries({"refusal": st.builds(Refusal, reason=TEXTS, at=TIMES)})
STATEMENTS = st.fixed_dictionaries(
    {"source": st.sampled_from(DigitalSource)},
    optional={
        "creator": TEXTS,
        "title": TEXTS,
        "created": TIMES,
        "producer": st.builds(Producer, name=TEXTS, code=st.none() | CODES),
        "system": st.builds(
            System, name=TEXTS, version=st.none() | TEXTS, model_sha256=st.none() | DIGESTS
        ),
        "service_class": st.sampled_from(ServiceClass),
        "content_id": st.from_regex(r"[!#-\[\]-~]{1,1024}", fullmatch=True),
        "subject": SUBJECTS,
        "consents": st.lists(CONSENTS, unique=True, max_size=3).map(tuple),
        "filing": st.builds(Filing, number=TEXTS, url=st.just("https://example.org/a?b#c")),
    },
)
RECORDS = st.builds(
    lambda statements, answer: Record(**statements, **answer), STATEMENTS, st.just({}) | UNLABELLED
)


@given(RECORDS)
def test_every_record_survives_json_in_one_form(record: Record) -> None:
    text = record.to_json()
    assert Record.from_json(text) == record
    assert Record.from_json(text).to_json() == text
    assert rfc8785.dumps(json.loads(text)) == text.encode()
    assert SCHEMA.is_valid(json.loads(text))


def test_equal_records_have_one_text(full: Record) -> None:
    assert full.created is not None
    elsewhere = replace(full, created=full.created.astimezone(timezone.utc))
    assert elsewhere == full
    assert elsewhere.to_json() == full.to_json()


def test_schema_has_the_members_of_the_classes(full: Record) -> None:
    properties = schema()["properties"]
    assert set(properties) == {one.name for one in fields(Record)} | {"generator"}
    for name, kind in (
        ("producer", Producer), ("system", System), ("filing", Filing),
        ("grant", Grant), ("refusal", Refusal),
    ):  # fmt: skip
        assert list(properties[name]["properties"]) == [one.name for one in fields(kind)]
    definitions = schema()["$defs"]
    assert list(definitions["subject"]["properties"]) == [one.name for one in fields(Subject)]
    assert list(definitions["consent"]["properties"]) == [
        *(one.name for one in fields(ConsentReceipt)), "sha256",
    ]  # fmt: skip
    modality = definitions["consent"]["properties"]["modality"]
    assert definitions["text"]["maxLength"] == MAX_TEXT_LENGTH
    assert properties["consents"]["maxItems"] == countermark.record.record.MAX_CONSENTS
    for enum, stated in (
        (DigitalSource, properties["source"]),
        (ServiceClass, definitions["service_class"]),
        (Modality, modality),
    ):
        assert stated["enum"] == [member.value for member in enum]


def test_published_schema_is_the_one_in_the_package() -> None:
    published = ROOT / "docs" / "schemas" / "record.schema.json"
    assert json.loads(published.read_text(encoding="utf-8")) == schema()
    jsonschema_rs.meta.validate(schema())


def changed(record: Record, *path: Any, value: Any = None) -> Any:
    """The record's JSON with a member set to something else; None takes it away."""
    members = json.loads(record.to_json())
    place = members
    for name in path[:-1]:
        place = place[name]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return members


COUNTEREXAMPLES = [
    (("source",), None),
    (("source",), "painted"),
    (("camera",), "x"),
    (("creator",), 3),
    (("creator",), "\u3000 "),
    (("title",), "two\nlines"),
    (("title",), "x" * (MAX_TEXT_LENGTH + 1)),
    (("created",), "2026-11-23T12:00:00"),
    (("created",), "yesterday"),
    (("producer",), "Example Works"),
    (("producer", "name"), None),
    (("producer", "country"), "CN"),
    (("producer", "code"), "01" + "1" * 25),
    (("producer", "code"), "001191350100m000100y4300000"),
    (("system", "name"), None),
    (("system", "model_sha256"), "AB" * 32),
    (("generator",), "Example Model"),
    (("service_class",), "painting"),
    (("content_id",), "two words"),
    (("content_id",), "编号"),
    (("content_id",), 'a"b'),
    (("content_id",), "a\\b"),
    (("subject", "hash"), "00"),
    (("subject", "period"), "November 2026"),
    (("subject", "account"), "4711"),
    (("consents",), {}),
    (("consents", 0), {}),
    (("consents", 0, "modality"), "smell"),
    (("consents", 0, "given_at"), "2026"),
    (("consents", 0, "evidence_sha256"), None),
    (("consents", 0, "name"), "Ada"),
    (("filing", "url"), "javascript:alert(1)"),
    (("filing", "url"), "https://user@example.org/"),
    (("filing", "number"), None),
    (("grant",), {"agreement_sha256": "0" * 64, "at": "2026-11-23T12:00:00Z"}),
    (("refusal", "at"), None),
]


@pytest.mark.parametrize(("path", "value"), COUNTEREXAMPLES)
def test_schema_and_reader_refuse_the_same(
    full: Record, path: tuple[Any, ...], value: object
) -> None:
    members = changed(full, *path, value=value)
    assert not SCHEMA.is_valid(members)
    with pytest.raises(InvalidRecord) as caught:
        Record.from_json(json.dumps(members))
    assert str(caught.value) == f"{caught.value.problem} {caught.value.remedy}"


def test_grant_and_refusal_exclude_each_other(full: Record) -> None:
    assert full.refusal is not None
    grant = {"recipient": {"hash": "0" * 64, "period": "1"}, "agreement_sha256": "0" * 64}
    members = changed(full, "grant", value={**grant, "at": "2026-11-23T12:00:00Z"})
    assert not SCHEMA.is_valid(members)
    with pytest.raises(InvalidRecord, match="granted and that it was refused"):
        Record.from_json(json.dumps(members))
    del members["refusal"]
    assert SCHEMA.is_valid(members)
    assert Record.from_json(json.dumps(members)).grant is not None


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("producer", "code"), "001191350100M000100Y4400000", "check digit"),
        (("consents", 0, "sha256"), "0" * 64, "not the digest"),
        (("created",), "2026-02-30T12:00:00+00:00", "not ISO 8601"),
    ],
)
def test_reader_checks_what_a_schema_cannot(
    full: Record, path: tuple[Any, ...], value: object, says: str
) -> None:
    with pytest.raises(InvalidRecord, match=says):
        Record.from_json(json.dumps(changed(full, *path, value=value)))


def test_digest_of_a_receipt_may_be_left_out_and_null_is_absent(full: Record) -> None:
    members = changed(full, "consents", 0, "sha256")
    assert SCHEMA.is_valid(members)
    assert Record.from_json(json.dumps({**members, "title": None})) == replace(full, title=None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "[" * 100_000,
        "{}",
        '{"source":["captured"]}',
        '{"source":{"a":1}}',
        '{"source":"captured","source":"ai-generated"}',
        '{"source":"captured","system":{"name":"a","name":"b"}}',
        '{"source":"captured","created":5}',
        '{"source":"captured","title":null,"creator":{}}',
        '{"source":"captured","consents":"none"}',
        '{"source":"captured","created":"0001-01-01T00:00:00+14:00"}',
    ],
)
def test_damaged_json_is_refused(text: str) -> None:
    with pytest.raises(InvalidRecord):
        Record.from_json(text)


@given(st.text())
def test_no_text_leaks_a_foreign_error(text: str) -> None:
    with pytest.raises(CountermarkError):
        Record.from_json(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=4,
)


@given(st.sampled_from([one.name for one in fields(Record)]), JSON)
def test_no_member_leaks_a_foreign_error(name: str, value: object) -> None:
    try:
        record = Record.from_json(json.dumps({"source": "captured", name: value}))
    except InvalidRecord:
        return
    assert SCHEMA.is_valid(json.loads(record.to_json()))


PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))


@given(st.sampled_from(["https://", "http://", "HTTPS://", ""]), st.text(PRINTABLE, min_size=1))
def test_links_that_are_accepted_fit_the_schema(scheme: str, rest: str) -> None:
    try:
        filing = Filing(number="1", url=f"{scheme}{rest}")
    except InvalidRecord:
        return
    record = Record(source=DigitalSource.CAPTURED, filing=filing)
    assert SCHEMA.is_valid(json.loads(record.to_json()))


def test_links_with_an_account_in_their_path_are_links() -> None:
    url = "https://example.org/@news?a=b#c"
    assert str(Filing(number="1", url=url)) == f"1, {url}"


def test_records_of_version_0_1_state_the_same() -> None:
    """The lines are as that version wrote them."""
    text = (VECTORS / "records-0.1.jsonl").read_text(encoding="utf-8")
    records = [Record.from_json(line) for line in text.splitlines()]
    assert records == [
        Record(
            source=DigitalSource.AI_GENERATED,
            creator="Ada Example",
            system=System(name="Example Modell Ü 3"),
            title="湖",
            created=datetime(2026, 11, 23, 12, 0, 0, 123456, timezone.utc),
        ),
        Record(source=DigitalSource.CAPTURED, title="Cafe\u0301 \u202e!"),
        Record(source=DigitalSource.HUMAN_EDITED, system=System(name="Editor")),
        Record(
            source=DigitalSource.SCANNED_PRINT,
            created=datetime(2026, 11, 23, 12, tzinfo=timezone.utc),
        ),
    ]
    assert all(SCHEMA.is_valid(json.loads(line)) for line in text.splitlines())
    assert [Record.from_json(record.to_json()) for record in records] == records


def test_manifest_of_version_0_1_still_reads() -> None:
    manifest = read(VECTORS / "manifest-0.1.svg", "image/svg+xml", trust=Trust.nobody())
    assert manifest is not None
    assert manifest.record is not None
    assert manifest.record.system == System(name="Example Modell Ü 3")
    assert manifest.generator == "Example Modell Ü 3"


def test_texts_are_kept_code_point_for_code_point() -> None:
    for title in ("Cafe\u0301", "Caf\u00e9", "\ufa19社"):
        record = Record(source=DigitalSource.CAPTURED, title=title)
        assert Record.from_json(record.to_json()).title == title


def test_digests_are_over_the_canonical_form(full: Record) -> None:
    """Recomputed from the text alone, as anybody could."""
    members = json.loads(full.to_json())["consents"]
    for receipt in members:
        stated = {name: value for name, value in receipt.items() if name != "sha256"}
        canonical = json.dumps(stated, sort_keys=True, separators=(",", ":"))
        assert hashlib.sha256(canonical.encode()).hexdigest() == receipt["sha256"]
    digests = json.dumps([receipt["sha256"] for receipt in members], separators=(",", ":"))
    assert full.consents_sha256 == hashlib.sha256(digests.encode()).digest()
