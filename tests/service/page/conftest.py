"""The page in a real browser, in front of a real service, and files of every kind for it."""

from __future__ import annotations

import base64
import contextlib
import io
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from PIL import Image, ImageDraw, ImageOps
from playwright.sync_api import Browser, Locator, Page

from countermark import keys, mark, watermark
from countermark.credentials import library, sign
from countermark.keys.home import KEY
from countermark.record import DigitalSource, Filing, Producer, ProviderCode, Record, System
from countermark.registry import Registry

RECORD: Final = Record(
    source=DigitalSource.CAPTURED,
    creator="Rachel Michetti",
    producer=Producer(name="Example Works", code=ProviderCode.of("91350100M000100Y43")),
    system=System(name="Example Camera", version="5"),
    filing=Filing(number="Filing 4711", url="https://filing.example/4711"),
    title="Coffee in Montréal",
)
SCRIPT: Final = '"><img src=//evil.example/x onerror=alert(1)><script>alert(2)</script>'
HOSTILE: Final = Record(
    source=DigitalSource.AI_GENERATED,
    creator=f"{SCRIPT}\N{RIGHT-TO-LEFT OVERRIDE}",
    producer=Producer(name=f"<img src=x onerror=alert(5)>{SCRIPT}"),
    filing=Filing(number=SCRIPT, url="http://evil.example/alert(6)"),
    system=System(name="javascript:alert(3)"),
    title=f"<svg onload=alert(4)>{SCRIPT}",
)

