"""Text-to-speech pipelines of Hugging Face transformers that give out marked sound.

    from countermark.integrations import Marker
    from countermark.integrations.transformers import protect

    speak = protect(pipeline("text-to-speech", model="suno/bark-small"), Marker.of_home(record))
    speech = speak("Hello, I am not a person, and everything that I say is marked as such.")

Sound under some five seconds is too short to hold the mark so that it can be read, and is refused:
say more at once.

Source: transformers 5, `pipelines/text_to_audio.py`.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from countermark import audio
from countermark.errors import MarkNotReadable
from countermark.integrations.marker import Marker

HOST: Final = "transformers"


def protect(speak: Any, marker: Marker) -> Speaker:
    """The pipeline, whose sounds are marked. The marker is checked first; raises as it does."""
    marker.check()
    return Speaker(speak.inner if isinstance(speak, Speaker) else speak, marker)


class Speaker:
    """A pipeline for text to speech. All else of the pipeline `inner` is there as before."""

    def __init__(self, inner: Any, marker: Marker) -> None:
        self.inner = inner
        self._marker = marker

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def __call__(self, *args: Any, **options: Any) -> Any:
        """As of the pipeline: a dict with `audio` and `sampling_rate`, or a list of them."""
        made = self.inner(*args, **options)
        return self._marked(made) if isinstance(made, dict) else [self._marked(one) for one in made]

    def _marked(self, made: dict[str, Any]) -> dict[str, Any]:
        rate, sound = int(made["sampling_rate"]), made["audio"]
        if isinstance(sound, list):  # of models that make several at once
            return {**made, "audio": [self._sound(one, rate) for one in sound]}
        return {**made, "audio": self._sound(sound, rate)}

    def _sound(self, made: Any, rate: int) -> NDArray[np.float32]:
        samples = np.asarray(made, np.float32)
        channels = samples.reshape(1, -1) if samples.ndim < 2 else samples
        sound = self._marker.live(rate, host=HOST)
        parts = [sound.push(np.ascontiguousarray(channels.T)), sound.finish()]
        marked = np.concatenate(parts)
        found = audio.detect(marked, rate, effort="aligned")
        if found is None or found.payload != sound.payload:
            raise MarkNotReadable(
                "The watermark cannot be read back from the speech, so it is not given out.",
                remedy="Say more at once: it takes some five seconds.",
            )
        given: NDArray[np.float32] = marked.T.reshape(samples.shape)
        return given
