"""Labels in plain text, Markdown and HTML: shown, once, and nothing else changed."""

from __future__ import annotations

from typing import Any, Final

import lxml.html
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from countermark.errors import InvalidArgument, LabelNotShown
from countermark.labels.visible import (
    TextLabel,
    Wording,
    find_text_label,
    label_text,
    label_turn,
    wording,
)

CN: Final = wording("cn")
FILED: Final = wording("cn", filing_number="网信算备000000000000000000000号")
EU: Final = wording("eu")
TEXTS: Final = {
    "plain": "湖水平静。\n第二行",
    "markdown": "---\ntitle: 湖\n---\n# 湖\n\n平静。\n",
    "html": "<!doctype html><html><head><title>AI</title></head>"
    "<body class=x><h1>湖 &amp; x</h1><p>平静 &lt;b&gt;</p>\n</body></html>",
}
FORMS: Final = sorted(TEXTS)
PLACES: Final = ["start", "end", "both", "corner"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("where", PLACES)
def test_label_is_found_again_and_stands_there_once(form: Any, where: Any) -> None:
    labelled = label_text(TEXTS[form], FILED, where=where, form=form)
    assert label_text(labelled, FILED, where=where, form=form) == labelled
    places = ("start", "end") if where == "both" else (where,)
    text = "AI" if where == "corner" else "AI生成"
    expected = tuple(TextLabel(text, place) for place in places)
    assert find_text_label(labelled, form=form) == expected
    assert all(label.both_elements for label in expected)
    assert labelled.count("备案号：网信算备000000000000000000000号") >= len(places)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("where", ["start", "end", "both"])
def test_labels_of_several_places_stand_together(form: Any, where: Any) -> None:
    one = label_text(TEXTS[form], CN, where=where, form=form)
    both = label_text(one, EU, where=where, form=form)
    assert label_text(both, CN, where=where, form=form) == both
    assert {label.text for label in find_text_label(both, form=form)} == {"AI生成", "AI-generated"}


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.text(max_size=30),
    st.sampled_from(["plain", "markdown", "html"]),
    st.sampled_from(["start", "end"]),
)
def test_nothing_but_the_label_is_added(text: str, form: Any, where: Any) -> None:
    try:
        labelled = label_text(text, CN, where=where, form=form)
    except LabelNotShown:
        assert form != "plain"
        return
    added = len(labelled) - len(text)
    cuts = [
        at
        for at in range(len(text) + 1)
        if labelled == text[:at] + labelled[at : at + added] + text[at:]
    ]
    assert cuts
    assert label_text(labelled, CN, where=where, form=form) == labelled


def rendered(text: str) -> list[str]:
    """The blocks of Markdown as text."""
    body = text.partition("---\n")[2].partition("---\n")[2] if text.startswith("---\n") else text
    tree = lxml.html.fromstring(f"<div>{MarkdownIt('commonmark').render(body)}</div>")
    return ["".join(each.itertext()).strip() for each in tree]


@pytest.mark.parametrize(
    "text",
    [
        "A lake.",
        "- one\n- two",
        "> said",
        "    indented = code",
        "Code:\n```py\nx = 1",
        "~~~~\nopen",
        "| a |\n|---|\n| b |",
        "---\ntitle: x\n---\nA lake.",
        "Heading\n===",
        "[a]: https://example.com",
        "",
    ],
)
@pytest.mark.parametrize("where", ["start", "end"])
def test_markdown_shows_the_label_as_a_paragraph(text: str, where: Any) -> None:
    labelled = label_text(text, CN, where=where, form="markdown")
    blocks = rendered(labelled)
    assert blocks[0 if where == "start" else -1] == "AI生成"
    before = rendered(text)
    assert blocks[1:] == before if where == "start" else blocks[:-1] == before


def test_markdown_is_kept_behind_front_matter_and_its_line_ends() -> None:
    text = "\ufeff---\r\ntitle: x\r\n---\r\nA lake.\r\n"
    labelled = label_text(text, CN, where="both", form="markdown")
    assert labelled == (
        "\ufeff---\r\ntitle: x\r\n---\r\n**AI生成**\r\n\r\nA lake.\r\n\r\n**AI生成**\r\n"
    )
    toml = "+++\ntitle = 'x'\n+++\nA lake."
    assert label_text(toml, CN, form="markdown").startswith("+++\ntitle = 'x'\n+++\n**AI生成**\n\n")


def test_markdown_that_would_swallow_the_label_is_refused() -> None:
    with pytest.raises(LabelNotShown, match="put the label at the start"):
        label_text("A lake.\n\n<!-- open", CN, where="end", form="markdown")
    assert label_text("<!-- open", CN, form="markdown").startswith("**AI生成**\n\n")


def test_markdown_corner_mark_is_raised_and_never_in_code() -> None:
    for text in ("A lake.", "- item", "# Lake", "```\ncode\n```", "    code"):
        html = MarkdownIt("commonmark").render(
            label_text(text, EU, where="corner", form="markdown")
        )
        (mark,) = lxml.html.fromstring(f"<div>{html}</div>").xpath("//sup[not(ancestor::code)]")
        assert mark.text == "AI"


