"""What people see at /: the right words for every verdict, and nothing strange that runs."""

# ruff: noqa: RUF001 (the punctuation of the page)

from __future__ import annotations

import json
import math
import operator
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, FileChooser, Locator, Route, expect

import countermark.service
from countermark import TrustStatus, Verdict
from countermark.record import DigitalSource
from countermark.service.observing import CONTENT_SECURITY_POLICY

INTACT = "Unchanged since Example News signed it"
PAGE = Path(countermark.service.__file__).with_name("page")
CREDENTIAL = (PAGE / "credential.js").read_text(encoding="utf-8")
RECOVERED = "Its lost credentials were found again: signed by Example News"
UNTRUSTED = "Unchanged since it was signed, but nobody vouches for the signer"


VERDICTS = (
    ("intact", INTACT, "shown", ["File: unchanged", "Signer: trusted"]),
    ("updated", INTACT, "shown", ["File: unchanged", "Signer: trusted"]),
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
)


def test_verdict_in_words(visit: Any, files: dict[str, bytes]) -> None:
    for kind, headline, tone, chips in VERDICTS:
        visit.drop(files[kind])
        assert visit.text("#headline") == headline, kind
        assert visit.text("#status") == f"Done. {headline}"
        assert visit.page.locator(".chip").all_inner_texts() == chips, kind
        assert tone in (visit.page.locator(".verdict").get_attribute("class") or "").split(), kind
        assert visit.page.locator(".panel").count() == 4, kind
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
        "Provided by\nExample Works, 001191350100M000100Y4300000",
        "Filed as\nFiling 4711 https://filing.example/4711",
        "taken by a camera",
    ):
        assert stated in text
    labels = [
        canvas.get_attribute("aria-label")
        for canvas in visit.panel("credential").locator("canvas").all()
    ]
    link = visit.panel("credential").get_by_role("link", name="https://filing.example/4711")
    assert link.get_attribute("href") == "https://filing.example/4711"
    assert labels == ["Your file", "Thumbnail signed in the credential"]
    assert "Leads to\nthe credential shown here" in visit.panel("watermark").inner_text()
    assert re.search(r"\b\d of 256 bits differ", visit.panel("similar").inner_text())


@pytest.mark.parametrize(
    ("kind", "turned", "mirrored"),
    [("recovered", "7° anticlockwise", "no"), ("mirrored", "7° clockwise", "yes"),
     ("sideways", "7° anticlockwise", "no")],
)  # fmt: skip
def test_geometry_is_drawn_where_the_picture_lay(
    visit: Any, files: dict[str, bytes], kind: str, turned: str, mirrored: str
) -> None:
    visit.drop(files[kind])
    credential, mark = visit.panel("credential"), visit.panel("watermark")
    assert "Credential from the registry" in credential.inner_text()
    assert "Strong: signature, watermark and thumbnail agree" in credential.inner_text()
    text = mark.inner_text()
    assert "Practically certain" in text
    assert f"Turned\n{turned}" in text
    assert f"Mirrored\n{mirrored}" in text
    top_left, top_right, *_, bottom_left = points(mark.locator("svg .outline"))
    assert top_left[1] < 0  # cut off
    assert (top_left[0] > top_right[0]) == (mirrored == "yes")
    arrow = points(mark.locator("svg .up"))
    up = [tip - foot for tip, foot in zip(arrow[3], arrow[0], strict=True)]
    side = [top - bottom for top, bottom in zip(top_left, bottom_left, strict=True)]
    cosine = sum(map(operator.mul, up, side)) / (math.hypot(*up) * math.hypot(*side))
    assert cosine > 0.99
    picture, stage = (mark.locator(part).bounding_box() for part in ("canvas", ".stage"))
    assert abs(picture["width"] / picture["height"] - 666 / 432) < 0.02
    assert picture["x"] >= stage["x"]
    assert picture["x"] + picture["width"] <= stage["x"] + stage["width"]
    visit.shoot(kind)


def points(polygon: Locator) -> list[tuple[float, ...]]:
    text = polygon.get_attribute("points") or ""
    return [tuple(map(float, point.split(","))) for point in text.split()]


