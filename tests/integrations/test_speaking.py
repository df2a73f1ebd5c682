"""Speech in events: however it is cut, it goes out whole, in order, before what ends it."""

from __future__ import annotations

import base64
import io
import struct
import wave
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermark.errors import AnswerRefused
from countermark.integrations.live import PlainBody
from countermark.integrations.speaking import Speaking
from countermark.sound.samples import Encoding

RATE = 16_000
HELD = 5


class Inverting:
    """As one who marks: other samples, some of which are held back."""

    def __init__(self) -> None:
        self._held: npt.NDArray[np.float32] | None = None

    def push(self, samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        whole = samples if self._held is None else np.concatenate([self._held, samples])
        self._held = whole[max(0, len(whole) - HELD) :]
        return -whole[: max(0, len(whole) - HELD)]

    def finish(self) -> npt.NDArray[np.float32]:
        assert self._held is not None
        return -self._held


def speaking(begun: list[tuple[int, int]] | None = None) -> Speaking:
    def begin(encoding: Encoding, rate: int) -> PlainBody:
        if begun is not None:
            begun.append((encoding.channels, rate))
        return PlainBody(encoding, Inverting())

    return Speaking(begin, pcm_rate=RATE)


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def wav(samples: bytes, channels: int = 1) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((channels, 2, RATE, 0, "NONE", ""))
        file.writeframes(samples)
    return out.getvalue()


def spoken(part: bytes, form: str = "pcm") -> dict[str, Any]:
    return {"type": "speech.audio.delta", "audio": b64(part), "response_format": form}


def said(part: bytes, index: int = 0, finish: str | None = None) -> dict[str, Any]:
    choice = {"index": index, "delta": {"audio": {"data": b64(part)}}, "finish_reason": finish}
    return {"object": "chat.completion.chunk", "choices": [choice], "usage": {"total_tokens": 3}}


def told(part: bytes, form: str, channels: int = 1, finish: str | None = None) -> dict[str, Any]:
    """As vLLM-Omni."""
    about = {"format": form, "sample_rate_hz": RATE, "frame_count": 1, "channels": channels}
    choice = {"index": 0, "delta": {"content": b64(part)}, "finish_reason": finish}
    return {"modality": "audio", "choices": [{**choice, "audio_metadata": about}]}


def parts_of(event: Any, index: int = 0) -> bytes:
    """What an event holds, and nothing but."""
    if "audio" in event:
        return base64.b64decode(event["audio"])
    made = b""
    for choice in event.get("choices", ()):
        if choice["index"] == index:
            found = choice["delta"].get("audio", {}).get("data", "") or choice["delta"].get(
                "content"
            )
            made += base64.b64decode(found or "")
    if made[:4] == b"RIFF":
        with wave.open(io.BytesIO(made)) as file:
            assert file.getframerate() == RATE
            made = file.readframes(file.getnframes())
    return made


def passed(events: list[Any], through: Speaking) -> list[Any]:
    made = []
    for event in events:
        made += [*through.through(event), event]
    return [*made, *through.rest()]


def heard(events: list[Any], index: int = 0) -> npt.NDArray[np.int16]:
    return -np.frombuffer(b"".join(parts_of(event, index) for event in events), "<i2")


SOUND = np.arange(1, 400, dtype="<i2")
CUTS = st.lists(st.integers(0, SOUND.nbytes // 2), max_size=6).map(
    lambda cuts: np.split(SOUND, sorted({min(cut, len(SOUND)) for cut in cuts}))
)


def nonempty(parts: list[Any]) -> list[bytes]:
    return [part.tobytes() for part in parts if len(part)]


@given(parts=CUTS)
def test_parts_of_speech_go_out_whole_before_its_end(parts: list[Any]) -> None:
    done = {"type": "speech.audio.done", "usage": {"total_tokens": 7}}
    made = passed([*map(spoken, nonempty(parts)), done], speaking())
    assert made[-1] == done
    assert all(event["type"] == "speech.audio.delta" for event in made[:-1])
    np.testing.assert_array_equal(heard(made), SOUND)


@given(parts=CUTS, is_late=st.booleans())
def test_parts_of_a_chat_go_out_whole_before_its_end(parts: list[Any], is_late: bool) -> None:
    """Whether the end comes with the last of them or after it."""
    events = [said(part) for part in nonempty(parts)]
    if is_late:
        end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        events.append(end)
    else:
        events[-1]["choices"][0]["finish_reason"] = "stop"
    made = passed(events, speaking())
    np.testing.assert_array_equal(heard(made), SOUND)
    ends = [event["choices"][0]["finish_reason"] for event in made]
    assert ends == [None] * (len(made) - 1) + ["stop"]
    assert sum("usage" in event for event in made) == len(nonempty(parts))


@given(parts=CUTS)
def test_parts_that_are_files_stay_files(parts: list[Any]) -> None:
    events = [told(wav(part), "wav") for part in nonempty(parts)]
    np.testing.assert_array_equal(heard(passed(events, speaking())), SOUND)


@given(parts=CUTS)
def test_a_head_in_the_first_part_says_what_follows(parts: list[Any]) -> None:
    head = wav(b"")[:-4] + b"\xff\xff\xff\xff"
    events = [spoken(head, "wav"), *(spoken(part, "wav") for part in nonempty(parts))]
    made = b"".join(map(parts_of, passed(events, speaking())))
    assert made[: len(head)] == head
    np.testing.assert_array_equal(-np.frombuffer(made[len(head) :], "<i2"), SOUND)


def test_choices_are_sounds_of_their_own() -> None:
    events = [said(part, index) for part in np.split(SOUND, [200]) for index in (1, 0)]
    made = passed(events, speaking())
    for index in (0, 1):
        np.testing.assert_array_equal(heard(made, index), SOUND)


def test_the_event_says_rate_and_channels() -> None:
    begun: list[tuple[int, int]] = []
    stereo = np.stack([SOUND, SOUND], 1)
    passed([told(stereo.tobytes(), "pcm", channels=2)], speaking(begun))
    passed([told(wav(stereo.tobytes(), 2), "wav", channels=2)], speaking(begun))
    passed([said(SOUND.tobytes())], speaking(begun))
    passed([spoken(SOUND.tobytes())], speaking(begun))
    assert begun == [(2, RATE), (2, RATE), (1, 24_000), (1, RATE)]


MPEG = [bytes((0xFF, second, 0x90, 0x64)) for second in (0xFB, 0xFA, 0xF3, 0xF2, 0xE3)]
REFUSED = {
    **{f"MPEG {frame[1]:x}": said(frame + bytes(400)) for frame in MPEG},
    "AAC": said(b"\xff\xf1\x50\x80" + bytes(400)),
    "MP3 with tags": said(b"ID3\x04" + bytes(400)),
    "Ogg": said(b"OggS" + bytes(400)),
    "FLAC": spoken(b"fLaC" + bytes(400)),
    "a form that is told": spoken(bytes(400), "mp3"),
    "no form": {"type": "speech.audio.delta", "audio": b64(bytes(400))},
    "of a realtime answer": {"type": "response.output_audio.delta", "delta": b64(bytes(400))},
    "no Base64": {"type": "speech.audio.delta", "audio": "é", "response_format": "pcm"},
    "channels": told(bytes(400), "pcm", channels=0),
    "a modality alone": {
        "modality": "audio",
        "choices": [{"index": 0, "delta": {"content": b64(bytes(400))}}],
    },
}


@pytest.mark.parametrize("name", REFUSED)
def test_coded_parts_are_refused(name: str) -> None:
    with pytest.raises(AnswerRefused):
        speaking().through(REFUSED[name])


@pytest.mark.parametrize(
    "second", [wav(bytes(8), 2), bytes(400), wav(bytes(8))[:-1], b"RIFF"], ids=len
)
def test_another_form_in_the_middle_is_refused(second: bytes) -> None:
    through = speaking()
    through.through(told(wav(SOUND.tobytes()), "wav"))
    with pytest.raises(AnswerRefused):
        through.through(told(second, "wav"))


def test_silence_is_no_frame_of_mp3() -> None:
    """Samples of -1 begin as its frames do."""
    quiet = np.full(400, -1, "<i2")
    made = passed([said(quiet.tobytes())], speaking())
    np.testing.assert_array_equal(heard(made), quiet)


@pytest.mark.parametrize(
    "event",
    [
        {"type": "speech.audio.done"},
        {"choices": [{"index": 0, "delta": {"content": "words"}, "finish_reason": "stop"}]},
        {"choices": [{"index": 0, "delta": {"audio": {"transcript": "a"}}}]},
        {"choices": [{"index": 0, "delta": None}, 7], "usage": None},
        {"choices": None},
        {"type": "speech.audio.delta", "audio": "", "response_format": "pcm"},
        [{"audio": "a"}],
        "audio.delta",
    ],
    ids=str,
)
def test_what_holds_no_sound_is_not_touched(event: Any) -> None:
    through, before = speaking(), repr(event)
    assert through.through(event) == []
    assert (repr(event), through.rest()) == (before, [])


def test_lengths_of_files_are_those_that_go_out() -> None:
    event = told(wav(SOUND.tobytes()), "wav")
    speaking().through(event)
    content = base64.b64decode(event["choices"][0]["delta"]["content"])
    assert struct.unpack_from("<I", content, 4) == (len(content) - 8,)
    assert struct.unpack_from("<I", content, 40) == (len(content) - 44,) == (798 - 2 * HELD,)
