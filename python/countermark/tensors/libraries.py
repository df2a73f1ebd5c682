"""Arrays of any library in and out of numpy's, on whichever device they lie.

numpy's own and PIL images; PyTorch; and all that follow the Python array API standard, as JAX,
CuPy and numpy do: they give `__array_namespace__` and exchange memory by DLPack.

>>> library = library_of(np.zeros(2, np.float16))
>>> library.host(np.ones(2, np.float16)).dtype
dtype('float16')

Source: Python array API standard 2024.12; DLPack 1.0.
"""

from __future__ import annotations

import sys
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from countermark.errors import InvalidArgument, InvalidPixels, ReadOnlyBuffer
from countermark.image import as_array, like


class Library(Protocol):
    """What has to be known of a library's arrays."""

    def host(self, x: Any) -> NDArray[Any]:
        """Its values, in numpy's memory or its own; as float32 where numpy has no such type."""

    def back(self, values: NDArray[Any], x: Any) -> Any:
        """New values in a new array of the type, dtype and device of `x`."""

    def put(self, values: Any, out: Any) -> Any:
        """What `back` gave, in the memory of `out`; raises `InvalidArgument` where none can be."""


def library_of(x: object) -> Library:
    """Raises `InvalidPixels` for what is no array."""
    if isinstance(x, np.ndarray):
        return _Numpy()
    if isinstance(x, Image.Image):
        return _Pil()
    torch = sys.modules.get("torch")  # who has a tensor has imported it
    if torch is not None and isinstance(x, torch.Tensor):
        return _Torch()
    if hasattr(x, "__array_namespace__"):
        return _ArrayApi()
    raise InvalidPixels(
        f"The pictures are a {type(x).__name__}, not an array, a tensor or a PIL image.",
        remedy="Convert them with numpy.asarray.",
    )


def is_on_card(x: object, range: str) -> bool:
    """Whether this is a tensor of PyTorch that is marked where it lies, and not here.

    >>> is_on_card(np.zeros(2), "unit")
    False
    """
    torch = sys.modules.get("torch")
    return (
        torch is not None
        and isinstance(x, torch.Tensor)
        and x.device.type == "cuda"
        and x.dtype in (torch.uint8, torch.float16, torch.bfloat16, torch.float32)
        and range in ("u8", "unit", "signed")
    )


class _Numpy:
    def host(self, x: NDArray[Any]) -> NDArray[Any]:
        return x.astype(x.dtype.newbyteorder("="), copy=False, subok=False)

    def back(self, values: NDArray[Any], x: NDArray[Any]) -> NDArray[Any]:
        return np.ascontiguousarray(values, x.dtype)

    def put(self, values: NDArray[Any], out: Any) -> Any:
        _check_like(values, out, isinstance(out, np.ndarray))
        if not out.flags.writeable:
            raise ReadOnlyBuffer("The output is read-only.", remedy="Use a writable array.")
        out[...] = values
        return out


class _Pil:
    def host(self, x: Image.Image) -> NDArray[Any]:
        return as_array(x)

    def back(self, values: NDArray[Any], x: Image.Image) -> Image.Image:
        return like(values, x)

    def put(self, values: Image.Image, out: Any) -> Any:
        raise InvalidArgument(
            "A PIL image is not written to.", remedy="Use the image that is returned."
        )


class _Torch:
    def host(self, x: Any) -> NDArray[Any]:
        import torch

        here = x.detach().cpu()
        return np.asarray((here.float() if here.dtype == torch.bfloat16 else here).numpy())

    def back(self, values: NDArray[Any], x: Any) -> Any:
        import torch

        made = torch.from_numpy(np.ascontiguousarray(values))
        return made.to(device=x.device, dtype=x.dtype)

    def put(self, values: Any, out: Any) -> Any:
        _check_like(values, out, isinstance(out, type(values)))
        return out.copy_(values)


class _ArrayApi:
    def host(self, x: Any) -> NDArray[Any]:
        xp = x.__array_namespace__()
        if not _is_known(x.dtype):  # bfloat16
            x = xp.astype(x, xp.float32)
        try:
            return np.from_dlpack(x, device="cpu")
        except (BufferError, TypeError, RuntimeError):  # of older exchanges, without devices
            return np.asarray(x.get() if hasattr(x, "get") else x)

    def back(self, values: NDArray[Any], x: Any) -> Any:
        xp = x.__array_namespace__()
        return xp.asarray(np.ascontiguousarray(values), dtype=x.dtype, device=x.device)

    def put(self, values: Any, out: Any) -> Any:
        _check_like(values, out, isinstance(out, type(values)))
        try:
            out[...] = values
        except TypeError:
            raise InvalidArgument(
                f"An array of {type(out).__module__.split('.')[0]} cannot be written to.",
                remedy="Use the array that is returned.",
            ) from None
        return out


def _is_known(dtype: Any) -> bool:
    try:
        return np.dtype(dtype).kind in "fiu" and np.dtype(dtype).isbuiltin == 1
    except TypeError:
        return False


def _check_like(values: Any, out: Any, is_array: bool) -> None:
    if not is_array or out.shape != values.shape or out.dtype != values.dtype:
        raise InvalidPixels(
            "The output differs from the pictures in type, shape or dtype.",
            remedy="Make it like them.",
        )
