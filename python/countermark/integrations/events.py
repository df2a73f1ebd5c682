"""Server-sent events on their way out, the data of each marked when it is whole.

>>> events = Events(bytes.upper)
>>> events.push(b"event: a\\ndata: {\\"x\\":"), events.push(b" 1}\\n\\ndata: [DONE]\\n\\n")
(b'', b'event: a\\ndata: {"X": 1}\\n\\ndata: [DONE]\\n\\n')

Source: HTML Living Standard, section 9.2 "Server-sent events".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

_END: Final = re.compile(rb"\r?\n\r?\n|\r\r")
_LINE: Final = re.compile(rb"\r\n|\n|\r")
_MARK: Final = "\ufeff".encode()  # of the order of bytes, before the first event
_MAX_BYTES: Final = 1 << 28


class Events:
    """Bytes in, bytes out. `change`: of the data of an event, if it is JSON."""

    def __init__(self, change: Callable[[bytes], bytes]) -> None:
        self._change = change
        self._held = b""

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
        """What was not ended is no event; a browser leaves it out too."""
        return b""

    def _event(self, event: bytes) -> bytes:
        lines = _LINE.split(event.removeprefix(_MARK))
        data = b"\n".join(_value(line) for line in lines if _is_data(line))
        if not data.lstrip().startswith((b"{", b"[", b'"')) or data.strip() == b"[DONE]":
            return event
        changed = self._change(data)
        if changed == data:
            return event
        others = [line for line in lines if not _is_data(line)]
        return b"\n".join([*others, *(b"data: " + line for line in changed.split(b"\n"))])


def _is_data(line: bytes) -> bool:
    return line == b"data" or line.startswith(b"data:")


def _value(line: bytes) -> bytes:
    return line[5:].removeprefix(b" ")
