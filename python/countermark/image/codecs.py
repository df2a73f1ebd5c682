"""The border to foreign codecs: what Pillow and simplejpeg take, give and raise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from PIL import Image

from countermark.errors import (
    CountermarkError,
    ImageTooLarge,
    UnreadableImage,
    UnsupportedImage,
    UnwritableImage,
)
from countermark.image.picture import Pixels


@contextmanager
def decoding(format: str) -> Iterator[None]:
    """Turns whatever a decoder raises on a damaged file into one of our errors.

    >>> with decoding("PNG"):
    ...     raise KeyError("tEXt")
    Traceback (most recent call last):
    ...
    countermark.errors.UnreadableImage: The PNG file is truncated or damaged. Obtain a whole copy.
    """
    try:
        yield
    except CountermarkError:
        raise
    except (MemoryError, Image.DecompressionBombError) as error:
        raise ImageTooLarge(
            f"The {format} file is too large to be decoded here.",
            remedy="Reduce its size or use a machine with more memory.",
        ) from error
    except Exception as error:  # Pillow's readers raise nearly every class there is
        raise UnreadableImage(
            f"The {format} file is truncated or damaged.", remedy="Obtain a whole copy."
        ) from error


@contextmanager
def encoding(format: str) -> Iterator[None]:
    """Turns whatever an encoder raises into `UnwritableImage`.

    >>> with encoding("AVIF"):
    ...     raise OSError("encoder error")
    Traceback (most recent call last):
    ...
    countermark.errors.UnwritableImage: The picture cannot be written as AVIF. Try another format.
    """
    try:
        yield
    except CountermarkError:
        raise
    except Exception as error:
        raise UnwritableImage(
            f"The picture cannot be written as {format}.", remedy="Try another format."
        ) from error


def from_pillow(image: Image.Image) -> Pixels:
    """The decoded pixels of an opened file; palettes and gray with alpha become RGB(A).

    1 bit becomes 8. Raises `UnsupportedImage` for CMYK, float and 32-bit pictures.
    """
    if image.mode in ("1", "P", "PA", "LA", "La") or "transparency" in image.info:
        image.load()
        plain = "L" if image.mode == "1" else "RGB"
        image = image.convert("RGBA" if image.has_transparency_data else plain)
    elif image.mode == "RGBa":
        image = image.convert("RGBA")
    if image.mode not in ("L", "RGB", "RGBA", "I;16", "I;16B"):
        raise UnsupportedImage(
            f"Pictures of the kind {image.mode} are not marked.",
            remedy="Convert the file to RGB with 8 bits a channel.",
        )
    pixels = np.asarray(image)
    return pixels.astype(pixels.dtype.newbyteorder("="), copy=False)


def to_pillow(pixels: Pixels) -> Image.Image:
    """A PIL image of the pixels."""
    return Image.fromarray(np.ascontiguousarray(pixels))
