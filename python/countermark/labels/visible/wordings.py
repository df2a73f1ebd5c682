"""What labels say, by jurisdiction and language.

>>> wording("cn").text
'AI生成'
>>> wording("cn", filing_number="网信算备000000000000000000000号").lines
('AI生成', '备案号：网信算备000000000000000000000号')
"""

from __future__ import annotations

import re
import sys
import unicodedata
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Final

from countermark.errors import InvalidWording

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MAX_LENGTH: Final = 64
"""Characters in a label's text or in a filing number."""

_ELEMENTS: Final = (
    re.compile("人工智能|(?<![A-Za-z])AI(?![A-Za-z])"),
    re.compile("生成|合成"),
)
_JOINERS: Final = "\u200c\u200d"  # which Indic and Arabic scripts need between letters
_TEXTS: Final = ("text", "short", "corner", "sentence", "filing_number")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The words of one label.

    >>> Wording(text="人工智能合成", jurisdiction="cn", language="zh-Hans").both_elements
    True

    `text`: what is shown. `short`: what may be shown where there is no room for it.
    `corner`: the mark beside text; by default the short text.
    `sentence`: the same for those who do not see it; by default the text.
    `jurisdiction`: such as "cn", whose rules are checked. `language`: a BCP 47 tag.
    `filing`: how a filing number is shown, with `{number}` in it.
    `filing_number`: of the host; shown wherever the label is (Deep Synthesis Provisions,
    article 19).
    `clause`, `confidence`: what asks for the label, and how well we know it (H, M, L).

    Raises `InvalidWording` for an empty or long text, one of several lines, and for "cn" without
    an AI element (人工智能 or AI) and one of 生成 and 合成 (GB 45438-2025, section 5).
    """

    text: str
    jurisdiction: str
    language: str
    short: str | None = None
    corner: str | None = None
    sentence: str | None = None
    filing: str = "{number}"
    filing_number: str | None = None
    clause: str = ""
    confidence: str = "L"

    def __post_init__(self) -> None:
        for name in _TEXTS:
            _check_text(name, getattr(self, name))
        if "{number}" not in self.filing:
            raise InvalidWording(
                f"The filing {self.filing!r} has no place for the number.",
                remedy="Put {number} into it.",
            )
        for shown in self.choices if self.jurisdiction == "cn" else ():
            _check_elements(shown)

    @property
    def choices(self) -> tuple[str, ...]:
        """What may be shown, the best first."""
        return (self.text,) if self.short is None else (self.text, self.short)

    @property
    def both_elements(self) -> bool:
        """Whether the text has both elements that GB 45438-2025 asks for."""
        return has_both_elements(self.text)

    @property
    def note(self) -> str | None:
        """What stands beside the label: the filing number, if there is one."""
        number = self.filing_number
        return None if number is None else self.filing.replace("{number}", number)

    @property
    def lines(self) -> tuple[str, ...]:
        """The label, and the filing number if there is one."""
        return (self.text,) if self.note is None else (self.text, self.note)

    @property
    def spoken(self) -> str:
        """The sentence and the filing number, for alternative texts and speech."""
        return " ".join(part for part in (self.sentence or self.text, self.note) if part)


def wording(
    jurisdiction: str, language: str | None = None, *, filing_number: str | None = None
) -> Wording:
    """The packaged words for a jurisdiction.

    >>> wording("eu", "de").text, wording("eu", "de").confidence
    ('KI-generiert', 'L')

    `jurisdiction`: "cn", "eu", "us-ca", "in" or "kr". `language`: by default the usual one there.
    `filing_number`: of the host, if it has one.

    Raises `InvalidWording` for a jurisdiction or language without packaged words; make a `Wording`
    for those.
    """
    of_place = [each for each in packaged() if each.jurisdiction == jurisdiction]
    found = [each for each in of_place if language in (None, each.language)]
    if not found:
        offered = [each.language for each in of_place]
        offered = offered or sorted({each.jurisdiction for each in packaged()})
        missing = f"in {language!r} for" if of_place else "for"
        raise InvalidWording(
            f"There is no packaged wording {missing} {jurisdiction!r}.",
            remedy=f"Choose one of {', '.join(offered)}, or state your own as a Wording.",
        )
    return replace(found[0], filing_number=filing_number)


@cache
def packaged() -> tuple[Wording, ...]:
    """All packaged words, in the order of the file wordings.toml.

    >>> sorted({each.jurisdiction for each in packaged()})
    ['cn', 'eu', 'in', 'kr', 'us-ca']
    """
    file = resources.files("countermark.labels.visible") / "wordings.toml"
    members = tomllib.loads(file.read_text(encoding="utf-8"))["wording"]
    return tuple(Wording(**each) for each in members)


def has_both_elements(text: str) -> bool:
    """Whether a text has an AI element (人工智能 or AI) and one of 生成 and 合成.

    >>> has_both_elements("由AI生成"), has_both_elements("AI-generated")
    (True, False)

    Source: GB 45438-2025, section 5.
    """
    return all(element.search(text) for element in _ELEMENTS)


def _check_elements(text: str) -> None:
    if not has_both_elements(text):
        raise InvalidWording(
            f"The label {text!r} does not have both elements that GB 45438-2025 asks for.",
            remedy="Use 人工智能 or AI together with 生成 or 合成, such as AI生成.",
        )


def _check_text(name: str, text: object) -> None:
    if text is None:
        return
    if not isinstance(text, str) or not text.strip():
        raise InvalidWording(
            f"The {name} of the wording is {text!r}.", remedy="State it as a text, or leave it out."
        )
    if len(text) > MAX_LENGTH and name != "sentence":
        raise InvalidWording(
            f"The {name} of the wording has {len(text):,} characters.",
            remedy=f"Shorten it to at most {MAX_LENGTH}.",
        )
    # Control characters break lines; format characters turn or hide what is read.
    control = ("Cc", "Cf", "Cs", "Zl", "Zp")
    if any(unicodedata.category(each) in control and each not in _JOINERS for each in text):
        raise InvalidWording(
            f"The {name} of the wording holds control characters.",
            remedy="State it as plain text on one line.",
        )
