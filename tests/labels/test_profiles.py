"""Profiles: what comes with countermark is whole, and what users write is checked."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from countermark.errors import InvalidProfile
from countermark.labels.profiles import NAMES, Check, Level, profile
from countermark.labels.visible import wording
from countermark.record import Record

OWN = """
id = "house"
title = "Our house rules"
extends = "eu"

[[rule]]
id = "eu-explicit-label"
check = "explicit-label"
duty = "Always."
duty_zh = "始终标识。"
clause = "House rules, 1"
certainty = "high"

[[rule]]
id = "house-filing"
check = "statements"
statements = ["filing"]
duty = "The filing is stated."
duty_zh = "须载明备案号。"
clause = "House rules, 2"
certainty = "high"
"""


@pytest.mark.parametrize("name", NAMES)
def test_packaged_profiles_are_whole(name: str) -> None:
    found = profile(name)
    assert found.id == name
    assert found.as_of >= date(2026, 11, 1)
    assert len({rule.id for rule in found.rules}) == len(found.rules) > 0
    assert found.wording is not None
    wording(found.wording)  # words for its labels come with countermark too
    for rule in found.rules:
        assert rule.id.startswith(f"{name}-")
        assert len(rule.clause) > 5
        assert any("\u4e00" <= sign <= "\u9fff" for sign in rule.duty_zh)
        assert bool(rule.statements) == (rule.check is Check.STATEMENTS)
        for statement in rule.statements:
            assert statement.split(".")[0] in Record.__dataclass_fields__


def test_own_profile_extends_a_packaged_one(tmp_path: Path) -> None:
    path = tmp_path / "house.toml"
    path.write_text(OWN, encoding="utf-8")
    eu, own = profile("eu"), profile(path)
    assert [rule.id for rule in own.rules] == [*(rule.id for rule in eu.rules), "house-filing"]
    assert own.rule("eu-explicit-label").clause == "House rules, 1"
    levels = [each.rule("eu-explicit-label").level for each in (eu, own)]
    assert levels == [Level.SHOULD, Level.SHALL]
    assert (own.wording, own.as_of) == (eu.wording, eu.as_of)


BROKEN = {
    "no TOML": "id = ",
    "a list": "[[id]]",
    "an unknown base": OWN.replace('"eu"', '"atlantis"', 1),
    "an unknown member": 'colour = "red"\n' + OWN,
    "an unknown member of a rule": OWN + 'colour = "red"\n',
    "an unknown check": OWN.replace('"statements"', '"mood"', 1),
    "an unknown medium": OWN + 'media = ["smell"]\n',
    "media that are no list": OWN + 'media = "image"\n',
    "a text that is none": OWN.replace('"House rules, 2"', "2"),
    "a height that is none": OWN + 'height = "tall"\n',
    "no title": OWN.replace('title = "Our house rules"\n', ""),
    "a rule without a clause": OWN.replace('clause = "House rules, 2"\n', ""),
    "no date": OWN.replace('extends = "eu"', 'title_zh = "x"\nas_of = "today"'),
    "rules that are none": 'id = "x"\ntitle = "x"\nextends = "eu"\nrule = 7\n',
    "a rule that is none": 'id = "x"\ntitle = "x"\nextends = "eu"\nrule = [7]\n',
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_profile_is_refused_in_a_sentence(case: str, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(BROKEN[case], encoding="utf-8")
    with pytest.raises(InvalidProfile) as raised:
        profile(path)
    assert "own.toml" in str(raised.value)
    assert "\n" not in raised.value.problem.split("(")[0]


@pytest.mark.parametrize("name", ["atlantis", "", "missing.toml", "../cn"])
def test_unknown_profile_is_refused(name: str) -> None:
    with pytest.raises(InvalidProfile):
        profile(name)
