"""Fingerprints: what is nearly the same has fingerprints that differ in few bits.

>>> import numpy as np
>>> picture = np.random.default_rng(1).integers(0, 256, (64, 64), dtype=np.uint8)
>>> large = picture.repeat(6, axis=0).repeat(6, axis=1)
>>> distance(pdq(large), pdq(large // 2 + 20)) <= 31
True

Of pictures PDQ, of sounds Chromaprint, of moving pictures vPDQ. `countermark.clips` computes the
latter two for files, and searches among them.
"""

from countermark.fingerprint.picture import Pdq, distance, pdq, pdq_dihedral
from countermark.fingerprint.sound import Chromaprint, chromaprint
from countermark.fingerprint.video import Frame, Vpdq

__all__ = [
    "Chromaprint",
    "Frame",
    "Pdq",
    "Vpdq",
    "chromaprint",
    "distance",
    "pdq",
    "pdq_dihedral",
]
