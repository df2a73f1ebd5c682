"""Pipelines of diffusers that give out marked pictures, videos and their sound.

    from countermark.integrations import Marker
    from countermark.integrations.diffusers import protect

    pipe = DiffusionPipeline.from_pretrained("black-forest-labs/FLUX.1-schnell")
    protect(pipe, Marker.of_home(record))
    pipe("a cup of coffee").images[0].save("cup.png")

Latents (`output_type="latent"`) are no pictures yet and go through as they are. What would change
a picture after it was marked is refused: `padding_mask_crop` of inpainting, HDR of LTX-2.

Source: diffusers 0.42, `image_processor.py`, `video_processor.py`,
`pipelines/stable_diffusion_xl/watermark.py`, `pipelines/ltx2/pipeline_ltx2.py`.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from countermark.errors import InvalidArgument
from countermark.integrations.marker import Marker
from countermark.tensors import RangeName

P = TypeVar("P")
HOST: Final = "diffusers"

_AFTERWARDS: Final = ("apply_overlay",)
"""What a processor does with pictures that are marked already."""

_voices: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
"""The hooks of vocoders, by which their sound is marked."""


class Watermark:
    """For pipelines with the hook of Stable Diffusion XL: `pipe.watermark = Watermark(marker)`."""

    def __init__(self, marker: Marker) -> None:
        self.marker = marker

    def apply_watermark(self, images: Any, is_tiny_vae: bool = False) -> Any:
        """`images`: of shape (b, c, h, w), -1..1, or 0..1 of a tiny VAE."""
        limits: RangeName = "unit" if is_tiny_vae else "signed"
        return self.marker.pixels(images, layout="BCHW", range=limits, host=HOST)


def protect(pipe: P, marker: Marker, *, fps: float = 16) -> P:
    """The pipeline itself, which gives out nothing unmarked from now on.

    `fps`: frames a second that its videos will be shown with; the mark is read from copies of
    another speed too.

    What makes pictures of tensors in it is wrapped, and its hook for watermarks, where it has one,
    is left empty. What makes sound in it (its vocoder) gives out marked sound, whoever calls it. A
    pipeline that is made of it, as by `from_pipe`, is another one, and must be protected too. The
    marker is checked first. Raises `InvalidArgument` for a pipeline without such a processor or
    with sound of an unknown rate, and as `Marker.check`.
    """
    marker.check()
    there = [name for name, each in vars(pipe).items() if hasattr(each, "postprocess")]
    if not there:
        raise InvalidArgument(
            f"A {type(pipe).__name__} has no processor of pictures or videos.",
            remedy="Mark what it returns, by Marker.pixels or Marker.frames.",
        )
    if (vocoder := getattr(pipe, "vocoder", None)) is not None:
        _protect_sound(vocoder, marker, _rate_of(pipe, vocoder))
    for name in there:
        setattr(pipe, name, Processor(getattr(pipe, name), marker, fps))
    if hasattr(pipe, "watermark"):
        pipe.watermark = None
    return pipe


def _rate_of(pipe: Any, vocoder: Any) -> int:
    """Of the sound, as LTX-2 and Kandinsky 6 state it."""
    rate = vocoder.config.get("output_sampling_rate") or getattr(pipe, "audio_sample_rate", None)
    if rate is None:
        raise InvalidArgument(
            f"A {type(pipe).__name__} makes sound and does not say of which rate.",
            remedy="Mark what it returns, by Marker.frames and Marker.sound.",
        )
    return int(rate)


def _protect_sound(vocoder: Any, marker: Marker, rate: int) -> None:
    def marked(sounds: Any) -> Any:
        whole = sounds.detach().float().cpu().numpy()  # (batch, channels, samples)
        done = [marker.sound(one.T, rate, host=HOST).T for one in whole]
        return sounds.new_tensor(np.stack(done))

    def after(_module: Any, _arguments: Any, made: Any) -> Any:
        return (marked(made[0]), *made[1:]) if isinstance(made, tuple) else marked(made)

    if vocoder in _voices:
        _voices.pop(vocoder).remove()
    _voices[vocoder] = vocoder.register_forward_hook(after)


class Processor:
    """A processor of a pipeline whose pictures and videos are marked.

    Everything else of the processor `inner` is there as before.
    """

    def __init__(self, inner: Any, marker: Marker, fps: float = 16) -> None:
        self._inner = inner.inner if isinstance(inner, Processor) else inner
        self._marker = marker
        self._fps = fps

    @property
    def inner(self) -> Any:
        """The one without marks."""
        return self._inner

    def __getattr__(self, name: str) -> Any:
        if name in _AFTERWARDS or name.startswith("postprocess"):
            raise InvalidArgument(
                f"What the pipeline does by {name} cannot be marked.",
                remedy="Leave it out: the option padding_mask_crop, or HDR.",
            )
        return getattr(self._inner, name)

    def postprocess(self, image: Any, output_type: str = "pil", *args: Any, **options: Any) -> Any:
        """As of the processor, marked: PIL images, arrays or tensors."""
        made = self._inner.postprocess(image, output_type, *args, **options)
        if output_type == "latent":
            return made
        if isinstance(made, list):
            return [self._marker.pixels(one, host=HOST) for one in made]
        layout = "BHWC" if isinstance(made, np.ndarray) else "BCHW"
        return self._marker.pixels(made, layout=layout, range="unit", host=HOST)

    def postprocess_video(self, video: Any, output_type: str = "np", **options: Any) -> Any:
        """As of the processor, marked: lists of PIL images, arrays or tensors."""
        made = self._inner.postprocess_video(video, output_type, **options)
        if isinstance(made, list):
            return [self._frames(one) for one in made]
        layout = "BFHWC" if isinstance(made, np.ndarray) else "BFCHW"
        return self._marker.frames(made, layout=layout, range="unit", fps=self._fps, host=HOST)

    def _frames(self, images: list[Image.Image]) -> list[Image.Image]:
        frames: NDArray[Any] = np.stack([np.asarray(image) for image in images])
        marked = self._marker.frames(frames, layout="FHWC", range="u8", fps=self._fps, host=HOST)
        return [Image.fromarray(frame) for frame in marked]
