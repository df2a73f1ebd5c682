"""Tensors of pixels: how they lie and what they mean is said, not guessed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from countermark.errors import InvalidArgument, InvalidPixels, OverlappingBuffers
from countermark.image import MIN_SIDE, check_size
from countermark.tensors.device.host import torch

_LETTERS: Final = "BCHW"
_RANGES: Final = {"u8": (0, 255), "unit": (0, 1), "signed": (-1, 1)}


def as_batch(images: torch.Tensor, layout: str) -> torch.Tensor:
    """The same memory seen as (batch, channels, height, width)."""
    if not isinstance(layout, str) or not _is_layout(layout):
        raise InvalidArgument(
            f"The layout {layout!r} is unknown.",
            remedy='Name the dimensions by letters: "BCHW", "BHWC", "CHW", "HWC", "BHW" or "HW".',
        )
    if images.ndim != len(layout):
        raise InvalidPixels(
            f"The tensor has {images.ndim} dimensions, and the layout {layout} says {len(layout)}.",
            remedy="Name each dimension by a letter.",
        )
    view = images.permute([layout.index(letter) for letter in _LETTERS if letter in layout])
    for place, letter in enumerate(_LETTERS):
        if letter not in layout:
            view = view.unsqueeze(place)
    return view


def _is_layout(layout: str) -> bool:
    known = len(set(layout)) == len(layout) and set(layout) <= set(_LETTERS)
    return known and {"H", "W"} <= set(layout)


def check_pixels(images: object, value_range: str) -> None:
    """Refuses what is not a tensor of pixels in this range."""
    if not isinstance(images, torch.Tensor) or images.layout != torch.strided:
        raise InvalidPixels(
            f"A {type(images).__name__} is not a dense tensor.", remedy="Use a torch.Tensor."
        )
    floating = images.dtype in (torch.float16, torch.bfloat16, torch.float32)
    if not floating and images.dtype != torch.uint8:
        raise InvalidPixels(
            f"Pixels of type {images.dtype} are not marked.",
            remedy="Use uint8, float16, bfloat16 or float32.",
        )
    if value_range not in _RANGES:
        raise InvalidArgument(
            f"The range {value_range!r} is unknown.",
            remedy='Use "u8" (0 to 255), "unit" (0 to 1) or "signed" (-1 to 1).',
        )
    if not floating and value_range != "u8":
        raise InvalidArgument(
            f"Pixels of type uint8 are not in the range {value_range}.", remedy='Use range="u8".'
        )


def check_shape(shape: Sequence[int]) -> None:
    """Refuses (batch, channels, height, width) that are no pictures."""
    _, channels, height, width = shape
    if channels not in (1, 3, 4):
        raise InvalidPixels(
            f"Pictures of {channels} channels are not marked.",
            remedy="Use 1 (grey), 3 (RGB) or 4 (RGB and alpha), and look at the layout.",
        )
    check_size(width, height, min_side=MIN_SIDE)


def check_output(images: torch.Tensor, out: object) -> None:
    """Refuses an output that differs, or shares memory without being the same."""
    if (
        not isinstance(out, torch.Tensor)
        or out.layout != torch.strided
        or (out.shape, out.dtype, out.device) != (images.shape, images.dtype, images.device)
    ):
        raise InvalidPixels(
            "The output differs from the pictures in shape, type or device.",
            remedy="Make it with torch.empty_like(images).",
        )
    same = (out.data_ptr(), out.stride()) == (images.data_ptr(), images.stride())
    folded = any(size > 1 and step == 0 for size, step in zip(out.shape, out.stride(), strict=True))
    (begin, end), (other_begin, other_end) = _extent(images), _extent(out)
    if folded or (not same and begin < other_end and other_begin < end):
        raise OverlappingBuffers(
            "The output shares memory with itself or with the pictures without being the same.",
            remedy="Use the pictures themselves or separate memory as output.",
        )


def _extent(tensor: torch.Tensor) -> tuple[int, int]:
    """The addresses between which its elements lie; strides are never negative."""
    last = sum((n - 1) * step for n, step in zip(tensor.shape, tensor.stride(), strict=True))
    return tensor.data_ptr(), tensor.data_ptr() + (last + 1) * tensor.element_size()


def luma_of(batch: torch.Tensor, value_range: str, out: torch.Tensor | None = None) -> torch.Tensor:
    """Whole grey levels of a batch, as the core takes them from pictures of eight bits."""
    levels = _levels(batch[:, :3], value_range)
    size = (len(batch), *batch.shape[2:])
    luma = torch.empty(size, dtype=torch.float32, device=batch.device) if out is None else out
    if levels.shape[1] == 1:
        return luma.copy_(levels[:, 0])
    half = torch.tensor(0.5, dtype=torch.float32, device="cpu")  # a number; makes the sum float32
    torch.add(half, levels[:, 0], alpha=77 / 256, out=luma)
    return luma.add_(levels[:, 1], alpha=150 / 256).add_(levels[:, 2], alpha=29 / 256).floor_()


def _levels(colours: torch.Tensor, value_range: str) -> torch.Tensor:
    if colours.dtype == torch.uint8:
        return colours
    low, high = _RANGES[value_range]
    scale = 255 / (high - low)
    black = torch.tensor(-low * scale, dtype=torch.float32, device="cpu")
    values = colours.clamp(low, high).to(torch.float32)
    return torch.add(black, values, alpha=scale).round_()


def add(batch: torch.Tensor, residual: torch.Tensor, value_range: str, out: torch.Tensor) -> None:
    """Writes the batch with the residual, in grey levels, in all colours; clipped to the range.

    Eight bits are rounded. The residual's memory is used up.
    """
    low, high = _RANGES[value_range]
    if batch.dtype == torch.uint8:
        change = residual.round_().to(torch.int16)
    else:
        change = residual.mul_((high - low) / 255).to(batch.dtype)
    for colour, marked in zip(batch[:, :3].unbind(1), out[:, :3].unbind(1), strict=True):
        marked.copy_(torch.add(colour, change).clamp_(low, high))
    if batch.shape[1] == 4 and out.data_ptr() != batch.data_ptr():
        out[:, 3:].copy_(batch[:, 3:])