def test_words_are_escaped() -> None:
    words = Wording(text='<b>*AI* & "co"_', jurisdiction="eu", language="en")
    tree = lxml.html.fromstring(label_text("<p>x", words, form="html"))
    (label,) = tree.xpath("//p[@class='countermark-label']")
    assert label.text == label.get("aria-label") == words.text
    assert not len(label)
    assert rendered(label_text("x", words, form="markdown"))[0] == words.text


@pytest.mark.parametrize(
    "document",
    [
        TEXTS["html"],
        "<p>A fragment",
        "plain words",
        "<HTML><HEAD><style>p{color:red}</style></HEAD>\n<BODY\nid=a>\nwords</BODY></HTML>\n",
        "<title>x<y</title><h1>Lake</h1>",
        "<!-- <body> --><body><script>'<body></body>'</script><p>words</p></body>",
        "<html><head></head></html>",
        "",
        "&amp;",
        "a < b",
        "<div hidden><div></div><p>y</div><p>x<p title='a>b'>x",
        "<![if x]><![CD<p>x",
    ],
)
@pytest.mark.parametrize("where", ["start", "end"])
def test_html_label_is_first_or_last_in_the_body(document: str, where: Any) -> None:
    labelled = label_text(document, CN, where=where, form="html")
    body = lxml.html.document_fromstring(labelled or "<p>").find("body")
    (label,) = body.xpath("//p[@class='countermark-label']")
    assert label.getparent() is body
    assert (label.get("lang"), label.get("role"), label.text) == ("zh-Hans", "note", "AI生成")
    shown = [text for each in body.itertext() if (text := each.strip())]
    assert shown[0 if where == "start" else -1] == "AI生成"
    at = labelled.index('<p class="countermark-label"')
    end = labelled.index("</p>", at) + 4
    assert labelled[:at] + labelled[end:] == document


@pytest.mark.parametrize(
    "document",
    [
        "<p>x<!-- open",
        "<textarea>x",
        "<svg><text>",
        "<frameset><frame></frameset>",
        "<script>if (a < b) {}",
        "<details><summary>x</summary>",
        "if(a<b)",
        "x<a href='y",
        "<option>x",
        "<div hidden>x",
        "<div style='display: none'><div></div>x",
        "<!--<!-- x</body>",
        "<body hidden>x",
    ],
)
def test_html_that_would_hide_the_label_is_refused(document: str) -> None:
    with pytest.raises(LabelNotShown):
        label_text(document, CN, where="end", form="html")


def test_turn_is_labelled_as_it_streams() -> None:
    chunks = ["It ", "is ", "a lake."]
    pieces = label_turn(iter(chunks), EU)
    assert next(pieces) == "[AI-generated]\nIt "
    assert list(pieces) == ["is ", "a lake."]
    assert list(label_turn(chunks, EU, where="end")) == [*chunks, "\n[AI-generated]"]
    assert list(label_turn(chunks, EU, where="corner")) == [*chunks, " [AI]"]
    assert "".join(label_turn(chunks, CN, where="both", form="markdown")) == (
        "**AI生成**\n\nIt is a lake.\n\n**AI生成**\n"
    )


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    st.lists(st.sampled_from(["【AI", "生成】", "\n", "湖", "A", "", "```\n"]), max_size=6),
    st.sampled_from(PLACES),
)
def test_streamed_turn_is_what_the_whole_would_be(chunks: list[str], where: Any) -> None:
    whole = label_text("".join(chunks), CN, where=where)
    if where != "corner":  # which moves in front of white space only where it still can
        assert "".join(label_turn(chunks, CN, where=where)) == whole


def test_turn_that_brings_its_label_keeps_it_alone() -> None:
    assert "".join(label_turn(["【A", "I生成", "】\n湖"], CN)) == "【AI生成】\n湖"
    assert "".join(label_turn([], CN)) == "【AI生成】\n"
    with pytest.raises(InvalidArgument, match="piece by piece"):
        next(label_turn(["x"], CN, form="html"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("由人工智能生成\n湖", ["由人工智能生成"]),
        ("湖\n以上内容由AI生成。", ["以上内容由AI生成"]),
        ("本文部分内容由 AI 辅助生成\n湖", ["本文部分内容由 AI 辅助生成"]),
        ("湖\n(AI合成)", ["AI合成"]),
        ("AI生成图片的十大技巧\n正文", []),  # a headline about it
        ("【AI生成图片的十大技巧】\n正文", []),
        ("[AI生成](https://example.com)\n湖", []),
        ("【AI生成】湖", ["AI生成"]),
        ("AI\nA history.", []),
        ("湖\n生成", []),
    ],
)
def test_labels_of_others(text: str, found: list[str]) -> None:
    assert [label.text for label in find_text_label(text)] == found


def test_unknown_place_and_form() -> None:
    with pytest.raises(InvalidArgument, match="start, end, both, corner"):
        label_text("x", CN, where="middle")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="plain, markdown, html"):
        label_text("x", CN, form="rtf")  # type: ignore[arg-type]
