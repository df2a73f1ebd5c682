"""Nodes for ComfyUI: a watermark in pictures, and files that are saved signed.

In `ComfyUI/custom_nodes/countermark/__init__.py`:

    from countermark.integrations.comfyui import NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS

Keys and registry are those of the home folder (`countermark init`); whoever serves is stated by the
environment variable COUNTERMARK_CREATOR. A node that cannot mark raises, and ComfyUI shows the
error and gives nothing out.

Source: ComfyUI, `nodes.py` (IMAGE is a float tensor of shape (b, h, w, c), 0..1).
"""

from __future__ import annotations

import io
import os
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np
from PIL import Image

from countermark import files, tensors
from countermark.integrations.marker import Marker
from countermark.record import DigitalSource, Record, System

HOST: Final = "comfyui"
CATEGORY: Final = "countermark"


class WatermarkNode:
    """IMAGE to IMAGE: each picture of the batch with a watermark of its own."""

    CATEGORY = CATEGORY
    FUNCTION = "mark"
    RETURN_TYPES = ("IMAGE",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802  # as ComfyUI calls it
        """What ComfyUI shows of it."""
        return {"required": {"images": ("IMAGE",)}, "optional": {"model": ("STRING", {})}}

    def mark(self, images: Any, model: str = "") -> tuple[Any]:
        """`images`: of shape (b, h, w, c), 0..1. `model`: the name of what made them."""
        return (_marker(model).pixels(images, layout="BHWC", range="unit", host=HOST),)


class SaveSignedNode:
    """IMAGE to files: PNG, JPEG or WebP with a watermark and a signed manifest.

    Pictures that the other node has marked keep their watermark; `model` must be the same then.
    """

    CATEGORY = CATEGORY
    FUNCTION = "save"
    RETURN_TYPES: ClassVar[tuple[str, ...]] = ()
    OUTPUT_NODE = True

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
        import folder_paths  # of ComfyUI

        pictures = tensors.pixels(images, layout="BHWC", range="unit")
        marker = _marker(model)
        signed = [marker.file(_encoded(pixels, format), host=HOST) for pixels in pictures]
        height, width = pictures[0].shape[:2]
        folder, name, counter, subfolder, _ = folder_paths.get_save_image_path(
            filename_prefix, folder_paths.get_output_directory(), width, height
        )
        saved = []
        for number, content in enumerate(signed):
            numbered = name.replace("%batch_num%", str(number))
            file = f"{numbered}_{counter + number:05}_.{format}"
            with files.replacing(Path(folder) / file, content) as put:
                put()
            saved.append({"filename": file, "subfolder": subfolder, "type": "output"})
        return {"ui": {"images": saved}}


def _encoded(pixels: Any, format: str) -> bytes:
    out = io.BytesIO()
    options: dict[str, Any] = {} if format == "png" else {"quality": 95}
    Image.fromarray(np.ascontiguousarray(pixels)).save(out, format, **options)
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
    "CountermarkSaveSigned": SaveSignedNode,
}
NODE_DISPLAY_NAME_MAPPINGS: Final = {
    "CountermarkWatermark": "Watermark (countermark)",
    "CountermarkSaveSigned": "Save signed (countermark)",
}
