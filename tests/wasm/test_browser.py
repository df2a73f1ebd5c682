"""The module in a browser: it marks a real picture there, which Python reads, and the other way."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from countermark import watermark

pytestmark = pytest.mark.wasm

PAYLOAD: Final = 0xFEED_FACE_CAFE_F00D
POLICY: Final = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'"

# A page and a worker that use the package as it lies there.
FILES: Final = {
    "index.html": '<!doctype html><meta charset="utf-8"><title>Test</title>',
    "worker.js": """
        import { load } from "./package/countermark.js";
        const core = load();
        addEventListener("message", async ({ data: { verb, picture, rest } }) => {
          try {
            postMessage({ result: (await core)[verb](picture, ...rest) });
          } catch (error) {
            postMessage({ code: error.code, remedy: error.remedy });
          }
        });""",
}
_PAGE: Final = """async ([verb, base64, inWorker, rest]) => {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes]));
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d");
  context.drawImage(bitmap, 0, 0);
  const picture = context.getImageData(0, 0, bitmap.width, bitmap.height);
  rest = rest.map((each) => (typeof each === "string" ? BigInt(each) : each));
  const answer = inWorker
    ? await new Promise((resolve, reject) => {
      const worker = new Worker("/worker.js", { type: "module" });
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = reject;
      worker.postMessage({ verb, picture, rest });
    })
    : { result: (await (await import("/package/countermark.js")).load())[verb](picture, ...rest) };
  if (verb !== "embed" || answer.code) {
    const plain = (_, value) => (typeof value === "bigint" ? String(value) : value);
    return JSON.stringify(answer, plain);
  }
  const { data, width, height } = answer.result;
  context.putImageData(new ImageData(data, width, height), 0, 0);
  const blob = await canvas.convertToBlob({ type: "image/png" });
  let binary = "";
  for (const byte of new Uint8Array(await blob.arrayBuffer())) binary += String.fromCharCode(byte);
  return btoa(binary);
}"""


class _Handler(SimpleHTTPRequestHandler):
    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def address(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A web server with the package, under a strict policy for content."""
    folder = tmp_path_factory.mktemp("web")
    for name, text in FILES.items():
        (folder / name).write_text(text)
    (folder / "package").symlink_to(package)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=folder))
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context()
    opened = context.new_page()
    opened.goto(address)
    yield opened
    context.close()


def png(picture: Image.Image) -> str:
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode()


@pytest.mark.parametrize("in_worker", [False, True])
def test_browser_marks_and_python_reads(
    page: Page, photograph: Callable[..., Image.Image], in_worker: bool
) -> None:
    picture = photograph("coffee", 800)
    drawn = page.evaluate(_PAGE, ["embed", png(picture), in_worker, [str(PAYLOAD)]])
    marked = Image.open(io.BytesIO(base64.b64decode(drawn))).convert("RGB")
    expected = watermark.embed(picture, PAYLOAD)
    assert np.array_equal(np.asarray(marked), np.asarray(expected))
    found = watermark.detect(marked.rotate(3).crop((60, 60, 640, 460)))
    assert found is not None
    assert found.payload == PAYLOAD


@pytest.mark.parametrize("in_worker", [False, True])
def test_python_marks_and_browser_reads(
    page: Page, photograph: Callable[..., Image.Image], in_worker: bool
) -> None:
    copy = watermark.embed(photograph("rocket", 800), PAYLOAD).rotate(5).crop((70, 70, 640, 480))
    told = page.evaluate(_PAGE, ["detect", png(copy), in_worker, []])
    assert f'"payload":"{PAYLOAD}"' in told


def test_errors_arrive_with_a_remedy(page: Page, photograph: Callable[..., Image.Image]) -> None:
    told: Any = page.evaluate(_PAGE, ["detect", png(photograph("rocket", 120)), True, []])
    assert told == '{"code":"image-too-small","remedy":"Give a picture with larger sides."}'
