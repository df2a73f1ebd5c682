"""Checking in the browser only: the page reads the mark itself, and no picture is sent.

Needs the module of WebAssembly in the package, where `.ci/run wasm` puts it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from countermark.credentials import FINGERPRINT_ALGORITHM, WATERMARK_ALGORITHM

pytestmark = pytest.mark.wasm

KNOWN: Final = "Its watermark leads to a credential in the registry"
UNKNOWN: Final = "It carries a watermark that this registry does not know"
SIMILAR: Final = "A marked picture in the registry looks like it"
NONE: Final = "This browser found nothing in it that leads to a credential"
UNDECODED: Final = "This browser cannot read this file as a picture"


@pytest.fixture
def told(visit: Any) -> list[tuple[str, bytes]]:
    """What leaves the page, from now on: addresses and bodies."""
    sent: list[tuple[str, bytes]] = []
    visit.page.on("request", lambda request: sent.append((request.url, _body(request))))
    return sent


def _body(request: Any) -> bytes:
    return bytes(request.post_data_buffer or b"")


def choose_alone(visit: Any) -> None:
    visit.page.get_by_role("checkbox", name="Check in this browser only").check()


def test_only_watermark_and_fingerprint_are_sent(
    visit: Any, files: dict[str, bytes], told: list[tuple[str, bytes]]
) -> None:
    assert "it is read by the countermark service" in visit.text("#privacy")
    choose_alone(visit)
    assert visit.text("#privacy").startswith("The picture stays in this browser")
    visit.drop(files["recovered"])
    assert visit.text("#headline") == KNOWN
    assert visit.text("#status") == f"Done. {KNOWN}"
    assert "Only this browser has looked at the picture" in visit.text(".means")
    asked = [json.loads(body) for _, body in told if body]
    assert [url.removeprefix(visit.url) for url, body in told if body or "/v1/" in url] == [
        "/v1/matches/byBinding?maxResults=4"
    ] * 2
    assert {each["alg"] for each in asked} == {WATERMARK_ALGORITHM, FINGERPRINT_ALGORITHM}
    assert all(each.keys() == {"alg", "value"} for each in asked)
    sizes = {each["alg"]: len(base64.b64decode(each["value"])) for each in asked}
    assert sizes == {WATERMARK_ALGORITHM: 8, FINGERPRINT_ALGORITHM: 32}
    mark = visit.panel("watermark").inner_text()
    payload = base64.b64decode(
        next(each["value"] for each in asked if each["alg"] == WATERMARK_ALGORITHM)
    )
    assert payload.hex() in mark
    assert "Practically certain" in mark
    assert "urn:c2pa:" in mark
    assert visit.page.locator(".shown, .chip, .sure.proven").count() == 0
    visit.shoot("alone")


def test_service_reads_the_same_payload(visit: Any, files: dict[str, bytes]) -> None:
    choose_alone(visit)
    visit.drop(files["mirrored"])
    assert visit.text("#headline") == KNOWN
    payload = visit.panel("watermark").locator("code").first.inner_text()
    visit.page.get_by_role("button", name="Send it and ask").click()
    visit.page.locator(".chip").first.wait_for()
    assert visit.panel("watermark").locator("code").first.inner_text() == payload
    assert visit.page.locator(".offer").count() == 0


FOUND: Final = {
    "sideways": KNOWN,
    "original": SIMILAR,
    "elsewhere": UNKNOWN,
    "unmarked": NONE,
    "unreadable": UNDECODED,
}


def test_what_the_browser_finds(visit: Any, files: dict[str, bytes]) -> None:
    choose_alone(visit)
    for kind, headline in FOUND.items():
        visit.drop(files[kind])
        assert visit.text("#headline") == headline, kind
        similar = visit.panel("similar").inner_text()
        assert ("of the bits agree" in similar) == (kind == "original"), kind
    assert "the service was told nothing of it" in visit.text(".means")


def test_private_service_is_no_failure(
    browser: Browser,
    page_home: Any,
    files: dict[str, bytes],
    running: Callable[..., Any],
    visiting: Callable[..., Any],
    tmp_path: Path,
) -> None:
    with (
        running(page_home, private=True) as service,
        visiting(browser, service.url, tmp_path) as visit,
    ):
        choose_alone(visit)
        visit.drop(files["recovered"])
        assert visit.text("#headline") == (
            "It carries a watermark; this service tells nobody unknown where that leads"
        )
        assert "answers only those whom it knows" in visit.panel("watermark").inner_text()


def test_only_the_worker_may_compile(visit: Any) -> None:
    with httpx.Client(base_url=visit.url, trust_env=False) as client:
        worker = client.get("/page/core/worker.js")
        assert worker.headers["content-security-policy"].endswith("'self' 'wasm-unsafe-eval'")
        assert worker.headers["cache-control"] == "no-cache"
        module = client.get("/page/core/countermark.wasm")
        assert module.headers["content-type"] == "application/wasm"
        assert len(module.content) <= 200_000
        for path in ("/", "/page/page.js", "/page/pixels.js", "/v1/services/status"):
            assert "wasm-unsafe-eval" not in client.get(path).headers["content-security-policy"]


@pytest.mark.parametrize(
    ("locale", "scheme", "width"), [("en-GB", "light", 1180), ("zh-CN", "dark", 320)]
)
def test_everybody_can_use_it(
    browser: Browser, service: Any, files: dict[str, bytes], tmp_path: Path,
    visiting: Callable[..., Any], locale: str, scheme: str, width: int,
) -> None:  # fmt: skip
    size = {"width": width, "height": 800}
    with visiting(
        browser, service.url, tmp_path, color_scheme=scheme, locale=locale, viewport=size
    ) as visit:
        for _ in range(4):
            visit.page.keyboard.press("Tab")
        assert visit.page.evaluate("document.activeElement.id") == "alone"
        visit.page.keyboard.press("Space")
        visit.shoot(f"option-{scheme}-{width}")
        for kind in ("recovered", "original", "unreadable"):
            visit.drop(files[kind])
            found = Axe().run(visit.page).response
            assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found["violations"]] == []
            assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
            visit.shoot(f"alone-{kind}-{scheme}-{width}")
