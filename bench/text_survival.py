"""What becomes of a manifest in a text on the ways that texts go.

    pip install '.[test]'    # and Chromium, for what is copied and pasted in a browser
    python -m bench.text_survival

Five texts, each signed by each method, go through every transform; then they are verified. What
chat applications do is simulated: filters of invisible characters, limits of length, and databases
that keep no characters beyond U+FFFF. Copy and paste is that of Chromium, by its own keys.
"""

import base64
import csv
import email
import email.policy
import functools
import html
import io
import json
import os
import pty
import re
import shutil
import sqlite3
import statistics
import sys
import tempfile
import textwrap
import time
import tty
import unicodedata
import urllib.parse
from collections import Counter
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path

from markdown_it import MarkdownIt
from playwright.sync_api import Page, sync_playwright

from bench.machine import provenance
from countermark import keys, text
from countermark.credentials import Signer, Trust
from countermark.record import DigitalSource, Record
from countermark.registry import Registry

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
METHODS = {
    "unstructured": "text/plain",
    "structured": "text/markdown",
    "html": "text/html",
}
TEXTS = {
    "a line": "A lake lies still.",
    "English": "# A lake\n\nIt lies *still*, the café says.\n\n- calm\n- deep\n" * 6,
    "Chinese": "# 湖\n\n湖面平静，“人工智能”写道。\n湖很深。\n" * 6,
    "accents": "# Tiếng Việt\n\nMặt hồ phẳng lặng; Åse går til sjøen.\n" * 6,
    "emoji": "# 👩‍🔬\n\nCalm ☀️, deep ❤️, 🏳️‍🌈 and 👨‍👩‍👧.\n" * 6,
}
LENGTHS = (100, 4_000, 100_000)
ROUNDS = 25
INVISIBLE = re.compile("[\u200b-\u200f\u2060-\u2064\ufeff\u00ad]")
SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
Change = Callable[[str], str]


def email_round_trip(content: str, encoding: str) -> str:
    """As a mail that is written and read by Python's package."""
    message = EmailMessage(policy=email.policy.SMTP)
    message.set_content(content, cte=encoding)
    read = email.message_from_bytes(message.as_bytes(), policy=email.policy.default)
    return str(read.get_content())


def quoted(content: str) -> str:
    return "".join(f"> {line}" for line in content.splitlines(keepends=True))


def csv_round_trip(content: str) -> str:
    out = io.StringIO()
    csv.writer(out).writerow([content])
    return next(csv.reader(io.StringIO(out.getvalue(), newline="")))[0]


def in_database(content: str) -> str:
    database = sqlite3.connect(":memory:")
    return str(database.execute("select ?", [content]).fetchone()[0])


def terminal(content: str) -> str:
    """What a program writes to a terminal in its usual mode, as the terminal gets it."""
    ours, theirs = pty.openpty()
    if os.fork() == 0:
        os.close(ours)
        with open(theirs, "wb") as out:
            out.write(content.encode())
        os._exit(0)
    os.close(theirs)
    return _drained(ours).decode()


