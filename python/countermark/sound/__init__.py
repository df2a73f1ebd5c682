"""Sound in files: its samples, and the same file with other samples.

>>> import io, wave
>>> file, out = io.BytesIO(), io.BytesIO()
>>> with wave.open(file, "wb") as writer:
...     writer.setparams((1, 2, 16_000, 0, "NONE", ""))
...     writer.writeframes(bytes(3200))
>>> find_samples(file).length
1600
"""

from countermark.sound.pulse_code import PulseCode, find_samples
from countermark.sound.rewriting import Filter, rewrite
from countermark.sound.samples import Encoding, Samples

__all__ = ["Encoding", "Filter", "PulseCode", "Samples", "find_samples", "rewrite"]
