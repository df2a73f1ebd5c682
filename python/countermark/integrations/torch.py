"""PyTorch: the watermark put into tensors on their device, by operations of PyTorch alone.

    embedder = Embedder()
    marked = embedder(images, payloads, layout="BCHW", range="unit")

`countermark.mark_pixels` and `tensors.embed` use it for tensors on a graphics card, by themselves.
Needs the extra `torch`.
"""

from countermark.tensors.device import Embedder

__all__ = ["Embedder"]
