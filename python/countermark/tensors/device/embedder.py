"""The watermark of pictures that are tensors, put in on their device."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Final, Literal

from countermark import errors
from countermark._bridge import checked_key, checked_payload
from countermark.tensors.device.host import torch
from countermark.tensors.device.pattern import words_of
from countermark.tensors.device.pixels import (
    as_batch,
    check_output,
    check_pixels,
    check_shape,
)
from countermark.tensors.device.plan import Plan
from countermark.tensors.device.running import Card, Direct, Recorded, Runner
from countermark.watermark import DEFAULT_KEY, Strength, amplitude

_MOST_SIZES: Final = 8  # of pictures, for which tables and recordings are kept
_PIXELS_AT_ONCE: Final = 2**24  # of larger batches some pictures at a time
_STRENGTH_MAX: Final = 4.0

Range = Literal["u8", "unit", "signed"]


class Embedder:
    """Puts watermarks into tensors of pictures, each with its own payload.

    The mark is that of `countermark.watermark.embed`, within one grey level, and is read by
    `countermark.watermark.detect`. Everything is done by operations of PyTorch on the device of the
    pictures, and nothing waits for it or copies from it; only the first call for a size and a
    length of the batch does, which prepares tables and, on a graphics card, a recording of the
    operations (a CUDA graph). Those of the last eight sizes are kept.

        embedder = Embedder()
        marked = embedder(images, payloads, layout="BCHW", range="unit")

    Threads and streams may share one.

    Args:
        key: 16 bytes; only who has them can read the marks.
        strength: A level, or what to scale the amplitude of the balanced one by, in (0, 4].

    Raises:
        InvalidKey, InvalidStrength: An argument is out of its range.
        MissingExtra: PyTorch is not installed; at the first call.
    """

    def __init__(
        self,
        *,
        key: bytes = DEFAULT_KEY,
        strength: Strength | Literal["subtle", "balanced", "robust"] | float = Strength.BALANCED,
    ) -> None:
        self._key = checked_key(key)
        self._strength = amplitude(strength)
        if not 0 < self._strength <= _STRENGTH_MAX:
            raise errors.InvalidStrength(
                "The strength is not over 0 and at most 4.",
                remedy="Use 1.0, or a little less where invisibility matters more than survival.",
            )
        self._runners: dict[tuple[int, int, torch.device], Runner] = {}
        self._cards: dict[torch.device, Card] = {}
        self._lock = threading.Lock()

    def __call__(
        self,
        images: torch.Tensor,
        payloads: Sequence[int],
        *,
        layout: str,
        range: Range,
        out: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Gives copies of the pictures with the payloads in their pixels.

        Args:
            images: uint8, float16, bfloat16 or float32; grey, RGB, or RGB and alpha, which stays
                as it is. Any device, any strides; sides of 128 to 65,535 pixels. What lies beyond
                the range counts as its end and comes out as that; a picture with a NaN in it comes
                out as NaN.
            payloads: One integer in [0, 2**64) for each picture; one in all without a B.
            layout: A letter for each dimension, of B (batch), C (channels), H (height) and W
                (width), such as "BCHW", "HWC" or, without a C, "BHW" for grey.
            range: What black and white are: "u8" 0 and 255, "unit" 0 and 1, "signed" -1 and 1.
            out: A tensor of the same shape, type and device to write to, possibly the images.

        Returns:
            Pictures of the same shape, type and device, in the memory of `out` when it was given.
            Floating point is not rounded to grey levels; uint8 is.

        Raises:
            ImageError: The tensor is not one of pictures, or these are too small or too large.
            InvalidArgument: The layout or the range is unknown, or contradicts the type.
            InvalidPayload: A payload is out of its range, or they are not as many as the pictures.
            OverlappingBuffers: `out` shares memory without being the images.
        """
        check_pixels(images, range)
        batch = as_batch(images.detach(), layout)
        check_shape(batch.shape)
        values = _checked_payloads(payloads, len(batch))
        if out is None:
            out = torch.empty_like(images, requires_grad=False)
        else:
            check_output(images, out)
        with torch.inference_mode(), torch.autocast(images.device.type, enabled=False):
            self._embed(batch, values, range, as_batch(out, layout))
        return out

    def _embed(
        self, batch: torch.Tensor, payloads: list[int], value_range: Range, out: torch.Tensor
    ) -> None:
        height, width = batch.shape[2:]
        runner = self._runner(height, width, batch.device)
        for some in _parts(len(batch), _PIXELS_AT_ONCE // (height * width)):
            words = words_of(payloads[some], self._key)
            runner.mark(batch[some], words, value_range, out[some])

    def _runner(self, height: int, width: int, device: torch.device) -> Runner:
        what = (height, width, device)
        with self._lock:
            runner = self._runners.pop(what, None) or self._made(height, width, device)
            self._runners[what] = runner  # the last used come last
            if len(self._runners) > _MOST_SIZES:
                oldest = next(iter(self._runners))
                _settle(oldest[2])  # other streams may still read it
                del self._runners[oldest]
            return runner

    def _made(self, height: int, width: int, device: torch.device) -> Runner:
        plan = Plan((height, width), self._key, self._strength, device)
        if device.type != "cuda":
            return Direct(plan)
        _settle(device)  # other streams may be the first to use it
        if device not in self._cards:
            self._cards[device] = Card(device)
        return Recorded(plan, self._cards[device])


def _parts(count: int, most: int) -> Iterator[slice]:
    """Divides a batch so that few lengths occur: powers of two.

    >>> [(part.start, part.stop) for part in _parts(23, most=12)]
    [(0, 8), (8, 16), (16, 20), (20, 22), (22, 23)]
    """
    first = 0
    while first < count:
        length = 1 << (min(count - first, max(most, 1)).bit_length() - 1)
        yield slice(first, first + length)
        first += length


def _checked_payloads(payloads: Sequence[int], count: int) -> list[int]:
    try:
        values = [checked_payload(payload) for payload in payloads]
    except TypeError:
        values = []
    if len(values) != count:
        raise errors.InvalidPayload(
            "There are not as many payloads as pictures.",
            remedy=f"Give a list of {count}, one for each.",
        )
    return values


def _settle(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
