"""What is asked of a server with OpenAI's interfaces, and what its answers hold.

What they hold is read by others than us: Pillow and FFmpeg for the content, c2pa-python for the
manifest. The watermark is ours to read.
"""

import base64
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from unittest import mock

import av
import httpx
import numpy as np
from c2pa import Reader
from numpy.typing import NDArray
from PIL import Image

from bench.integrations import upstream
from countermark import audio, watermark
from countermark.frames import ClipDetector
from countermark.registry import Registry

PICTURE, SOUND, MOVIE = "1 signed picture", "1 signed sound", "1 signed movie"
REFUSED = "refused"
LIVE = "sound with a mark"
"""Without a manifest in it: that is in the registry."""
CUT = "cut off"
"""Before its end, as the client sees."""

_KINDS: Final = {"image": "picture", "audio": "sound", "video": "movie"}
_FORMS: Final = {"PNG": "image/png", "JPEG": "image/jpeg", "wav": "audio/wav", "mp3": "audio/mpeg"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request. `expected`: as `outcome` tells it."""

    name: str
    path: str
    expected: str
    body: dict[str, Any] = field(default_factory=dict)
    files: dict[str, Any] = field(default_factory=dict)
    job: str = ""
    """Where what is asked for is ordered first; the path has {} for its name."""


def table(
    address: str, asked: Sequence[Asked], headers: Mapping[str, str] | None = None
) -> tuple[str, bool]:
    """Asks everything; gives markdown, and whether all is as expected.

    And all once more while nothing can be entered, as when the disk is full.
    """
    with httpx.Client(base_url=address, headers=headers, timeout=300) as client:
        found = [(one.name, one.expected, _found(client, one)) for one in asked]
        with mock.patch.object(Registry, "adding", side_effect=OSError):
            broken = Counter(_found(client, one) for one in asked)
    kept = broken[REFUSED] + broken[CUT]
    name = "each of these, while the registry cannot be written"
    found.append((name, f"{len(asked)} {REFUSED} or {CUT}", f"{kept} {REFUSED} or {CUT}"))
    rows = [f"| {' | '.join(row)} |" for row in found]
    is_good = all(expected == made for _, expected, made in found)
    return "\n".join(["| request | expected | found |", "|---|---|---|", *rows]), is_good


def _found(client: httpx.Client, asked: Asked) -> str:
    try:
        return outcome(client, asked)
    except httpx.RemoteProtocolError:
        return CUT
    except (httpx.HTTPError, ValueError) as error:
        return " ".join(f"{type(error).__name__}: {error}".split())[:99]


def outcome(client: httpx.Client, asked: Asked) -> str:
    """What the answer holds; "refused" for the error of the middleware."""
    if asked.job:
        ordered = client.post(asked.job, json=asked.body).json()["id"]
        answer = client.get(asked.path.format(ordered))
    elif asked.files:
        answer = client.post(asked.path, data=asked.body, files=asked.files)
    else:
        answer = client.post(asked.path, json=asked.body)
    if answer.status_code == 500 and "not_marked" in answer.text:
        return REFUSED
    if answer.is_error:
        return f"status {answer.status_code}: {' '.join(answer.text.split())[:99]}"
    kind = answer.headers["content-type"].partition(";")[0]
    if kind == "text/event-stream" and (samples := _samples_in(_events(answer))):
        return _live(samples)
    if kind in ("audio/pcm", "audio/wav") and b"c2pa" not in answer.content:
        return _live(_bare(answer.content))
    found = [_told(each) for each in _contents(kind, answer)]
    if len(set(found)) != 1:
        return f"{found} in {kind}"
    return f"{len(found)} {found[0]}{'s' if len(found) > 1 else ''}"


def _events(answer: httpx.Response) -> Iterator[dict[str, Any]]:
    for line in answer.text.splitlines():
        if line.startswith("data: {"):
            yield json.loads(line[6:])


def _samples_in(events: Iterable[dict[str, Any]]) -> bytes:
    """Of sound that comes in parts, put together."""
    return b"".join(_bare(base64.b64decode(part)) for event in events for part in _parts(event))


def _parts(event: dict[str, Any]) -> Iterator[str]:
    if event.get("type") == "speech.audio.delta":
        yield event["audio"]
    for choice in event.get("choices") or ():
        delta = choice["delta"]
        if delta.get("audio"):
            yield delta["audio"].get("data", "")
        if event.get("modality") == "audio":
            yield delta["content"]


def _bare(content: bytes) -> bytes:
    return content.partition(b"data")[2][4:] if content[:4] == b"RIFF" else content


def _live(samples: bytes) -> str:
    heard = np.frombuffer(samples, "<i2")
    if len(heard) != len(upstream.samples()):
        return f"{len(heard)} samples of {len(upstream.samples())}"
    return LIVE if audio.detect(heard, upstream.RATE) is not None else "unmarked sound"


def _contents(kind: str, answer: httpx.Response) -> Iterator[bytes]:
    """The files in it, however they are packed."""
    if kind.startswith(("application/json", "text/")):
        for found in re.findall(r'[":,]([A-Za-z0-9+/]{500,}={0,2})"', answer.text):
            yield base64.b64decode(found)
    else:
        yield answer.content


def _told(content: bytes) -> str:
    media_type = _media_type(content)
    kind = _KINDS[media_type.partition("/")[0]]
    if not _is_marked(content, kind):
        return f"unmarked {kind}"
    store = json.loads(Reader(media_type, io.BytesIO(content)).json())
    is_valid = store["validation_state"] in ("Valid", "Trusted")
    return f"signed {kind}" if is_valid else f"{kind} with a broken manifest"


def _media_type(content: bytes) -> str:
    if content[:4] == b"\x89PNG" or content[:2] == b"\xff\xd8":
        return _FORMS[str(Image.open(io.BytesIO(content)).format)]
    with av.open(io.BytesIO(content)) as container:
        form = container.format.name
        return "video/mp4" if container.streams.video else _FORMS.get(form, f"audio/{form}")


def _is_marked(content: bytes, kind: str) -> bool:
    if kind == "picture":
        return watermark.detect(Image.open(io.BytesIO(content)).convert("RGB")) is not None
    if kind == "sound":
        return audio.detect(_decoded(content), upstream.RATE) is not None
    detector = ClipDetector(effort="aligned")
    with av.open(io.BytesIO(content)) as container:
        for frame in container.decode(video=0):
            detector.add(frame.to_ndarray(format="rgb24"), seconds=frame.time)
    return detector.detect() is not None


def _decoded(content: bytes) -> NDArray[np.int16]:
    """By FFmpeg, one channel."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=upstream.RATE)
    with av.open(io.BytesIO(content)) as container:
        frames = [*container.decode(audio=0), None]
        parts = [made for frame in frames for made in resampler.resample(frame)]
    return np.concatenate([part.to_ndarray()[0] for part in parts])
