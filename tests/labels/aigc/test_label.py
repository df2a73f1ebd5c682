"""The label itself: exactly the text of the standard, and nothing that it does not allow."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from countermark.errors import InvalidLabel
from countermark.labels.aigc import AigcLabel, Status
from countermark.record import DigitalSource, Producer, ProviderCode, Record

# Codes that stand in files of their providers; Tencent's names an application in letters.
DOUBAO = "001191110102MACQD9K64010000"
DOUBAO_SPREADS = "001191110102MACQD9K64028705"
TENCENT = "001191440300708461136T1XGW3"


def test_text_is_that_of_the_standard() -> None:
    label = AigcLabel.produced(DOUBAO, "picture-7")
    bare = (
        '{"Label":"1","ContentProducer":"001191110102MACQD9K64010000","ProduceID":"picture-7",'
        '"ReservedCode1":"","ContentPropagator":"001191110102MACQD9K64010000",'
        '"PropagateID":"picture-7","ReservedCode2":""}'
    )
    assert label.to_json() == bare
    assert label.to_json(wrapped=True) == '{"AIGC":' + bare + "}"


def test_quotation_marks_in_reserved_codes_are_escaped() -> None:
    label = AigcLabel.produced(DOUBAO, "1", reserved='{"SecurityData":{}}')
    assert '"ReservedCode1":"{\\"SecurityData\\":{}}"' in label.to_json()
    assert json.loads(label.to_json())["ReservedCode1"] == '{"SecurityData":{}}'


def test_label_of_who_spreads_keeps_what_the_producer_said() -> None:
    made = AigcLabel.produced(TENCENT, "a", reserved="seal")
    spread = made.spread(DOUBAO_SPREADS, "b", reserved="wax")
    assert list(spread.members().values()) == [
        *("1", TENCENT, "a", "seal"),
        *(DOUBAO_SPREADS, "b", "wax"),
    ]
    assert spread.status is Status.GENERATED


def test_label_of_a_record() -> None:
    producer = Producer(name="Example", code=ProviderCode(TENCENT))
    record = Record(source=DigitalSource.AI_GENERATED, producer=producer, content_id="a")
    assert AigcLabel.of(record) == AigcLabel.produced(TENCENT, "a")


@pytest.mark.parametrize("missing", ["producer", "content_id"])
def test_record_without_code_or_number_is_refused(missing: str) -> None:
    members: dict[str, Any] = {
        "producer": Producer(name="Example", code=ProviderCode(TENCENT)),
        "content_id": "a",
        missing: None,
    }
    with pytest.raises(InvalidLabel, match="code and the number"):
        AigcLabel.of(Record(source=DigitalSource.AI_GENERATED, **members))


@pytest.mark.parametrize(
    "make",
    [
        lambda: AigcLabel.produced("001191110102MACQD9K64110000", "1"),  # its check digit
        lambda: AigcLabel.produced("豆包", "1"),
        lambda: AigcLabel.produced("", "1"),
        lambda: AigcLabel.produced(DOUBAO, "1").spread("001191110102MACQD9K6402870", "2"),
    ],
)
def test_codes_that_nobody_can_have_are_refused(make: Callable[[], AigcLabel]) -> None:
    with pytest.raises(InvalidLabel, match="provider code"):
        make()


@pytest.mark.parametrize("text", ["a b", "图", "a\\b", "a\n", "\x7f", 7, None, ""])
def test_numbers_of_other_characters_are_refused(text: Any) -> None:
    with pytest.raises(InvalidLabel, match="produce id"):
        AigcLabel.produced(DOUBAO, text)


@pytest.mark.parametrize("text", ["a b", "图", "a\\b"])
def test_reserved_codes_of_other_characters_are_refused(text: str) -> None:
    with pytest.raises(InvalidLabel, match="reserved"):
        AigcLabel.produced(DOUBAO, "1", reserved=text)
