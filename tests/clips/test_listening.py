"""Watermarks in sounds of minutes: what is heard how closely, and when the mark is there."""

import io
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from countermark import audio
from countermark.clips import listen

Samples = npt.NDArray[np.int16]
Tune = Callable[..., Samples]
File = Callable[..., bytes]
PAYLOAD = 0x0123_4567_89AB_CDEF
RATE = 11025


@pytest.fixture(scope="module")
def whole(tune: Tune) -> Samples:
    """160 seconds."""
    return tune(160)


def times(sound: Samples, wav: File) -> list[tuple[int, int]]:
    [found] = listen(io.BytesIO(wav(sound)), "audio/wav").watermarks
    assert found.payload == PAYLOAD
    assert found.false_positive_rate < 1e-7
    return [(round(one.begin), round(one.end)) for one in found.stretches]


def test_a_mark_that_all_ears_hear_is_one(whole: Samples, wav: File) -> None:
    assert times(audio.embed(whole, RATE, PAYLOAD), wav) == [(0, 160)]


def test_a_mark_far_from_the_beginning_is_heard_as_it_is(whole: Samples, wav: File) -> None:
    sound = whole.copy()
    sound[80 * RATE : 110 * RATE] = audio.embed(whole[80 * RATE : 110 * RATE], RATE, PAYLOAD)
    [(begin, end)] = times(sound, wav)
    assert abs(begin - 80) <= 1
    assert abs(end - 110) <= 1


def test_a_sound_of_another_speed_is_heard_from_its_beginning_and_after_two_minutes(
    whole: Samples, wav: File
) -> None:
    marked = audio.embed(whole, RATE, PAYLOAD).astype(float)
    faster = np.interp(np.arange(0, len(marked) - 1, 1.03), np.arange(len(marked)), marked)
    heard = times(np.rint(faster).astype(np.int16), wav)
    assert heard == [(0, 60), (120, 144)]


def test_nothing_is_heard_where_nothing_is(whole: Samples, wav: File) -> None:
    heard = listen(io.BytesIO(wav(whole)), "audio/wav")
    assert heard.watermarks == ()
    assert round(heard.seconds) == 160
    assert not heard.is_silent
