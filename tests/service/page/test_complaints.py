"""The page of a service that lets anybody complain, and that has a filing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from countermark import keys
from countermark.registry import Registry
from countermark.registry.duties import ComplaintKind

FILING: Final = {"filing_number": "Filing 4711", "filing_url": "https://filings.example/4711"}
ABOUT: Final = "Address of the content, or the 16 digits of its watermark"


@pytest.fixture(scope="module")
def desk(page_home: keys.Home, running: Callable[..., Any]) -> Iterator[Any]:
    with running(page_home, complaints=True, requests_per_second=1000, **FILING) as started:
        yield started


@pytest.fixture
def visit(
    browser: Browser, desk: Any, tmp_path: Path, visiting: Callable[..., Any]
) -> Iterator[Any]:
    with visiting(browser, desk.url, tmp_path) as opened:
        yield opened
        assert opened.seen.dialogs == []
        assert [url for url in opened.seen.requests if not url.startswith(desk.url)] == []


def test_somebody_complains_and_asks_what_became_of_it(
    visit: Any, page_home: keys.Home, files: dict[str, bytes]
) -> None:
    page = visit.page
    visit.drop(files["recovered"])
    page.get_by_text("Report or complain").click()
    expect(page.get_by_text("answered within 15 working days").first).to_be_visible()
    payload = page.get_by_label(ABOUT).input_value()
    assert re.fullmatch("[0-9a-f]{16}", payload)
    page.get_by_label("What is it?").select_option("complaint")
    page.get_by_label("Where you can be reached").fill("jana@example.org")
    page.get_by_label("In your words").fill("<b>This is me.</b>")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Received. It will be answered before")).to_be_visible()
    visit.shoot("complained")
    ticket, secret = re.findall(r"ticket (\S+), secret (\S+)", visit.text(".desk"))[0]
    assert page.get_by_label(ABOUT).input_value() == ""
    with Registry.open(page_home.registry_path) as registry:
        complaint = registry.complaints.get(ticket)
        assert complaint.kind is ComplaintKind.COMPLAINT
        assert complaint.about.payload == int(payload, 16)
        words = {"contact": "jana@example.org", "text": "<b>This is me.</b>"}
        assert registry.complaints.words(ticket) == words
        registry.complaints.accept(ticket)
    page.get_by_label("Ticket").fill(ticket)
    page.get_by_label("Secret").fill("guessed")
    page.get_by_role("button", name="What became of it?").click()
    expect(page.get_by_text("There is no complaint of that ticket and secret.")).to_be_visible()
    page.get_by_label("Secret").fill(secret)
    page.get_by_role("button", name="What became of it?").click()
    expect(page.get_by_text("It is being handled")).to_be_visible()
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_text("正在处理（自")).to_be_visible()
    expect(page.get_by_text("已收到，将在")).to_be_visible()
    visit.shoot("complained-zh")
    page.locator("#complaint-about").fill("https://example.org/a.jpg")
    page.get_by_role("button", name="提交").click()
    expect(page.get_by_label("网址")).to_have_value("")
    with Registry.open(page_home.registry_path) as registry:
        assert registry.complaints.all()[-1].about.url_sha256 is not None


@pytest.mark.slow
def test_everybody_can_use_it(
    browser: Browser, desk: Any, tmp_path: Path, visiting: Callable[..., Any]
) -> None:
    size = {"width": 400, "height": 800}
    options = {"color_scheme": "dark", "locale": "zh-CN", "viewport": size}
    with visiting(browser, desk.url, tmp_path, **options) as visit:
        link = visit.page.get_by_role("link", name="Filing 4711")
        assert link.get_attribute("href") == FILING["filing_url"]
        visit.page.locator(".desk summary").click()
        tags = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
        found = Axe().run(visit.page, options={"runOnly": {"type": "tag", "values": tags}}).response
        assert found["violations"] == []
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not visit.page.evaluate(wide)
        visit.shoot("desk")
