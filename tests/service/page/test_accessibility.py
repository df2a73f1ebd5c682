"""The page for everybody: names, roles, contrast and order, by axe-core, in light and in dark."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

_TAGS: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
RULES: Final = {"runOnly": {"type": "tag", "values": list(_TAGS)}}


@pytest.mark.parametrize(("locale", "scheme"), [("en-GB", "light"), ("zh-CN", "dark")])
def test_axe_finds_nothing(
    browser: Browser,
    service: Any,
    files: dict[str, bytes],
    tmp_path: Path,
    visiting: Callable[..., Any],
    scheme: str,
    locale: str,
) -> None:
    with visiting(browser, service.url, tmp_path, color_scheme=scheme, locale=locale) as visit:
        assert _violations(visit) == []
        for kind in ("recovered", "resigned", "transplanted", "chain"):
            visit.drop(files[kind])
            for summary in visit.page.locator("summary").all():
                summary.click()
            assert _violations(visit) == []
            visit.shoot(f"{kind}-{scheme}")


def _violations(visit: Any) -> list[str]:
    found = Axe().run(visit.page, options=RULES).response
    assert len(found["passes"]) > 10
    return [
        f"{rule['id']}: {node['html'][:200]} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


def test_verdict_is_announced(visit: Any, files: dict[str, bytes]) -> None:
    status = visit.page.get_by_role("status")
    assert status.get_attribute("aria-live") == "polite"
    visit.drop(files["unmarked"])
    assert status.inner_text() == "Done. No proof of origin was found"


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_nothing_moves_for_those_who_ask_for_it(
    browser: Browser, service: Any, tmp_path: Path, visiting: Callable[..., Any], motion: str
) -> None:
    with visiting(browser, service.url, tmp_path, reduced_motion=motion) as visit:
        moving = visit.page.evaluate(
            "() => { document.body.classList.add('busy');"
            " return getComputedStyle(document.getElementById('status'), '::before')"
            ".animationName }"
        )
        assert moving == ("none" if motion == "reduce" else "turn")


@pytest.mark.parametrize("width", [320, 768])
def test_narrow_screens_need_no_scrolling_sideways(
    browser: Browser,
    service: Any,
    files: dict[str, bytes],
    tmp_path: Path,
    visiting: Callable[..., Any],
    width: int,
) -> None:
    size = {"width": width, "height": 800}
    with visiting(browser, service.url, tmp_path, viewport=size) as visit:
        for kind in ("resigned", "chain"):
            visit.drop(files[kind])
            for summary in visit.page.locator("summary").all():
                summary.click()
            assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
            visit.shoot(f"narrow-{width}-{kind}")
