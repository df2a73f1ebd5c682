"""Between Python and the core: arguments and the layout of pixels going in, errors coming out."""

import operator
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from countermark import _core, errors

# By the frozen numbers of `cmk_status` in countermark.h.
_ERRORS: dict[int, tuple[type[errors.CountermarkError], str, str]] = {
    9: (
        errors.InvalidPixels,
        "The output differs from the picture in shape or type.",
        "Make it with numpy.empty_like(image).",
    ),
    10: (
        errors.OverlappingBuffers,
        "The output shares memory with the picture without being the same picture.",
        "Use the picture itself or separate memory as output.",
    ),
    11: (
        errors.InvalidStrength,
        "The strength is not over 0 and at most 4.",
        "Use 1.0, or a little less where invisibility matters more than survival.",
    ),
    14: (
        errors.UnknownTarget,
        "COUNTERMARK_TARGET names SIMD instructions that are not available here.",
        'Unset it, or use "scalar".',
    ),
    15: (
        errors.InvalidArgument,
        "An index holds at most 16,777,216 hashes.",
        "Divide them among several.",
    ),
    16: (
        errors.UnreadableIndex,
        "The search index is damaged, or of another version.",
        "Build it again.",
    ),
    17: (
        errors.InUse,
        "Another thread is in a call with the same object.",
        "Use one for each thread, or wait for each other.",
    ),
    21: (
        errors.UnsupportedSound,
        "The number of channels is not from 1 to 8.",
        "Mark them in groups of at most 8, or mix them.",
    ),
    22: (
        errors.InvalidSamples,
        "A sample is infinite or not a number.",
        "Look for what made it: a division by zero, or a damaged file.",
    ),
    23: (
        errors.InvalidArgument,
        "The sound was said to be at its end.",
        "Use another one for what follows.",
    ),
}


def packed(pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Gives the pixels as the core takes them, copied only where they lie otherwise.

    Neighbours in a row are adjacent, samples aligned and in the machine's byte order.

    >>> picture = np.zeros((200, 300, 3), np.uint8)
    >>> packed(picture[::-2, 10:]).base is picture
    True
    >>> packed(picture[:, ::2]).strides
    (450, 3, 1)
    """
    native = np.require(pixels, pixels.dtype.newbyteorder("="), "A")
    row = native[:1]
    if row.flags.c_contiguous and abs(native.strides[0]) >= row.nbytes:
        return native
    return np.ascontiguousarray(native)


@contextmanager
def core_errors() -> Iterator[None]:
    """Turns the statuses of the core into the package's own errors."""
    try:
        yield
    except _core.StatusError as error:
        status, text = error.args
        kind, problem, remedy = _ERRORS.get(
            status, (errors.InvalidArgument, f"The core refused the call: {text}.", "Report this.")
        )
        raise kind(problem, remedy=remedy) from None


def is_full(effort: str) -> bool:
    """Whether an effort is the full one.

    >>> is_full("full"), is_full("aligned")
    (True, False)
    """
    if effort not in ("full", "aligned"):
        raise errors.InvalidEffort(
            f"The effort {effort!r} is unknown.", remedy='Use "full" or "aligned".'
        )
    return effort == "full"


def checked_payload(payload: int) -> int:
    """The 64 bits, if that is what they are.

    >>> checked_payload(2026)
    2026
    """
    try:
        value = operator.index(payload)
    except TypeError:
        value = -1
    if not 0 <= value < 2**64:
        raise errors.InvalidPayload(
            f"The payload {payload!r} is not an integer of 64 bits.",
            remedy="Use an integer from 0 to 2**64 - 1.",
        )
    return value


def checked_key(key: bytes) -> bytes:
    """The 16 bytes, if that is what they are.

    >>> checked_key(b"only for friends")
    b'only for friends'
    """
    if not isinstance(key, bytes) or len(key) != len(_core.DEFAULT_KEY):
        raise errors.InvalidKey(
            "The watermark key is not 16 bytes.",
            remedy="Draw one with secrets.token_bytes(16) and keep it.",
        )
    return key
