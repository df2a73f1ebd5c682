"""Nodes for ComfyUI: a watermark in pictures and videos, and files that are saved signed.

In `ComfyUI/custom_nodes/countermark/__init__.py`:

    from countermark.integrations.comfyui import NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS

Keys and registry are those of the home folder (`countermark init`); whoever serves is stated by the
environment variable COUNTERMARK_CREATOR. A node that cannot mark raises, and ComfyUI shows the
error and gives nothing out.

Source: ComfyUI, `nodes.py` (IMAGE is a float tensor of shape (b, h, w, c), 0..1) and in
`comfy_extras` `nodes_video.py` and `nodes_audio.py` (AUDIO has `waveform`, a float tensor of shape
(b, c, samples), and `sample_rate`).
"""

from __future__ import annotations

import io
import os
import tempfile
import wave
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from countermark import files, tensors
from countermark.integrations.marker import Marker
from countermark.record import DigitalSource, Record, System

HOST: Final = "comfyui"
CATEGORY: Final = "countermark"


class _Marking:
    """From IMAGE to IMAGE."""

    CATEGORY = CATEGORY
    FUNCTION = "mark"
    RETURN_TYPES = ("IMAGE",)


class _Saving:
    """To files."""

    CATEGORY = CATEGORY
    FUNCTION = "save"
    RETURN_TYPES: ClassVar[tuple[str, ...]] = ()
    OUTPUT_NODE = True


class WatermarkNode(_Marking):
    """IMAGE to IMAGE: each picture of the batch with a watermark of its own."""

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802  # as ComfyUI calls it
        """What ComfyUI shows of it."""
        return {"required": {"images": ("IMAGE",)}, "optional": {"model": ("STRING", {})}}

    def mark(self, images: Any, model: str = "") -> tuple[Any]:
        """`images`: of shape (b, h, w, c), 0..1. `model`: the name of what made them."""
        return (_marker(model).pixels(images, layout="BHWC", range="unit", host=HOST),)


class WatermarkVideoNode(_Marking):
    """IMAGE to IMAGE: the frames of one video, which all carry one watermark."""

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802  # as ComfyUI calls it
        """What ComfyUI shows of it."""
        fps = ("FLOAT", {"default": 24.0, "min": 1.0, "max": 1000.0, "step": 0.01})
        return {
            "required": {"images": ("IMAGE",), "fps": fps},
            "optional": {"model": ("STRING", {})},
        }

    def mark(self, images: Any, fps: float, model: str = "") -> tuple[Any]:
        """`images`: of shape (frames, h, w, c), 0..1. `fps`: frames a second, as it is shown."""
        marker = _marker(model)
        return (marker.frames(images, layout="FHWC", range="unit", fps=fps, host=HOST),)


class SaveSignedNode(_Saving):
    """IMAGE to files: PNG, JPEG or WebP with a watermark and a signed manifest.

    Pictures that the other node has marked keep their watermark; `model` must be the same then.
    """

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802  # as ComfyUI calls it
        """What ComfyUI shows of it."""
        return {
            "required": {
                "images": ("IMAGE",),
                "filename_prefix": ("STRING", {"default": "countermark"}),
                "format": (["png", "jpeg", "webp"],),
            },
            "optional": {"model": ("STRING", {})},
        }

    def save(
        self, images: Any, filename_prefix: str, format: str = "png", model: str = ""
    ) -> dict[str, Any]:
        """The files lie in ComfyUI's folder of outputs, numbered on from those that are there."""
        pictures = tensors.pixels(images, layout="BHWC", range="unit")
        height, width = pictures[0].shape[:2]
        made = [_encoded(pixels, format) for pixels in pictures]
        saved = _save_signed(made, _marker(model), filename_prefix, format, width, height)
        return {"ui": {"images": saved}}


