"""The watermark of a picture put into tensors on their device, by operations of PyTorch alone.

    embedder = Embedder()
    marked = embedder(images, payloads, layout="BCHW", range="unit")

Needs the extra `torch`.
"""

from countermark.tensors.device.embedder import Embedder

__all__ = ["Embedder"]
