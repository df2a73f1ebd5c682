"""What a generation server answers is marked and signed, or not given out."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import socket
import struct
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import uvicorn
from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    JSONResponse,
    PlainTextResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from countermark import (
    DigitalSource,
    Record,
    Registry,
    TrustStatus,
    Verdict,
    audio,
    credentials,
    keys,
    verify,
    watermark,
)
from countermark.credentials import Trust
from countermark.errors import RegistryError
from countermark.integrations import Marker
from countermark.integrations.asgi import Middleware
from countermark.marking import pictures

RECORD = Record(source=DigitalSource.AI_GENERATED, creator="Ada Example")
RATE = 24_000


@pytest.fixture(scope="module")
def picture(photograph: Callable[..., Image.Image], as_file: Callable[..., bytes]) -> bytes:
    return as_file(photograph("coffee", 320), "PNG")


@pytest.fixture
def marker(home: keys.Home, registry: Registry) -> Marker:
    return Marker(record=RECORD, signer=home.signer(), registry=registry)


@pytest.fixture
def speech(tune: Path) -> np.ndarray[Any, np.dtype[np.int16]]:
    """Twelve seconds of one channel, half as fast."""
    left = np.fromfile(tune, "<f4")[::2]
    whole = np.rint(32_000 * left[: 12 * RATE] / np.abs(left).max())
    return whole.astype("<i2")


def application(picture: bytes, speech: Any, folder: Path) -> Starlette:
    encoded = base64.b64encode(picture).decode()
    url = f"data:image/png;base64,{encoded}"
    stored = folder / "stored.png"
    stored.write_bytes(picture)
    wave = b"RIFF\xff\xff\xff\xffWAVEfmt " + struct.pack(
        "<IHHIIHH4sI", 16, 1, 1, RATE, 2 * RATE, 2, 16, b"data", 0xFFFFFFFF
    )

    async def images(request: Request) -> Response:
        data = [{"b64_json": encoded, "revised_prompt": "a cup"}] * 2
        return JSONResponse({"created": 7, "data": data, "usage": {"total_tokens": 3}})

    async def addresses(request: Request) -> Response:
        return JSONResponse({"created": 7, "data": [{"url": "https://cdn.example/1.png"}]})

    async def chat(request: Request) -> Response:
        content = [
            {"type": "text", "text": f"Here: ![a cup]({url}) see https://example.org"},
            {"type": "image_url", "image_url": {"url": url}},
        ]
        cited = [{"type": "url_citation", "url_citation": {"url": "https://example.org"}}]
        message = {"role": "assistant", "content": content, "annotations": cited}
        return JSONResponse({"choices": [{"message": message}]})

    async def elsewhere(request: Request) -> Response:
        content = [{"type": "image_url", "image_url": {"url": "https://cdn.example/1.png"}}]
        return JSONResponse({"choices": [{"message": {"content": content}}]})

    async def words(request: Request) -> Response:
        return JSONResponse({"choices": [{"message": {"content": "é"}}], "id": 1.0})

    async def events(request: Request) -> Response:
        async def parts() -> AsyncIterator[str]:
            partial = {"type": "image_generation.partial_image", "b64_json": encoded}
            text = f"event: image_generation.partial_image\ndata: {json.dumps(partial)}\n\n"
            for start in range(0, len(text), 9999):
                yield text[start : start + 9999]
            yield ": a comment\n\ndata: [DONE]\n\n"

        return StreamingResponse(parts(), media_type="text/event-stream")

    async def binary(request: Request) -> Response:
        return Response(picture, media_type="image/png", headers={"etag": '"1"'})

    async def file(request: Request) -> Response:
        return FileResponse(stored)

    async def octets(request: Request) -> Response:
        return Response(picture, media_type="application/octet-stream")

    async def svg(request: Request) -> Response:
        return Response(b"<svg/>", media_type="image/svg+xml")

    async def zipped(request: Request) -> Response:
        headers = {"content-encoding": "gzip"}
        return Response(picture, media_type="image/png", headers=headers)

    async def archive(request: Request) -> Response:
        return Response(b"PK\x03\x04", media_type="application/zip")

    async def tiny(request: Request) -> Response:
        out = io.BytesIO()
        Image.new("RGB", (64, 64)).save(out, "PNG")
        return Response(out.getvalue(), media_type="image/png")

    async def text(request: Request) -> Response:
        return PlainTextResponse("ok", headers={"etag": '"1"'})

    async def pcm(request: Request) -> Response:
        async def parts() -> AsyncIterator[bytes]:
            content = speech.tobytes()
            for start in range(0, len(content), 4801):
                yield content[start : start + 4801]

        return StreamingResponse(parts(), media_type="audio/pcm")

    async def wav(request: Request) -> Response:
        async def parts() -> AsyncIterator[bytes]:
            content = wave + speech.tobytes()
            for start in range(0, len(content), 4801):
                yield content[start : start + 4801]

        return StreamingResponse(parts(), media_type="audio/wav")

    async def spoken(request: Request) -> Response:
        async def parts() -> AsyncIterator[str]:
            for part in np.array_split(speech, 40):
                shown = base64.b64encode(part.tobytes()).decode()
                delta = {"type": "speech.audio.delta", "audio": shown, "response_format": "pcm"}
                yield f"event: speech.audio.delta\ndata: {json.dumps(delta)}\n\n"
            yield 'event: speech.audio.done\ndata: {"type": "speech.audio.done"}\n\n'

        return StreamingResponse(parts(), media_type="text/event-stream")

    async def samples(request: Request) -> Response:
        return Response(speech.tobytes(), media_type="application/octet-stream")

    async def lines(request: Request) -> Response:
        return Response(b'{"a": 1}\n{"a": 2}\n', media_type="application/octet-stream")

    async def realtime(socket: WebSocket) -> None:
        await socket.accept()

    routes = {
        "/v1/images/generations": images,
        "/v1/images/addresses": addresses,
        "/v1/chat/completions": chat,
        "/v1/chat/elsewhere": elsewhere,
        "/v1/chat/words": words,
        "/v1/images/events": events,
        "/v1/videos/1/content": binary,
        "/file": file,
        "/octets": octets,
        "/svg": svg,
        "/zipped": zipped,
        "/tiny": tiny,
        "/archive": archive,
        "/healthz": text,
        "/v1/audio/speech": pcm,
        "/v1/audio/wav": wav,
        "/v1/audio/spoken": spoken,
        "/v1/audio/samples": samples,
        "/v1/audio/lines": lines,
        "/v1/embeddings": samples,
    }
    return Starlette(
        routes=[
            *(Route(path, each, methods=["GET", "POST"]) for path, each in routes.items()),
            WebSocketRoute("/v1/realtime", realtime),
        ]
    )


@contextmanager
def serving(app: Any) -> Iterator[httpx.Client]:
    """A real server on a port of its own."""
    config = uvicorn.Config(app, log_level="error", lifespan="on")
    server = uvicorn.Server(config)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            while not server.started and thread.is_alive():
                time.sleep(0.01)
            assert server.started
            address = f"http://127.0.0.1:{listening.getsockname()[1]}"
            with httpx.Client(base_url=address, timeout=60) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def client(marker: Marker, picture: bytes, speech: Any, tmp_path: Path) -> Iterator[httpx.Client]:
    with serving(Middleware(application(picture, speech, tmp_path), marker)) as client:
        yield client


def expect_signed(content: bytes, registry: Registry, trust: Trust) -> None:
    report = verify(io.BytesIO(content), trust=trust, registry=registry)
    assert (report.verdict, report.trust) == (Verdict.INTACT, TrustStatus.TRUSTED)
    assert report.record is not None
    assert report.record.creator == "Ada Example"
    assert watermark.detect(Image.open(io.BytesIO(content)).convert("RGB")) is not None


def expect_refused(answer: httpx.Response) -> None:
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "not_marked"
    assert len(answer.content) < 300


def test_pictures_in_json(client: httpx.Client, registry: Registry, trust: Trust) -> None:
    answer = client.post("/v1/images/generations")
    assert answer.status_code == 200
    found = answer.json()
    assert found["usage"] == {"total_tokens": 3}
    first, second = (base64.b64decode(one["b64_json"]) for one in found["data"])
    assert first != second
    for content in (first, second):
        expect_signed(content, registry, trust)


def test_data_urls_in_a_chat(client: httpx.Client, registry: Registry, trust: Trust) -> None:
    message = client.post("/v1/chat/completions").json()["choices"][0]["message"]
    text, shown = message["content"]
    in_text = text["text"].partition("base64,")[2].partition(")")[0]
    assert text["text"].endswith(") see https://example.org")
    for encoded in (in_text, shown["image_url"]["url"].partition("base64,")[2]):
        expect_signed(base64.b64decode(encoded), registry, trust)


def test_pictures_in_events(client: httpx.Client, registry: Registry, trust: Trust) -> None:
    answer = client.post("/v1/images/events")
    event, comment, end, last = answer.text.split("\n\n")
    name, _, data = event.partition("\n")
    assert (name, comment, end) == (
        "event: image_generation.partial_image",
        ": a comment",
        "data: [DONE]",
    )
    assert not last
    content = base64.b64decode(json.loads(data.removeprefix("data: "))["b64_json"])
    expect_signed(content, registry, trust)


@pytest.mark.parametrize("path", ["/v1/videos/1/content", "/file", "/octets"])
def test_binary_answers(
    client: httpx.Client, registry: Registry, trust: Trust, picture: bytes, path: str
) -> None:
    answer = client.get(path, headers={"range": "bytes=0-99"})
    assert answer.status_code == 200
    assert "etag" not in answer.headers
    assert int(answer.headers["content-length"]) == len(answer.content)
    expect_signed(answer.content, registry, trust)
    assert client.head(path).headers.get("content-length") != str(len(picture))


@pytest.mark.parametrize(
    "path",
    [
        *("/v1/images/addresses", "/v1/chat/elsewhere", "/v1/audio/samples"),
        *("/svg", "/zipped", "/tiny", "/archive"),
    ],
)
def test_what_cannot_be_marked_is_not_given_out(
    client: httpx.Client, registry: Registry, path: str
) -> None:
    before = list(registry.all_entries())
    expect_refused(client.get(path))
    assert list(registry.all_entries()) == before


def test_what_is_no_content_stays_as_it_is(client: httpx.Client, speech: Any) -> None:
    answer = client.get("/healthz")
    assert (answer.text, answer.headers["etag"]) == ("ok", '"1"')
    assert client.get("/v1/audio/lines").content == b'{"a": 1}\n{"a": 2}\n'
    assert client.get("/v1/embeddings").content == speech.tobytes()
    words = client.get("/v1/chat/words")
    assert words.content == '{"choices":[{"message":{"content":"é"}}],"id":1.0}'.encode()


@pytest.mark.parametrize("path", ["/v1/audio/speech", "/v1/audio/wav"])
def test_speech_goes_on_while_it_comes(
    client: httpx.Client, registry: Registry, speech: Any, path: str
) -> None:
    with client.stream("POST", path) as answer:
        assert answer.status_code == 200
        parts = list(answer.iter_raw())
    assert len(parts) > 5
    content = b"".join(parts)
    samples = np.frombuffer(content[44:] if path.endswith("wav") else content, "<i2")
    assert samples.shape == speech.shape
    found = audio.detect(samples, RATE)
    assert found is not None
    entry = registry.find_payload(found.payload)
    assert entry is not None
    assert entry.record.creator == "Ada Example"
    assert entry.clip is not None
    assert round(entry.clip.seconds, 2) == 12


def test_speech_in_events_goes_on_while_it_comes(
    client: httpx.Client, registry: Registry, speech: Any
) -> None:
    answer = client.post("/v1/audio/spoken")
    *parts, done, last = answer.text.split("\n\n")
    assert (done, last) == ('event: speech.audio.done\ndata: {"type": "speech.audio.done"}', "")
    content = b""
    for part in parts:
        name, _, data = part.partition("\ndata: ")
        assert name == "event: speech.audio.delta"
        content += base64.b64decode(json.loads(data)["audio"])
    samples = np.frombuffer(content, "<i2")
    assert samples.shape == speech.shape
    found = audio.detect(samples, RATE)
    assert found is not None
    entry = registry.find_payload(found.payload)
    assert entry is not None
    assert entry.clip is not None
    assert round(entry.clip.seconds, 2) == 12


def test_a_listener_who_leaves_has_what_leads_to_its_entry(
    client: httpx.Client, registry: Registry
) -> None:
    with client.stream("POST", "/v1/audio/speech") as answer:
        for count, _ in enumerate(answer.iter_raw()):
            if count == 3:
                break
    for _ in range(300):
        if len(entries := list(registry.all_entries())) == 2:
            break
        time.sleep(0.1)
    (_, entry) = entries  # that of the check at the start is the first
    assert entry.clip is not None
    assert 0 < entry.clip.seconds < 12


def test_a_websocket_is_refused(client: httpx.Client) -> None:
    headers = {
        "connection": "upgrade",
        "upgrade": "websocket",
        "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
        "sec-websocket-version": "13",
    }
    assert client.get("/v1/realtime", headers=headers).status_code in (403, 404)


STEPS = [
    (pictures.watermark, "embed"),
    (pictures.watermark, "detect"),
    (pictures.fingerprint, "pdq"),
    (pictures.image, "encode"),
    (pictures.image, "read"),
    (pictures.image, "thumbnail"),
    (credentials, "sign"),
    (Registry, "new_payload"),
    (Registry, "record_key_use"),
    (Registry, "adding"),
]


@pytest.mark.parametrize(("owner", "step"), STEPS, ids=[step for _, step in STEPS])
@pytest.mark.parametrize("kind", [RegistryError, ValueError, MemoryError])
def test_a_fault_at_any_step_keeps_the_answer_in(
    marker: Marker,
    picture: bytes,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    owner: Any,
    step: str,
    kind: type[Exception],
) -> None:
    def fail(*args: object, **options: object) -> None:
        if kind is RegistryError:
            raise RegistryError("The disk is full.", remedy="Make room.")
        raise kind

    with serving(Middleware(application(picture, np.zeros(9, "<i2"), tmp_path), marker)) as client:
        monkeypatch.setattr(owner, step, fail)
        for path in ("/v1/images/generations", "/v1/chat/completions", "/octets"):
            expect_refused(client.get(path))
        answer = client.post("/v1/images/events")
        expect_refused(answer)


@pytest.mark.parametrize("step", ["push", "finish"])
def test_a_fault_in_the_middle_cuts_speech_off(
    marker: Marker, speech: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    calls = 0
    kept = getattr(audio.Embedder, step)

    def fail(*args: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > 20 or step == "finish":
            raise MemoryError
        return kept(*args)

    monkeypatch.setattr(audio.Embedder, step, fail)
    with (
        serving(Middleware(application(b"", speech, tmp_path), marker)) as client,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        client.post("/v1/audio/speech")


def test_a_server_that_cannot_mark_does_not_start(
    marker: Marker, picture: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **options: object) -> None:
        raise RegistryError("The disk is full.", remedy="Make room.")

    monkeypatch.setattr(Registry, "adding", fail)
    app = Middleware(application(picture, np.zeros(9, "<i2"), tmp_path), marker)
    sent: list[Any] = []

    async def start() -> None:
        asked = asyncio.Queue[Any]()
        asked.put_nowait({"type": "lifespan.startup"})
        asked.put_nowait({"type": "lifespan.shutdown"})

        async def send(message: Any) -> None:
            sent.append(message)

        await app({"type": "lifespan", "asgi": {"version": "3.0"}}, asked.get, send)

    asyncio.run(start())
    assert sent[0]["type"] == "lifespan.startup.failed"
    assert "The disk is full" in sent[0]["message"]


def test_costs_are_told(
    home: keys.Home, registry: Registry, picture: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    marker = Marker(record=RECORD, signer=home.signer(), registry=registry)
    with caplog.at_level("INFO", "countermark.integrations"):
        marker.file(picture)
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("marked for python, milliseconds: ")
    for layer in ("codec=", "watermark=", "fingerprint=", "sign=", "registry="):
        assert layer in line
