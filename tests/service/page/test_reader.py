"""The reader in the browser: what it says by itself, and that nothing is sent before the click.

The real one, from npm: the tests need the registry that npm is told to use, or the folder that
COUNTERMARK_READER names, filled by `python -m countermark.service.reader FOLDER`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from countermark.errors import ReaderUnavailable
from countermark.service import reader

ASK = "Send it and ask"
READ = "Its credential says this; nobody has judged it yet"
CHANGED = "Its credential no longer fits the file"
INVALID = "Its credential fails its own checks"
NONE = "This browser found no credential in it"
UNREAD = "This browser could not read a credential in it"


@pytest.fixture(scope="module")
def assets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reader as published, fetched once for all processes of a test run."""
    shared = tmp_path_factory.getbasetemp().parent / "countermark-reader"
    folder = Path(os.environ.get("COUNTERMARK_READER", shared))
    try:
        try:
            reader.check(folder)
        except ReaderUnavailable:
            reader.fetch(folder)
    except ReaderUnavailable as error:
        pytest.fail(f"These tests need the npm registry or COUNTERMARK_READER: {error}")
    return folder


@pytest.fixture(scope="module")
def service(
    page_home: Any, files: dict[str, bytes], assets: Path, running: Callable[..., Any]
) -> Iterator[Any]:
    assert files
    with running(page_home, reader=assets) as started:
        yield started


def sent(visit: Any) -> list[str]:
    """Requests that could have taken something out of the page."""
    return [url for url in visit.seen.requests if "/v1/" in url]


def test_credential_is_read_here_and_the_rest_after_a_click(
    visit: Any, files: dict[str, bytes]
) -> None:
    assert "This browser reads the credential in the file itself." in visit.text("#privacy")
    visit.drop(files["chain"])
    assert visit.text("#headline") == READ
    assert visit.text("#status") == f"Done. {READ}"
    assert "The file was sent nowhere. This is no verdict." in visit.text(".means")
    text = visit.panel("credential").inner_text()
    assert "Signature and content agree; who signed it is not judged" in text
    assert "Signed under the name\nExample News" in text
    assert "Not judged: this browser knows no trust list." in text
    assert "Composed" in text
    assert "Earlier version: In grey" in text
    assert "Earlier version: Coffee in Montréal" in text
    assert "Trusted" not in text
    assert "trusted, by" not in text
    assert visit.page.locator(".shown, .chip, .sure.proven").count() == 0
    assert visit.panel("credential").locator(".part canvas").count() == 3
    assert sent(visit) == []
    visit.shoot("here")
    offer = visit.text(".offer")
    assert f"it is given the whole file ({len(files['chain']):,} bytes)" in offer
    assert visit.url.removeprefix("http://") in offer
    visit.page.get_by_role("button", name=ASK).click()
    visit.page.locator(".chip").first.wait_for()
    assert visit.text("#headline") == "Unchanged since Example News signed it"
    assert len(sent(visit)) == 1
    assert "Trusted: your own list" in visit.panel("credential").inner_text()
    assert visit.page.locator(".panel").count() == 4
    assert visit.page.locator(".offer").count() == 0


@pytest.mark.wasm
def test_in_the_browser_only_the_credential_is_read_too(
    visit: Any, files: dict[str, bytes]
) -> None:
    visit.page.get_by_role("checkbox", name="Check in this browser only").check()
    visit.drop(files["intact"])
    assert visit.text("#headline") == "Its watermark leads to a credential in the registry"
    text = visit.panel("credential").inner_text()
    assert "Signature and content agree; who signed it is not judged" in text
    assert "Coffee in Montréal" in text
    assert {url.rpartition("/")[2] for url in sent(visit)} == {"byBinding?maxResults=4"}
    visit.shoot("alone-with-reader")


def test_reader_and_service_tell_the_same_chain(visit: Any, files: dict[str, bytes]) -> None:
    def outline() -> list[str]:
        shown = visit.panel("credential").locator(".role, .made .sure").all_inner_texts()
        return [str(text) for text in shown]

    visit.drop(files["chain"])
    before = outline()
    visit.page.get_by_role("button", name=ASK).click()
    visit.page.locator(".chip").first.wait_for()
    assert before == outline()
    assert len(before) == 8


FOUND = {
    "unmarked": (NONE, "Its pixels may still lead to some"),
    "recovered": (NONE, "Its pixels may still lead to some"),
    "drawing": (NONE, "Its pixels may still lead to some"),
    "updated": (READ, "The signature holds; whether the content fits it was not read"),
    "altered": (CHANGED, "Not proven: the file no longer fits the signature"),
    "transplanted": (CHANGED, "Not proven: the file no longer fits the signature"),
    "damaged": (INVALID, "Proves nothing: fails its own checks"),
    "linked": ("Its credential is stored elsewhere", "Nothing was fetched from there."),
    "unreadable": (UNREAD, "does not know this kind of file"),
}


