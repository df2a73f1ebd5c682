"""A detector that also tells how high the pilot stood where nothing was read.

The Python package tells nothing in that case; the C functions do, and are called here as they stand
in countermark.h. One detector hears many sounds, one after the other.
"""

from dataclasses import dataclass

from bench.audio.clips import Samples
from countermark import audio
from countermark._native import ffi, library

OK, NOT_FOUND = library.CMK_STATUS_OK, library.CMK_STATUS_NOT_FOUND


@dataclass(frozen=True, slots=True)
class Heard:
    """What one sound told.

    Attributes:
        score: Height of the pilot where a message was read, or else the highest of all places.
        payload: The message, or None.
        false_positive_rate: The bound that is stated with a message.
    """

    score: float
    payload: int | None
    false_positive_rate: float


class Listener:
    """For sounds of 16 bits of one rate and number of channels."""

    def __init__(self, rate: int, channels: int, effort: str) -> None:
        sound = ffi.new("cmk_sound *")
        sound.struct_size = ffi.sizeof("cmk_sound")
        sound.rate, sound.channels = rate, channels
        sound.format = library.CMK_SAMPLE_FORMAT_INT16
        level = library.CMK_EFFORT_FULL if effort == "full" else library.CMK_EFFORT_ALIGNED
        size = ffi.new("size_t *")
        _check(library.cmk_audio_detector_size(sound, level, size))
        self._memory = ffi.new("uint64_t[]", size[0] // 8 + 1)
        self._detector = ffi.cast("cmk_audio_detector *", self._memory)
        _check(
            library.cmk_audio_detector_init(
                self._detector, size[0], sound, audio.DEFAULT_KEY, level
            )
        )

    def hear(self, samples: Samples) -> Heard:
        """Looks for the mark of the published key."""
        _check(library.cmk_audio_detector_reset(self._detector))
        frames = ffi.from_buffer(samples)
        _check(library.cmk_audio_detector_push(self._detector, frames, len(samples)))
        found = ffi.new("cmk_audio_detection *")
        found.struct_size = ffi.sizeof("cmk_audio_detection")
        count = ffi.new("size_t *")
        status = library.cmk_audio_detector_detect(self._detector, found, 1, count)
        if status == NOT_FOUND:
            return Heard(found.score, None, 0.0)
        _check(status)
        return Heard(found.score, found.payload, found.false_positive_rate)


def _check(status: int) -> None:
    if status != OK:
        raise RuntimeError(ffi.string(library.cmk_status_string(status)).decode())
