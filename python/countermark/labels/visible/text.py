"""Labels on text: plain, Markdown and HTML, whole or as it streams.

>>> from countermark.labels.visible import find_text_label, label_text, wording
>>> labelled = label_text("# A lake", wording("cn"), form="markdown")
>>> print(labelled)
**AI生成**
<BLANKLINE>
# A lake
>>> label_text(labelled, wording("cn"), form="markdown") == labelled
True
>>> [(label.text, label.where) for label in find_text_label(labelled, form="markdown")]
[('AI生成', 'start')]
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

from countermark.errors import InvalidArgument
from countermark.labels.visible import hypertext, markdown
from countermark.labels.visible.wordings import Wording, has_both_elements, packaged

Where: TypeAlias = Literal["start", "end", "both", "corner"]
"""First, last, both, or a mark right behind the text."""

Form: TypeAlias = Literal["plain", "markdown", "html"]

_JOINT: Final = " · "  # between label and filing number
_BRACKETS: Final = re.compile(
    r"^[【\[(（]([^】\])）]+)[】\])）](?!\()|[【\[(（]([^】\])）]+)[】\])）]$"
)
_DRESS: Final = "*_#>~` \t—-·【】[]()（）。."
# All that a line may hold beside both elements to be a statement about the text, not a part of it.
_STATING: Final = re.compile(
    "人工智能|AI|生成|合成|[本此该全]?[文图]|以[上下]|内容|部分|文本|文字|文章|图片|视频|音频|"
    "[由为是经用使的或和与及并、/ ，,：:]|通过|技术|模型|工具|算法|辅助|标识|声明|提示|注意"
)
_CORNERS: Final = {
    "plain": re.compile(r"\S[ \t]*\[([^\[\]\n]{1,80})\]$"),
    "raised": re.compile(r"<sup\b[^>]*>([^<]{1,80})</sup>(?:\s*</[a-z0-9]+>)*$", re.IGNORECASE),
}


@dataclass(frozen=True, slots=True)
class TextLabel:
    """A label that was found. `where`: "start", "end" or "corner"."""

    text: str
    where: Literal["start", "end", "corner"]

    @property
    def both_elements(self) -> bool:
        """Whether it has what GB 45438-2025 asks for; a corner mark needs only AI (5.1)."""
        return has_both_elements(self.text) or (self.where == "corner" and "AI" in self.text)


class _Known(NamedTuple):
    """Words that are labels. `marks`: too short to be told from text, but in brackets or raised."""

    texts: frozenset[str]
    marks: frozenset[str]


def label_text(text: str, wording: Wording, *, where: Where = "start", form: Form = "plain") -> str:
    """The text with a label; as it is where it has the same label there already.

    Example: see the module.

    `where`: in Markdown behind front matter, in HTML inside the body. A corner mark is the short
    mark of the wording right behind the last word, raised in Markdown and HTML.
    `form`: what the text is written in. What it says is not changed; a block of code that is open
    at the end of Markdown is closed.

    Raises `LabelNotShown` where people would not see it: after a comment or in an element that does
    not end, in a page of frames. `InvalidArgument` for another place or form.

    Source: GB 45438-2025, 5.1 (start, end or a suitable place between, or a corner mark).
    """
    _check(where, form)
    if where == "corner":
        return _with_corner(text, wording, form)
    places: Sequence[Literal["start", "end"]] = ("start", "end") if where == "both" else (where,)
    for place in places:
        text = _with_line(text, wording, place, form)
    return text


def label_turn(
    chunks: Iterable[str], wording: Wording, *, where: Where = "start", form: Form = "plain"
) -> Iterator[str]:
    """The answer of one turn in a dialogue with its label, piece by piece as it comes.

    >>> from countermark.labels.visible import wording
    >>> "".join(label_turn(["It is ", "a lake."], wording("eu")))
    '[AI-generated]\\nIt is a lake.'

    `chunks`: the pieces of the answer. A label at the start goes out with the first piece, unless
    the answer begins with it already; one at the end, or a corner mark, after the last. HTML is not
    taken: only a whole page says where its body is.

    Raises as `label_text`, for a label at the end only when all else has gone out: where nothing
    may go out unlabelled, put it at the start.

    Source: GB 45438-2025, 5.1; the start and the end of a dialogue are those of one turn.
    """
    _check(where, form)
    if form == "html":
        raise InvalidArgument(
            "HTML cannot be labelled piece by piece.", remedy="Use label_text on all of it."
        )
    said = ""
    pieces = iter(chunks)
    if where in ("start", "both"):
        said = yield from _opened(pieces, wording, form)
    for piece in pieces:
        said += piece
        yield piece
    if where != "start":
        rest: Where = "end" if where == "both" else where
        said = said.rstrip() if where == "corner" else said
        yield label_text(said, wording, where=rest, form=form)[len(said) :]


def find_text_label(
    text: str, *, form: Form = "plain", wordings: Sequence[Wording] = ()
) -> tuple[TextLabel, ...]:
    """The labels at the start and end of a text, ours and others'.

    >>> find_text_label("本文由AI生成\\n湖水平静。")
    (TextLabel(text='本文由AI生成', where='start'),)

    A label is a line, or the beginning or end of one in brackets, that is one of the packaged
    wordings or of `wordings`, or has both elements of GB 45438-2025 and says nothing else. One that
    also names a model or a company is found only by `wordings`.
    """
    _check("start", form)
    known = _all_known(wordings)
    if form == "html":
        lines = hypertext.lines(text)
    else:
        lines = _lines(text[markdown.body_start(text) :] if form == "markdown" else text)
    found = [TextLabel(label, "start") for label in _led(lines, known)]
    corner = _corner_of(text, form, known)
    if corner is not None:
        return (*found, TextLabel(corner, "corner"))
    rest = lines[len(found) :][::-1]
    return (*found, *[TextLabel(label, "end") for label in _led(rest, known)][::-1])


def _check(where: object, form: object) -> None:
    for value, allowed, what in ((where, Where, "place"), (form, Form, "form")):
        if value not in get_args(allowed):
            raise InvalidArgument(
                f"The {what} of the label is {value!r}.",
                remedy=f"Use one of {', '.join(get_args(allowed))}.",
            )


def _shown(wording: Wording) -> str:
    return _JOINT.join(wording.lines)


def _line(wording: Wording, form: Form) -> str:
    """The label as it stands in such text."""
    shown = _shown(wording)
    if form == "html":
        return hypertext.element(wording, shown)
    if form == "markdown":
        return markdown.paragraph(shown)
    return f"【{shown}】" if wording.language.startswith("zh") else f"[{shown}]"


def _with_line(text: str, wording: Wording, where: Literal["start", "end"], form: Form) -> str:
    label = _line(wording, form)
    if form == "html":
        return hypertext.insert(text, label, where)
    start = markdown.body_start(text) if form == "markdown" else int(text.startswith("\ufeff"))
    if _has_line(text[start:], label, where, wording):
        return text
    newline = "\r\n" if "\r\n" in text else "\n"
    if form == "markdown":
        return markdown.insert(text, label, where, newline)
    if where == "start":
        return f"{text[:start]}{label}{newline}{text[start:]}"
    last = newline if text.endswith("\n") else ""
    return f"{text}{'' if last or not text[start:] else newline}{label}{last}"


def _has_line(body: str, label: str, where: str, wording: Wording) -> bool:
    """Whether the label is among those that stand at the place one after the other."""
    known = _all_known([wording])
    lines = _lines(body)
    for line in lines if where == "start" else reversed(lines):
        if line.startswith(label) if where == "start" else line.endswith(label):
            return True
        if _label_in(line, known) is None:
            return False
    return False


def _with_corner(text: str, wording: Wording, form: Form) -> str:
    shown = wording.corner or wording.choices[-1]
    if wording.note is not None:
        shown += _JOINT + wording.note
    if form == "html":
        return hypertext.insert_corner(text, hypertext.corner(wording, shown))
    mark = f" [{shown}]" if form == "plain" else hypertext.corner(wording, shown)
    words = text.rstrip()
    if words.endswith(mark):
        return text
    if form == "markdown":
        newline = "\r\n" if "\r\n" in text else "\n"
        return markdown.insert_corner(words, mark, newline) + text[len(words) :]
    return words + mark + text[len(words) :]


def _opened(pieces: Iterator[str], wording: Wording, form: Form) -> Generator[str, None, str]:
    """The label and the beginning, held back for as long as it may turn out to be the label."""
    label = _line(wording, form)
    held = ""
    for piece in pieces:
        held += piece
        begun = held.lstrip("\ufeff \t\r\n")
        if len(begun) >= len(label) or not label.startswith(begun):
            break
    opened = label_text(held, wording, form=form)
    yield opened
    return opened


def _lines(body: str) -> list[str]:
    return [line for each in body.splitlines() if (line := each.strip())]


def _all_known(wordings: Sequence[Wording]) -> _Known:
    words = (*packaged(), *wordings)
    marks = {mark for word in words for mark in (word.corner, word.short) if mark}
    return _Known(frozenset(word.text for word in words), frozenset(marks))


def _led(lines: Sequence[str], known: _Known) -> Iterator[str]:
    """The labels that the lines begin with."""
    for line in lines:
        label = _label_in(line, known)
        if label is None:
            return
        yield label


def _label_in(line: str, known: _Known) -> str | None:
    """What a line says as a label; None if it is text."""
    inside = _BRACKETS.search(line)
    if inside is not None:
        words = _words_of(inside[1] or inside[2])
        if words in known.texts or words in known.marks or _only_says_so(words):
            return words
    words = _words_of(line.strip(_DRESS))
    return words if words in known.texts or _only_says_so(words) else None


def _only_says_so(words: str) -> bool:
    return has_both_elements(words) and not _STATING.sub("", words)


def _words_of(line: str) -> str:
    """Without the filing number."""
    return line.split(_JOINT)[0].strip()


def _corner_of(text: str, form: Form, known: _Known) -> str | None:
    match = _CORNERS["plain" if form == "plain" else "raised"].search(text.rstrip())
    words = None if match is None else _words_of(match[1])
    return words if words in known.marks else None
