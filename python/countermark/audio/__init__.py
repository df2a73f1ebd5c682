"""An inaudible watermark that carries 64 bits through codecs, crops and changes of speed.

>>> import numpy as np
>>> noise = np.random.default_rng(1).normal(0, 1000, 8 * 16000)
>>> sound = np.convolve(noise, np.ones(4), "same").astype(np.int16)
>>> marked = embed(sound, 16000, 2026)
>>> marked.dtype, marked.shape
(dtype('int16'), (128000,))
>>> detect(marked, 16000).payload
2026
>>> detect(sound, 16000) is None
True
"""

from countermark import _core
from countermark.audio.detecting import Detection, Detector, Stretch, detect
from countermark.audio.embedding import Embedder, embed

__all__ = ["DEFAULT_KEY", "Detection", "Detector", "Embedder", "Stretch", "detect", "embed"]

#: Published: marks made with it can be read by everyone.
DEFAULT_KEY: bytes = _core.DEFAULT_KEY
