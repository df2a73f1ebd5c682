"""How large and how small a picture may be."""

from __future__ import annotations

from typing import Final

from countermark.errors import ImageTooLarge, ImageTooSmall

MIN_SIDE: Final = 128
"""Pixels; the shortest side that holds a watermark."""

MAX_SIDE: Final = 65_535
"""Pixels; the longest side that a JPEG header can state."""

MAX_PIXELS: Final = 2**28
"""The largest area that is decoded: what libavif accepts and the most that a WebP can hold.

It takes 805 MB as RGB. A header that claims more is refused before anything is allocated.
"""

MAX_FILE_BYTES: Final = 2**31 - 1
"""The longest file that is read; no picture within `MAX_PIXELS` comes near it."""


def check_size(width: int, height: int, *, min_side: int = 1) -> None:
    """Refuses a picture whose sides or area are outside the limits.

    >>> check_size(4000, 3000, min_side=MIN_SIDE)

    Raises `ImageTooSmall` for a side under `min_side`, `ImageTooLarge` for a side over
    `MAX_SIDE` or an area over `MAX_PIXELS`.
    """
    if min(width, height) < min_side:
        raise ImageTooSmall(
            f"The picture has {width:,} x {height:,} pixels.",
            remedy=f"Use one with at least {min_side} pixels on each side.",
        )
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise ImageTooLarge(
            f"The picture has {width:,} x {height:,} pixels.",
            remedy=f"Reduce it to sides of {MAX_SIDE:,} and an area of {MAX_PIXELS:,} at most.",
        )
