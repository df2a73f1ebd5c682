"""The label on a page, in a real browser: shown without a hover, named, with enough contrast."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import lxml.html
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from countermark.errors import InvalidArgument, LabelNotShown
from countermark.labels.visible import Wording, interface_snippet, label_text, wording

FILED: Final = wording("cn", filing_number="网信算备000000000000000000000号")
TAGS: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PAGE: Final = (
    "<!doctype html><html lang=en><head><title>A lake</title><meta name=color-scheme "
    "content='light dark'><style>body {{ margin: 0 }} p {{ opacity: 0 }}"
    "p, div, aside {{ visibility: hidden }}</style></head>"
    "<body>{top}<main><h1>A lake</h1>{inline}<div style='height:3000px;width:1px'></div></main>"
    "{bottom}</body></html>"
)


def open_page(browser: Browser, content: str, **options: Any) -> Page:
    context = browser.new_context(viewport={"width": 700, "height": 500}, **options)
    page = context.new_page()
    page.set_content(content)
    return page


@pytest.fixture(params=["light", "dark"])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Three labels on a long page whose own style would hide them."""
    content = PAGE.format(
        top=interface_snippet(wording("eu", "de"), place="top"),
        inline=interface_snippet(FILED, filing_url="https://filing.example/?a=1&b=2"),
        bottom=interface_snippet(wording("cn"), place="bottom"),
    )
    page = open_page(browser, content, color_scheme=request.param)
    yield page
    page.context.close()


def test_labels_are_shown_and_stay(page: Page, tmp_path: Path) -> None:
    top, inline, bottom = page.locator(".countermark-label").all()
    assert (top.inner_text(), bottom.inner_text()) == ("KI-generiert", "AI生成")
    assert inline.inner_text().split("\n") == ["AI生成", "备案号：网信算备000000000000000000000号"]
    for down in (0, 900, 2500):
        page.evaluate(f"scrollTo(0, {down})")
        for each, edge in ((top, 0), (bottom, 500)):
            box = each.bounding_box()
            assert box is not None
            assert each.is_visible()
            assert round(box["y"] if edge == 0 else box["y"] + box["height"]) == edge
    page.evaluate("scrollTo(0, 0)")
    assert inline.is_visible()
    assert inline.get_by_role("link").get_attribute("href") == "https://filing.example/?a=1&b=2"
    icon = inline.locator("svg").bounding_box()
    assert icon is not None
    assert icon["width"] == icon["height"] == 24
    page.screenshot(path=tmp_path / "page.png")


def test_labels_have_names_languages_and_contrast(page: Page) -> None:
    named = page.get_by_role(
        "complementary", name="Dieser Inhalt wurde von künstlicher Intelligenz erzeugt."
    )
    assert named.get_attribute("lang") == "de"
    assert page.get_by_role("note", name="本内容由人工智能生成。").count() == 1
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}}).response
    assert {"color-contrast"} <= {rule["id"] for rule in found["passes"]}
    assert [rule["id"] for rule in found["violations"]] == []


def test_label_in_a_document_is_shown_whatever_its_style_says(browser: Browser) -> None:
    document = PAGE.format(top="", inline="<section hidden><p>x</p></section>", bottom="")
    page = open_page(browser, label_text(document, FILED, where="both", form="html"))
    first, last = page.locator("p.countermark-label").all()
    for each in (first, last):
        assert each.is_visible()
        assert each.evaluate("node => node.parentElement.tagName") == "BODY"
        assert each.evaluate("node => getComputedStyle(node).opacity") == "1"
    assert page.evaluate("document.body.firstElementChild.className") == "countermark-label"
    assert page.evaluate("document.body.lastElementChild.className") == "countermark-label"
    page.context.close()


SOUP: Final = [
    "<p>",
    "</p>",
    "<div>",
    "</div>",
    "<b>",
    "</b>",
    "words",
    "&amp;",
    "&lt",
    "<br/>",
    "<br>",
    "<h1>",
    "<ul><li>",
    "</ul>",
    "<pre>",
    "</pre>",
    "<!--",
    "<!--c-->",
    "-->",
    "<script>",
    "</script>",
    "if(a<b)",
    "<style>",
    "</style>",
    "<title>",
    "</title>",
    "<head>",
    "</head>",
    "<body>",
    "</body>",
    "<html>",
    "</html>",
    "<table>",
    "<tr><td>",
    "</td></tr>",
    "</table>",
    "<caption>",
    "<col>",
    "<textarea>",
    "</textarea>",
    "<select>",
    "<option>",
    "</select>",
    "<svg>",
    "</svg>",
    "<math>",
    "</math>",
    "<template>",
    "</template>",
    "<noscript>",
    "</noscript>",
    "<img/alt='a>b'>",
    "<a/href='x",
    "'>",
    "<!doctype/html>",
    "<?php?>",
    "<![CDATA[x]]>",
    "<iframe>",
    "</iframe>",
    "<button>",
    "</button>",
    "<details>",
    "<summary>",
    "</details>",
    "<frameset>",
    "<plaintext>",
    "<xmp>",
    "</xmp>",
    "<object>",
    "</object>",
    "<p/hidden>",
    "<form>",
    "<input/value='<p>'>",
    "<video>",
    "</video>",
    "<audio>",
    "<canvas>",
    "</canvas>",
    "<dialog>",
    "</dialog>",
    "<noembed>",
    "<noframes>",
    "</noframes>",
]


@pytest.mark.slow
def test_label_in_any_soup_of_tags_is_shown_or_refused(browser: Browser) -> None:
    page = browser.new_page()
    page.route("**/*", lambda route: route.abort())
    generator = random.Random(6)
    shown = 0
    for _ in range(500):
        soup = "".join(generator.choice(SOUP) for _ in range(12))
        soup = soup[: generator.randint(0, len(soup))]
        for where in ("start", "end"):
            try:
                labelled = label_text(soup, FILED, where=where, form="html")  # type: ignore[arg-type]
            except LabelNotShown:
                continue
            page.set_content(labelled)
            (label,) = page.locator("p.countermark-label").all()
            assert label.is_visible(), (soup, where)
            assert label_text(labelled, FILED, where=where, form="html") == labelled  # type: ignore[arg-type]
            shown += 1
    assert shown > 200
    page.close()


def test_snippet_is_one_escaped_element_without_script() -> None:
    words = Wording(text='"><script>AI</script>', jurisdiction="eu", language="en")
    (snippet,) = lxml.html.fragments_fromstring(interface_snippet(words))
    assert [each.tag for each in snippet.iter()] == ["div", "svg", "rect", "path", "span"]
    assert snippet.get("aria-label") == snippet.text_content() == words.text
    assert not [name for name in snippet.keys() if name.startswith("on")]  # noqa: SIM118


def test_refusals() -> None:
    with pytest.raises(InvalidArgument, match="inline, top or bottom"):
        interface_snippet(FILED, place="left")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="no filing number"):
        interface_snippet(wording("cn"), filing_url="https://filing.example/")
    for url in ("javascript:alert(1)", "filing.example", "https://[", "http:///x"):
        with pytest.raises(InvalidArgument, match="http or https"):
            interface_snippet(FILED, filing_url=url)
