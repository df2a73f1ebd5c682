"""What is said of labels as they are met with in files of others."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countermark.labels.aigc import AigcLabel, Carried, Reading, Status, Verdict
from countermark.labels.aigc.parsing import looks_like_label
from countermark.labels.aigc.protection import Protection
from countermark.labels.aigc.reading import judged

CODE = "001191110102MACQD9K64010000"
LABEL = AigcLabel.produced(CODE, "picture-7")
MEMBERS = LABEL.members()


def read(*texts: str) -> Reading:
    return judged(tuple(Carried(text, f"place {at}") for at, text in enumerate(texts)))


def problems(text: str) -> list[str]:
    return [finding.problem for finding in read(text).findings]


def changed(**members: Any) -> str:
    """The label as JSON with other members; of `...` without."""
    whole = {**MEMBERS, **members}
    return json.dumps({name: value for name, value in whole.items() if value is not ...})


@pytest.mark.parametrize(
    "text",
    [
        LABEL.to_json(),
        LABEL.to_json(wrapped=True),
        json.dumps(MEMBERS, indent=2),
        "\ufeff" + LABEL.to_json(),
        LABEL.to_json() + "\0",
    ],
    ids=["bare", "wrapped", "with spaces", "byte order mark", "ended by NUL"],
)
def test_label_as_the_standard_has_it(text: str) -> None:
    reading = read(text)
    assert (reading.verdict, reading.label) == (Verdict.COMPLIANT, LABEL)


IN_THE_WILD = {
    "number": (changed(Label=1), "The member 'Label' of the label is not a text."),
    "name as value (MiniMax)": (changed(Label="AIGC"), "The member Label is 'AIGC', not 1, 2 or 3"),
    "duplicate": (LABEL.to_json()[:-1] + ',"Label":"2"}', "The label holds 'Label' twice."),
    "unknown": (changed(Model="x"), "members that are not known: 'Model'"),
    "misspelt (metatoolkit)": (
        json.dumps({"ReserveCode1" if n == "ReservedCode1" else n: v for n, v in MEMBERS.items()}),
        "The label lacks ReservedCode1.",
    ),
    "misspelt propagator (metatoolkit)": (
        changed(ContentPropagator=..., PropagateID=..., Propagator=CODE, PropatorID="1"),
        "The label lacks ContentPropagator, PropagateID.",
    ),
    "Base64": (base64.b64encode(LABEL.to_json().encode()).decode(), "The label is in Base64."),
    "Base64 for URLs, unpadded": (
        base64.urlsafe_b64encode(changed(ReservedCode1="???>>>").encode()).decode().rstrip("="),
        "The label is in Base64.",
    ),
    "earlier schema (Tencent Cloud)": (
        '{"AIGC":{"Label":"1","ServiceProvider":"x","ServiceUser":"y","Time":"z","ContentId":"1"}}',
        "The label has the members of a schema from before the standard.",
    ),
    "nested protection (Honor)": (
        changed(ReservedCode1={"SecurityData": {"Type": "TC260PG", "PubSd": [{"Type": "DS"}]}}),
        "The member 'ReservedCode1' of the label is not a text.",
    ),
    "name before the text": ("AIGC" + LABEL.to_json(), "The name AIGC stands before the label"),
    "text in text": (json.dumps({"AIGC": LABEL.to_json()}), "The label is a text within JSON."),
    "words (MiniMax)": ("Label: AIGC", "The label is not JSON."),
    "list": ("[]", "The label is not a JSON object."),
    "empty object": ("{}", "The label lacks Label, ContentProducer"),
    "empty": ("", "The label is not JSON."),
    "out of order": (
        json.dumps(dict(reversed(MEMBERS.items()))),
        "The members of the label are out of order.",
    ),
    "another status": (changed(Label="4"), "The member Label is '4', not 1, 2 or 3."),
    "name instead of code": (
        changed(ContentProducer="Doubao"),
        "The member ContentProducer of the label is wrong: The provider code has 6 characters",
    ),
    "name in Chinese": (
        changed(ContentPropagator="豆包"),
        "The member ContentPropagator of the label holds characters that are not allowed.",
    ),
    "wrong check digit": (
        changed(ContentPropagator=CODE.replace("640", "641")),
        "The member ContentPropagator of the label is wrong: The provider code holds the social",
    ),
    "no number": (changed(PropagateID=""), "The member PropagateID of the label is empty."),
    "spaces": (changed(ProduceID="a b"), "The member ProduceID of the label holds characters"),
    "too long": (changed(ReservedCode1="x" * (1 << 17)), "The label has 131,"),
}


@pytest.mark.parametrize("name", IN_THE_WILD)
def test_label_as_others_write_it(name: str) -> None:
    text, expected = IN_THE_WILD[name]
    assert any(expected in problem for problem in problems(text)), problems(text)
    assert read(text).verdict is Verdict.NONCOMPLIANT


@pytest.mark.parametrize(
    "name", ["number", "duplicate", "out of order", "nested protection (Honor)"]
)
def test_only_what_is_wrong_is_said(name: str) -> None:
    assert len(problems(IN_THE_WILD[name][0])) <= 2


def test_members_are_kept_whatever_they_are() -> None:
    (found,) = read(changed(Label=2, ReservedCode1={"SecurityData": [1]})).found
    assert found.members["Label"] == "2"
    assert json.loads(found.members["ReservedCode1"]) == {"SecurityData": [1]}


def test_label_with_a_number_as_status_is_understood() -> None:
    label = read(changed(Label=2)).label
    assert label is not None
    assert label.status is Status.POSSIBLE


SIGNED = {
    "Type": "TC260PG",
    "Version": 1,
    "PubSD": [
        {"Type": "DS", "AlgID": "1.2.156.10197.1.501", "Signature": "3045"},
        {"Type": "PubKey", "AlgID": "1.2.156.10197.1.301", "KeyValue": "04"},
    ],
}


@pytest.mark.parametrize(
    ("value", "form", "algorithms"),
    [
        (json.dumps({"SecurityData": SIGNED}), "TC260PG 1", ("SM2 with SM3", "SM2")),
        ({"SecurityData": SIGNED}, "TC260PG 1", ("SM2 with SM3", "SM2")),
        (json.dumps({"SecurityData": json.dumps(SIGNED)}), "TC260PG 1", ("SM2 with SM3", "SM2")),
        (json.dumps({"Type": "TC260PG", "PubSd": {"AlgID": "1.2"}}), "TC260PG", ("1.2",)),
        (json.dumps({"SecurityData": {"Type": "\x1b" * 99, "Version": True}}), "\\x1b" * 16, ()),
        (json.dumps({"SecurityData": {"Type": "X", "PubSD": [1, {"AlgID": 2}]}}), "X", ()),
        (json.dumps({"SecurityData": [1]}), None, ()),
        ("model-3", None, ()),
        ("7", None, ()),
        ("[" * 2000, None, ()),
    ],
)
def test_protection_of_others_is_unverifiable_and_never_forged(
    value: object, form: str | None, algorithms: tuple[str, ...]
) -> None:
    found = read(changed(ReservedCode2=value)).found[0]
    assert found.unverifiable == (Protection("ReservedCode2", form, algorithms),)
    assert str(found.unverifiable[0]).endswith(": unverifiable")


def test_protection_is_no_breach() -> None:
    signature = json.dumps({"SecurityData": SIGNED}, separators=(",", ":"))
    reading = read(changed(ReservedCode1=signature, ReservedCode2="model-3"))
    assert reading.verdict is Verdict.COMPLIANT
    members = [each.member for each in reading.found[0].unverifiable]
    assert members == ["ReservedCode1", "ReservedCode2"]
    assert read(LABEL.to_json()).found[0].unverifiable == ()


def test_two_labels_are_a_breach_even_if_both_are_right() -> None:
    reading = read(LABEL.to_json(), LABEL.to_json())
    assert reading.verdict is Verdict.NONCOMPLIANT
    assert reading.label is None
    assert reading.findings[-1].problem == "The file holds 2 labels: place 0, place 1."
    assert reading.findings[-1].clause == "GB 45438-2025, 6.1 c)"


def test_what_cannot_be_searched_is_never_said_to_hold_nothing() -> None:
    assert judged((), is_complete=False).verdict is Verdict.INCONCLUSIVE
    carried = (Carried(LABEL.to_json(), "somewhere"),)
    assert judged(carried, is_complete=False).verdict is Verdict.INCONCLUSIVE
    assert judged(()).verdict is Verdict.NOT_FOUND


def test_label_in_another_place_is_a_breach() -> None:
    reading = judged((Carried(LABEL.to_json(), "JPEG COM", is_proper=False),))
    assert reading.verdict is Verdict.NONCOMPLIANT
    assert "JPEG COM" in reading.findings[0].problem


def test_deep_nesting_is_no_crash() -> None:
    assert problems('{"AIGC":' * 8_000) == ["The label is not JSON."]
    for depth in (200, 400, 800):
        text = changed(ReservedCode1=0).replace("0}", "[" * depth + "]" * depth + "}")
        assert read(text).verdict is Verdict.NONCOMPLIANT


@given(st.text())
def test_any_text_is_judged(text: str) -> None:
    reading = read(text)
    assert reading.verdict is Verdict.NONCOMPLIANT
    json.dumps([finding.problem for finding in reading.findings])


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@settings(max_examples=50)
@given(st.dictionaries(st.sampled_from([*MEMBERS, "AIGC", "Time"]), VALUES))
def test_any_object_is_judged(members: dict[str, Any]) -> None:
    reading = read(json.dumps(members))
    assert reading.verdict is not Verdict.NOT_FOUND
    if reading.verdict is Verdict.COMPLIANT:
        assert reading.label is not None


@given(
    st.text("!\"#[]~azAZ09{}:,'", min_size=1),
    st.text("!\"#[]~azAZ09{}:,'"),
    st.booleans(),
)
def test_what_is_written_is_read(produce_id: str, reserved: str, wrapped: bool) -> None:
    label = AigcLabel.produced(CODE, produce_id, reserved=reserved)
    reading = read(label.to_json(wrapped=wrapped))
    assert (reading.label, reading.verdict) == (label, Verdict.COMPLIANT)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (LABEL.to_json(wrapped=True), True),
        ("AIGC" + LABEL.to_json(), True),
        (LABEL.to_json(), True),
        ("Label: AIGC", True),
        (base64.b64encode(LABEL.to_json(wrapped=True).encode()).decode(), True),
        ("A talk about AIGC, given in 2026", False),
        ("", False),
        ('{"Label":"red"}', False),
    ],
)
def test_texts_without_a_name_are_told_apart(text: str, expected: bool) -> None:
    assert looks_like_label(text) is expected
