"""Pictures in and out: arrays and files, with their profile, metadata and orientation.

>>> import numpy as np
>>> from countermark import image
>>> picture = image.Picture(np.zeros((128, 256, 3), np.uint8), "PNG")
>>> data = image.encode(picture)
>>> small = image.thumbnail(picture)
"""

from countermark.image.arrays import ImageLike, as_array, like, luma, upright
from countermark.image.files import HEAD_BYTES, encode, is_decodable, media_type, read
from countermark.image.limits import MAX_PIXELS, MAX_SIDE, MIN_SIDE, at_most, check_size
from countermark.image.picture import SUFFIXES, Encoding, Picture, Pixels
from countermark.image.thumbnail import thumbnail

__all__ = [
    "HEAD_BYTES",
    "MAX_PIXELS",
    "MAX_SIDE",
    "MIN_SIDE",
    "SUFFIXES",
    "Encoding",
    "ImageLike",
    "Picture",
    "Pixels",
    "as_array",
    "at_most",
    "check_size",
    "encode",
    "is_decodable",
    "like",
    "luma",
    "media_type",
    "read",
    "thumbnail",
    "upright",
]
