"""Speech in server-sent events: its parts marked one after the other, as one sound.

>>> import numpy as np
>>> from countermark.integrations.live import PlainBody
>>> class Louder:
...     push = staticmethod(lambda samples: samples * 2)
...     finish = staticmethod(lambda: np.zeros(1, np.float32))
>>> speaking = Speaking(lambda encoding, rate: PlainBody(encoding, Louder()), pcm_rate=24_000)
>>> part = {"type": "speech.audio.delta", "audio": "AQACAA==", "response_format": "pcm"}
>>> speaking.through(part), part["audio"]
([], 'AgAEAA==')
>>> speaking.through({"type": "speech.audio.done"})
[{'type': 'speech.audio.delta', 'audio': 'AAA=', 'response_format': 'pcm'}]

A mark goes on over the parts, so that they are no files of their own; and it holds samples back, so
that the last of them go out as an event more, before the one that ends the sound. Parts are raw
samples, WAV whose head is in the first of them, or a WAV file each. Others, of MP3 or AAC, cannot
be marked so and are refused.

Source: OpenAI API reference (`speech.audio.delta`, audio of chat completions), November 2026;
vLLM-Omni 0.30 (`response_format` in the events of speech, `audio_metadata` in those of chats).
"""

from __future__ import annotations

import base64
import binascii
import copy
import struct
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from countermark.errors import AnswerRefused
from countermark.integrations.answers import Marked
from countermark.integrations.live import PCM16, Body, WaveBody, data_of
from countermark.sound.samples import Encoding

Begin: TypeAlias = Callable[[Encoding, int], Body]

_CHAT_RATE: Final = 24_000
"""Of the samples in the events of chats, by OpenAI's reference."""
_SAMPLES: Final = ("pcm", "pcm16")


@dataclass(frozen=True, slots=True)
class _Part:
    """Where a part of a sound stands in an event: `owner[name]`, in Base64.

    `sound`: which it is of. `form`, `rate`, `channels`: as far as the event says.
    """

    sound: Hashable
    owner: dict[str, Any]
    name: str
    form: str | None = None
    rate: int | None = None
    channels: int = 1

    def put(self, content: bytes) -> None:
        """Content that is marked, in place of what stands there."""
        self.owner[self.name] = Marked(base64.b64encode(content).decode())


class Speaking:
    """The sounds in one answer.

    `begin`: gives what marks samples of an encoding and a rate. `pcm_rate`: of raw samples whose
    event does not say it.
    """

    def __init__(self, begin: Begin, *, pcm_rate: int) -> None:
        self._begin, self._pcm_rate = begin, pcm_rate
        self._sounds: dict[Hashable, Body] = {}
        self._last: dict[Hashable, Any] = {}  # events of sounds that go on; their rest looks alike

    def through(self, event: Any) -> list[Any]:
        """What goes out before an event, whose parts are marked in place.

        Raises `AnswerRefused`, and what marking raises.
        """
        parts = {part.sound: part for part in _parts(event)}
        for part in parts.values():
            part.put(self._pushed(part))
            self._last[part.sound] = event
        before = []
        for sound in [each for each in self._last if _ends(event, each)]:
            if sound in parts:  # its last part comes with its end, which is to stay behind it
                before.append(_without_end(event, sound))
                parts[sound].put(self._finished(sound))
            else:
                before.append(self._rest(sound))
        return before

    def rest(self) -> list[Any]:
        """What goes out at the end of the answer."""
        return [self._rest(sound) for sound in list(self._last)]

    def _pushed(self, part: _Part) -> bytes:
        content = _decoded(part.owner[part.name])
        if part.sound not in self._sounds:
            self._sounds[part.sound] = self._sound(part, content)
        return self._sounds[part.sound].push(content)

    def _finished(self, sound: Hashable) -> bytes:
        del self._last[sound]
        return self._sounds.pop(sound).finish()

    def _rest(self, sound: Hashable) -> Any:
        event = _without_end(self._last[sound], sound)
        (part,) = _parts(event)
        part.put(self._finished(sound))
        return event

    def _sound(self, part: _Part, first: bytes) -> Body:
        if first[:4] == b"RIFF":
            return _Waves(self._begin) if _is_whole(first) else WaveBody(self._begin)
        if part.form not in _SAMPLES or _is_coded(first):
            raise AnswerRefused(
                "The answer holds parts of a coded sound, which cannot be marked one by one.",
                remedy="Ask for raw samples or WAV, or for the whole sound at once.",
            )
        encoding = replace(PCM16, channels=part.channels)
        return self._begin(encoding, part.rate or self._pcm_rate)