LINK: Final = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
xmlns:dcterms="http://purl.org/dc/terms/" dcterms:provenance="https://evil.example/photo.c2pa"/>
</rdf:RDF></x:xmpmeta>"""

Photograph = Callable[..., Image.Image]
AsFile = Callable[..., bytes]


def _marked(picture: bytes, home: keys.Home, record: Record = RECORD) -> bytes:
    stream = io.BytesIO()
    with Registry.open(home.registry_path) as registry:
        mark(io.BytesIO(picture), stream, record=record, signer=home.signer(), registry=registry)
    return stream.getvalue()


def _with_manifest_of(jpeg: bytes, donor: bytes) -> bytes:
    """The APP11 segments of one JPEG put into another."""
    place, segments = 2, b""
    while donor[place + 1] != 0xDA:
        length = struct.unpack(">H", donor[place + 2 : place + 4])[0] + 2
        if donor[place + 1] == 0xEB:
            segments += donor[place : place + length]
        place += length
    return jpeg[:2] + segments + jpeg[2:]


@pytest.fixture(scope="session")
def page_home(tmp_path_factory: pytest.TempPathFactory) -> keys.Home:
    """The home folder of the service behind the page."""
    return keys.create_home(
        tmp_path_factory.mktemp("page") / "home", organisation="Example News", name="Example News"
    )


def _chain(
    signer: Any, stranger: Any, editor: Any, as_file: AsFile, photograph: Photograph
) -> bytes:
    """Taken, edited by somebody unknown, and composed with a picture without credentials."""

    def signed(picture: Image.Image, record: Record, by: Any, **others: Any) -> bytes:
        thumbnail = picture.copy()
        thumbnail.thumbnail((256, 256))
        content = io.BytesIO(as_file(picture))
        made = sign(
            content, "image/jpeg", record=record, signer=by, thumbnail=as_file(thumbnail), **others
        )
        return made.asset

    picture = photograph("ihc", 480)
    first = signed(picture, RECORD, signer)
    hostile = signed(picture.convert("L").convert("RGB"), HOSTILE, stranger)
    edit = Record(
        source=DigitalSource.HUMAN_EDITED, title="In grey", system=System(name="Example Editor")
    )
    grey = picture.convert("L").convert("RGB")
    second = signed(grey, edit, editor, parent=(io.BytesIO(first), "image/jpeg"))
    whole = grey.copy()
    whole.paste(photograph("rocket", 200), (20, 20))
    parts = [hostile, as_file(photograph("rocket", 200))]
    return signed(
        whole,
        Record(source=DigitalSource.COMPOSITE, title="Composed"),
        signer,
        parent=(io.BytesIO(second), "image/jpeg"),
        components=[(io.BytesIO(part), "image/jpeg") for part in parts],
    )


def _updated(content: bytes, home: keys.Home) -> bytes:
    """With a manifest that adds to the one in it, as the C2PA library makes them."""
    out = io.BytesIO()
    library.embed(
        io.BytesIO(content),
        out,
        "image/jpeg",
        {"claim_generator_info": [{"name": "other", "version": "1"}]},
        algorithm="es256",
        certificate_chain=home.signer().certificate_chain,
        private_key=(home.signing_folder / KEY).read_bytes(),
        signature_bytes=0,
        resources={},
        ingredients=[],
        in_pieces=False,
        is_update=True,
    )
    return out.getvalue()


@pytest.fixture(scope="session")
def files(
    page_home: keys.Home,
    tmp_path_factory: pytest.TempPathFactory,
    photograph: Photograph,
    as_file: AsFile,
) -> dict[str, bytes]:
    """A file of every kind, by what the page shall say about it."""
    stranger = keys.create_home(
        tmp_path_factory.mktemp("stranger") / "home",
        organisation=f"Evil {SCRIPT}"[:60],
        name="<b>BBC News</b>",
    )
    editor = keys.create_home(tmp_path_factory.mktemp("editor") / "home", name="Example Editors")
    coffee = as_file(photograph("coffee", 900))
    intact = _marked(coffee, page_home)
    picture = Image.open(io.BytesIO(intact)).convert("RGB")
    edited = picture.copy()
    ImageDraw.Draw(edited).ellipse((300, 150, 420, 270), "black")
    width, height = picture.size
    cut = picture.rotate(7, Image.Resampling.BICUBIC).crop(
        (round(0.16 * width), round(0.14 * height), round(0.9 * width), round(0.86 * height))
    )
    sideways = Image.Exif()
    sideways[0x0112] = 6  # to be shown turned clockwise by a quarter
    plain, small = as_file(picture), as_file(picture.resize((300, 200)))
    resigned = sign(
        io.BytesIO(plain), "image/jpeg", record=HOSTILE, signer=stranger.signer(), thumbnail=small
    )
    return {
        "intact": intact,
        "recovered": as_file(cut, quality=80),
        "mirrored": as_file(ImageOps.mirror(cut), quality=90),
        "sideways": as_file(cut.rotate(90, expand=True), exif=sideways),
        "original": coffee,
        "altered": _with_manifest_of(as_file(edited), intact),
        "transplanted": _with_manifest_of(as_file(photograph("astronaut", 700)), intact),
        "unmarked": as_file(photograph("retina", 500)),
        "unreadable": b"This is no picture at all.",
        "hostile": _marked(as_file(photograph("rocket", 640)), stranger, HOSTILE),
        "resigned": resigned.asset,
        "damaged": intact.replace(b"Rachel Michetti", b"Rachel Michette"),
        "elsewhere": as_file(watermark.embed(photograph("chelsea", 500), 0xFEED)),
        "linked": as_file(photograph("ihc", 400), xmp=LINK),
        "chain": _chain(
            page_home.signer(), stranger.signer(), editor.signer(), as_file, photograph
        ),
        "updated": _updated(intact, page_home),
        "drawing": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(5)</script></svg>',
    }


@dataclass
class Seen:
    """What a browser did: requests, dialogs, complaints."""

    requests: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@dataclass
class Visit:
    """A browser at the page. `shots`: where its pictures go, if anywhere."""

    page: Page
    url: str
    seen: Seen
    shots: Path | None

    def drop(self, content: bytes, name: str = "photo.jpg") -> None:
        """Let a file fall onto the page, and wait for the answer."""
        self.transfer("drop", content, name)
        self.answered()

    def transfer(self, event: str, content: bytes, *names: str) -> None:
        """The event of dropping or pasting files, as a browser makes it."""
        self.page.evaluate(_TRANSFER, [event, base64.b64encode(content).decode(), names])

    def answered(self) -> None:
        self.page.locator("body.answered:not(.busy)").wait_for(timeout=60_000)

    def text(self, selector: str) -> str:
        return self.page.locator(selector).inner_text()

    def panel(self, name: str) -> Locator:
        return self.page.locator(f".panel.{name}")

    def shoot(self, name: str) -> None:
        if self.shots is not None:
            self.page.screenshot(path=self.shots / f"{name}.png", full_page=True)


_TRANSFER: Final = """([kind, base64, names]) => {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const transfer = new DataTransfer();
  for (const name of names) transfer.items.add(new File([bytes], name));
  const options = {bubbles: true, cancelable: true};
  const event = kind === "paste"
    ? new ClipboardEvent(kind, {...options, clipboardData: transfer})
    : new DragEvent(kind, {...options, dataTransfer: transfer});
  document.getElementById("question").dispatchEvent(event);
}"""


@pytest.fixture(scope="session")
def service(
    page_home: keys.Home, files: dict[str, bytes], running: Callable[..., Any]
) -> Iterator[Any]:
    """The service; `files` are marked before it starts."""
    assert files
    with running(page_home) as started:
        yield started


@pytest.fixture(scope="session")
def visiting(
    request: pytest.FixtureRequest,
) -> Callable[..., contextlib.AbstractContextManager[Visit]]:
    """Opens the page in a browser that remembers nothing from before.

    Pictures of it are for people, and taken when no workers of xdist share the tests (-n 0).
    """
    return partial(_visiting, is_shown=not hasattr(request.config, "workerinput"))


@contextlib.contextmanager
def _visiting(
    browser: Browser, url: str, shots: Path, *, is_shown: bool, **options: Any
) -> Iterator[Visit]:
    seen = Seen()
    settings = {"locale": "en-GB", "viewport": {"width": 1180, "height": 900}, **options}
    context = browser.new_context(**settings)
    try:
        context.on("request", lambda request: seen.requests.append(request.url))
        page = context.new_page()
        page.on("console", lambda message: seen.complaints.append(message.text))
        page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (seen.dialogs.append(dialog.message), dialog.dismiss()))
        page.goto(url)
        page.locator("#privacy").get_by_text(url.removeprefix("http://")).wait_for()
        yield Visit(page, url, seen, shots if is_shown else None)
    finally:
        context.close()


@pytest.fixture
def visit(
    browser: Browser, service: Any, tmp_path: Path, visiting: Callable[..., Any]
) -> Iterator[Visit]:
    """The page in English; whatever a test does there, nothing runs or leaves that must not."""
    with visiting(browser, service.url, tmp_path) as opened:
        yield opened
        assert opened.seen.dialogs == []
        assert opened.seen.complaints == []
        assert [url for url in opened.seen.requests if not url.startswith(service.url)] == []
