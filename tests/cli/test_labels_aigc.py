"""`countermark labels write | read`, as they are called."""

from __future__ import annotations

import io
import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from countermark.complying import comply, profile
from countermark.credentials import Trust
from countermark.labels import aigc
from countermark.labels.aigc import AigcLabel
from countermark.record import DigitalSource, Producer, ProviderCode, Record, System

CODE = "001191110102MACQD9K64010000"


Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    Image.new("RGB", (16, 16), "red").save(path)
    return path


def test_written_label_is_read(call: Call, picture: Path) -> None:
    out = picture.with_name("out.png")
    options = ("--source", "ai-generated", "--system", "Example", "--system-version", "3")
    required = ("--out", out, "--producer", CODE, "--id", "picture-7")
    code, said, complaints = call("labels", "write", picture, *required, *options)
    assert (code, complaints) == (0, "")
    assert "PNG iTXt, XMP, TC260:AIGC" in said
    content = out.read_bytes()
    assert b"<Iptc4xmpExt:AISystemUsed>Example<" in content
    code, said, _ = call("labels", "read", out, "--json")
    assert code == 0
    members = json.loads(said)
    assert members["verdict"] == "compliant"
    assert members["findings"] == []
    assert members["labels"][0]["members"]["ContentProducer"] == CODE
    code, said, complaints = call("labels", "read", out)
    assert (code, complaints) == (0, "")
    assert "one label, as the standard has it" in said


def test_record_states_it_all(call: Call, picture: Path, tmp_path: Path) -> None:
    record = Record(
        source=DigitalSource.AI_EDITED,
        producer=Producer(name="Example", code=ProviderCode(CODE)),
        system=System(name="Example", version="3"),
        content_id="picture-8",
    )
    (tmp_path / "record.json").write_text(record.to_json(), encoding="utf-8")
    done = call("labels", "write", picture, "--out", picture, "--record", tmp_path / "record.json")
    assert done[0] == 0
    content = picture.read_bytes()
    assert b'"ProduceID":"picture-8"' in content
    assert b"compositeWithTrainedAlgorithmicMedia" in content


def test_what_is_wrong_is_said_with_exit_code_1(call: Call, picture: Path) -> None:
    code, said, _ = call("labels", "read", picture)
    assert (code, said) == (1, f"{picture}: no label\n")
    content = io.BytesIO()
    Image.new("RGB", (16, 16)).save(
        content, "JPEG", comment=b'AIGC{"Label":1,"A\\u001b":"\\ud800"}'
    )
    picture.write_bytes(content.getvalue())
    code, said, complaints = call("labels", "read", picture)
    assert (code, complaints) == (1, "")
    assert "The member 'Label' of the label is not a text. [GB 45438-2025, annex E]" in said
    assert "\x1b" not in said


def test_protection_of_others_is_shown_as_unverifiable(call: Call, picture: Path) -> None:
    signature = (
        '{"SecurityData":{"Type":"TC260PG","Version":1,'
        '"PubSD":[{"Type":"DS","AlgID":"1.2.156.10197.1.501"}]}}'
    )
    label = AigcLabel.produced(CODE, "picture-8", reserved=signature)
    aigc.write(picture, picture, label)
    code, said, _ = call("labels", "read", picture)
    assert code == 0
    assert "(TC260PG 1, SM2 with SM3: unverifiable)" in said
    code, said, _ = call("labels", "read", "--json", picture)
    assert json.loads(said)["labels"][0]["unverifiable"] == [
        {"member": "ReservedCode1", "form": "TC260PG 1", "algorithms": ["SM2 with SM3"]}
    ]
    found = comply(picture, [profile("cn")], trust=Trust.nobody())
    [implicit] = [one for one in found.outcomes if one.rule.id == "cn-implicit-label"]
    assert implicit.status.value == "satisfied"
    assert "ReservedCode1 holds TC260PG 1, SM2 with SM3: unverifiable." in implicit.evidence


@pytest.mark.parametrize(
    ("arguments", "expected", "code"),
    [
        (("--producer", CODE), "State --producer and --id", 2),
        (("--producer", CODE[:-1], "--id", "1"), "26 characters instead of 27", 3),
        (("--producer", CODE, "--id", "a b"), "without spaces", 3),
        (("--producer", CODE, "--id", "1", "--system", "x"), "no source", 3),
    ],
)
def test_mistakes_are_said(
    call: Call, picture: Path, arguments: tuple[str, ...], expected: str, code: int
) -> None:
    before = picture.read_bytes()
    done, _, complaints = call("labels", "write", picture, "--out", picture, *arguments)
    assert done == code
    assert expected in complaints
    assert picture.read_bytes() == before


def test_documentation_does_what_it_says(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (Path(__file__).parents[2] / "docs/labels.md").read_text("utf-8")
    section = text.partition("## The label in metadata")[2].partition("\n### ")[0]
    shell, python = (
        re.search(rf"^```{language}\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
        for language in ("sh", "python")
    )
    assert shell is not None
    assert python is not None
    Image.new("RGB", (16, 16), "red").save(tmp_path / "art.jpg")
    monkeypatch.chdir(tmp_path)
    commands = shell[1].replace("\\\n", "").splitlines()
    assert len(commands) == 3
    for command in commands:
        name, *arguments = shlex.split(command, comments=True)
        assert (name, call(*arguments)[0]) == ("countermark", 0)
    exec(python[1], {})
    assert capsys.readouterr().out == "compliant True\n"
