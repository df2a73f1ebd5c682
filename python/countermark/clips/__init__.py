"""Sounds and movies, recognised by their fingerprints; files need the package av.

>>> import numpy as np
>>> from countermark.fingerprint import chromaprint
>>> time = np.arange(2756) / 11025
>>> tones = 220 * 2 ** (np.random.default_rng(1).integers(0, 24, 240) / 12)
>>> tune = np.concatenate([9000 * np.sin(6.283 * tone * time) for tone in tones]).astype(np.int16)
>>> index = SoundIndex.build([(7, chromaprint(tune))])
>>> part = chromaprint(tune[20 * 11025 : 25 * 11025] // 2)
>>> [(match.label, round(match.at_seconds)) for match in index.search([part])]
[(7, 20)]
"""

from countermark.clips.clip import Clip
from countermark.clips.decoding import FORMATS, frame_size, read, tracks_of_sound
from countermark.clips.listening import Ear, Heard, listen, watermarks
from countermark.clips.sounds import SoundIndex, SoundMatch
from countermark.clips.videos import VideoIndex, VideoMatch

__all__ = [
    "FORMATS",
    "Clip",
    "Ear",
    "Heard",
    "SoundIndex",
    "SoundMatch",
    "VideoIndex",
    "VideoMatch",
    "frame_size",
    "listen",
    "read",
    "tracks_of_sound",
    "watermarks",
]
