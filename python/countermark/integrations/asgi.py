"""An ASGI middleware that marks and signs what a generation server answers.

For servers with OpenAI's interfaces for images, speech and video, and for others: vLLM-Omni and
LiteLLM, and any application of FastAPI or Starlette.

    from countermark.integrations import Marker
    from countermark.integrations.asgi import Middleware

    app = Middleware(app, Marker.of_home(record))

What goes out as a picture, sound or movie, by itself or within JSON or server-sent events, is
marked and signed first. What cannot be marked is not given out: the client gets the error of a
server, in OpenAI's form.

Source: ASGI 3.0; OpenAI API reference, November 2026; HTML, section "Server-sent events".
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, TypeAlias

from countermark.errors import AnswerRefused, CountermarkError
from countermark.integrations import answers
from countermark.integrations.events import Events
from countermark.integrations.live import PCM16, Body, PlainBody, WaveBody
from countermark.integrations.marker import Marker
from countermark.integrations.speaking import Speaking
from countermark.sound.samples import Encoding

Message: TypeAlias = MutableMapping[str, Any]
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

LOGGER: Final = logging.getLogger("countermark.integrations")
HOST: Final = "asgi"

# By which an application would answer with a part, nothing, or something that cannot be read here.
_UNWANTED: Final = frozenset(
    (b"accept-encoding", b"range", b"if-range", b"if-none-match", b"if-modified-since")
)
# Of headers of the answer: what is true of it only as it came.
_OUTDATED: Final = frozenset(
    (
        *(b"content-length", b"etag", b"last-modified", b"accept-ranges"),
        *(b"content-md5", b"digest", b"content-digest", b"repr-digest"),
    )
)
_MEDIA: Final = ("image", "audio", "video")
_RAW: Final = ("audio/pcm", "audio/l16")
_WAVE: Final = ("audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave")
_PLAIN: Final = ("text", "font")
_CODE: Final = ("application/javascript", "application/wasm", "application/xml", "application/yaml")
_ARCHIVES: Final = (
    *("application/gzip", "application/x-7z-compressed", "application/x-gzip"),
    *("application/x-tar", "application/x-zip-compressed", "application/zip"),
)
_OF_MEDIA: Final = re.compile(r"/(audio|images|videos)(/|$)")
"""In paths of OpenAI's interfaces: where samples may go out as bytes that say nothing."""


class Middleware:
    """An ASGI application around another one.

    `marker`: what it marks with; checked when the server starts, which fails if it cannot mark.
    `pcm_rate`: frames a second of sound that goes out as raw samples of 16 bits, which do not say
    it. `max_bytes`: of an answer that is held back until it is whole; a longer one is refused.

    Pictures, and movies and sounds as files, are marked when they are whole. Sound without a
    length, as WAV or raw samples, goes on while it comes in, half a second later. Answers that are
    compressed, in a WebSocket or by the way of a file are refused: this belongs inside of what
    compresses, and outside of what generates.
    """

    def __init__(
        self, app: App, marker: Marker, *, pcm_rate: int = 24_000, max_bytes: int = 1 << 29
    ) -> None:
        self._app = app
        self.marker = marker
        self.pcm_rate = pcm_rate
        self.max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            answer = _Answer(self, scope, send)
            try:
                await self._app(_plain(scope), receive, answer.take)
            finally:
                await answer.end()
        elif scope["type"] == "lifespan":
            await self._app(scope, receive, _Starting(self.marker, send).take)
        else:
            LOGGER.error("refused a WebSocket: what it answers cannot be marked")
            await send({"type": "websocket.close", "code": 1011, "reason": "not marked"})


class _Starting:
    """The start of a server, which succeeds only if the marker works."""

    def __init__(self, marker: Marker, send: Send) -> None:
        self._marker, self._send = marker, send

    async def take(self, message: Message) -> None:
        if message["type"] == "lifespan.startup.complete":
            try:
                await asyncio.to_thread(self._marker.check)
            except Exception as error:
                LOGGER.exception("nothing can be marked")
                await self._send({"type": "lifespan.startup.failed", "message": str(error)})
                return
        await self._send(message)


