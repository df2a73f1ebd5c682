"""What the mark costs in quality, by three measures; nobody listens here.

    python -m bench.audio.quality > bench/results/audio_quality.md

PESQ wideband (ITU-T P.862.2, the package pesq) on speech; the noise-to-mask ratio of `masking.py`;
and the signal-to-noise ratio. The pieces are those of `clips.short`.
"""

import functools
import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from pesq import pesq

from bench.audio import clips
from bench.audio.clips import Clip, Samples
from bench.audio.masking import noise_to_mask
from bench.audio.robustness import payload_of
from bench.machine import provenance
from countermark import audio

FULL_SCALE = 32768
SPEECH_RATE = 16_000  # which PESQ wideband asks for


@dataclass(frozen=True, slots=True)
class Quality:
    """Of one marked piece.

    Attributes:
        snr_db: Power of the sound over that of what was added, both over all channels.
        nmr_db: The noise-to-mask ratio of the channel where it is highest.
        over: Of that of its bands and frames in which the noise is above the mask, the highest
            share.
        pesq: Of speech, from 1 to 4.64; None for other sounds.
    """

    clip: str
    snr_db: float
    nmr_db: float
    over: float
    pesq: float | None


def measure(clip: Clip, marked: Samples) -> Quality:
    before, after = (samples / FULL_SCALE for samples in (clip.samples, marked))
    noise = after - before
    ratios = [
        noise_to_mask(*channels, clip.rate) for channels in zip(before.T, after.T, strict=True)
    ]
    is_speech = clip.name.startswith("speech") and clip.rate == SPEECH_RATE
    return Quality(
        clip.name,
        snr_db=float(10 * np.log10(np.var(before, axis=0).sum() / np.mean(noise**2, axis=0).sum())),
        nmr_db=max(ratio.mean_db for ratio in ratios),
        over=max(ratio.over for ratio in ratios),
        pesq=pesq(clip.rate, clip.samples[:, 0], marked[:, 0], "wb") if is_speech else None,
    )


@dataclass(frozen=True, slots=True)
class Target:
    """What each piece shall meet."""

    name: str
    asked: str
    values: Callable[[Iterable[Quality]], list[float]]
    worst: Callable[[list[float]], float]
    is_met: Callable[[float], bool]
    shown: str

    def row(self, pieces: list[Quality]) -> str:
        values = self.values(pieces)
        worst = self.worst(values)
        cells = [
            self.name,
            self.asked,
            self.shown.format(worst),
            self.shown.format(statistics.median(values)),
            "yes" if self.is_met(worst) else "**no**",
        ]
        return f"| {' | '.join(cells)} |"


TARGETS = (
    Target(
        "PESQ wideband, speech",
        "4.4 or more",
        lambda pieces: [piece.pesq for piece in pieces if piece.pesq is not None],
        min,
        lambda value: value >= 4.4,
        "{:.2f}",
    ),
    Target(
        "noise-to-mask ratio",
        "-10 dB or less",
        lambda pieces: [piece.nmr_db for piece in pieces],
        max,
        lambda value: value <= -10,
        "{:.1f} dB",
    ),
    Target(
        "bands and frames over the mask",
        "under 1 %",
        lambda pieces: [100 * piece.over for piece in pieces],
        max,
        lambda value: value < 1,
        "{:.3f} %",
    ),
    Target(
        "signal-to-noise ratio",
        "26 dB or more",
        lambda pieces: [piece.snr_db for piece in pieces],
        min,
        lambda value: value >= 26,
        "{:.1f} dB",
    ),
)


def targets(pieces: list[Quality]) -> str:
    """What was asked of every piece, and whether it is met."""
    head = "| measure | asked of each piece | worst | median | met |\n|---|---|---:|---:|---|"
    return "\n".join([head, *(target.row(pieces) for target in TARGETS)])


def table(pieces: list[Quality]) -> str:
    """One row for each piece."""
    rows = [
        "| piece | SNR, dB | noise-to-mask, dB | over the mask, % | PESQ |",
        "|---|---:|---:|---:|---:|",
    ]
    for piece in pieces:
        pesq_shown = "" if piece.pesq is None else f"{piece.pesq:.2f}"
        rows.append(
            f"| {piece.clip} | {piece.snr_db:.1f} | {piece.nmr_db:.1f} | {100 * piece.over:.3f} "
            f"| {pesq_shown} |"
        )
    return "\n".join(rows)


@functools.cache
def ours() -> list[Quality]:
    """Of all pieces of 12 seconds."""
    return [
        measure(clip, audio.embed(clip.samples, clip.rate, payload_of(clip)))
        for clip in clips.short()
    ]


def main() -> None:
    print("# Quality of marked sounds\n")
    print(provenance(), end="\n\n")
    print(
        "At the default strength; pieces of 12 seconds, each with a message of its own. Nobody has"
    )
    print("listened: these are measures. The mask is that of ITU-R BS.1387 (basic version), the")
    print(
        "noise the difference of the two sounds, up to 7 kHz; of two channels the worse counts.\n"
    )
    print(targets(ours()), end="\n\n")
    print(table(ours()))


if __name__ == "__main__":
    main()
