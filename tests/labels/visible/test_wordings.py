"""The words of labels: what the law asks for, and nothing that hides in them."""

from __future__ import annotations

import pytest

from countermark.errors import InvalidWording
from countermark.labels.visible import Wording, packaged, wording


def test_every_packaged_chinese_choice_has_both_elements() -> None:
    shown = [text for each in packaged() if each.jurisdiction == "cn" for text in each.choices]
    assert "AI生成" in shown
    for text in shown:
        assert "AI" in text or "人工智能" in text
        assert "生成" in text or "合成" in text


def test_every_packaged_wording_names_its_clause_and_how_well_it_is_known() -> None:
    for each in packaged():
        assert each.clause
        assert each.confidence in ("H", "M", "L")
        assert each.sentence
        assert each.corner
        if "ours" in each.clause and each.jurisdiction != "kr":
            assert each.confidence == "L", each


def test_places_and_languages_are_told_apart_once() -> None:
    keys = [(each.jurisdiction, each.language) for each in packaged()]
    assert len(set(keys)) == len(keys)
    assert wording("kr").text == "AI 생성"
    assert wording("cn", "en").choices == ("AI生成 AI-generated", "AI生成")


@pytest.mark.parametrize("text", ["AI-generated", "生成", "人工智能", "MAIN生成", "由机器生成"])
def test_chinese_label_without_an_element_is_refused(text: str) -> None:
    with pytest.raises(InvalidWording, match="both elements"):
        Wording(text=text, jurisdiction="cn", language="zh-Hans")


def test_short_chinese_text_is_held_to_both_elements_too() -> None:
    with pytest.raises(InvalidWording, match="'AI'"):
        Wording(text="AI生成", short="AI", jurisdiction="cn", language="zh-Hans")


@pytest.mark.parametrize(
    "text", ["", "  ", "AI生成\n", "AI\u202e生成", "AI\u200b生成", "AI\0生成", "AI生成" * 20]
)
def test_hidden_turned_or_long_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidWording):
        Wording(text=text, jurisdiction="cn", language="zh-Hans")


def test_joiners_of_indic_scripts_are_letters() -> None:
    assert Wording(text="क्\u200dष", jurisdiction="in", language="hi").choices == ("क्\u200dष",)


def test_filing_number_stands_with_the_label() -> None:
    words = wording("cn", filing_number="网信算备000000000000000000000号")
    assert words.lines == ("AI生成", "备案号：网信算备000000000000000000000号")
    assert words.spoken.endswith("备案号：网信算备000000000000000000000号")
    with pytest.raises(InvalidWording, match="filing_number"):
        wording("cn", filing_number="1\n2")
    with pytest.raises(InvalidWording, match="no place"):
        Wording(text="AI", jurisdiction="eu", language="en", filing="number")


@pytest.mark.parametrize(
    ("place", "language", "offered"), [("xx", None, "us-ca"), ("eu", "tlh", "en, de, fr, es")]
)
def test_unknown_place_or_language_names_what_there_is(
    place: str, language: str | None, offered: str
) -> None:
    with pytest.raises(InvalidWording, match=offered):
        wording(place, language)
