"""A server with OpenAI's interfaces that generates nothing: it answers with files made from a seed.

For the hosts that stand before such servers. Every answer holds a picture, a sound or a movie that
is not marked, in each of the forms in which OpenAI's reference, or the host, has it.
"""

import base64
import functools
import io
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import av
import numpy as np
import uvicorn
from numpy.typing import NDArray
from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

RATE = 24_000
SIDE = 384
SECONDS = 8
MEDIA_TYPES = {
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "flac": "audio/flac",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "pcm": "audio/pcm",
}
_CODECS = {"wav": "pcm_s16le", "mp3": "mp3", "flac": "flac", "opus": "libopus", "aac": "aac"}
_CONTAINERS = {"opus": "ogg", "aac": "adts"}


def plane(seed: int, height: int, width: int) -> NDArray[np.uint8]:
    """Something like a photograph: large and small shapes, and noise."""
    random = np.random.default_rng(seed)
    whole = random.normal(0, 3, (height, width, 3))
    for cells in (4, 16, 64):
        small = random.integers(0, 255, (cells, cells, 3), dtype=np.uint8)
        whole += np.asarray(Image.fromarray(small).resize((width, height))) / 3.0
    return np.clip(whole, 0, 255).astype(np.uint8)


@functools.cache
def picture(form: str = "PNG") -> bytes:
    """As a file."""
    out = io.BytesIO()
    Image.fromarray(plane(1, SIDE, SIDE)).save(out, form)
    return out.getvalue()


