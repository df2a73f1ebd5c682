"""What is generated in JSON is found, and all else stays byte for byte."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from countermark.errors import AnswerRefused
from countermark.integrations import answers


def file_of(form: str) -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").save(out, form)
    return out.getvalue()


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def noise() -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (9, 9), np.uint8)).save(out, "PNG")
    return out.getvalue()


PNG = encoded(noise())
FORMS = ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "AVIF"]
OTHERS = {
    "mp4": b"\0\0\0\x20ftypisom" + bytes(80),
    "webm": b"\x1a\x45\xdf\xa3" + bytes(80),
    "mp3": b"ID3\x04" + bytes(80),
    **{f"mp3, {b:x}": bytes((0xFF, b, 0x90)) + bytes(80) for b in (0xFB, 0xFA, 0xF3, 0xF2)},
    "aac": b"\xff\xf1\x50\x80" + bytes(80),
    "ogg": b"OggS\0" + bytes(80),
    "flac": b"fLaC\0" + bytes(80),
    "wav": b"RIFF\0\0\0\0WAVEfmt " + bytes(80),
}


def upside_down(content: bytes) -> bytes:
    return content[::-1]


MARKED = encoded(upside_down(base64.b64decode(PNG)))


def marked(value: Any) -> Any:
    return json.loads(answers.marked(json.dumps(value), upside_down))


def replaced(value: Any) -> Any:
    return json.loads(json.dumps(value).replace(PNG, MARKED))


ANSWERS = {
    "images": {"created": 1, "data": [{"b64_json": PNG, "revised_prompt": "a"}, {"b64_json": PNG}]},
    "partial": {"type": "image_generation.partial_image", "b64_json": PNG},
    "responses": {"output": [{"type": "image_generation_call", "result": PNG}]},
    "responses partial": {
        "type": "response.image_generation_call.partial_image",
        "partial_image_b64": PNG,
    },
    "speech": {"type": "speech.audio.delta", "audio": PNG},
    "realtime": {"type": "response.output_audio.delta", "delta": PNG},
    "batch": {"results": [{"index": 0, "audio_data": PNG, "media_type": "audio/pcm"}]},
    "chat audio": {"choices": [{"message": {"audio": {"id": "a", "data": PNG}}}]},
    "gemini": {"parts": [{"inlineData": {"mimeType": "image/png", "data": PNG}}]},
    "source": {"source": {"type": "base64", "media_type": "image/png", "data": PNG}},
    "a1111": {"images": [PNG, PNG], "parameters": {"init_images": [PNG]}, "info": "{}"},
    "list": {"b64_json": [PNG]},
    "bare": PNG,
    "address": {"images": [{"image_url": {"url": f"data:image/png;base64,{PNG}"}}]},
    "text": {"content": f"![a](data:image/png;base64,{PNG}) or data:image/png;base64,{PNG}"},
    "with a parameter": {"url": f"DATA:image/png;name=a;base64,{PNG}"},
}


@pytest.mark.parametrize("name", ANSWERS)
def test_content_is_marked(name: str) -> None:
    assert marked(ANSWERS[name]) == replaced(ANSWERS[name])
    assert answers.pictures_in(json.dumps(ANSWERS[name])) == json.dumps(ANSWERS[name]).count(PNG)


@pytest.mark.parametrize("form", FORMS)
def test_pictures_are_known_by_how_they_begin(form: str) -> None:
    assert answers.pictures_in(json.dumps({"anything": encoded(file_of(form))})) == 1


@pytest.mark.parametrize("kind", OTHERS)
def test_sounds_and_movies_are_known_by_how_they_begin(kind: str) -> None:
    assert answers.pictures_in(json.dumps({"anything": encoded(OTHERS[kind])})) == 1


def test_percent_signs_in_a_data_url() -> None:
    escaped = PNG.replace("+", "%2B").replace("/", "%2f").replace("=", "%3D")
    assert escaped != PNG
    made = marked({"url": f"data:image/png;base64,{escaped}"})
    assert made == {"url": f"data:image/png;base64,{MARKED}"}


REFUSED = {
    "address": {"data": [{"url": "https://cdn.example/1.png"}]},
    "address beside members of a host": {
        "data": [{"b64_json": None, "url": "https://cdn.example/1.png", "provider": None}]
    },
    "address of a picture": {"content": [{"image_url": {"url": "https://cdn.example/1.png"}}]},
    "address of a sound": {"audio_url": "s3://bucket/1.wav"},
    "address in a list": {"images": ["https://cdn.example/1.png"]},
    "address in a list of objects": {"images": [{"url": "//cdn.example/1.png"}]},
    "path": {"images": ["/file/1.png"]},
    "document": {"b64_json": "data:application/pdf;base64,aGVsbG8="},
    "spaces": {"b64_json": PNG[:99] + "\n" + PNG[99:]},
    "cut": {"b64_json": PNG[:-1] if PNG.endswith("=") else PNG + "A"},
    "of addresses": {"b64_json": PNG.replace("+", "-").replace("/", "_")},
    "accents": {"b64_json": "é" * 8},
    "padding in the middle": {"data": [{"b64_json": "aGk=aGk="}]},
    "broken data URL": {"content": "data:image/png;base64,a"},
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused(name: str) -> None:
    with pytest.raises(AnswerRefused):
        marked(REFUSED[name])


@pytest.mark.parametrize("text", ["", "{", "[1,]", "{'a': 1}", "\ufeff{}", "[" * 100_000])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(AnswerRefused):
        answers.marked(text, upside_down)


def test_what_marking_raises_is_raised() -> None:
    def broken(content: bytes) -> bytes:
        raise MemoryError

    for value in ANSWERS.values():
        with pytest.raises(MemoryError):
            answers.marked(json.dumps(value), broken)


WORDS = st.text() | st.sampled_from(["url", "data", "audio", "result", "images", "type"])
NAMES = WORDS.filter(lambda name: name not in ("b64_json", "partial_image_b64"))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text('aé "\\{[,=\u2028', max_size=9),
    lambda inner: st.lists(inner) | st.dictionaries(NAMES.filter(lambda n: n != "audio"), inner),
)


@given(value=VALUES, indent=st.sampled_from([None, 1]), ascii_=st.booleans())
def test_any_answer_without_content_stays_byte_for_byte(
    value: Any, indent: int | None, ascii_: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_)
    assert answers.marked(text, upside_down) == text


@given(value=VALUES, before=st.text(), after=st.text("aé \n", max_size=9))
def test_content_is_found_wherever_it_stands(value: Any, before: str, after: str) -> None:
    found = {"first": value, "then": [before + f" data:image/png;base64,{PNG} " + after]}
    made = marked(found)
    assert made["first"] == value
    assert made["then"][0] == before + f" data:image/png;base64,{MARKED} " + after


@given(text=st.text("ABab01+/=-_ \n%", max_size=40))
def test_hostile_base64_is_refused_or_marked(text: str) -> None:
    """Nothing stands there afterwards that `mark` has not given."""
    given_out: list[str] = []

    def mark(content: bytes) -> bytes:
        given_out.append(encoded(b"marked" + content))
        return b"marked" + content

    try:
        made = json.loads(answers.marked(json.dumps({"b64_json": text}), mark))
    except AnswerRefused:
        assert not given_out
    else:
        assert [made["b64_json"]] == (given_out or [""])