class _Waves:
    """Each part is a WAV file. What comes out has the heads of what went in, and its lengths."""

    def __init__(self, begin: Begin) -> None:
        self._begin = begin
        self._head = b""
        self._samples: Body | None = None

    def push(self, content: bytes) -> bytes:
        found = data_of(content)
        if found is None or not _is_whole(content):
            raise AnswerRefused("A part of a sound is not the WAV file that it was.", remedy=_MEND)
        start, encoding, rate = found
        if self._samples is None:
            self._samples = self._begin(encoding, rate)
            self._head = content[:start]
        elif content[: start - 4][8:] != self._head[:-4][8:]:
            raise AnswerRefused("A sound goes on in another form.", remedy=_MEND)
        return self._file(self._samples.push(content[start:]))

    def finish(self) -> bytes:
        return self._file(self._samples.finish()) if self._samples is not None else b""

    def _file(self, samples: bytes) -> bytes:
        whole, length = len(self._head) + len(samples) - 8, len(samples)
        lengths = (struct.pack("<I", each) for each in (whole, length))
        return self._head[:4] + next(lengths) + self._head[8:-4] + next(lengths) + samples


_MEND: Final = "Mend the server."


def _is_whole(content: bytes) -> bool:
    """Whether a WAV file states the length that it has; without a length it goes on."""
    found = data_of(content)
    if found is None:
        return False
    length = int.from_bytes(content[found[0] - 4 : found[0]], "little")
    return 0 < length == len(content) - found[0]


def _is_coded(first: bytes) -> bool:
    """Whether a sound begins as a file does, or as a frame of MP3 or AAC.

    Samples may do so too, if the first of them is as loud as none is at a beginning.
    """
    if first[:4] in _FILES or first[:3] == b"ID3":
        return True
    return (
        len(first) > 1 and first[0] == 0xFF and (first[1] & 0xE6 == 0xE2 or first[1] & 0xF6 == 0xF0)
    )


_FILES: Final = (b"OggS", b"fLaC", b"\x1aE\xdf\xa3")


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise AnswerRefused("The answer holds sound that is not Base64.", remedy=_MEND) from error


def _parts(event: Any) -> Iterator[_Part]:
    """Where they stand."""
    if not isinstance(event, dict):
        return
    kind = event.get("type")
    if isinstance(kind, str) and kind.endswith("audio.delta"):
        name = "audio" if "audio" in event else "delta"
        if _is_text(event.get(name)):
            yield _Part(kind[: -len("delta")], event, name, event.get("response_format"))
    for choice in _choices(event):
        delta, index = choice.get("delta"), choice.get("index")
        if not isinstance(delta, dict):
            continue
        sound, told = delta.get("audio"), choice.get("audio_metadata")
        if isinstance(sound, dict) and _is_text(sound.get("data")):
            yield _Part(index, sound, "data", "pcm16", _CHAT_RATE)
        if (event.get("modality") == "audio" or told) and _is_text(delta.get("content")):
            yield _told(index, delta, told if isinstance(told, dict) else {})


def _told(index: Hashable, delta: dict[str, Any], told: dict[str, Any]) -> _Part:
    rate, channels = told.get("sample_rate_hz"), told.get("channels", 1)
    if not isinstance(channels, int) or channels < 1 or not isinstance(rate, int | None):
        raise AnswerRefused("The answer holds sound of an unknown form.", remedy=_MEND)
    return _Part(index, delta, "content", told.get("format"), rate, channels)


def _ends(event: Any, sound: Hashable) -> bool:
    """Whether a sound is over with an event; with no event, all are."""
    if event is None:
        return True
    if not isinstance(event, dict):
        return False
    if isinstance(sound, str):
        return bool(event.get("type") == sound + "done")
    return any(
        choice.get("index") == sound and choice.get("finish_reason") is not None
        for choice in _choices(event)
    )


def _without_end(event: Any, sound: Hashable) -> Any:
    """A copy for a part of that sound alone, which ends nothing and counts nothing."""
    made = {name: copy.deepcopy(value) for name, value in event.items() if name != "usage"}
    if "choices" in made:
        made["choices"] = [each for each in _choices(made) if each.get("index") == sound]
        for choice in made["choices"]:
            choice["finish_reason"] = None
    return made


def _choices(event: dict[str, Any]) -> Iterator[dict[str, Any]]:
    choices = event.get("choices")
    for choice in choices if isinstance(choices, list) else []:
        if isinstance(choice, dict):
            yield choice


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""