class _Answer:
    """One answer on its way out."""

    def __init__(self, middleware: Middleware, scope: Scope, send: Send) -> None:
        self._middleware = middleware
        self._marker = middleware.marker
        self._method, self._path = scope["method"], scope["path"]
        self._send = send
        self._start: Message = {}
        self._take: Callable[[bytes, bool], Awaitable[None]] | None = None
        self._held = bytearray()
        self._sound: Body | None = None  # while parts of it are out and its end is not
        self._is_over = False

    async def take(self, message: Message) -> None:
        """A message of the application."""
        if self._is_over:
            return
        if message["type"] == "http.response.start":
            self._start = message
            try:
                self._take = self._way()
            except CountermarkError as error:
                await self._refuse(error)
        elif message["type"] == "http.response.body" and self._take is not None:
            await self._take(message.get("body", b""), message.get("more_body", False))
        elif message["type"] not in ("http.response.debug", "http.response.early_hint"):
            await self._refuse(_unknown(f"by {message['type']}"))

    async def end(self) -> None:
        """The application is done, or given up; what it has not ended has no end.

        The registry is told of the sound that is out, so that it is resolved all the same.
        """
        if self._sound is not None:
            try:
                await asyncio.to_thread(self._sound.finish)
            except Exception:
                LOGGER.exception("a sound that was cut off could not be entered")
        if self._held and not self._is_over:
            await self._refuse(_unknown("only in part"))

    def _way(self) -> Callable[[bytes, bool], Awaitable[None]]:
        """How the body goes on."""
        headers = {name.lower(): value for name, value in self._start["headers"]}
        media_type = headers.get(b"content-type", b"").decode("latin-1").partition(";")[0]
        media_type = media_type.strip().lower()
        if self._method == "HEAD" or self._start["status"] in (204, 304):
            return self._without_body
        kind = media_type.partition("/")[0]
        if media_type != "text/event-stream" and (kind in _PLAIN or media_type in _CODE):
            return self._pass_on
        if kind in _MEDIA:
            change = self._file
        elif media_type == "application/json" or media_type.endswith("+json"):
            change = self._in_json
        else:
            change = self._sniffed
        if headers.get(b"content-encoding", b"identity").lower() != b"identity":
            raise _unknown("compressed")
        if media_type in _ARCHIVES or kind == "multipart":
            raise _unknown("with several files in one")
        if media_type == "image/svg+xml":
            raise _unknown("with a drawing, which holds no watermark")
        if media_type == "text/event-stream":
            return self._live(self._events())
        if media_type in _RAW:
            return self._live(self._samples(PCM16, self._middleware.pcm_rate))
        if media_type in _WAVE and b"content-length" not in headers:
            return self._live(WaveBody(self._samples))
        return self._hold(change)

    def _events(self) -> Events:
        speaking = Speaking(self._samples, pcm_rate=self._middleware.pcm_rate)

        def change(data: bytes | None) -> list[bytes]:
            if data is None:
                return [answers.written(each).encode() for each in speaking.rest()]
            text = data.decode()
            if not text.lstrip().startswith(("{", "[", '"')):
                return [answers.words(text, self._file).encode()]
            event = answers.read(text)
            before = [answers.written(each) for each in speaking.through(event)]
            return [each.encode() for each in (*before, answers.remade(event, text, self._file))]

        return Events(change)

    def _samples(self, encoding: Encoding, rate: int) -> Body:
        return PlainBody(encoding, self._marker.live(rate, host=HOST))

    def _file(self, content: bytes) -> bytes:
        return self._marker.file(content, host=HOST)

    def _in_json(self, content: bytes) -> bytes:
        return answers.marked(content.decode(), self._file).encode()

    def _sniffed(self, content: bytes) -> bytes:
        if self._marker.can_mark(content):
            return self._file(content)
        if _OF_MEDIA.search(self._path) and not _is_text(content):
            raise _unknown("with bytes of no known kind")
        return content

    async def _without_body(self, body: bytes, more: bool) -> None:
        await self._begin(None)
        await self._give(body, more)

    async def _pass_on(self, body: bytes, more: bool) -> None:
        if self._start:
            await self._send(self._start)
            self._start = {}
        await self._give(body, more)

    def _hold(self, change: Callable[[bytes], bytes]) -> Callable[[bytes, bool], Awaitable[None]]:
        """Until the answer is whole, which goes out as `change` makes it."""

        async def take(body: bytes, more: bool) -> None:
            self._held += body
            if len(self._held) > self._middleware.max_bytes:
                await self._refuse(_unknown("with too many bytes"))
            elif not more:
                try:
                    made = await asyncio.to_thread(change, bytes(self._held))
                except Exception as error:
                    await self._refuse(error)
                    return
                await self._begin(len(made))
                await self._give(made, more=False)

        return take

    def _live(self, body: Body) -> Callable[[bytes, bool], Awaitable[None]]:
        """As it comes; an error ends the answer, before its start is sent or in the middle."""

        async def take(content: bytes, more: bool) -> None:
            try:
                made = await asyncio.to_thread(body.push, content)
                if not more:
                    made += await asyncio.to_thread(body.finish)
            except Exception as error:
                if self._start:
                    await self._refuse(error)
                    return
                self._is_over = True
                raise  # so that the client sees that the answer is cut off
            if made or not more:
                self._sound = body if more else None
                await self._begin(None)
                await self._give(made, more)

        return take

    async def _begin(self, length: int | None) -> None:
        """Send the head of the answer, if it is still here, with the new length."""
        if not self._start:
            return
        kept = [(k, v) for k, v in self._start["headers"] if k.lower() not in _OUTDATED]
        if length is not None:
            kept.append((b"content-length", str(length).encode()))
        await self._send({**self._start, "headers": kept})
        self._start = {}

    async def _give(self, body: bytes, more: bool) -> None:
        await self._send({"type": "http.response.body", "body": body, "more_body": more})
        self._is_over = not more

    async def _refuse(self, error: BaseException) -> None:
        """The error in place of the answer."""
        self._is_over = True
        self._held.clear()
        if isinstance(error, CountermarkError):
            LOGGER.error("an answer was not given out: %s", error)
        else:
            LOGGER.error("an answer was not given out", exc_info=error)
        text = "What was generated could not be marked, so it is not given out."
        stated = {"message": text, "type": "server_error", "param": None, "code": "not_marked"}
        body = json.dumps({"error": stated}).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]
        await self._send({"type": "http.response.start", "status": 500, "headers": headers})
        await self._send({"type": "http.response.body", "body": body, "more_body": False})


def _plain(scope: Scope) -> Scope:
    """The request without what asks for parts, and without ways around the body."""
    headers = [(name, value) for name, value in scope["headers"] if name.lower() not in _UNWANTED]
    ways = scope.get("extensions") or {}
    kept = {name: each for name, each in ways.items() if name == "tls"}
    return {**scope, "headers": headers, "extensions": kept}


def _is_text(content: bytes) -> bool:
    try:
        return "\0" not in content.decode()
    except UnicodeDecodeError:
        return False


def _unknown(how: str) -> AnswerRefused:
    return AnswerRefused(
        f"The application answers {how}, so that it cannot be marked.",
        remedy="Let it answer in another way, or put the middleware farther inside.",
    )
