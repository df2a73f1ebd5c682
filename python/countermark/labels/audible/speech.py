"""Have a spoken label made by espeak-ng, a free speech synthesizer, where it is installed."""

from __future__ import annotations

import io
import shutil
import subprocess
import tempfile
import wave
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Final, Literal, TypeAlias

import numpy as np

from countermark.errors import InvalidArgument, InvalidWording, MissingExtra, UnreadableSound
from countermark.files import replacing, target
from countermark.labels.visible.wordings import has_both_elements

Language: TypeAlias = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class _Voice:
    name: str
    wording: str
    counts_characters: bool


_VOICES: Final[dict[str, _Voice]] = {
    "zh": _Voice("cmn", "本音频由人工智能生成", True),
    "en": _Voice("en-us", "This audio is AI-generated", False),
}
_PACE: Final = 140  # characters, or words, a minute
_SLOWEST, _FASTEST = 120, 160  # GB 45438-2025, 5.3: normal speed
_ESPEAK_SLOWEST, _ESPEAK_FASTEST = 80, 450
_TRIES: Final = 5
_SECONDS: Final = 30
_AUDIBLE: Final = 0.01  # of the largest sample


def speak(
    destination: str | PathLike[str], *, language: Language = "zh", wording: str | None = None
) -> float:
    """Write a WAV file in which a voice says that the audio is generated; for `Spoken`.

    Returns the pace in characters (Chinese) or words (English) a minute: 120 to 160. The wording
    is "本音频由人工智能生成" or "This audio is AI-generated" unless told; a Chinese one must name
    AI and that it generated or synthesized (GB 45438-2025, 5.3).

    Raises `InvalidArgument`; `MissingExtra` without espeak-ng; `DestinationNotWritable`.
    """
    voice = _VOICES.get(language)
    if voice is None:
        raise InvalidArgument(f"No voice speaks {language!r}.", remedy="Use 'zh' or 'en'.")
    words = voice.wording if wording is None else wording
    _check(words, language)
    path = target(destination)
    count = sum(map(str.isalnum, words)) if voice.counts_characters else _word_count(words)
    content, pace = _at_pace(voice, words, count)
    with replacing(path, content) as put:
        put()
    return pace


def _check(words: str, language: str) -> None:
    if not words.strip() or len(words) > 200:
        raise InvalidArgument("There is nothing, or too much, to say.", remedy="Use one sentence.")
    if language == "zh" and not has_both_elements(words):
        raise InvalidWording(
            f"{words!r} does not say that AI generated something.",
            remedy="Name 人工智能 or AI, and 生成 or 合成.",
        )


def _word_count(words: str) -> int:
    return len(words.replace("-", " ").split())


def _at_pace(voice: _Voice, words: str, count: int) -> tuple[bytes, float]:
    """The synthesizer's own unit of speed is not ours: what comes out is measured."""
    speed = float(_PACE)
    for _ in range(_TRIES):
        content = _synthesize(voice, words, round(speed))
        pace = 60 * count / _spoken_seconds(content)
        if _SLOWEST <= pace <= _FASTEST:
            return content, pace
        speed = min(max(speed * _PACE / pace, _ESPEAK_SLOWEST), _ESPEAK_FASTEST)
    raise UnreadableSound(
        f"espeak-ng says {words!r} at {pace:.0f} a minute, not at {_SLOWEST} to {_FASTEST}.",
        remedy="Use other words, or a recorded clip.",
    )


def _synthesize(voice: _Voice, words: str, speed: int) -> bytes:
    program = shutil.which("espeak-ng")
    if program is None:
        raise MissingExtra(
            "Spoken labels are made by espeak-ng, which is not installed.",
            remedy="Install it (on Debian the package espeak-ng), or give a recorded clip.",
        )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "words.wav")
        command = [program, "-v", voice.name, "-s", str(speed), "-w", str(file), "--stdin"]
        try:
            subprocess.run(
                command, input=words.encode(), check=True, capture_output=True, timeout=_SECONDS
            )
            return file.read_bytes()
        except (OSError, subprocess.SubprocessError) as error:
            said = (getattr(error, "stderr", None) or b"").decode(errors="replace").strip()
            raise MissingExtra(
                f"espeak-ng does not speak with the voice {voice.name!r} ({said or error}).",
                remedy="Install its voices, or give a recorded clip.",
            ) from error


def _spoken_seconds(content: bytes) -> float:
    """From the first sound to the last."""
    with wave.open(io.BytesIO(content)) as file:
        rate = file.getframerate()
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > _AUDIBLE * np.abs(samples).max())
    return int(loud[-1] - loud[0] + 1) / float(rate)
