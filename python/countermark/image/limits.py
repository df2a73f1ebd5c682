"""How large and how small a picture may be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
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


_max_pixels: Final = ContextVar("max_pixels", default=MAX_PIXELS)


@contextmanager
def at_most(pixels: int) -> Iterator[None]:
    """Lets no picture of a larger area be decoded in the body of the `with` statement.

    For whoever reads files of strangers on a machine that others need too.

    >>> with at_most(1_000_000):
    ...     check_size(4000, 3000)
    Traceback (most recent call last):
    ...
    countermark.errors.ImageTooLarge: The picture has 4,000 x 3,000 pixels. Reduce it to sides of \
65,535 and an area of 1,000,000 at most.

    `pixels`: more than `MAX_PIXELS` changes nothing.
    """
    token = _max_pixels.set(min(pixels, MAX_PIXELS))
    try:
        yield
    finally:
        _max_pixels.reset(token)


def check_size(width: int, height: int, *, min_side: int = 1) -> None:
    """Refuses a picture whose sides or area are outside the limits.

    >>> check_size(4000, 3000, min_side=MIN_SIDE)

    Raises `ImageTooSmall` for a side under `min_side`, `ImageTooLarge` for a side over
    `MAX_SIDE` or an area over `MAX_PIXELS` or what `at_most` allows.
    """
    if min(width, height) < min_side:
        raise ImageTooSmall(
            f"The picture has {width:,} x {height:,} pixels.",
            remedy=f"Use one with at least {min_side} pixels on each side.",
        )
    area = _max_pixels.get()
    if max(width, height) > MAX_SIDE or width * height > area:
        raise ImageTooLarge(
            f"The picture has {width:,} x {height:,} pixels.",
            remedy=f"Reduce it to sides of {MAX_SIDE:,} and an area of {area:,} at most.",
        )
