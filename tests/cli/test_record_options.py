"""What `countermark mark` and `sign` are told to state: a file, options, and both."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from countermark import keys
from countermark.credentials import Trust, read
from countermark.record import (
    DigitalSource,
    Filing,
    Producer,
    ProviderCode,
    Record,
    ServiceClass,
    System,
)

Call = Callable[..., tuple[int, str, str]]
CODE = "001191440300708461136T1XGW3"
FILE = {
    "source": "ai-generated",
    "title": "一杯咖啡",
    "producer": {"name": "Tencent", "code": CODE},
    "system": {"name": "Example Model", "version": "3", "model_sha256": "0" * 64},
    "filing": {"number": "示例备案号", "url": "https://example.org/filing"},
}
RECORD = Record.from_json(json.dumps(FILE))


@pytest.fixture
def stated(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Record | str]:
    """What the file states that was signed with these options, or the complaint."""
    monkeypatch.setenv("COUNTERMARK_HOME", str(tmp_path / "home"))
    keys.create_home(tmp_path / "home")
    drawing, out = tmp_path / "drawing.svg", tmp_path / "signed.svg"
    drawing.write_text("<svg xmlns='http://www.w3.org/2000/svg'><circle r='9'/></svg>")
    file = tmp_path / "record.json"
    file.write_text(json.dumps(FILE, ensure_ascii=False), encoding="utf-8")

    def stated(*options: object) -> Record | str:
        named = [file if option == "record.json" else option for option in options]
        code, _, complaint = call("sign", drawing, "--out", out, *named)
        if code:
            assert not out.exists()
            return complaint
        manifest = read(out, "image/svg+xml", trust=Trust.nobody())
        assert manifest is not None
        record = manifest.record
        assert record is not None
        # What has a code gets a number of the content where the options state none.
        has_code = record.producer is not None and record.producer.code is not None
        assert (record.content_id is not None) >= has_code
        return replace(record, content_id=None)

    return stated


def test_options_alone(stated: Callable[..., Any]) -> None:
    assert stated() == Record(source=DigitalSource.CAPTURED)
    options = (
        "--producer", "Tencent", "--producer-code", CODE,
        "--system", "Example Model", "--system-version", "3", "--service-class", "other",
    )  # fmt: skip
    assert stated(*options, "--source", "ai-generated") == Record(
        source=DigitalSource.AI_GENERATED,
        producer=Producer(name="Tencent", code=ProviderCode(CODE)),
        system=System(name="Example Model", version="3"),
        service_class=ServiceClass.OTHER,
    )


def test_file_alone(stated: Callable[..., Any]) -> None:
    record = stated("--record", "record.json")
    assert record == RECORD
    assert record.filing == Filing(number="示例备案号", url="https://example.org/filing")


@pytest.mark.parametrize(
    ("options", "changes"),
    [
        (("--title", "A cup"), {"title": "A cup"}),
        (("--source", "algorithmic"), {"source": "algorithmic"}),
        (("--service-class", "other"), {"service_class": "other"}),
        (("--producer", "Others"), {"producer": {"name": "Others"}}),
        (("--producer-code", f"{CODE[:22]}00000"),
         {"producer": {"name": "Tencent", "code": f"{CODE[:22]}00000"}}),
        (("--system", "Other Model"), {"system": {"name": "Other Model"}}),
        (("--system-version", "4"), {"system": {"name": "Example Model", "version": "4"}}),
    ],
)  # fmt: skip
def test_options_come_before_the_file(
    stated: Callable[..., Any], options: tuple[str, ...], changes: dict[str, Any]
) -> None:
    expected = Record.from_json(json.dumps({**FILE, **changes}))
    assert stated("--record", "record.json", *options) == expected


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--producer-code", CODE), "Name the producer by --producer."),
        (("--producer", "Tencent", "--producer-code", CODE[:-1]), "26 characters instead of 27"),
        (("--system-version", "3"), "Name the system by --system."),
        (("--record", "nothing.json"), "cannot be read"),
        (("--system", ""), "The system's name is empty."),
    ],
)
def test_what_cannot_be_stated_is_said_in_a_sentence(
    stated: Callable[..., Any], options: tuple[str, ...], says: str
) -> None:
    assert says in stated(*options)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xff\xfe{}", "is not in UTF-8"),
        (b"{", "is not JSON"),
        (b'{"source":"captured","camera":"x"}', "'camera', which this version does not know"),
    ],
)
def test_bad_file_is_said_in_a_sentence(
    stated: Callable[..., Any], tmp_path: Path, content: bytes, says: str
) -> None:
    (tmp_path / "bad.json").write_bytes(content)
    assert says in stated("--record", tmp_path / "bad.json")


def test_file_may_begin_with_a_byte_order_mark(stated: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "bom.json").write_bytes(b'\xef\xbb\xbf{"source":"human-created"}')
    record = stated("--record", tmp_path / "bom.json")
    assert record == Record(source=DigitalSource.HUMAN_CREATED)
