"""Bodies of requests on their way to a worker: pictures in memory, sounds and movies on disk.

>>> is_clip(b"RIFF____WAVEfmt "), is_clip(b"RIFF____WEBPVP8 ")
(True, False)

A movie is longer than a picture and is read piece by piece, so it never is in memory as a whole.
Its folder goes when the answer was given, with all drafts that a worker made beside it, even one
that was killed.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse
from starlette.types import Receive, Scope, Send

from countermark import containers
from countermark.containers import StreamContent

HEAD_BYTES: Final = 64
"""Of a body, by which sounds and movies are known."""

_WRITTEN_BYTES: Final = 1 << 20


def is_clip(head: bytes) -> bool:
    """Whether a body that begins like this is a sound or movie; what it says it is does not count.

    Example: see the module.
    """
    return (containers.media_type(head) or "").startswith(("audio/", "video/"))


def kind_of(path: Path) -> str:
    """The media type of a sound or movie that has come."""
    with path.open("rb") as file:
        return containers.media_type(StreamContent(file)) or "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Upload:
    """A body that has come: `content` in memory, or a sound or movie at `path`."""

    content: bytes
    path: Path | None = None

    @property
    def place(self) -> dict[str, Any]:
        """What is said of it in a job."""
        return {} if self.path is None else {"path": str(self.path)}


async def received(request: Request, stack: ExitStack) -> Upload:
    """The body of a request; what is on disk goes when the stack is closed.

    Raises an `HTTPException` as the guard in front does for what is too long or too slow.
    """
    stream = request.stream()
    head = bytearray()
    async for piece in stream:
        head += piece
        if len(head) >= HEAD_BYTES:
            break
    if not is_clip(bytes(head)):
        async for piece in stream:
            head += piece
        return Upload(bytes(head))
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="countermark-"))
    path = Path(folder) / "upload"
    with path.open("wb") as file:
        async for piece in stream:
            head += piece
            if len(head) >= _WRITTEN_BYTES:
                await run_in_threadpool(file.write, bytes(head))
                head.clear()
        await run_in_threadpool(file.write, bytes(head))
    return Upload(b"", path)


class Finished(FileResponse):
    """A file as the answer; when it is sent, or nobody waits for it any more, `kept` is closed."""

    def __init__(
        self, path: Path, media_type: str, headers: dict[str, str], kept: ExitStack
    ) -> None:
        super().__init__(path, media_type=media_type, headers=headers)
        self._kept = kept

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._kept:
            await super().__call__(scope, receive, send)
