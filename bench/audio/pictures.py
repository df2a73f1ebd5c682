"""Draws docs/images/audio_spectrograms.webp: two sounds before and after, and what was added.

    python -m bench.audio.pictures

Speech: "Sense and Sensibility", chapter 18, by Jane Austen, read by Heather Barnett, of LibriSpeech
(openslr.org/12), CC BY 4.0. Music: Hungarian Dance no. 5 by Johannes Brahms, played by the US Army
Strings, public domain, from musopen.org.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib import rc_context
from matplotlib.figure import Figure
from scipy.signal import ShortTimeFFT
from scipy.signal.windows import hann

from bench.audio import clips
from bench.audio.robustness import payload_of
from countermark import audio

PLACE = Path(__file__).parents[2] / "docs/images/audio_spectrograms.webp"
SOUNDS = {
    "speech_libri198": "speech (LibriSpeech, CC BY 4.0)",
    "music_brahms": "strings (US Army Strings, public domain)",
}
SECONDS = 6.0
WINDOW, STEP = 0.032, 0.008  # seconds
HIGHEST = 8.0  # kHz
DARKEST = -80  # dB below the loudest cell of the sound
ROWS = ("before", "after", "what was added")

Decibels = npt.NDArray[np.float64]


def main() -> None:
    """Draw it."""
    with rc_context({"font.size": 11}):
        figure = Figure(figsize=(10, 6.6), layout="constrained", facecolor="white")
        axes = figure.subplots(len(ROWS), len(SOUNDS), sharex=True, sharey=True)
        for column, (name, title) in enumerate(SOUNDS.items()):
            for row, decibels in enumerate(spectrograms(name)):
                axis = axes[row, column]
                image = axis.imshow(
                    decibels,
                    origin="lower",
                    aspect="auto",
                    extent=(0, SECONDS, 0, HIGHEST),
                    vmin=DARKEST,
                    vmax=0,
                    cmap="magma",
                    interpolation="antialiased",
                )
                if column == 0:
                    axis.set_ylabel(f"{ROWS[row]}\nkHz")
            axes[0, column].set_title(title)
            axes[-1, column].set_xlabel("seconds")
        figure.colorbar(image, ax=axes, label="dB, 0 being the loudest of the sound", shrink=0.7)
        figure.savefig(PLACE, dpi=130, pil_kwargs={"quality": 85, "method": 6})


def spectrograms(name: str) -> list[Decibels]:
    """Before, after, and of the difference."""
    clip = next(c for c in clips.short() if c.name.startswith(name))
    marked = audio.embed(clip.samples, clip.rate, payload_of(clip))
    before, after = (samples.mean(1) for samples in (clip.samples, marked))
    cells = [spectrogram(sound, clip.rate) for sound in (before, after, after - before)]
    return [decibels - cells[0].max() for decibels in cells]


def spectrogram(sound: npt.NDArray[np.float64], rate: int) -> Decibels:
    transform = ShortTimeFFT(
        hann(round(WINDOW * rate), sym=False), round(STEP * rate), rate, scale_to="magnitude"
    )
    frames = round(SECONDS * rate)
    cells = np.abs(transform.stft(sound[:frames], p0=0, p1=frames // transform.hop))
    shown = cells[transform.f <= 1000 * HIGHEST]
    return np.asarray(20 * np.log10(shown + 1e-4))


if __name__ == "__main__":
    main()
