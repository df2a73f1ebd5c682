"""USDZ: archives of entries that are not packed, the first of which is the scene.

Source: AOUSD Core Specification 1.0, "USDZ File Format"; APPNOTE.TXT 6.3.10, section 4.3.7.
"""

from __future__ import annotations

import struct
from typing import Final

from countermark.containers.content import Content

_HEADER: Final = struct.Struct("<4s5H3I2H")
_SCENES: Final = (b".usd", b".usda", b".usdc")


def is_usdz(asset: Content) -> bool:
    """Whether an archive begins with a scene as USDZ has it.

    >>> head = _HEADER.pack(b"PK\\x03\\x04", 20, 0, 0, 0, 0, 0, 0, 0, 6, 0)
    >>> is_usdz(head + b"a.usda"), is_usdz(head + b"a.docx")
    (True, False)
    """
    head = asset[: _HEADER.size]
    if len(head) < _HEADER.size:
        return False
    signature, _, _, method, *_, length, _ = _HEADER.unpack(head)
    name = asset[_HEADER.size : _HEADER.size + length]
    return signature == b"PK\x03\x04" and method == 0 and name.lower().endswith(_SCENES)
