"""Fonts: no character without a glyph, no script in pieces, no file that is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import ImageFont

from countermark.errors import FontMissing
from countermark.labels.visible import fonts, packaged


@pytest.fixture(scope="module")
def latin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Latin font that Pillow carries."""
    path = tmp_path_factory.mktemp("fonts") / "latin.ttf"
    data = ImageFont.load_default(20).font_bytes
    assert data
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "words", packaged(), ids=lambda each: f"{each.jurisdiction}-{each.language}"
)
def test_a_font_is_found_for_every_packaged_wording(words: object) -> None:
    for text in (*words.choices, words.corner, words.filing.replace("{number}", "012")):  # type: ignore[attr-defined]
        face = fonts.find(text, words.language)  # type: ignore[attr-defined]
        assert face.covers(text)
        assert not face.covers("\U0010fffd")


def test_character_without_a_glyph_is_not_drawn_as_a_box(latin: Path) -> None:
    assert fonts.find("AI-generated", "en", font=latin).path == str(latin)
    with pytest.raises(FontMissing, match=r"lacks characters of 'AI生成'.*countermark\[labels\]"):
        fonts.find("AI生成", "zh-Hans", font=latin)


def test_no_font_at_all_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_installed", lambda: iter(()))
    with pytest.raises(FontMissing, match="fonts-noto-cjk"):
        fonts.find("AI生成!", "zh-Hans")


def test_file_that_is_no_font(tmp_path: Path) -> None:
    path = tmp_path / "font.ttf"
    path.write_bytes(b"no font")
    for named in (path, tmp_path / "missing.ttf"):
        with pytest.raises(FontMissing, match="no font that can be read"):
            fonts.find("AI", "en", font=named)


def test_face_of_the_language_is_taken_from_a_collection() -> None:
    names = {
        language: fonts.find(text, language).at(20).getname()[0]
        for text, language in (("生成", "zh-Hans"), ("생성", "ko"), ("生成", "ja"))
    }
    assert names["zh-Hans"]
    assert names["zh-Hans"].endswith("SC")
    assert names["ko"]
    assert names["ko"].endswith("KR")
    assert names["ja"]
    assert names["ja"].endswith("JP")


def test_script_that_must_be_shaped_is_refused_where_it_cannot_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fonts.features, "check", lambda feature: False)
    with pytest.raises(FontMissing, match="libfribidi0"):
        fonts.find("एआई द्वारा निर्मित", "hi")
    assert fonts.find("AI生成", "zh-Hans").covers("AI生成")  # which needs no shaping
