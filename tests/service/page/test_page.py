"""What people see at /: the right words for every verdict, and nothing strange that runs."""

# ruff: noqa: RUF001 (the punctuation of the page)

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

INTACT = "Unchanged since Example News signed it"
RECOVERED = "Its lost credentials were found again: signed by Example News"
UNTRUSTED = "Unchanged since it was signed, but nobody vouches for the signer"


@pytest.mark.parametrize(
    ("kind", "headline", "tone", "chips"),
    [
        ("intact", INTACT, "shown", ["File: unchanged", "Signer: trusted"]),
        ("recovered", RECOVERED, "shown", ["File: recovered", "Signer: trusted"]),
        (
            "altered",
            "Changed after it was signed",
            "caution",
            ["File: altered", "Signer: trusted"],
        ),
        (
            "transplanted",
            "Its credentials belong to another picture",
            "against",
            ["File: transplanted", "Signer of the other picture: trusted"],
        ),
        ("unmarked", "No proof of origin was found", "open", ["File: no proof found"]),
        ("elsewhere", "No proof of origin was found", "open", ["File: no proof found"]),
        ("unreadable", "This file could not be examined", "open", ["File: unreadable"]),
        ("hostile", UNTRUSTED, "caution", ["File: unchanged", "Signer: not trusted"]),
        (
            "resigned",
            "Unchanged since it was signed, but its pixels belong to other credentials",
            "caution",
            ["File: unchanged", "Signer: not trusted"],
        ),
        ("damaged", RECOVERED, "shown", ["File: recovered", "Signer: trusted"]),
    ],
)
def test_verdict_in_words(
    visit: Any, files: dict[str, bytes], kind: str, headline: str, tone: str, chips: list[str]
) -> None:
    visit.drop(files[kind])
    assert visit.text("#headline") == headline
    assert visit.text("#status") == f"Done. {headline}"
    assert visit.page.locator(".chip").all_inner_texts() == chips
    assert tone in (visit.page.locator(".verdict").get_attribute("class") or "").split()
    assert visit.page.locator(".panel").count() == 3  # there is no log to speak of
    visit.shoot(kind)


def test_credential_of_an_intact_file(visit: Any, files: dict[str, bytes]) -> None:
    visit.drop(files["intact"])
    text = visit.panel("credential").inner_text()
    assert "Embedded credential\n\nProven by signature and file hash" in text
    assert "Signed by\nExample News" in text
    assert "Trusted: your own list (trust.pem)" in text
    assert "not proven: no time stamp by a trusted authority" in text
    assert "Statements are the signer’s; nobody has checked them." in text
    for stated in (
        "Coffee in Montréal",
        "Rachel Michetti",
        "Example Camera 5",
        "taken by a camera",
    ):
        assert stated in text
    labels = [
        canvas.get_attribute("aria-label")
        for canvas in visit.panel("credential").locator("canvas").all()
    ]
    assert labels == ["Your file", "Thumbnail signed in the credential"]
    assert "Leads to\nthe credential shown here" in visit.panel("watermark").inner_text()
    assert "0 of 256 bits differ" in visit.panel("similar").inner_text()


def test_geometry_of_a_turned_and_cropped_copy(visit: Any, files: dict[str, bytes]) -> None:
    visit.drop(files["recovered"])
    credential, mark = visit.panel("credential"), visit.panel("watermark")
    assert "Credential from the registry" in credential.inner_text()
    assert "Strong: signature, watermark and thumbnail agree" in credential.inner_text()
    text = mark.inner_text()
    assert "Practically certain" in text
    assert "7° anticlockwise" in text
    assert "Mirrored\nno" in text
    outline = mark.locator("svg .outline").get_attribute("points")
    assert outline is not None
    corners = [tuple(map(float, corner.split(","))) for corner in outline.split()]
    assert len(corners) == 4
    assert corners[0][0] < 0  # the original's top left corner was cut off
    assert mark.locator("svg .up").count() == 1


def test_untrusted_signer_is_named_only_as_a_claim(visit: Any, files: dict[str, bytes]) -> None:
    visit.drop(files["hostile"])
    assert "BBC News" not in visit.text(".verdict")
    text = visit.panel("credential").inner_text()
    assert "Signed under the name\n<b>BBC News</b>" in text
    assert "Not trusted: no trust list vouches for this signer." in text
    assert "Signed by" not in text
    assert visit.page.locator(".verdict.shown, .chip.shown:has-text('Signer')").count() == 0


def test_file_signed_anew_by_a_stranger_is_told(visit: Any, files: dict[str, bytes]) -> None:
    visit.drop(files["resigned"])
    assert "It may be somebody else’s picture, signed anew." in visit.text(".caveat")
    leads = visit.panel("watermark").inner_text()
    assert "another credential: Coffee in Montréal, signed by Example News" in leads


