"""Sounds and movies, recognised by their fingerprints; files need the package av.

>>> import numpy as np
>>> from countermark.fingerprint import chromaprint
>>> noise = np.random.default_rng(1).integers(-9000, 9000, 60 * 11025).astype(np.int16)
>>> index = SoundIndex.build([(7, chromaprint(noise))])
>>> part = chromaprint(noise[20 * 11025 : 25 * 11025] // 2)
>>> [(match.label, match.at_seconds) for match in index.search([part])]
[(7, 20.1)]
"""

from countermark.clips.clip import Clip
from countermark.clips.decoding import FORMATS, read
from countermark.clips.sounds import SoundIndex, SoundMatch
from countermark.clips.videos import VideoIndex, VideoMatch

__all__ = [
    "FORMATS",
    "Clip",
    "SoundIndex",
    "SoundMatch",
    "VideoIndex",
    "VideoMatch",
    "read",
]
