"""What the axes and the values of an array of pictures mean, as its owner states it.

>>> layout = Layout.parse("BCHW", ndim=4)
>>> layout.pictures(np.zeros((2, 3, 200, 300), np.uint8)).shape
(2, 200, 300, 3)
>>> layout.restored(np.zeros((2, 200, 300, 3), np.uint8)).shape
(2, 3, 200, 300)

It is never guessed: an array of three rows may be a picture, and a dark picture in 0..255 looks
like a bright one in 0..1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from countermark.errors import InvalidArgument, InvalidPixels
from countermark.image.picture import Pixels

_AXES: Final = "BFHWC"
_STRIP_VALUES: Final = 1 << 17


@dataclass(frozen=True, slots=True)
class Layout:
    """The axes of an array in their order: B(atch), F(rame), H(eight), W(idth), C(hannel)."""

    axes: str

    @classmethod
    def parse(cls, axes: str, *, ndim: int) -> Layout:
        """Of an array with so many dimensions; raises `InvalidArgument`, `InvalidPixels`."""
        letters = set(axes)
        if len(letters) != len(axes) or not {"H", "W"} <= letters <= set(_AXES):
            raise InvalidArgument(
                f"The layout {axes!r} is unknown.",
                remedy='Name each axis once: B(atch), H(eight), W(idth), C(hannel), as in "BCHW", '
                "and F(rame) of videos.",
            )
        if ndim != len(axes):
            raise InvalidPixels(
                f"The array has {ndim} dimensions, and the layout {axes!r} {len(axes)}.",
                remedy="State the layout that the array has.",
            )
        return cls(axes)

    @property
    def is_of_videos(self) -> bool:
        """Whether it has frames."""
        return "F" in self.axes

    def pictures(self, array: NDArray[Any]) -> NDArray[Any]:
        """A view with the axes batch, height, width, channel; one channel where there is no C.

        Of videos, the frames come after the batch.
        """
        present = [axis for axis in _AXES if axis in self.axes]
        ordered = np.transpose(array, [self.axes.index(axis) for axis in present])
        if "B" not in self.axes:
            ordered = ordered[np.newaxis]
        return ordered if "C" in self.axes else ordered[..., np.newaxis]

    def restored(self, pictures: NDArray[Any]) -> NDArray[Any]:
        """Back from what `pictures` gives."""
        if "C" not in self.axes:
            pictures = pictures[..., 0]
        if "B" not in self.axes:
            pictures = pictures[0]
        present = [axis for axis in _AXES if axis in self.axes]
        return np.transpose(pictures, [present.index(axis) for axis in self.axes])


class Range(str, Enum):
    """From black to white.

    >>> Range("signed").limits
    (-1.0, 1.0)
    """

    U8 = "u8"  #: 0..255
    U16 = "u16"  #: 0..65535
    UNIT = "unit"  #: 0..1
    SIGNED = "signed"  #: -1..1

    @property
    def limits(self) -> tuple[float, float]:
        return _LIMITS[self]

    @classmethod
    def parse(cls, name: str, dtype: np.dtype[Any]) -> Range:
        """Of values of that type, which must be able to hold it; raises `InvalidArgument`."""
        try:
            found = cls(name)
        except ValueError:
            raise InvalidArgument(
                f"The range {name!r} is unknown.",
                remedy='Use "u8" for 0..255, "u16", "unit" for 0..1, or "signed" for -1..1.',
            ) from None
        fits = dtype.kind == "f" or (
            dtype.kind in "iu"
            and found in (cls.U8, cls.U16)
            and np.iinfo(dtype).max >= found.limits[1]
        )
        if not fits:
            raise InvalidArgument(
                f"Values of type {dtype} cannot have the range {name!r}.",
                remedy="State the range that they have.",
            )
        return found

    def pixels(self, values: NDArray[Any]) -> Pixels:
        """The values as the core takes them: uint8 for 0..255, else uint16.

        What is beyond the limits is taken for black or white. Raises `InvalidPixels` for values
        that are no numbers.
        """
        if self is Range.U8 and values.dtype == np.uint8:
            return values
        return self.levels(values, np.dtype(np.uint8 if self is Range.U8 else np.uint16))

    def levels(self, values: NDArray[Any], target: np.dtype[Any]) -> Pixels:
        """As `pixels`, in whole numbers of that type, from 0 to the largest.

        >>> Range.SIGNED.levels(np.array([-1, 0, 1], np.float16), np.dtype(np.uint8))
        array([  0, 128, 255], dtype=uint8)
        """
        (low, high), most = self.limits, np.iinfo(target).max
        made = np.empty_like(values, dtype=target)
        for strip in _strips(values):
            if values.dtype.kind == "f" and not np.isfinite(values[strip]).all():
                raise InvalidPixels(
                    "A value is infinite or not a number.",
                    remedy="Look for what made it: half precision that overflowed, or a broken "
                    "model.",
                )
            scaled = np.subtract(values[strip], low, dtype=np.float32, casting="unsafe")
            scaled *= most / (high - low)
            np.rint(scaled, out=scaled)
            np.clip(scaled, 0, most, out=scaled)
            np.copyto(made[strip], scaled, casting="unsafe")
        return made

    def moved(self, values: NDArray[Any], before: Pixels, after: Pixels) -> NDArray[Any]:
        """The values, changed as the pixels were; in float32 unless they are whole or float64."""
        if values.dtype == before.dtype:
            return after.astype(values.dtype)
        low, high = self.limits
        exact = np.dtype(np.float64 if values.dtype == np.float64 else np.float32)
        is_whole = values.dtype.kind in "iu"
        made = np.empty_like(values, dtype=values.dtype if is_whole else exact)
        for strip in _strips(values):
            change = np.subtract(after[strip], before[strip], dtype=np.float32)
            change *= np.float32((high - low) / np.iinfo(before.dtype).max)
            moved = values[strip].astype(exact)
            moved += change
            np.clip(moved, low, high, out=moved)
            # What came in beyond the limits, as of a decoder that overshoots, comes out no farther.
            np.copyto(moved, values[strip], where=change == 0)
            np.copyto(made[strip], np.rint(moved) if is_whole else moved, casting="unsafe")
        return made


def _strips(values: NDArray[Any]) -> Iterator[slice]:
    """Of the first axis, a few rows each: what is done with one stays in the processor's cache."""
    rows = max(1, _STRIP_VALUES * len(values) // values.size)
    return (slice(at, at + rows) for at in range(0, len(values), rows))


_LIMITS: Final = {
    Range.U8: (0.0, 255.0),
    Range.U16: (0.0, 65535.0),
    Range.UNIT: (0.0, 1.0),
    Range.SIGNED: (-1.0, 1.0),
}
