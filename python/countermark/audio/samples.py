"""The samples of a sound as the core takes them."""

import operator
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from countermark import errors

Samples: TypeAlias = npt.NDArray[Any]

# By the numbers of `cmk_sample_format` in countermark.h.
_FORMATS: Final[dict[np.dtype[Any], int]] = {
    np.dtype(np.int16): 0,
    np.dtype("V3"): 1,
    np.dtype(np.int32): 2,
    np.dtype(np.float32): 3,
}


def packed(samples: Samples) -> Samples:
    """Gives the samples as the core takes them, copied only where they lie otherwise.

    >>> packed(np.zeros((4, 2))[::2]).dtype
    dtype('float32')
    """
    if not isinstance(samples, np.ndarray) or samples.ndim not in (1, 2):
        raise errors.InvalidSamples(
            "The sound is not an array of one or two dimensions.",
            remedy="Pass samples of shape (frames,) or (frames, channels).",
        )
    kind = samples.dtype.newbyteorder("=")
    if kind == np.float64:
        kind = np.dtype(np.float32)
    if kind not in _FORMATS:
        raise errors.InvalidSamples(
            f"Samples of type {samples.dtype} are not ones of a sound.",
            remedy="Convert them to int16, int32 or float32.",
        )
    with np.errstate(over="ignore"):  # becomes infinite, which the core refuses
        return np.ascontiguousarray(samples, kind)


def format_of(block: Samples) -> int:
    """The number of a packed block's type in `cmk_sample_format`.

    >>> format_of(np.zeros(100, np.float32))
    3
    """
    return _FORMATS[block.dtype]


def channels(block: Samples) -> int:
    """How many channels there are, as the core takes the number.

    >>> channels(np.zeros(100)), channels(np.zeros((100, 2)))
    (1, 2)
    """
    return 1 if block.ndim == 1 else min(block.shape[1], 2**31)


def octets(block: Samples) -> npt.NDArray[np.uint8]:
    """The same memory as bytes.

    >>> octets(np.zeros((3, 2), np.int16)).size
    12
    """
    return block.reshape(-1).view(np.uint8)


def checked_rate(rate: int) -> int:
    """The frames a second, if the core takes them.

    >>> checked_rate(44100)
    44100
    """
    try:
        value = operator.index(rate)
    except TypeError:
        value = 0
    if not 8000 <= value <= 192_000:
        raise errors.UnsupportedSound(
            f"The sampling rate {rate!r} is not from 8,000 to 192,000 a second.",
            remedy="Convert the sound to 48,000 a second.",
        )
    return value


def check_like(block: Samples, first: Samples, taker: str) -> None:
    """Whether two blocks can be of one sound; `taker`: what takes them, an embedder or a detector.

    Raises `InvalidSamples`.
    """
    if block.dtype != first.dtype or block.shape[1:] != first.shape[1:]:
        raise errors.InvalidSamples(
            "The block differs from the first one in type or channels.",
            remedy=f"Use another {taker} for another sound.",
        )