def test_look_alike_leads_to_credentials(visit: Any, files: dict[str, bytes]) -> None:
    visit.drop(files["original"])
    assert visit.text("#headline") == RECOVERED
    assert "no watermark was read, but its fingerprint led" in visit.text(".means")
    assert "Fair: signature holds, thumbnail agrees" in visit.panel("credential").inner_text()
    assert "No watermark was read" in visit.panel("watermark").inner_text()
    text = visit.panel("similar").inner_text()
    assert "A hint, no proof" in text
    assert re.search(r"\b\d of 256 bits differ", text)
    assert "Its credential is the one shown here." in text
    assert visit.panel("similar").locator("canvas").count() == 2
    visit.shoot("look-alike")


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


def test_credential_at_an_address_is_not_fetched(visit: Any, files: dict[str, bytes]) -> None:
    visit.drop(files["linked"])
    assert visit.text("#headline") == "No proof of origin was found"
    text = visit.panel("credential").inner_text()
    assert "Not in the file: it only names an address" in text
    assert "They were not fetched" in text


def test_what_strangers_write_stays_text(visit: Any, files: dict[str, bytes]) -> None:
    name = "<img src=x onerror=alert(6)>.jpg"
    before = visit.page.locator("script").count()
    visit.drop(files["hostile"], name)
    text = visit.panel("credential").inner_text()
    assert "<svg onload=alert(4)>" in text
    assert "<script>alert(2)</script>" in text
    assert "javascript:alert(3)" in text
    assert "http://evil.example/alert(6)" in text
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
    # Without the reader there is no word of it, and nothing that it needs is allowed.
    assert not any("/reader/" in url for url in visit.seen.requests)
    assert visit.page.locator('meta[name="reader"]').count() == 0
    assert visit.page.evaluate(_POLICY) == CONTENT_SECURITY_POLICY
    assert "wasm" not in CONTENT_SECURITY_POLICY


_POLICY = "async () => (await fetch('/')).headers.get('content-security-policy')"


def test_both_languages_say_everything(visit: Any, files: dict[str, bytes], tmp_path: Path) -> None:
    keys = visit.page.evaluate(_WORDS)
    assert keys["en"] == keys["zh"]
    assert keys["same"] == []
    visit.drop(files["recovered"])
    visit.page.get_by_role("button", name="中文").click()
    assert visit.page.locator("html").get_attribute("lang") == "zh-Hans"
    assert visit.text("#headline") == "已找回丢失的凭证：由 Example News 签名"
    assert visit.page.locator(".chip").all_inner_texts() == ["文件：已找回凭证", "签名者：受信任"]
    for name in ("credential", "watermark", "similar", "log"):
        heading = visit.panel(name).locator("h3").inner_text()
        assert any("\u4e00" <= letter <= "\u9fff" for letter in heading)
    assert "文件不会离开这台电脑" in visit.text("#privacy")
    visit.shoot("recovered-zh")
    visit.page.reload()
    assert visit.text("h1") == "这个文件的来历？"
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


def test_there_are_words_for_whatever_a_report_says(visit: Any) -> None:
    words = {key.split()[0] for key in visit.page.evaluate(_WORDS)["en"]}
    for verdict in Verdict:
        assert {f"{part}.{verdict.value}" for part in ("verdict", "means", "not")} <= words
        if verdict.positive:
            signed = set(TrustStatus) - {TrustStatus.NONE}
            assert {f"headline.{verdict.value}.{trust.value}" for trust in signed} <= words
        else:
            assert f"headline.{verdict.value}" in words
    for trust in TrustStatus:
        assert {f"trust.{trust.value}", f"signer.{trust.value}"} <= words
    for source in DigitalSource:
        assert f"source.{source.uri.rpartition('/')[2]}" in words
        assert f'"{source.value}": "{source.uri.rpartition("/")[2]}"' in CREDENTIAL


