"""Between arrays and the core: the layout of pixels going in, errors coming out."""

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