class SaveSignedVideoNode(_Saving):
    """VIDEO to a file: MP4 with a watermark in every frame and in the sound, and a signed manifest.

    Frames that the other node has marked are not encoded again; `model` must be the same then.
    """

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802  # as ComfyUI calls it
        """What ComfyUI shows of it."""
        return {
            "required": {
                "video": ("VIDEO",),
                "filename_prefix": ("STRING", {"default": "video/countermark"}),
            },
            "optional": {"model": ("STRING", {})},
        }

    def save(self, video: Any, filename_prefix: str, model: str = "") -> dict[str, Any]:
        """The file lies in ComfyUI's folder of outputs, as those of pictures."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "made.mp4"
            video.save_to(str(path))
            made = [path.read_bytes()]
        size = video.get_dimensions()
        saved = _save_signed(made, _marker(model), filename_prefix, "mp4", *size)
        return {"ui": {"images": saved, "animated": (True,)}}


class SaveSignedSoundNode(_Saving):
    """AUDIO to files: WAV with a watermark and a signed manifest."""

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802  # as ComfyUI calls it
        """What ComfyUI shows of it."""
        return {
            "required": {
                "audio": ("AUDIO",),
                "filename_prefix": ("STRING", {"default": "audio/countermark"}),
            },
            "optional": {"model": ("STRING", {})},
        }

    def save(self, audio: dict[str, Any], filename_prefix: str, model: str = "") -> dict[str, Any]:
        """The files lie in ComfyUI's folder of outputs, as those of pictures."""
        sounds, rate = np.asarray(audio["waveform"].cpu(), np.float32), int(audio["sample_rate"])
        made = [_wav(one.T, rate) for one in sounds]
        return {"ui": {"audio": _save_signed(made, _marker(model), filename_prefix, "wav")}}


def _save_signed(
    made: Sequence[bytes], marker: Marker, prefix: str, form: str, width: int = 0, height: int = 0
) -> list[dict[str, str]]:
    """All of them, marked and signed, or none; what ComfyUI shows of them."""
    import folder_paths  # of ComfyUI

    signed = [marker.file(content, host=HOST) for content in made]
    folder, name, counter, subfolder, _ = folder_paths.get_save_image_path(
        prefix, folder_paths.get_output_directory(), width, height
    )
    saved = []
    for number, content in enumerate(signed):
        numbered = name.replace("%batch_num%", str(number))
        file = f"{numbered}_{counter + number:05}_.{form}"
        with files.replacing(Path(folder) / file, content) as put:
            put()
        saved.append({"filename": file, "subfolder": subfolder, "type": "output"})
    return saved


def _encoded(pixels: Any, format: str) -> bytes:
    out = io.BytesIO()
    options: dict[str, Any] = {} if format == "png" else {"quality": 95}
    Image.fromarray(np.ascontiguousarray(pixels)).save(out, format, **options)
    return out.getvalue()


def _wav(samples: NDArray[np.float32], rate: int) -> bytes:
    """`samples`: of shape (frames, channels)."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.rint(samples.clip(-1, 1) * 32767).astype("<i2").tobytes())
    return out.getvalue()


@lru_cache(maxsize=1)
def _opened() -> Marker:
    """Of the home folder, checked once."""
    creator = os.environ.get("COUNTERMARK_CREATOR")
    marker = Marker.of_home(Record(source=DigitalSource.AI_GENERATED, creator=creator))
    marker.check()
    return marker


def _marker(model: str) -> Marker:
    marker = _opened()
    system = System(name=model) if model else None
    return marker.stating(replace(marker.record, system=system))


NODE_CLASS_MAPPINGS: Final = {
    "CountermarkWatermark": WatermarkNode,
    "CountermarkWatermarkVideo": WatermarkVideoNode,
    "CountermarkSaveSigned": SaveSignedNode,
    "CountermarkSaveSignedVideo": SaveSignedVideoNode,
    "CountermarkSaveSignedSound": SaveSignedSoundNode,
}
NODE_DISPLAY_NAME_MAPPINGS: Final = {
    "CountermarkWatermark": "Watermark (countermark)",
    "CountermarkWatermarkVideo": "Watermark video frames (countermark)",
    "CountermarkSaveSigned": "Save signed (countermark)",
    "CountermarkSaveSignedVideo": "Save signed video (countermark)",
    "CountermarkSaveSignedSound": "Save signed sound (countermark)",
}