@functools.cache
def samples() -> NDArray[np.int16]:
    """Notes with overtones."""
    random, moment = np.random.default_rng(2), np.arange(RATE // 4) / RATE
    notes = [
        sum(np.sin(2 * np.pi * pitch * n * moment) * np.exp(-4 * moment) / n for n in (1, 2, 3, 5))
        for pitch in 220 * 2 ** (random.integers(0, 24, 4 * SECONDS) / 12)
    ]
    heard = np.concatenate(notes) * 0.2 + random.normal(0, 0.004, SECONDS * RATE)
    return np.rint(30_000 * heard / np.abs(heard).max()).astype("<i2")


@functools.cache
def sound(form: str) -> bytes:
    """As a file, or the samples for "pcm"."""
    if form == "pcm":
        return samples().tobytes()
    out = io.BytesIO()
    with av.open(out, "w", format=_CONTAINERS.get(form, form)) as container:
        stream: Any = container.add_stream(_CODECS[form], rate=RATE)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(samples()[np.newaxis], format="s16", layout="mono")
        frame.sample_rate = RATE
        container.mux([*stream.encode(frame), *stream.encode(None)])
    return out.getvalue()


@functools.cache
def movie() -> bytes:
    """Three seconds in MP4."""
    whole = plane(3, 360, 640)
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream: Any = container.add_stream("libx264", rate=24, options={"preset": "ultrafast"})
        stream.height, stream.width, stream.pix_fmt = 240, 320, "yuv420p"
        for step in range(72):
            shown = np.ascontiguousarray(whole[step : step + 240, 2 * step : 2 * step + 320])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")))
        container.mux(stream.encode(None))
    return out.getvalue()


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _events(*parts: tuple[str, dict[str, Any]], ends: bool = True) -> Response:
    async def lines() -> AsyncIterator[str]:
        for name, data in parts:
            yield (f"event: {name}\n" if name else "") + f"data: {json.dumps(data)}\n\n"
        if ends:
            yield "data: [DONE]\n\n"

    return StreamingResponse(lines(), media_type="text/event-stream")


async def images(request: Request) -> Response:
    """Generations and edits."""
    multipart = request.headers["content-type"].startswith("multipart/")
    asked: Any = await request.form() if multipart else await request.json()
    if asked.get("response_format") == "url":
        return JSONResponse({"created": 7, "data": [{"url": "http://127.0.0.1:9/picture.png"}]})
    form = asked.get("output_format") or "png"
    if asked.get("stream"):
        kind = "image_generation"
        one = {"b64_json": b64(picture()), "created_at": 7, "output_format": "png"}
        return _events(
            (f"{kind}.partial_image", {"type": f"{kind}.partial_image", **one}),
            (f"{kind}.completed", {"type": f"{kind}.completed", **one}),
            ends=False,
        )
    data = [{"b64_json": b64(picture(form.upper()))}] * int(asked.get("n") or 1)
    return JSONResponse({"created": 7, "data": data, "output_format": form})


async def speech(request: Request) -> Response:
    """Whole, in parts, or as events."""
    asked = await request.json()
    form = asked.get("response_format") or "mp3"
    content = sound(form)
    parts = [content[start : start + 9_600] for start in range(0, len(content), 9_600)]
    if asked.get("stream_format") == "sse":
        deltas = [{"type": "speech.audio.delta", "audio": b64(part)} for part in parts]
        done = {"type": "speech.audio.done", "usage": {"total_tokens": 7}}
        return _events(*(("", each) for each in (*deltas, done)), ends=False)

    async def given() -> AsyncIterator[bytes]:
        for part in parts:
            yield part

    return StreamingResponse(given(), media_type=MEDIA_TYPES[form])


async def chat(request: Request) -> Response:
    """With a sound, or with pictures, as the model is called."""
    asked = await request.json()
    head = {"id": "chat-1", "created": 7, "model": asked["model"]}
    if asked.get("stream"):
        return _events(*(("", {**head, **each}) for each in _chunks(asked["model"])))
    message: dict[str, Any] = {"role": "assistant", "content": "Here it is."}
    if asked["model"] == "talks":
        form = (asked.get("audio") or {}).get("format", "wav").removesuffix("16")
        spoken = b64(sound(form))
        message["audio"] = {"id": "a", "data": spoken, "expires_at": 9, "transcript": "Here."}
    else:
        url = f"data:image/png;base64,{b64(picture())}"
        message["images"] = [{"type": "image_url", "index": 0, "image_url": {"url": url}}]
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    whole = {**head, "object": "chat.completion", "choices": [choice], "usage": usage}
    return JSONResponse(whole)


def _chunks(model: str) -> list[dict[str, Any]]:
    """Sound goes out as raw samples, pictures whole."""
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": "Here"}]
    if model == "talks":
        content = sound("pcm")
        parts = [content[start : start + 9_600] for start in range(0, len(content), 9_600)]
        deltas += [{"audio": {"id": "a", "data": b64(part)}} for part in parts]
    else:
        url = f"data:image/png;base64,{b64(picture())}"
        deltas += [{"images": [{"type": "image_url", "index": 0, "image_url": {"url": url}}]}]
    shown = [{"index": 0, "delta": each, "finish_reason": None} for each in deltas]
    shown.append({"index": 0, "delta": {}, "finish_reason": "stop"})
    return [{"object": "chat.completion.chunk", "choices": [each]} for each in shown]


async def responses(request: Request) -> Response:
    """OpenAI's Responses API with its tool for pictures."""
    asked = await request.json()
    call = {
        "type": "image_generation_call",
        "id": "ig_1",
        "status": "completed",
        "result": b64(picture()),
    }
    words = {"type": "output_text", "text": "A cup.", "annotations": []}
    message = {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "status": "completed",
        "content": [words],
    }
    whole = {
        "id": "resp_1",
        "object": "response",
        "created_at": 7,
        "status": "completed",
        "model": asked["model"],
        "output": [call, message],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2},
    }
    if not asked.get("stream"):
        return JSONResponse(whole)
    partial = {
        "type": "response.image_generation_call.partial_image",
        "item_id": "ig_1",
        "output_index": 0,
        "partial_image_index": 0,
        "partial_image_b64": b64(picture()),
        "sequence_number": 1,
    }
    done = {
        "type": "response.output_item.done",
        "output_index": 0,
        "item": call,
        "sequence_number": 2,
    }
    ended = {"type": "response.completed", "response": whole, "sequence_number": 3}
    return _events(*((str(each["type"]), each) for each in (partial, done, ended)), ends=False)


async def videos(request: Request) -> Response:
    """A job that is done at once."""
    job = {"id": "video_1", "object": "video", "status": "completed", "created_at": 7}
    return JSONResponse({**job, "model": "films", "progress": 100, "seconds": "3"})


async def video_content(request: Request) -> Response:
    """The movie of the job."""
    return Response(movie(), media_type="video/mp4")


def application() -> Starlette:
    """All of them."""
    return Starlette(
        routes=[
            Route("/v1/images/generations", images, methods=["POST"]),
            Route("/v1/images/edits", images, methods=["POST"]),
            Route("/v1/audio/speech", speech, methods=["POST"]),
            Route("/v1/chat/completions", chat, methods=["POST"]),
            Route("/v1/responses", responses, methods=["POST"]),
            Route("/v1/videos", videos, methods=["POST"]),
            Route("/v1/videos/{video_id}", videos),
            Route("/v1/videos/{video_id}/content", video_content),
        ]
    )


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """A real server on a port of its own; gives its address."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            while not server.started and thread.is_alive():
                time.sleep(0.01)
            if not server.started:
                raise RuntimeError("The server does not start.")
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
