"""Server-sent events on their way out, the data of each marked when it is whole.

>>> events = Events(lambda data: [data.upper()] if data else [])
>>> events.push(b"event: a\\ndata: {\\"x\\":"), events.push(b" 1}\\n\\ndata: [DONE]\\n\\n")
(b'', b'event: a\\ndata: {"X": 1}\\n\\ndata: [DONE]\\n\\n')

Source: HTML Living Standard, section 9.2 "Server-sent events".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Final

_END: Final = re.compile(rb"\r?\n\r?\n|\r\r")
_LINE: Final = re.compile(rb"\r\n|\n|\r")
_MARK: Final = "\ufeff".encode()  # of the order of bytes, before the first event
_MAX_BYTES: Final = 1 << 28


class Events:
    """Bytes in, bytes out.

    `change`: gives of the data of an event that of those that go out in its place, of which the
    last is itself; of None, that of those that go out at the end.
    """

    def __init__(self, change: Callable[[bytes | None], list[bytes]]) -> None:
        self._change = change
        self._held = b""
        self._is_named = False  # whether events say their type

    def push(self, content: bytes) -> bytes:
        """The events that are whole; raises what `change` does."""
        self._held += content
        if len(self._held) > _MAX_BYTES:
            raise ValueError("An event is too long.")
        made = b""
        while (end := _END.search(self._held)) is not None:
            event, self._held = self._held[: end.start()], self._held[end.end() :]
            made += self._event(event) + end[0]
        return made

    def finish(self) -> bytes:
        """The end of what goes on; what was not ended is no event, as for a browser."""
        return self._end()

    def _event(self, event: bytes) -> bytes:
        lines = _LINE.split(event.removeprefix(_MARK))
        data = b"\n".join(_value(line) for line in lines if _is_data(line))
        self._is_named |= any(line.startswith(b"event:") for line in lines)
        if data.strip() == b"[DONE]":
            return self._end() + event
        if not data:
            return event
        *before, changed = self._change(data)
        first = b"".join(map(self._more, before))
        if changed == data:
            return first + event
        others = [line for line in lines if not _is_data(line)]
        return first + b"\n".join([*others, *(b"data: " + line for line in changed.split(b"\n"))])

    def _end(self) -> bytes:
        return b"".join(map(self._more, self._change(None)))

    def _more(self, data: bytes) -> bytes:
        """An event that was none before."""
        kind = json.loads(data).get("type") if self._is_named else None
        name = f"event: {kind}\n".encode() if isinstance(kind, str) else b""
        return name + b"data: " + data + b"\n\n"


def _is_data(line: bytes) -> bool:
    return line == b"data" or line.startswith(b"data:")


def _value(line: bytes) -> bytes:
    return line[5:].removeprefix(b" ")