def test_what_the_browser_finds(visit: Any, files: dict[str, bytes]) -> None:
    for kind, (headline, says) in FOUND.items():
        visit.drop(files[kind])
        assert visit.text("#headline") == headline, kind
        text = visit.panel("credential").inner_text()
        assert says in text, kind
        counts = kind in ("altered", "transplanted", "updated")
        assert ("Signed under the name" in text) == counts
        assert ("Coffee in Montréal" in text) == counts
        if kind in ("altered", "transplanted"):
            assert "Filing 4711 https://filing.example/4711" in text
    assert sent(visit) == []


def test_what_strangers_write_stays_text(visit: Any, files: dict[str, bytes]) -> None:
    visit.drop(files["hostile"], "<img src=x onerror=alert(6)>.jpg")
    text = visit.panel("credential").inner_text()
    assert "<svg onload=alert(4)>" in text
    assert "<b>BBC News</b>" in text
    assert "BBC News" not in visit.text("#headline")
    assert visit.page.locator("#answer :is(img, script, a, iframe, object, embed)").count() == 0
    visit.page.wait_for_timeout(300)  # what would run by itself had time for it


def test_bytes_of_all_kinds_end_in_words(visit: Any, files: dict[str, bytes]) -> None:
    whole = files["chain"]
    for content in (
        whole[:5000],
        whole[: len(whole) // 2],
        whole.replace(b"jumb", b"jumx", 3),
        b"\xff\xd8\xff\xeb" + b"\xff" * 400,
        b"%PDF-1.7\n" + bytes(99),
        b"",
    ):
        visit.drop(content)
        assert visit.text("#headline") in (CHANGED, INVALID, NONE, UNREAD)
    assert sent(visit) == []


def test_trees_without_end_are_cut(visit: Any) -> None:
    """As the service cuts them; the reader itself would hand on more."""
    circle, wide, deep = visit.page.evaluate(_TREES)
    assert circle["ingredients"][0]["ingredients"] == []
    assert (len(wide["ingredients"]), wide["omitted"]) == (24, 276)
    depth = 0
    while deep["ingredients"]:
        (deep,), depth = deep["ingredients"], depth + 1
    assert (depth, deep["omitted"]) == (8, 1)


_TREES = """async () => {
  const { told } = await import("/page/store.js");
  const store = (manifests) => ({
    active_manifest: "0", manifests,
    validation_results: {activeManifest: {success: [{code: "claimSignature.validated"}]}},
  });
  const above = (label) => ({relationship: "parentOf", active_manifest: String(label)});
  const deep = Array.from({length: 40}, (_, at) => ({ingredients: [above(at + 1)]}));
  return [
    told(store({0: {ingredients: [above(0)]}})),
    told(store({0: {ingredients: Array(300).fill({title: "x"})}})),
    told(store({...deep})),
  ];
}"""


def test_policy_lets_assemblies_of_this_service_run_and_nothing_else(visit: Any) -> None:
    with httpx.Client(base_url=visit.url, trust_env=False) as client:
        for path in ("/", "/page/reader/c2pa_worker.js", "/v1/services/status"):
            policy = client.get(path).headers["content-security-policy"]
            assert "default-src 'self';" in policy
            assert policy.endswith("; script-src 'self' 'wasm-unsafe-eval'")
            assert not {"blob:", "data:", "'unsafe-inline'", "'unsafe-eval'"} & set(policy.split())
        wasm = client.get("/page/reader/c2pa_bg.wasm")
        assert wasm.headers["content-type"] == "application/wasm"
        assert wasm.headers["cache-control"] == "no-cache"
        again = {"if-none-match": wasm.headers["etag"]}
        assert client.get("/page/reader/c2pa_bg.wasm", headers=again).status_code == 304
    tried = visit.page.evaluate(_TRIED)
    assert tried == {"eval": False, "worker": False, "wasm": True}
    visit.seen.complaints.clear()  # it has complained of what was tried


_TRIED = """async () => {
  // Later, for what the test itself evaluates may do more.
  const works = (what) => new Promise((done) => setTimeout(async () => {
    try { done(await what()); } catch { done(false); }
  }));
  const empty = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  return {
    eval: await works(() => Boolean(new Function("return 1")())),
    worker: await works(() => new Promise((done) => {
      const worker = new Worker(URL.createObjectURL(new Blob(["postMessage(1)"])));
      worker.onmessage = () => done(true);
      worker.onerror = () => done(false);
    })),
    wasm: await works(async () => Boolean(await WebAssembly.compile(empty))),
  };
}"""


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
        visit.drop(files["chain"])
        found = Axe().run(visit.page).response
        assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found["violations"]] == []
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
        visit.shoot(f"here-{scheme}-{width}")
        button = visit.page.locator(".offer button")
        button.focus()
        visit.page.keyboard.press("Enter")
        visit.page.locator(".chip").first.wait_for()
        assert visit.page.evaluate("document.activeElement.id") == "status"
        assert len(sent(visit)) == 1
