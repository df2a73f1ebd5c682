"""The overlay of a scene: as data, as the published schema has it, and as it is drawn."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import jsonschema_rs
import numpy as np
import pytest
from PIL import Image

from countermark.errors import CountermarkError, InvalidArgument, InvalidWording
from countermark.labels.scenes import Overlay, schema
from countermark.labels.visible import Corner, packaged, wording
from countermark.record import Record, Sense

PUBLISHED = Path(__file__).parents[3] / "docs/schemas/overlay.schema.json"
NUMBER = "网信算备000000000000000000000号"
CN = Overlay.of(wording("cn", filing_number=NUMBER), seconds=3)


def test_published_schema_is_the_one_in_the_package() -> None:
    assert json.loads(PUBLISHED.read_text(encoding="utf-8")) == schema()
    jsonschema_rs.meta.validate(schema())
    properties = schema()["properties"]
    assert list(properties) == [one.name for one in fields(Overlay)]
    assert properties["anchor"]["enum"] == [corner.value for corner in Corner]


@pytest.mark.parametrize("words", packaged(), ids=lambda one: f"{one.jurisdiction}-{one.language}")
def test_every_packaged_wording_goes_there_and_back(words: Any) -> None:
    overlay = Overlay.of(words, anchor=Corner.TOP_LEFT, height=0.08)
    assert Overlay.from_json(overlay.to_json()) == overlay
    assert jsonschema_rs.validator_for(schema()).is_valid(json.loads(overlay.to_json()))
    assert overlay.lines == words.lines


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("height", value) for value in (0.049, 0.3, "0.05", None, True)),
        *(("seconds", value) for value in (0, -1, 1e7, "3", True)),
        *(("anchor", value) for value in ("middle", 3, None)),
        *(("language", value) for value in ("", 3)),
        *(("text", value) for value in ("", "  ", 3, None, "a" * 65)),
        *(("note", value) for value in (" ", 3)),
        ("colour", "red"),
    ],
)
def test_what_the_schema_refuses_is_refused(name: str, value: object) -> None:
    members = {**json.loads(CN.to_json()), "jurisdiction": "", name: value}
    assert not jsonschema_rs.validator_for(schema()).is_valid(members)
    with pytest.raises((InvalidArgument, InvalidWording)):
        Overlay.from_json(json.dumps(members))


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "3", '{"text":"AI"}', '{"text":"AI","text":"AI","language":"en"}'),
        *("[" * 100_000, '{"language":"zh","jurisdiction":"cn","text":"AI"}'),
        '{"language":"en","text":"AI","height":NaN}',
    ],
    ids=range(8),
)
def test_hostile_json_is_refused(text: str) -> None:
    with pytest.raises(CountermarkError):
        Overlay.from_json(text)


def test_record_states_it() -> None:
    label = CN.label
    assert (label.sense, label.text, label.height, label.seconds) == (Sense.SEEN, "AI生成", 0.05, 3)
    stated = {"source": "ai-generated", "label": label.members()}
    assert Record.from_json(json.dumps(stated)).label == label


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (640, 480)])
@pytest.mark.parametrize("anchor", Corner)
def test_start_frame_holds_the_label_at_its_anchor(size: tuple[int, int], anchor: Corner) -> None:
    width, height = size
    overlay = Overlay.of(wording("cn"), anchor=anchor)
    shown = overlay.start_frame(width, height)
    alpha = shown.pixels[..., 3]
    assert shown.pixels.shape == (height, width, 4)
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    assert (rows[0] < height // 4) == anchor.value.startswith("top")
    assert (columns[0] < width // 4) == anchor.value.endswith("left")
    # The letters, measured: opaque black on a plate that is not.
    ink = np.flatnonzero((alpha == 255).any(axis=1))
    assert ink[-1] - ink[0] + 1 >= 0.05 * min(size)
    assert shown.ink_height >= 0.05 * min(size)


@pytest.mark.parametrize("ground", [0, 90, 119, 160, 255])
def test_start_frame_is_legible_over_any_frame(ground: int) -> None:
    shown = CN.start_frame(640, 480)
    frame = Image.new("RGBA", (640, 480), (ground, ground, ground, 255))
    seen = np.asarray(Image.alpha_composite(frame, Image.fromarray(shown.pixels)))[..., :3]
    box = shown.ink_box.of(seen) / 255.0
    linear = np.where(box <= 0.04045, box / 12.92, ((box + 0.055) / 1.055) ** 2.4)
    luminance = linear @ (0.2126, 0.7152, 0.0722)
    assert (luminance.max() + 0.05) / (luminance.min() + 0.05) >= 4.5


def test_first_frame_is_drawn_on(photograph: Any) -> None:
    frame = np.asarray(photograph("rocket", 640))
    shown = CN.render(frame)
    assert shown.lines == ("AI生成", f"备案号：{NUMBER}")
    changed = (shown.pixels != frame).any(axis=2)
    assert changed.any()
    shown.box.of(changed)[:] = False
    assert not changed.any()


@pytest.mark.parametrize("size", [(0, 10), (10, 1 << 20), (10.5, 10), ("10", 10)])
def test_windows_of_no_size_are_refused(size: Any) -> None:
    with pytest.raises(InvalidArgument, match="of the window is"):
        CN.start_frame(*size)