@pytest.mark.parametrize(
    ("trust", "headline", "tone"),
    [
        ("expired", "Unchanged since it was signed, but the signer’s certificate had run out", ""),
        (
            "revoked",
            "Unchanged since it was signed, but the signer’s certificate was withdrawn",
            "against",
        ),
    ],
)
def test_signer_who_has_lost_trust(
    visit: Any, files: dict[str, bytes], trust: str, headline: str, tone: str
) -> None:
    """The report is the service's own, but for the standing and the time of the signer."""

    def change(route: Route) -> None:
        answer = route.fetch()
        report = answer.json()
        standing = {"trust": trust, "trusted_by": "C2PA trust list of 2026-08-21"}
        signed = {"signed_at": "2026-03-01T09:30:00+00:00", "time_stamped_by": "<i>Example</i> TSA"}
        report |= standing
        report["evidence"][0] |= standing | signed
        route.fulfill(response=answer, body=json.dumps(report))

    visit.page.route("**/v1/verify*", change)
    visit.drop(files["intact"])
    assert visit.text("#headline") == headline
    assert (tone or "caution") in (visit.page.locator(".verdict").get_attribute("class") or "")
    assert visit.page.locator(".shown").count() == 0
    text = visit.panel("credential").inner_text()
    assert "Signed under the name\nExample News" in text
    assert "1 March 2026 at 09:30 UTC, proven by the time stamp of <i>Example</i> TSA" in text


def test_private_service_shows_what_a_report_alone_holds(
    browser: Browser, page_home: Any, running: Callable[..., Any], tmp_path: Path,
    files: dict[str, bytes], visiting: Callable[..., Any],
) -> None:  # fmt: skip
    with (
        running(page_home, private=True) as service,
        visiting(browser, service.url, tmp_path) as visit,
    ):
        visit.drop(files["recovered"])
        assert visit.text("#headline") == RECOVERED
        text = visit.panel("credential").inner_text()
        for stated in ("taken by a camera", "Example Camera 5", "Example Works", "Filing 4711"):
            assert stated in text
        assert "7° anticlockwise" in visit.panel("watermark").inner_text()
        assert visit.page.locator(".panel canvas").count() == 0
        visit.drop(files["unmarked"])
        assert "Nothing found" in visit.panel("similar").inner_text()
        visit.shoot("private")


def test_scripts_make_no_markup_of_texts() -> None:
    for script in PAGE.rglob("*.js"):
        text = script.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)
        assert not re.search(r"https?://(?!cv\.iptc\.org/|www\.w3\.org/)", text), script


def test_browser_in_chinese_gets_chinese(
    browser: Browser, service: Any, tmp_path: Path, visiting: Callable[..., Any]
) -> None:
    with visiting(browser, service.url, tmp_path, locale="zh-CN") as visit:
        assert visit.page.locator("html").get_attribute("lang") == "zh-Hans"


def test_keyboard_alone_is_enough(visit: Any, files: dict[str, bytes]) -> None:
    page = visit.page
    choosers: list[FileChooser] = []
    page.on("filechooser", lambda chooser: choosers.append(chooser))
    names = []
    for _ in range(3):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.id || document.activeElement.lang"))
    assert names == ["en", "zh-Hans", "file"]
    assert page.evaluate(_RING) == "solid"
    for number, key in enumerate(("Space", "Enter"), 1):
        page.keyboard.press(key)
        page.wait_for_timeout(300)
        assert len(choosers) == number
    choosers[-1].set_files(
        {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": files["intact"]}
    )
    visit.answered()
    if page.locator("#option").is_visible():  # where the page can look into pixels itself
        page.keyboard.press("Tab")
    page.keyboard.press("Tab")  # the link of the filing, then what can be opened
    assert page.evaluate("document.activeElement.href").startswith("https://")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    page.keyboard.press("Enter")
    assert "Check: claim signature" in visit.panel("credential").inner_text()


_RING = "getComputedStyle(document.querySelector('#drop .choose')).outlineStyle"


def test_pasted_picture_is_examined(visit: Any, files: dict[str, bytes]) -> None:
    visit.transfer("paste", files["intact"], "image.png")
    visit.answered()
    assert visit.text("#headline") == INTACT


def test_what_is_no_file_or_too_many_is_told(visit: Any, files: dict[str, bytes]) -> None:
    for event in ("paste", "drop"):
        visit.transfer(event, b"")
        assert visit.text("#status").startswith("There is no file in that.")
    visit.transfer("drop", files["unreadable"], "first.txt", "second.txt")
    visit.answered()
    assert visit.text("#status").endswith("Only the first of 2 files is examined.")
    assert "first.txt" in visit.text(".verdict .file")


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
