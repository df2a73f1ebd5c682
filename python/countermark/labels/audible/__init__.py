"""Labels that are heard: a rhythm or spoken words before, after or in a sound.

>>> rhythm = Rhythm()
>>> len(cue_samples(48_000, 2, cue=rhythm))
97920
"""

from countermark.labels.audible.cue import Cue, Rhythm, Spoken, cue_samples
from countermark.labels.audible.hearing import HeardRhythm, find_rhythm, rhythms_in
from countermark.labels.audible.labelling import label_audio
from countermark.labels.audible.placing import LabelledSound, Where
from countermark.labels.audible.speech import Language, speak
from countermark.sound.samples import Samples

__all__ = [
    "Cue",
    "HeardRhythm",
    "LabelledSound",
    "Language",
    "Rhythm",
    "Samples",
    "Spoken",
    "Where",
    "cue_samples",
    "find_rhythm",
    "label_audio",
    "rhythms_in",
    "speak",
]
