"""The watermark of pictures that are tensors, put in on their device."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Final, Literal

from countermark import errors
from countermark._bridge import checked_key, checked_payload
from countermark.integrations.torch.host import torch
from countermark.integrations.torch.pattern import words_of
from countermark.integrations.torch.pixels import (
    add,
    as_batch,
    check_output,
    check_pixels,
    check_shape,
    luma_of,
)
from countermark.integrations.torch.plan import Plan
from countermark.watermark import DEFAULT_KEY, Strength, amplitude

_MOST_PLANS: Final = 16  # sizes and devices whose constants are kept, some 10 MB each
_PIXELS_AT_ONCE: Final = 2**25  # of larger batches some pictures at a time: 32 bytes a pixel
_STRENGTH_MAX: Final = 4.0

Range = Literal["u8", "unit", "signed"]


class Embedder:
    """Puts watermarks into tensors of pictures, each with its own payload.

    The mark is that of `countermark.watermark.embed`, within one grey level, and is read by
    `countermark.watermark.detect`. Everything is done by operations of PyTorch on the device of the
    pictures, and nothing waits for it.

        embedder = Embedder()
        marked = embedder(images, payloads, layout="BCHW", range="unit")

    Threads may share one. Tables for the last sixteen sizes of pictures are kept.

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
        self._plans: dict[tuple[int, int, torch.device], Plan] = {}
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
        with torch.no_grad(), torch.autocast(images.device.type, enabled=False):
            self._embed(batch, values, range, as_batch(out, layout))
        return out

    def _embed(
        self, batch: torch.Tensor, payloads: list[int], value_range: Range, out: torch.Tensor
    ) -> None:
        height, width = batch.shape[2:]
        plan = self._plan(height, width, batch.device)
        count = max(1, _PIXELS_AT_ONCE // (height * width))
        for first in range(0, len(batch), count):
            some = slice(first, first + count)
            luma = luma_of(batch[some], value_range)
            words = _uploaded(words_of(payloads[some], self._key), batch.device)
            add(batch[some], plan.residual(luma, words), value_range, out[some])

    def _plan(self, height: int, width: int, device: torch.device) -> Plan:
        what = (height, width, device)
        with self._lock:
            plan = self._plans.pop(what, None)
            if plan is None:
                plan = Plan((height, width), self._key, self._strength, device)
                _settle(device)  # other streams may be the first to use it
            self._plans[what] = plan  # the last used come last
            if len(self._plans) > _MOST_PLANS:
                oldest = next(iter(self._plans))
                _settle(oldest[2])  # other streams may still read it
                del self._plans[oldest]
            return plan


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


def _uploaded(words: torch.Tensor, device: torch.device) -> torch.Tensor:
    if device.type != "cuda":
        return words.to(device)
    return words.pin_memory().to(device, non_blocking=True)  # else the copy would wait


def _settle(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