def typed(content: str) -> str:
    """Pasted into a terminal in raw mode, as editors and shells have it, and read there."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    if os.fork() == 0:
        os.close(theirs)
        data = content.encode()
        while data:
            data = data[os.write(ours, data[:1024]) :]
        os._exit(0)
    wanted, found = len(content.encode()), b""
    while len(found) < wanted:
        found += os.read(theirs, 1 << 16)
    os.wait()
    os.close(ours)
    os.close(theirs)
    return found.decode()


def _drained(file: int) -> bytes:
    found = b""
    try:
        while piece := os.read(file, 1 << 16):
            found += piece
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(file)
    os.wait()
    return found


TRANSFORMS: dict[str, dict[str, Change]] = {
    "Unicode": {
        "NFC": functools.partial(unicodedata.normalize, "NFC"),
        "NFD": functools.partial(unicodedata.normalize, "NFD"),
        "NFKC": functools.partial(unicodedata.normalize, "NFKC"),
        "NFKD": functools.partial(unicodedata.normalize, "NFKD"),
        "case folded": str.casefold,
        "UTF-16 and back": lambda s: s.encode("utf-16").decode("utf-16"),
        "ASCII, others as question marks": lambda s: s.encode("ascii", "replace").decode(),
    },
    "White space and lines": {
        "line ends CRLF": lambda s: s.replace("\n", "\r\n"),
        "a byte order mark in front": lambda s: "\ufeff" + s,
        "trimmed at both ends": str.strip,
        "trimmed at each line's end": lambda s: "\n".join(map(str.rstrip, s.split("\n"))),
        "a line end added": lambda s: s + "\n",
        "wrapped at 72 columns": lambda s: textwrap.fill(s, 72),
    },
    "Formats, there and back": {
        "escaped in HTML": lambda s: html.unescape(html.escape(s)),
        "JSON": lambda s: str(json.loads(json.dumps(s))),
        "CSV": csv_round_trip,
        "URL": lambda s: urllib.parse.unquote(urllib.parse.quote(s)),
        "Base64": lambda s: base64.b64decode(base64.b64encode(s.encode())).decode(),
        "SQLite": in_database,
    },
    "Mail": {
        "quoted-printable": lambda s: email_round_trip(s, "quoted-printable"),
        "base64": lambda s: email_round_trip(s, "base64"),
        "quoted by > in an answer": quoted,
        "quoted, then the marks taken out": lambda s: re.sub("(?m)^> ", "", quoted(s)),
    },
    "Terminal (Linux pseudo-terminal)": {
        "written by a program": terminal,
        "pasted into one in raw mode": typed,
    },
    "Parts": {
        "a word changed": lambda s: re.sub("lake|湖|phẳng|Calm", "pond", s, count=1),
        "a sentence in front": lambda s: "See this. " + s,
        "first half": lambda s: s[: len(s) // 2],
        "first 4,096 characters": lambda s: s[:4096],
        "first 2,000 characters": lambda s: s[:2000],
    },
    "Filters, simulated": {
        "variation selectors taken out": lambda s: SELECTORS.sub("", s),
        "zero-width characters taken out": lambda s: INVISIBLE.sub("", s),
        "format characters (Cf) taken out": lambda s: "".join(
            c for c in s if unicodedata.category(c) != "Cf"
        ),
        "characters beyond U+FFFF taken out": lambda s: re.sub("[\U00010000-\U0010ffff]", "", s),
        "cut at the first beyond U+FFFF": lambda s: re.split("[\U00010000-\U0010ffff]", s)[0],
    },
}

_SHOW = """([content, how]) => {
  document.body.replaceChildren();
  if (how === "html") document.body.innerHTML = content;
  else {
    const box = document.createElement(how);
    if (how === "textarea") box.value = content; else box.textContent = content;
    box.id = "source";
    document.body.append(box);
  }
  const target = document.createElement("textarea");
  target.id = "target";
  document.body.append(target);
  const rich = document.createElement("div");
  rich.contentEditable = "true";
  rich.id = "rich";
  document.body.append(rich);
}"""
_SELECT = """() => {
  const box = document.getElementById("source");
  if (box && box.tagName === "TEXTAREA") { box.focus(); box.select(); return; }
  const range = document.createRange();
  if (box) range.selectNodeContents(box);
  else {
    range.setStart(document.body, 0);
    range.setEndBefore(document.getElementById("target"));
  }
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
}"""


def pasted(page: Page, content: str, how: str, into: str) -> str:
    """Shown, selected, copied by Control and C, pasted by Control and V into a field."""
    page.evaluate(_SHOW, [content, how])
    page.evaluate(_SELECT)
    page.keyboard.press("Control+c")
    page.focus(f"#{into}")
    page.keyboard.press("Control+v")
    if into == "rich":
        return str(page.evaluate("document.getElementById('rich').innerText"))
    return str(page.evaluate("document.getElementById('target').value"))


def submitted(page: Page, content: str) -> str:
    """What a server gets of a field."""
    got: list[str] = []

    def answer(route: object) -> None:
        body = route.request.post_data_buffer or b""  # type: ignore[attr-defined]
        got.append(urllib.parse.parse_qs(body.decode())["a"][0])
        route.fulfill(status=204)  # type: ignore[attr-defined]

    page.route("**/submit", answer)
    page.evaluate(
        """(content) => {
          const form = document.createElement("form");
          form.method = "post"; form.action = "/submit"; form.acceptCharset = "utf-8";
          const box = document.createElement("textarea");
          box.name = "a"; box.value = content;
          form.append(box); document.body.append(form); form.submit();
        }""",
        content,
    )
    for _ in range(100):
        if got:
            break
        page.wait_for_timeout(20)
    page.unroute("**/submit")
    return got[0]


def in_browser(page: Page) -> dict[str, Change]:
    common, plain = MarkdownIt("commonmark"), MarkdownIt("js-default")

    def shown(how: str, into: str = "target") -> Change:
        return lambda s: pasted(page, s, how, into)

    return {
        "from pre into a text field": shown("pre"),
        "from a text field into another": shown("textarea"),
        "from a paragraph into a text field": shown("p"),
        "from pre into an editable element": shown("pre", "rich"),
        "a text field that is submitted": lambda s: submitted(page, s),
        "trimmed by JavaScript": lambda s: str(page.evaluate("(s) => s.trim()", s)),
        "as HTML source that is shown": shown("html"),
        "Markdown shown, CommonMark": lambda s: pasted(page, common.render(s), "html", "target"),
        "Markdown shown, no HTML in it": lambda s: pasted(page, plain.render(s), "html", "target"),
    }


def as_page(content: str) -> str:
    body = html.escape(content)
    return f"<!doctype html>\n<html><head><title>A</title>\n</head><body>{body}</body></html>\n"


def verdict(content: str, method: str, trust: Trust) -> str:
    """The word for a text."""
    report = text.verify(content, media_type=METHODS[method], trust=trust, registry=NOTHING)
    return "lost" if report.verdict.value == "unmarked" else report.verdict.value


NOTHING = Registry.open("no such file")


def signed_texts(signer: Signer, registry: Registry) -> dict[str, list[str]]:
    record = Record(source=DigitalSource.AI_GENERATED)
    made: dict[str, list[str]] = {}
    for method, media_type in METHODS.items():
        made[method] = [
            text.sign(
                as_page(content) if method == "html" else content,
                record=record,
                signer=signer,
                registry=registry,
                media_type=media_type,
            )
            for content in TEXTS.values()
        ]
    return made


def rows(transforms: dict[str, Change], made: dict[str, list[str]], trust: Trust) -> Iterator[str]:
    for name, change in transforms.items():
        cells = []
        for method, contents in made.items():
            found = Counter(verdict(change(one), method, trust) for one in contents)
            words = ", ".join(
                word if count == len(contents) else f"{word} {count}"
                for word, count in sorted(found.items())
            )
            cells.append(words)
        yield f"| {name} | {' | '.join(cells)} |"


def costs(signer: Signer, registry: Registry, trust: Trust) -> Iterator[str]:
    """What signing and verifying takes, with the line in the log of a registry in SQLite."""
    record = Record(source=DigitalSource.AI_GENERATED)
    for characters in LENGTHS:
        content = ("A lake lies still. " * characters)[:characters]
        for method in ("unstructured", "structured"):
            spent: dict[str, list[float]] = {"sign": [], "verify": []}
            for _ in range(ROUNDS):
                began = time.process_time()
                done = text.sign(
                    content,
                    record=record,
                    signer=signer,
                    registry=registry,
                    media_type=METHODS[method],
                )
                signed = time.process_time()
                assert verdict(done, method, trust) == "intact"
                spent["sign"].append(signed - began)
                spent["verify"].append(time.process_time() - signed)
            cells = (f"{statistics.median(each) * 1000:.1f}" for each in spent.values())
            yield f"| {characters:,} | {method} | {' | '.join(cells)} |"


def main() -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory() as folder:
        home = keys.create_home(Path(folder) / "home")
        trust = Trust.from_file(home.trust_path)
        with Registry.open(home.registry_path) as registry:
            made = signed_texts(home.signer(), registry)
            spent = list(costs(home.signer(), registry, trust))
    print(f"# What a manifest in a text survives\n\n{provenance()}\n")
    print(
        f"{len(TEXTS)} texts by each method; where they differ, the number is that of texts. "
        "*intact*: the manifest is there, and the text is as it was signed. *altered*: it is there "
        "or in pieces, and the verdict says so. *lost*: nothing is left (`unmarked`). Of pages it "
        "is the file that goes these ways, as text.\n"
    )
    for name, contents in made.items():
        sizes = sorted(
            len(one.encode()) - len((as_page(t) if name == "html" else t).encode())
            for one, t in zip(contents, TEXTS.values(), strict=True)
        )
        print(f"- {name}: {sizes[0]:,} to {sizes[-1]:,} bytes more")
    head = f"| | {' | '.join(made)} |\n|---|{'---|' * len(made)}"
    for group, transforms in TRANSFORMS.items():
        print(f"\n## {group}\n\n{head}")
        print("\n".join(rows(transforms, made, trust)))
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        sys.exit("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page()
        page.route(
            "http://localhost/", lambda route: route.fulfill(body="", content_type="text/html")
        )
        page.goto("http://localhost/")
        print(f"\n## Chromium {browser.version}, copied and pasted\n\n{head}")
        print("\n".join(rows(in_browser(page), made, trust)))
        browser.close()
    print(f"\n## Cost\n\nProcessor time, median of {ROUNDS} calls.\n")
    print("| characters | | sign, ms | verify, ms |\n|---:|---|---:|---:|")
    print("\n".join(spent))


if __name__ == "__main__":
    main()
