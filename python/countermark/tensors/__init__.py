"""Pictures in arrays of any library: numpy, PIL, PyTorch, JAX, CuPy.

>>> pictures = np.random.default_rng(1).random((2, 3, 256, 256), np.float32)
>>> marked = embed(pictures, [7, 8], layout="BCHW", range="unit")
>>> marked.shape, marked.dtype
((2, 3, 256, 256), dtype('float32'))
>>> [watermark.detect(each).payload for each in pixels(marked, layout="BCHW", range="unit")]
[7, 8]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from countermark import watermark
from countermark.errors import InvalidArgument, InvalidPixels
from countermark.frames import FrameEmbedder
from countermark.image.picture import Pixels
from countermark.tensors.layout import Layout, Range
from countermark.tensors.libraries import is_on_card, library_of
from countermark.watermark import DEFAULT_KEY, Strength

__all__ = [
    "Layout",
    "Range",
    "RangeName",
    "copy_to",
    "embed",
    "embed_frames",
    "frames_of",
    "pixels",
]

T = TypeVar("T")
RangeName: TypeAlias = Literal["u8", "u16", "unit", "signed"]

_CHANNELS: Final = (1, 3, 4)


def embed(
    x: T,
    payloads: Sequence[int],
    *,
    layout: str | None = None,
    range: RangeName | Range | None = None,
    key: bytes = DEFAULT_KEY,
    strength: Strength | Literal["subtle", "balanced", "robust"] | float = Strength.BALANCED,
    out: T | None = None,
) -> T:
    """Pictures of the same type, dtype and device, each with its own payload in its pixels.

    Example: see the module.

    `x`: a PIL image, or an array of numpy, PyTorch, or a library of the array API standard (JAX,
    CuPy); grey, RGB or RGBA, sides of 128 to 65,535 pixels. `payloads`: one for each picture.
    `layout`: the axes in their order: B(atch), H(eight), W(idth), C(hannel). `range`: what is black
    and white: "u8" is 0..255, "u16" 0..65535, "unit" 0..1, "signed" -1..1. Both must be stated,
    except for PIL images. `key`, `strength`: as for `watermark.embed`.
    `out`: an array like `x`, or `x` itself, to write to; otherwise `x` stays as it is.

    Floating-point values keep their precision: what is added is the change of the pixels. Tensors
    of PyTorch on a graphics card are marked there (`integrations.torch`).

    Raises `InvalidArgument`, `InvalidPixels` for arguments that do not fit each other or values
    that are no numbers, and as `watermark.embed`.
    """
    if layout is not None and range is not None and is_on_card(x, range):
        made: T = _embedder(key, strength)(x, payloads, layout=layout, range=range)
        return made if out is None else copy_to(out, made)

    def marked(values: NDArray[Any], payload: int, limits: Range) -> NDArray[Any]:
        before = limits.pixels(values)
        after = watermark.embed(_flat(before), payload, key=key, strength=strength)
        return limits.moved(values, before, after.reshape(before.shape))

    return _changed(x, payloads, _understood(x, layout, range, of_videos=False), marked, out)


def embed_frames(
    x: T,
    payloads: Sequence[int],
    *,
    layout: str,
    range: RangeName | Range,
    fps: float,
    key: bytes = DEFAULT_KEY,
    strength: Strength | Literal["subtle", "balanced", "robust"] | float = Strength.BALANCED,
    out: T | None = None,
) -> T:
    """As `embed`, of videos, whose frames all carry one payload by the schedule.

    `layout`: with F(rame), such as "BFCHW". `fps`: frames a second. `payloads`: one for each video.

    >>> scene = np.random.default_rng(1).random((1, 45, 60), np.float32)
    >>> video = np.repeat(scene.repeat(8, 1).repeat(8, 2), 16, 0)
    >>> marked = embed_frames(video, [7], layout="FHW", range="unit", fps=16)
    >>> frames_of(marked, layout="FHW", range="unit")[0].shape
    (16, 360, 480)

    Raises as `embed`, and `InvalidArgument` for frames a second that are no number over 0.
    """
    if not 0 < fps < 1e6:
        raise InvalidArgument(
            f"A video cannot have {fps} frames a second.", remedy="State what it is shown with."
        )

    def marked(values: NDArray[Any], payload: int, limits: Range) -> NDArray[Any]:
        embedder = FrameEmbedder(payload, key=key, strength=strength)
        made = []
        for index, each in enumerate(values):
            before = limits.pixels(each)
            after = embedder.embed(_flat(before), seconds=index / fps)
            made.append(limits.moved(each, before, after.reshape(before.shape)))
        return np.stack(made)

    return _changed(x, payloads, _understood(x, layout, range, of_videos=True), marked, out)


@lru_cache(maxsize=4)
def _embedder(key: bytes, strength: Any) -> Any:
    """Kept with what it prepares for each size and device."""
    from countermark.tensors.device import Embedder

    return Embedder(key=key, strength=strength)


def _changed(
    x: T,
    payloads: Sequence[int],
    understood: tuple[NDArray[Any], Layout, Range],
    marked: Callable[[NDArray[Any], int, Range], NDArray[Any]],
    out: T | None,
) -> T:
    host, axes, limits = understood
    values = axes.pictures(host)
    if len(values) != len(payloads):
        noun = "videos" if axes.is_of_videos else "pictures"
        raise InvalidArgument(
            f"There are {len(values)} {noun} and {len(payloads)} payloads.",
            remedy="Give each one of its own.",
        )
    made = [marked(each, payload, limits) for each, payload in zip(values, payloads, strict=True)]
    joined = made[0][np.newaxis] if len(made) == 1 else np.stack(made)  # which copies
    back = library_of(x).back(axes.restored(joined), x)
    done: T = back if out is None else copy_to(out, back)
    return done


def copy_to(out: T, made: T) -> T:
    """`out` with the values of `made`, which `embed` gave for pictures like it.

    >>> copy_to(np.zeros(2), np.ones(2))
    array([1., 1.])

    Raises `InvalidPixels`, `InvalidArgument`, `ReadOnlyBuffer` where they cannot be put there.
    """
    done: T = library_of(made).put(made, out)
    return done


def pixels(
    x: object, *, layout: str | None = None, range: RangeName | Range | None = None
) -> list[Pixels]:
    """The pictures as a file with 8 bits holds them: (h, w), (h, w, 3) or (h, w, 4) of uint8.

    `x`, `layout`, `range`: as for `embed`, which raises alike.

    >>> pixels(np.full((200, 300), 0.5, np.float32), layout="HW", range="unit")[0][0, 0]
    np.uint8(128)
    """
    host, axes, limits = _understood(x, layout, range, of_videos=False)
    return [_flat(_eight_bit(each, limits)) for each in axes.pictures(host)]


def frames_of(x: object, *, layout: str, range: RangeName | Range) -> list[Pixels]:
    """As `pixels`, of videos: (f, h, w), (f, h, w, 3) or (f, h, w, 4) of uint8."""
    host, axes, limits = _understood(x, layout, range, of_videos=True)
    return [_flat(_eight_bit(each, limits)) for each in axes.pictures(host)]


def _understood(
    x: object, layout: str | None, range: RangeName | Range | None, *, of_videos: bool
) -> tuple[NDArray[Any], Layout, Range]:
    host = library_of(x).host(x)
    if isinstance(x, Image.Image):
        axes = Layout.parse(layout or "HWC"[: host.ndim], ndim=host.ndim)
        limits = Range.parse(range or f"u{8 * host.itemsize}", host.dtype)
    elif layout is None or range is None:
        raise InvalidArgument(
            "The layout or the range of the array is not stated.",
            remedy='State both, such as layout="BCHW", range="unit".',
        )
    else:
        axes, limits = Layout.parse(layout, ndim=host.ndim), Range.parse(range, host.dtype)
    if axes.is_of_videos != of_videos:
        raise InvalidArgument(
            f"The layout {axes.axes!r} is one of {'pictures' if of_videos else 'videos'}.",
            remedy="Name the axis F of videos, for which there are functions of their own.",
        )
    if host.size == 0 or axes.pictures(host).shape[-1] not in _CHANNELS:
        raise InvalidPixels(
            f"The array has the shape {host.shape}, in the layout {axes.axes!r}.",
            remedy="Use pictures of 1, 3 or 4 channels.",
        )
    return host, axes, limits


def _flat(pixels: Pixels) -> Pixels:
    return pixels[..., 0] if pixels.shape[-1] == 1 else pixels


def _eight_bit(values: NDArray[Any], limits: Range) -> Pixels:
    if values.dtype.kind == "f":
        return limits.levels(values, np.dtype(np.uint8))
    return Range.U8.pixels(values if limits is Range.U8 else values / np.float32(257))