def test_what_strangers_write_stays_text(visit: Any, files: dict[str, bytes]) -> None:
    name = "<img src=x onerror=alert(6)>.jpg"
    before = visit.page.locator("script").count()
    visit.drop(files["hostile"], name)
    text = visit.panel("credential").inner_text()
    assert "<svg onload=alert(4)>" in text
    assert "<script>alert(2)</script>" in text
    assert "javascript:alert(3)" in text
    assert name in visit.text(".verdict .file")
    visit.panel("credential").locator("summary").click()
    assert visit.page.locator("#answer :is(img, script, a, iframe, object, embed)").count() == 0
    assert visit.page.locator("script").count() == before
    visit.drop(files["drawing"], "drawing.svg")
    assert "No preview of this kind of file" in visit.text(".verdict")
    visit.page.wait_for_timeout(300)  # what would run by itself had time for it


def test_page_says_where_the_file_goes_before_it_is_sent(visit: Any) -> None:
    assert "The file stays on this computer" in visit.text("#privacy")
    assert not any("/v1/" in url for url in visit.seen.requests)


def test_both_languages_say_everything(visit: Any, files: dict[str, bytes], tmp_path: Path) -> None:
    keys = visit.page.evaluate(_WORDS)
    assert keys["en"] == keys["zh"]
    assert keys["same"] == ["title.name"] or keys["same"] == []
    visit.drop(files["recovered"])
    visit.page.get_by_role("button", name="中文").click()
    assert visit.page.locator("html").get_attribute("lang") == "zh-Hans"
    assert visit.text("#headline") == "已找回丢失的凭证：由 Example News 签名"
    assert visit.page.locator(".chip").all_inner_texts() == ["文件：已找回凭证", "签名者：受信任"]
    for name in ("credential", "watermark", "similar"):
        heading = visit.panel(name).locator("h3").inner_text()
        assert any("\u4e00" <= letter <= "\u9fff" for letter in heading)
    assert "文件不会离开这台电脑" in visit.text("#privacy")
    visit.shoot("recovered-zh")
    visit.page.reload()
    assert visit.text("h1") == "这张图片的来历？"
    visit.drop(files["hostile"])
    assert "未获信任" in visit.text(".verdict")
    visit.shoot("untrusted-zh")
    visit.page.get_by_role("button", name="English").click()
    assert visit.text("#headline") == UNTRUSTED


_WORDS = """async () => {
  const [en, zh] = await Promise.all(["en", "zh"].map(
    async (name) => (await import(`/page/words/${name}.js`)).default));
  const names = (text) => (text.match(/\\{\\w+\\}/g) ?? []).sort().join();
  const all = (words) => Object.keys(words).sort().map((key) => `${key} ${names(words[key])}`);
  return {en: all(en), zh: all(zh), same: Object.keys(en).filter((key) => en[key] === zh[key])};
}"""


def test_browser_in_chinese_gets_chinese(
    browser: Browser, service: Any, tmp_path: Path, visiting: Callable[..., Any]
) -> None:
    with visiting(browser, service.url, tmp_path, locale="zh-CN") as visit:
        assert visit.page.locator("html").get_attribute("lang") == "zh-Hans"


def test_keyboard_alone_is_enough(visit: Any, files: dict[str, bytes]) -> None:
    page = visit.page
    names = []
    for _ in range(3):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.id || document.activeElement.lang"))
    assert names == ["en", "zh-Hans", "file"]
    assert page.evaluate(_RING) == "solid"
    with page.expect_file_chooser():
        page.keyboard.press("Space")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(
        {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": files["intact"]}
    )
    visit.answered()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    page.keyboard.press("Enter")
    assert "Check: claim signature" in visit.panel("credential").inner_text()


_RING = "getComputedStyle(document.querySelector('#drop .choose')).outlineStyle"


def test_pasted_picture_is_examined(visit: Any, files: dict[str, bytes]) -> None:
    visit.transfer("paste", files["intact"], "image.png")
    visit.answered()
    assert visit.text("#headline") == INTACT


def test_last_file_counts(visit: Any, files: dict[str, bytes]) -> None:
    visit.transfer("drop", files["recovered"], "first.jpg")
    visit.drop(files["unreadable"], "second.txt")
    expect(visit.page.locator(".verdict .file")).to_contain_text("second.txt")
    visit.page.wait_for_timeout(1500)
    assert visit.text("#headline") == "This file could not be examined"


def test_service_that_is_gone_is_told(
    browser: Browser, page_home: Any, running: Callable[..., Any], tmp_path: Path,
    visiting: Callable[..., Any],
) -> None:  # fmt: skip
    with running(page_home) as service, visiting(browser, service.url, tmp_path) as visit:
        service.process.terminate()
        service.process.wait(30)
        visit.drop(b"any")
        assert visit.text(".verdict .means") == "The service does not answer. Does it still run?"


def test_file_over_the_limit_is_told(
    browser: Browser, page_home: Any, running: Callable[..., Any], tmp_path: Path,
    visiting: Callable[..., Any],
) -> None:  # fmt: skip
    with (
        running(page_home, max_file_bytes=1000) as service,
        visiting(browser, service.url, tmp_path) as visit,
    ):
        visit.drop(bytes(2000))
        assert "larger than this service takes" in visit.text(".verdict .means")
