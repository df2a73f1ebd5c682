"""Messages between the service and its workers: a JSON object and bytes, on a pipe.

>>> import io
>>> message = pack({"job": "verify"}, b"picture")
>>> read(io.BytesIO(message))
({'job': 'verify'}, b'picture')
"""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO, Final

HEAD: Final = struct.Struct(">II")
"""Bytes of the JSON object, and of what follows it."""


def pack(values: dict[str, Any], body: bytes = b"") -> bytes:
    """A message; at most 4 GB of each part."""
    encoded = json.dumps(values).encode()
    return b"".join((HEAD.pack(len(encoded), len(body)), encoded, body))


def read(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """The next message; None at the end of the stream.

    >>> import io
    >>> read(io.BytesIO()) is None
    True
    """
    head = stream.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    first, second = HEAD.unpack(head)
    return json.loads(stream.read(first)), stream.read(second)
